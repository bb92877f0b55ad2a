/// Text that is compared and hashed by its UTF-8 bytes, for everything that a stranger may name.
///
/// Swift's `String` compares and hashes by canonical equivalence. That makes two different texts one (`é` composed and
/// decomposed), and its time grows with the square of a run of combining marks: a name of a quarter of a megabyte holds
/// a thread for seconds. So what comes from a peer and is looked up, such as a member of JSON, a query item, an option of
/// a handshake or an identifier, is a `ByteText` as a key. Comparing and hashing take time in proportion to the bytes.
///
/// ```swift
/// var seen: [ByteText: Int] = [:]
/// seen[ByteText(name)] = 1
/// if name == "genus" { … }        // a literal becomes one by itself
/// ```
public struct ByteText: Sendable {
  /// The text.
  public let text: String

  /// The same text, compared by its bytes.
  @inlinable
  public init(_ text: String) {
    var text = text
    text.makeContiguousUTF8()
    self.text = text
  }

  /// Whether the text has no bytes.
  @inlinable
  public var isEmpty: Bool { text.utf8.isEmpty }
}

extension ByteText: Hashable, Comparable {
  /// Whether both have the same bytes.
  @inlinable
  public static func == (left: ByteText, right: ByteText) -> Bool { left.text.hasSameBytes(as: right.text) }

  /// Whether `left` comes first in the order of bytes, which is that of code points.
  @inlinable
  public static func < (left: ByteText, right: ByteText) -> Bool { left.text.precedes(right.text) }

  /// Hashes the bytes.
  @inlinable
  public func hash(into hasher: inout Hasher) {
    // The hasher does not know where one text ends and the next begins, so a byte that no UTF-8 holds says so.
    text.withUTF8Span { bytes in unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) } }
    hasher.combine(0xff as UInt8)
  }
}

extension ByteText: ExpressibleByStringLiteral, CustomStringConvertible {
  /// The text that stands in the source.
  public init(stringLiteral text: String) { self.init(text) }

  /// The text.
  public var description: String { text }
}

extension Set where Element == ByteText {
  /// Adds a text; says whether it was not there.
  @discardableResult
  public mutating func insert(_ text: String) -> (inserted: Bool, memberAfterInsert: ByteText) {
    insert(ByteText(text))
  }

  /// Whether it has a text.
  public func contains(_ text: String) -> Bool { contains(ByteText(text)) }
}
