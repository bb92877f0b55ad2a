public import CassandraTelemetry

/// A user's name and password, for a server that asks for them.
public struct Credentials: Sendable {
  /// The user.
  public var username: String
  /// The password, which is shown nowhere.
  public var password: Secret

  /// A user with a password.
  public init(username: String, password: Secret) {
    self.username = username
    self.password = password
  }

  /// The answer of SASL PLAIN (RFC 4616): no authorization identity, user, password.
  var plainToken: [UInt8] { [0] + Array(username.utf8) + [0] + Array(password.reveal().utf8) }
}
