public import CassandraBytes

/// A message from the server (section 4.2).
public enum ResponseMessage: Hashable, Sendable {
  /// ERROR: the request failed.
  case error(ErrorResponse)
  /// READY: the connection may be used, or a registration was taken.
  case ready
  /// AUTHENTICATE: the client has to authenticate itself to this class.
  case authenticate(authenticator: String)
  /// SUPPORTED: the options of STARTUP, and `PROTOCOL_VERSIONS`.
  case supported([ByteText: [String]])
  /// RESULT: what a statement brought.
  case result(ResultResponse)
  /// EVENT: something happened in the cluster.
  case event(Event)
  /// AUTH_CHALLENGE: the authenticator asks again.
  case authChallenge([UInt8]?)
  /// AUTH_SUCCESS: the client is who it says.
  case authSuccess([UInt8]?)

  /// The opcode of the envelope that carries it.
  public var opcode: Opcode {
    switch self {
    case .error: .error
    case .ready: .ready
    case .authenticate: .authenticate
    case .supported: .supported
    case .result: .result
    case .event: .event
    case .authChallenge: .authChallenge
    case .authSuccess: .authSuccess
    }
  }

  /// Decodes the body of a response behind its prefix; bytes behind the message are ignored.
  ///
  /// Positions in errors and in ``RowsResult/content`` count from the start of `body`.
  /// - Throws: `WireError`; `.unexpectedOpcode` when the opcode is a request's.
  public init(opcode: Opcode, body: Span<UInt8>, version: ProtocolVersion) throws(WireError) {
    var position = 0
    switch opcode {
    case .error: self = .error(try ErrorResponse(reading: body, at: &position, version: version))
    case .ready: self = .ready
    case .authenticate: self = .authenticate(authenticator: try body.readString(&position))
    case .supported: self = .supported(try body.readStringMultimap(&position))
    case .result: self = .result(try ResultResponse(reading: body, at: &position, version: version))
    case .event: self = .event(try Event(reading: body, at: &position))
    case .authChallenge: self = .authChallenge(try body.readBytes(&position).map { body.copy($0) })
    case .authSuccess: self = .authSuccess(try body.readBytes(&position).map { body.copy($0) })
    case .startup, .options, .query, .prepare, .execute, .batch, .register, .authResponse:
      throw WireError(.unexpectedOpcode, at: 0, "\(opcode) is no response.")
    }
  }

  /// Appends the body of the message, without its prefix.
  ///
  /// The rows of a ``ResultResponse/rows(_:)`` follow it: see there.
  public func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    switch self {
    case .error(let error): try error.encode(into: &buffer, version: version)
    case .ready: break
    case .authenticate(let authenticator): try buffer.append(string: authenticator)
    case .supported(let options): try buffer.append(stringMultimap: options)
    case .result(let result): try result.encode(into: &buffer, version: version)
    case .event(let event): try event.encode(into: &buffer, version: version)
    case .authChallenge(let token), .authSuccess(let token): try buffer.append(bytes: token)
    }
  }
}
