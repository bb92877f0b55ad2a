internal import CCassandraOpenSSL
import CassandraBytes
import CassandraWire

/// A hash that stands for a value, by the name that Java has for it.
@safe
struct MaskingDigest {
  /// The one that is taken when none is named.
  static let standard = "SHA-256"

  private let function: OpaquePointer

  /// The hash of that name, in letters of either case.
  init(_ name: String) throws(EngineFailure) {
    let function: OpaquePointer? =
      switch ByteText(name.uppercased()) {
      case "MD5": unsafe EVP_md5()
      case "SHA", "SHA1", "SHA-1": unsafe EVP_sha1()
      case "SHA224", "SHA-224": unsafe EVP_sha224()
      case "SHA256", "SHA-256": unsafe EVP_sha256()
      case "SHA384", "SHA-384": unsafe EVP_sha384()
      case "SHA512", "SHA-512": unsafe EVP_sha512()
      case "SHA512/224", "SHA-512/224": unsafe EVP_sha512_224()
      case "SHA512/256", "SHA-512/256": unsafe EVP_sha512_256()
      case "SHA3-224": unsafe EVP_sha3_224()
      case "SHA3-256": unsafe EVP_sha3_256()
      case "SHA3-384": unsafe EVP_sha3_384()
      case "SHA3-512": unsafe EVP_sha3_512()
      default: nil
      }
    guard let function = unsafe function else { throw EngineFailure.invalid("Hash algorithm not found: \(name)") }
    unsafe self.function = function
  }

  /// The hash of a value.
  func digest(_ value: ArraySlice<UInt8>) throws(EngineFailure) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    let isDone = unsafe value.withUnsafeBytes { bytes in
      unsafe EVP_Digest(bytes.baseAddress, bytes.count, &digest, &count, function, nil) == 1
    }
    guard isDone else { throw EngineFailure(.serverError, "A hash could not be made") }
    return Array(digest.prefix(Int(count)))
  }
}
