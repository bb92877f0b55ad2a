/// What kind of message an envelope carries (section 2.4 of v4, 2.4.1.4 of v5).
public enum Opcode: UInt8, CaseIterable, Hashable, Sendable {
  /// A response: the request failed.
  case error = 0x00
  /// A request: begin the connection.
  case startup = 0x01
  /// A response: the connection is ready, or an event registration was taken.
  case ready = 0x02
  /// A response: the server asks for authentication.
  case authenticate = 0x03
  /// A request: which STARTUP options there are.
  case options = 0x05
  /// A response to OPTIONS.
  case supported = 0x06
  /// A request: run a statement given as text.
  case query = 0x07
  /// A response with what a statement brought.
  case result = 0x08
  /// A request: parse a statement and remember it.
  case prepare = 0x09
  /// A request: run a prepared statement.
  case execute = 0x0a
  /// A request: send events on this connection.
  case register = 0x0b
  /// A response without a request: something happened in the cluster.
  case event = 0x0c
  /// A request: run several statements as one.
  case batch = 0x0d
  /// A response: the server asks again during authentication.
  case authChallenge = 0x0e
  /// A request: the client's answer during authentication.
  case authResponse = 0x0f
  /// A response: authentication is done.
  case authSuccess = 0x10

  /// Whether the client sends it; everything else comes from the server.
  public var isRequest: Bool {
    switch self {
    case .startup, .options, .query, .prepare, .execute, .register, .batch, .authResponse: true
    case .error, .ready, .authenticate, .supported, .result, .event, .authChallenge, .authSuccess: false
    }
  }
}

extension Opcode: CustomStringConvertible {
  /// The name as the specification writes it, such as `AUTH_RESPONSE`.
  public var description: String {
    switch self {
    case .error: "ERROR"
    case .startup: "STARTUP"
    case .ready: "READY"
    case .authenticate: "AUTHENTICATE"
    case .options: "OPTIONS"
    case .supported: "SUPPORTED"
    case .query: "QUERY"
    case .result: "RESULT"
    case .prepare: "PREPARE"
    case .execute: "EXECUTE"
    case .register: "REGISTER"
    case .event: "EVENT"
    case .batch: "BATCH"
    case .authChallenge: "AUTH_CHALLENGE"
    case .authResponse: "AUTH_RESPONSE"
    case .authSuccess: "AUTH_SUCCESS"
    }
  }
}
