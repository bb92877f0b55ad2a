#if canImport(Glibc)
  internal import CCassandraCrypt
#endif
import CassandraBytes

/// bcrypt by the system's libcrypt, in the form that Cassandra has: `$2a$`, the cost, 22 characters of salt and 31 of hash.
///
/// Two forms of the same are known to libcrypt: its `$2a$` has a measure against an old fault that changes some hashes, so
/// it is asked for `$2b$`, which is what Cassandra means by `$2a$`.
enum Bcrypt {
  private static let alphabet = Array("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
  /// Characters in all, and of the salt with what stands before it.
  private static let count = 60
  private static let settingCount = 29
  /// Bytes that libcrypt works in: its `struct crypt_data`.
  private static let memoryBytes = 32_768
  /// Costs that a hash may ask for. Each step doubles the time; 16 is 64 times what is made here, some seconds.
  static let costs = 4...16

  #if canImport(Glibc)
    /// Whether the system has it.
    static let isAvailable = true
  #else
    /// Whether the system has it.
    static let isAvailable = false
  #endif

  /// The hash of a password without a NUL; nil where the system has no bcrypt. The salt has 16 bytes.
  static func hash(_ password: [UInt8], cost: Int, salt: [UInt8]) -> String? {
    let cost = cost < 10 ? "0\(cost)" : "\(cost)"
    return run(password, setting: "$2a$\(cost)$\(String(decoding: encode(salt), as: UTF8.self))")
  }

  /// The hash of another password with the salt and the cost of this one; nil when it is no hash.
  static func rehash(_ password: [UInt8], as hash: String) -> String? {
    guard isHash(hash) else { return nil }
    return run(password, setting: String(decoding: hash.utf8.prefix(settingCount), as: UTF8.self))
  }

  /// Whether this has the form of a hash, of a cost that is taken.
  static func isHash(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count == count, bytes.starts(with: "$2a$".utf8), bytes[6] == UInt8(ascii: "$"),
      let cost = Int(String(decoding: bytes[4..<6], as: UTF8.self)), costs.contains(cost)
    else { return false }
    return bytes[7...].allSatisfy { alphabet.contains($0) }
  }

  /// 22 characters of 16 bytes, six bits each, the highest first.
  private static func encode(_ salt: [UInt8]) -> [UInt8] {
    var characters: [UInt8] = []
    var bits = 0
    var count = 0
    for byte in salt {
      bits = bits << 8 | Int(byte)
      count += 8
      while count >= 6 {
        count -= 6
        characters.append(alphabet[bits >> count & 63])
      }
    }
    if count > 0 { characters.append(alphabet[bits << (6 - count) & 63]) }
    return characters
  }

  private static func run(_ password: [UInt8], setting: String) -> String? {
    #if canImport(Glibc)
      var setting = Array(setting.utf8)
      setting[2] = UInt8(ascii: "b")
      // Working memory, too much for a thread's stack; it holds the password, so it is cleared.
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: memoryBytes, alignment: 16)
      unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
      defer {
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
        unsafe memory.deallocate()
      }
      let made = unsafe (password + [0]).withUnsafeBytes { password -> [UInt8]? in
        unsafe (setting + [0]).withUnsafeBytes { setting -> [UInt8]? in
          guard let password = password.baseAddress, let setting = setting.baseAddress,
            let result = unsafe crypt_rn(
              password.assumingMemoryBound(to: CChar.self), setting.assumingMemoryBound(to: CChar.self),
              memory.baseAddress, Int32(memoryBytes))
          else { return nil }
          return unsafe Array(String(cString: result).utf8)
        }
      }
      // What is wrong comes back as a text that is no hash.
      guard var made, made.count == count, made.starts(with: "$2b$".utf8) else { return nil }
      made[2] = UInt8(ascii: "a")
      return String(decoding: made, as: UTF8.self)
    #else
      return nil
    #endif
  }
}
