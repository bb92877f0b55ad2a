internal import CassandraWire
internal import CassandraTelemetry

/// Checks what a client says in AUTH_RESPONSE: SASL PLAIN (RFC 4616), as Cassandra's `PasswordAuthenticator` wants it.
struct PasswordCheck: Sendable {
  /// Who knows the passwords.
  private enum Kind {
    /// There is one user.
    case user(name: [UInt8], password: [UInt8])
    /// The roles of the database, which are asked.
    case roles
  }

  /// The class that AUTHENTICATE names; drivers choose what to send by it.
  static let className = "org.apache.cassandra.auth.PasswordAuthenticator"

  /// Passwords that the roles of the database know.
  static let roles = PasswordCheck(kind: .roles)

  private let kind: Kind

  private init(kind: Kind) { self.kind = kind }

  /// The password of one user.
  init(_ user: NodeUser) {
    self.init(kind: .user(name: Array(user.name.utf8), password: Array(user.password.reveal().utf8)))
  }

  /// What follows from a password.
  enum Verdict {
    /// The client is this user.
    case user(String)
    /// The roles have to be asked.
    case ask(LoginAttempt)
  }

  /// What follows from `token`, or why it logs in nobody.
  func verdict(on token: [UInt8]?) throws(ErrorResponse) -> Verdict {
    // An authorization identity, which nobody uses, then the user and the password, with a NUL before both.
    let parts = (token ?? []).split(separator: 0, omittingEmptySubsequences: false)
    guard parts.count == 3 else {
      throw ErrorResponse(.badCredentials, "The client's response is not a SASL PLAIN user name and password")
    }
    let attempt = LoginAttempt(name: Array(parts[1]), password: Array(parts[2]))
    guard case .user(let name, let password) = kind else { return .ask(attempt) }
    // Both are always compared, each as a whole, so that the time tells nothing about either.
    let isName = Self.areEqual(parts[1], name)
    let isPassword = Self.areEqual(parts[2], password)
    guard isName && isPassword else { throw attempt.refusal }
    return .user(attempt.shownName)
  }

  /// The user that `token` names, for the log.
  func name(in token: [UInt8]?) -> String {
    let parts = (token ?? []).split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
    return parts.count > 1 ? LoginAttempt(name: Array(parts[1]), password: []).shownName : ""
  }

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

/// A name and a password that a client has shown.
struct LoginAttempt: Sendable {
  let name: [UInt8]
  let password: [UInt8]

  /// Bytes of a wrong name that its client is told: 256.
  private static let maximumShownBytes = 256

  /// The name, for the client and the log.
  var shownName: String { String(decoding: name.prefix(Self.maximumShownBytes), as: UTF8.self) }

  /// What the client is told when one of the two is wrong.
  var refusal: ErrorResponse {
    ErrorResponse(.badCredentials, "Provided username \(shownName) and/or password are incorrect")
  }
}

extension ErrorResponse: Error {}
