import CassandraWire
import FuzzDriver

/// The first three bytes are the version, the opcode and the flags, the others the body.
///
/// What is decoded can be encoded, and that again decodes to the same bytes; an error points into the body.
@main
enum FuzzWireResponse {
  static func main() {
    runFuzzer { input in
      guard input.count >= 3, let version = ProtocolVersion(rawValue: input[0]), let opcode = Opcode(rawValue: input[1])
      else { return }
      let flags = EnvelopeFlags(rawValue: input[2])
      let body = Array(input[3...])
      do throws(WireError) {
        let first = try roundTrip(opcode, flags, body, version)
        guard let first else { return }
        let second = try roundTrip(opcode, first.flags, first.body, version)
        precondition(second?.body == first.body, "a second round trip differs")
      } catch {
        precondition((0...body.count).contains(error.position), "an error is outside of the body")
        precondition(!error.reason.isEmpty, "an error says nothing")
      }
    }
  }

  /// Decodes a body and encodes it again; nil when its text has become too long for its field.
  private static func roundTrip(
    _ opcode: Opcode, _ flags: EnvelopeFlags, _ body: [UInt8], _ version: ProtocolVersion
  ) throws(WireError) -> (flags: EnvelopeFlags, body: [UInt8])? {
    var start = 0
    let prefix = try ResponsePrefix(reading: body.span, at: &start, flags: flags)
    let message = Array(body[start...])
    let response: ResponseMessage
    do throws(WireError) {
      response = try ResponseMessage(opcode: opcode, body: message.span, version: version)
    } catch {
      throw WireError(error.code, at: error.position + start, error.reason)
    }
    precondition(response.opcode == opcode, "a response is another one")
    var encoded: [UInt8] = []
    do throws(WireError) {
      try prefix.encode(into: &encoded)
      try response.encode(into: &encoded, version: version)
    } catch {
      // The full names of types are longer than those that were read.
      precondition(error.code == .tooLong, "what was decoded cannot be encoded")
      return nil
    }
    if case .result(.rows(let rows)) = response { encoded += message[rows.content] }
    return (prefix.flags, encoded)
  }
}
