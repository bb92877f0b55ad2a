import CassandraWire
import FuzzDriver
import CassandraTelemetry

@testable import CQLNode

/// The first byte tells how the others are cut into pieces, and whether a password is wanted; they are what a client
/// sends.
///
/// However they are cut, the same follows; every answer can be written, and every statement is decoded or refused.
@main
enum FuzzServer {
  static func main() {
    runFuzzer { bytes in
      guard let first = bytes.first else { return }
      let password = first & 0x80 != 0 ? PasswordCheck(NodeUser(name: "a", password: .init("b"))) : nil
      let whole = trace(bytes[1...], piece: .max, password)
      let pieces = trace(bytes[1...], piece: Int(first & 0x7f) + 1, password)
      precondition(whole == pieces, "what follows depends on the pieces")
    }
  }

  /// What follows, step by step.
  private static func trace(_ bytes: ArraySlice<UInt8>, piece: Int, _ password: PasswordCheck?) -> [String] {
    var input = ClientInput(password: password, maximumLoginBytes: 100 << 10)
    var steps: [String] = []
    var rest = bytes
    while !rest.isEmpty {
      let part = Array(rest.prefix(piece))
      rest = rest.dropFirst(part.count)
      var offset = 0
      while let step = input.next(in: part.span, at: &offset) {
        steps.append(describe(step, input.machine.version))
        precondition(steps.count <= bytes.count, "there are more messages than bytes")
        if case .message(_, _, .refuse) = step { return steps }
        if case .message(_, _, .refuseLogin) = step { return steps }
        if input.machine.isReady { input.allow(bodyBytes: 1 << 10) }
      }
    }
    return steps
  }

  private static func describe(_ step: ClientInput.Step, _ version: ProtocolVersion) -> String {
    switch step {
    case .unknownVersion(let bytes): return "\(bytes)"
    // Where in a piece it broke depends on the pieces.
    case .broken: return "broken"
    case .skipped(let header): return "\(header.stream) skipped \(header.bodyCount)"
    case .message(let header, let body, let action):
      switch action {
      case .answer(let message), .reframe(let message, _), .logIn(_, let message): write(message, version)
      case .refuse(let error), .refuseLogin(_, let error): write(.error(error), version)
      case .register, .askRoles: break
      case .run(let opcode): return "\(header.stream) \(opcode) \(statement(opcode, header.flags, body, version))"
      }
      return "\(header.stream) \(action)"
    }
  }

  private static func write(_ message: ResponseMessage, _ version: ProtocolVersion) {
    var output: [UInt8] = []
    guard (try? message.encode(into: &output, version: version)) != nil else {
      preconditionFailure("an answer cannot be written")
    }
  }

  private static func statement(
    _ opcode: Opcode, _ flags: EnvelopeFlags, _ body: [UInt8], _ version: ProtocolVersion
  ) -> String {
    do throws(WireError) {
      var position = 0
      _ = try RequestPrefix(reading: body.span, at: &position, flags: flags)
      return "\(try RequestMessage(opcode: opcode, body: body[position...], version: version).opcode)"
    } catch {
      return "refused"
    }
  }
}
