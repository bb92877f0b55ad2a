internal import CCassandraOpenSSL

/// Tells whether bytes that come back are those that were given away: HMAC with SHA-256 (RFC 2104).
package struct MessageAuthentication: Sendable {
  /// Bytes of a code: 32.
  package static let codeBytes = 32

  private let key: [UInt8]

  /// With a key, best of 32 random bytes.
  package init(key: [UInt8]) { self.key = key }

  /// With a key that nobody has.
  package init() {
    var generator = SystemRandomNumberGenerator()
    key = (0..<4).flatMap { _ in withUnsafeBytes(of: generator.next() as UInt64) { Array($0) } }
  }

  /// The code of `bytes`.
  package func code(of bytes: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: Self.codeBytes)
    var count: UInt32 = 0
    let result = HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, &code, &count)
    precondition(result != nil && count == Self.codeBytes, "OpenSSL has SHA-256")
    return code
  }

  /// Whether `code` begins the code of `bytes`, in a time that does not tell how much of it does.
  package func isCode(_ code: some Collection<UInt8>, of bytes: [UInt8]) -> Bool {
    var difference: UInt8 = code.isEmpty || code.count > Self.codeBytes ? 1 : 0
    for (left, right) in zip(code, self.code(of: bytes)) { difference |= left ^ right }
    return difference == 0
  }
}
