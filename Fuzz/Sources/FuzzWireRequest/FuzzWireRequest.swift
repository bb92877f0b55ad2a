import CassandraWire
import FuzzDriver

/// The first three bytes are the version, the opcode and the flags, the others the body.
///
/// What is decoded can be encoded, and that again decodes to the same bytes; an error points into the body.
@main
enum FuzzWireRequest {
  static func main() {
    runFuzzer { input in
      guard input.count >= 3, let version = ProtocolVersion(rawValue: input[0]), let opcode = Opcode(rawValue: input[1])
      else { return }
      let flags = EnvelopeFlags(rawValue: input[2])
      let body = Array(input[3...])
      do throws(WireError) {
        var position = 0
        let prefix = try RequestPrefix(reading: body.span, at: &position, flags: flags)
        let request = try RequestMessage(opcode: opcode, body: body[position...], version: version)
        precondition(request.opcode == opcode, "a request is another one")
        check(prefix, request, version)
      } catch {
        precondition((0...body.count).contains(error.position), "an error is outside of the body")
        precondition(!error.reason.isEmpty, "an error says nothing")
      }
    }
  }

  private static func check(_ prefix: RequestPrefix, _ request: RequestMessage, _ version: ProtocolVersion) {
    guard let first = encoded(prefix, request, version) else { return }
    var position = 0
    guard let again = try? RequestPrefix(reading: first.span, at: &position, flags: prefix.flags),
      let request = try? RequestMessage(opcode: request.opcode, body: first[position...], version: version)
    else { preconditionFailure("what was encoded is refused") }
    precondition(encoded(again, request, version) == first, "a second round trip differs")
  }

  private static func encoded(_ prefix: RequestPrefix, _ request: RequestMessage, _ version: ProtocolVersion)
    -> [UInt8]?
  {
    var body: [UInt8] = []
    do throws(WireError) {
      try prefix.encode(into: &body)
      try request.encode(into: &body, version: version)
      return body
    } catch {
      // A keyspace is read in every version and written from v5 on.
      precondition(error.code == .unsupported && version < .v5, "what was decoded cannot be encoded")
      return nil
    }
  }
}
