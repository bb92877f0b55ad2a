internal import Cassandra
public import Telemetry

/// Who we are to an Astra database.
public enum AstraCredentials: Sendable {
  /// An application token, `AstraCS:…`.
  case token(Secret)
  /// The client id and the client secret of a token.
  case client(id: String, secret: Secret)

  /// The user and the password that the nodes are shown.
  var asCredentials: Credentials {
    switch self {
    case .token(let token): Credentials(username: "token", password: token)
    case .client(let id, let secret): Credentials(username: id, password: secret)
    }
  }
}
