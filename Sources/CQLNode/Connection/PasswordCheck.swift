internal import CassandraWire
internal import CassandraTelemetry

/// Checks what a client says in AUTH_RESPONSE: SASL PLAIN (RFC 4616), as Cassandra's `PasswordAuthenticator` wants it.
struct PasswordCheck: Sendable {
  /// The class that AUTHENTICATE names; drivers choose what to send by it.
  static let className = "org.apache.cassandra.auth.PasswordAuthenticator"

  private let name: [UInt8]
  private let password: [UInt8]

  init(_ user: NodeUser) {
    name = Array(user.name.utf8)
    password = Array(user.password.reveal().utf8)
  }

  /// The user that `token` logs in, or why it logs in nobody.
  func user(of token: [UInt8]?) throws(ErrorResponse) -> String {
    // An authorization identity, which nobody uses, then the user and the password, with a NUL before both.
    let parts = (token ?? []).split(separator: 0, omittingEmptySubsequences: false)
    guard parts.count == 3 else {
      throw ErrorResponse(.badCredentials, "The client's response is not a SASL PLAIN user name and password")
    }
    // Both are always compared, each as a whole, so that the time tells nothing about either.
    let isName = Self.areEqual(parts[1], name)
    let isPassword = Self.areEqual(parts[2], password)
    let text = String(decoding: parts[1].prefix(Self.maximumShownBytes), as: UTF8.self)
    guard isName && isPassword else {
      throw ErrorResponse(.badCredentials, "Provided username \(text) and/or password are incorrect")
    }
    return text
  }

  /// The user that `token` names, for the log.
  func name(in token: [UInt8]?) -> String {
    let parts = (token ?? []).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count > 1 ? String(decoding: parts[1].prefix(Self.maximumShownBytes), as: UTF8.self) : ""
  }

  /// Bytes of a wrong name that its client is told: 256.
  private static let maximumShownBytes = 256

  /// Compares in a time that depends on the length of `given` alone.
  static func areEqual(_ given: ArraySlice<UInt8>, _ kept: [UInt8]) -> Bool {
    var difference = given.count ^ kept.count
    var index = 0
    for byte in given {
      // Against something in any case; an empty password equals an empty one only.
      difference |= Int(byte ^ (kept.isEmpty ? ~byte : kept[index]))
      index += 1
      if index >= kept.count { index = 0 }
    }
    return difference == 0
  }
}

extension ErrorResponse: Error {}
