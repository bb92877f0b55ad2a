internal import CCassandraOpenSSL
import CassandraBytes

/// Hashes of passwords, and whether a password is that of a hash. Either takes some tens of milliseconds of a core on
/// purpose, so that who has the hashes cannot try many passwords; it never runs on an event loop.
///
/// What is made is bcrypt in the form in which Cassandra makes it (`$2a$10$…`), so that hashes move between the two in
/// both directions; the system's libcrypt does it. Where that has none (macOS) it is PBKDF2 with HMAC-SHA-512 of OpenSSL.
/// Of a longer password bcrypt takes 72 bytes into account, here as in Cassandra.
enum PasswordHash {
  /// What a hash is made with.
  enum Kind: CaseIterable {
    /// The cost of Cassandra: 2 to the power of 10 rounds.
    case bcrypt
    /// 210,000 iterations, as OWASP advises for SHA-512.
    case pbkdf2

    /// What new hashes are made with.
    static let preferred = Bcrypt.isAvailable ? Kind.bcrypt : .pbkdf2
  }

  /// Rounds of a bcrypt that is made here, as a power of two: 10, the default of Cassandra.
  static let bcryptCost = 10
  private static let iterations: Int32 = 210_000
  private static let prefix = "$pbkdf2-sha512$"
  private static let saltBytes = 16
  private static let keyBytes = 32
  /// The greatest number of iterations that a hash may ask for, ten times as many as are made: a damaged one must not hold
  /// a core for ever.
  private static let maximumIterations: Int32 = 2_100_000

  /// The hash of a password with a salt that nobody else has. Nil when the password cannot be hashed: it holds a NUL.
  static func make(_ password: [UInt8], _ kind: Kind = .preferred) -> String? {
    guard !password.contains(0) else { return nil }
    var generator = SystemRandomNumberGenerator()
    let salt = (0..<saltBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    switch kind {
    case .bcrypt: return Bcrypt.hash(password, cost: bcryptCost, salt: salt)
    case .pbkdf2:
      guard let key = derive(password, salt: salt, iterations: iterations) else { return nil }
      return "\(prefix)\(iterations)$\(hexadecimal(salt))$\(hexadecimal(key))"
    }
  }

  /// Whether this is the hash of the password.
  static func isHash(_ hash: String, of password: [UInt8]) -> Bool {
    guard !password.contains(0) else { return false }
    guard hash.utf8.starts(with: prefix.utf8) else {
      guard let made = Bcrypt.rehash(password, as: hash) else { return false }
      return areEqual(Array(made.utf8), Array(hash.utf8))
    }
    let parts = hash.utf8.dropFirst(prefix.utf8.count).split(separator: UInt8(ascii: "$")).map { Array($0) }
    guard parts.count == 3, let iterations = Int32(String(decoding: parts[0], as: UTF8.self)),
      (1...maximumIterations).contains(iterations), let salt = bytes(parts[1]), let key = bytes(parts[2]),
      let made = derive(password, salt: salt, iterations: iterations)
    else { return false }
    return areEqual(made, key)
  }

  /// A hash that is that of no password that anybody knows: who gives a wrong name waits as long as for a wrong password.
  static let decoy = make((0..<16).map { _ in UInt8.random(in: 1 ... .max) }) ?? ""

  private static func derive(_ password: [UInt8], salt: [UInt8], iterations: Int32) -> [UInt8]? {
    var key = [UInt8](repeating: 0, count: keyBytes)
    let count = Int32(keyBytes)
    let isMade = unsafe password.withUnsafeBytes { password in
      unsafe PKCS5_PBKDF2_HMAC(
        password.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(password.count), salt, Int32(salt.count),
        iterations, EVP_sha512(), count, &key)
    }
    return isMade == 1 ? key : nil
  }

  /// Compares in a time that depends on the lengths alone.
  static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    var digits: [UInt8] = []
    digits.append(hexadecimal: bytes.span)
    return String(decoding: digits, as: UTF8.self)
  }

  private static func bytes(_ digits: [UInt8]) -> [UInt8]? {
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16) else {
        return nil
      }
      bytes.append(byte)
    }
    return bytes
  }
}
