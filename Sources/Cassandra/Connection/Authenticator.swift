/// How the client proves to a server who it is, for a server that asks (SASL over AUTH_RESPONSE and AUTH_CHALLENGE).
///
/// ``Credentials`` is the usual one: a user and a password by PLAIN. Another one, such as for Kerberos or a signed token,
/// makes an exchange for every connection:
/// ```swift
/// struct Signing: Authenticator {
///   func begin(with serverAuthenticator: String) throws(CassandraError) -> any AuthenticationExchange { … }
/// }
/// configuration.authenticator = Signing()
/// ```
public protocol Authenticator: Sendable {
  /// Begins an exchange on a new connection.
  ///
  /// - Parameter serverAuthenticator: The name of the class that asks at the server.
  /// - Throws: ``CassandraError`` when that one cannot be answered; connecting fails with it.
  func begin(with serverAuthenticator: String) throws(CassandraError) -> any AuthenticationExchange
}

/// What the client and one server say to each other until the server is content.
///
/// It is called on an event loop and does not wait: what takes time is got ready before.
public protocol AuthenticationExchange: Sendable {
  /// The first token.
  mutating func initialToken() throws(CassandraError) -> [UInt8]?

  /// The answer to a challenge.
  mutating func answer(to challenge: [UInt8]?) throws(CassandraError) -> [UInt8]?

  /// The server is content; `token` is its last word, which a mechanism that checks the server looks at. Without an
  /// implementation nothing is checked.
  mutating func succeed(with token: [UInt8]?) throws(CassandraError)
}

extension AuthenticationExchange {
  /// Nothing is checked.
  public mutating func succeed(with token: [UInt8]?) throws(CassandraError) {}
}

extension Credentials: Authenticator {
  /// Sends the user and the password (PLAIN, RFC 4616).
  public func begin(with serverAuthenticator: String) throws(CassandraError) -> any AuthenticationExchange {
    // This one wants to be told the mechanism first; every other takes the token at once.
    PlainExchange(credentials: self, namesMechanism: serverAuthenticator.hasSuffix(bytesOf: ".DseAuthenticator"))
  }
}

private struct PlainExchange: AuthenticationExchange {
  let credentials: Credentials
  let namesMechanism: Bool

  mutating func initialToken() -> [UInt8]? { namesMechanism ? Array("PLAIN".utf8) : credentials.plainToken }

  mutating func answer(to challenge: [UInt8]?) throws(CassandraError) -> [UInt8]? {
    guard challenge == Array("PLAIN-START".utf8) else {
      throw CassandraError(
        .badCredentials, "The database asks for something other than a user name and a password.")
    }
    return credentials.plainToken
  }
}
