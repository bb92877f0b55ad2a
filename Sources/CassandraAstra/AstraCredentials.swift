internal import CassandraBytes
internal import Cassandra
public import CassandraTelemetry

/// Who we are to an Astra database.
public enum AstraCredentials: Sendable {
  /// An application token, `AstraCS:…`.
  case token(Secret)
  /// The client id and the client secret of a token.
  case client(id: String, secret: Secret)

  /// What every token begins with.
  static let tokenPrefix = "AstraCS:"
  /// The user's name that goes with a token.
  static let tokenUser = "token"

  /// The user and the password that the nodes are shown.
  ///
  /// - Throws: ``AstraError/Code/credentials`` when they cannot be right, which a node would report as if they were
  ///   merely wrong.
  func checked() throws(AstraError) -> Credentials {
    switch self {
    case .token(let token):
      let text = token.reveal()
      guard text.hasPrefix(Self.tokenPrefix), text.utf8.count > Self.tokenPrefix.utf8.count else {
        throw AstraError(
          .credentials,
          "The application token does not begin with AstraCS: as all do; copy the token of the Astra portal, not the client id or the client secret."
        )
      }
      try Self.check(text, "The application token")
      return Credentials(username: Self.tokenUser, password: token)
    case .client(let id, let secret):
      guard !id.hasPrefix(bytesOf: Self.tokenPrefix) else {
        throw AstraError(
          .credentials,
          "The client id is a token (it begins with AstraCS:); give it as the application token, without client id and client secret."
        )
      }
      guard !id.isEmpty else { throw AstraError(.credentials, "The client id is empty.") }
      guard !secret.reveal().isEmpty else { throw AstraError(.credentials, "The client secret is empty.") }
      try Self.check(id, "The client id")
      try Self.check(secret.reveal(), "The client secret")
      return Credentials(username: id, password: secret)
    }
  }

  /// A NUL would end it early in SASL PLAIN, and white space comes from copying a line too much.
  private static func check(_ text: String, _ what: String) throws(AstraError) {
    guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7f }) else {
      throw AstraError(.credentials, "\(what) has white space or a control character in it; copy it again.")
    }
  }
}
