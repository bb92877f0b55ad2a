public import Cassandra
internal import CassandraHTTP
public import CassandraHTTPServer

extension CassandraError: ProblemConvertible {
  /// What a client of the API is told when the database fails: 503 with `Retry-After` when it cannot be reached or has
  /// too much to do, 504 when it took too long, 500 otherwise. The code is the error's own; the rest goes to the log.
  public var problem: Problem {
    switch code {
    case .notRunning, .closed, .queueFull, .unavailable, .overloaded, .isBootstrapping:
      Problem(.serviceUnavailable, code: "\(code)", detail: description, fields: Self.retryAfter, cause: self)
    case .noNodeAvailable, .connectionLost, .keyspaceMissing, .badCredentials, .credentialsMissing:
      // What these say helps whoever set the program up and nobody else: it is in the log.
      Problem(
        .serviceUnavailable, code: "\(code)", detail: "The database is unavailable at the moment.",
        fields: Self.retryAfter, cause: self)
    case .timedOut, .readTimeout, .writeTimeout:
      Problem(.gatewayTimeout, code: "\(code)", detail: description, cause: self)
    case .cancelled:
      Problem(.serviceUnavailable, code: "\(code)", detail: description, cause: self)
    case .invalidPageState:
      Problem(.badRequest, code: "\(code)", detail: description, cause: self)
    default:
      Problem(.internalServerError, code: "\(code)", detail: "Something went wrong with the database.", cause: self)
    }
  }

  /// Seconds after which a client may try again: 1.
  private static let retryAfter: [FieldLine] = (try? FieldLine("Retry-After", "1")).map { [$0] } ?? []
}
