internal import CassandraBytes
internal import Cassandra
internal import CassandraHTTPServer
internal import CassandraReactor
public import CassandraTelemetry

/// How lists are given away page by page: `?limit=20`, and a cursor for what follows.
///
/// A cursor is made of the driver's position in the result and of a code that only who knows the key can make, so a client
/// can hand it back and nothing else.
public struct Paging: Sendable {
  /// Rows of a page that a client may ask for at most: 1,000.
  public var maximumLimit = 1000
  private let authentication: MessageAuthentication

  /// Bytes of a cursor's code: 16 of 32.
  private static let codeBytes = 16

  /// A key of this process: cursors are good until it ends, and for no other process.
  public init() { authentication = MessageAuthentication() }

  /// A key that several processes share, so that each takes the cursors of the others; it is best 32 random bytes or more.
  public init(key: Secret) { authentication = MessageAuthentication(key: Array(key.reveal().utf8)) }

  /// What this process uses where an application says nothing else.
  public static let standard = Paging()

  /// The text of a position, of letters, digits, `-` and `_`.
  func cursor(_ token: ResumeToken) -> String {
    let code = authentication.code(of: token.bytes).prefix(Self.codeBytes)
    return Base64URL.text(of: code + token.bytes)
  }

  /// The position of a cursor.
  ///
  /// - Throws: ``Problem`` with status 400 when it is none of ours.
  func position(_ cursor: String) throws(Problem) -> ResumeToken {
    let limit = (ResumeToken.maximumBytes + Self.codeBytes) * 2
    if cursor.utf8.count <= limit, let bytes = Base64URL.bytes(of: cursor), bytes.count > Self.codeBytes {
      let token = Array(bytes[Self.codeBytes...])
      if authentication.isCode(bytes.prefix(Self.codeBytes), of: token),
        let position = try? ResumeToken(bytes: token)
      {
        return position
      }
    }
    throw Problem(
      .badRequest, code: "invalidCursor", detail: "The cursor is not one of ours; begin with the first page again.")
  }
}

/// Base 64 for URLs without padding (RFC 4648, section 5), in its one canonical form.
enum Base64URL {
  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  static func text(of bytes: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 4 / 3 + 2)
    var word: UInt32 = 0
    var bits = 0
    for byte in bytes {
      word = word << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        text.append(digits[Int(word >> UInt32(bits)) & 63])
      }
    }
    if bits > 0 { text.append(digits[Int(word << UInt32(6 - bits)) & 63]) }
    return String(decoding: text, as: UTF8.self)
  }

  static func bytes(of text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count * 3 / 4)
    var word: UInt32 = 0
    var bits = 0
    for digit in text.utf8 {
      let value: UInt32
      switch digit {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(digit - UInt8(ascii: "A"))
      case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(digit - UInt8(ascii: "a")) + 26
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(digit - UInt8(ascii: "0")) + 52
      case UInt8(ascii: "-"): value = 62
      case UInt8(ascii: "_"): value = 63
      default: return nil
      }
      word = word << 6 | value
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
      }
    }
    // A digit too many, or bits that would have to be 0, make a second text of the same bytes.
    guard bits < 6, word & (1 << UInt32(bits) - 1) == 0 else { return nil }
    return bytes
  }
}
