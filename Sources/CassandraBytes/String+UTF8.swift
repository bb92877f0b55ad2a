extension String {
  /// Gives the bytes of UTF-8 to `body`.
  ///
  /// Not `utf8.span`: that of a text of up to 15 bytes, which Swift keeps within the value, is read when the copy that it
  /// belongs to has gone, in some places of optimized code (6.3).
  @inlinable @inline(__always)
  public func withUTF8Span<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
    var text = self
    return text.withUTF8 { unsafe body(Span(_unsafeElements: $0)) }
  }

  /// Whether both have the same bytes of UTF-8; Swift's own comparison ignores how accents are composed, and is slow for
  /// runs of combining marks.
  @inlinable
  public func hasSameBytes(as other: String) -> Bool {
    guard utf8.count == other.utf8.count else { return false }
    var (left, right) = (self, other)
    return left.withUTF8 { left in
      right.withUTF8 { right in
        unsafe Span(_unsafeElements: left).isEqual(to: Span(_unsafeElements: right))
      }
    }
  }
}

extension String {
  /// Whether the text comes first in the order of bytes, which is that of code points.
  @inlinable
  public func precedes(_ other: String) -> Bool {
    var (left, right) = (self, other)
    return left.withUTF8 { left in
      right.withUTF8 { right in unsafe Span(_unsafeElements: left).precedes(Span(_unsafeElements: right)) }
    }
  }
}

extension Span where Element == UInt8 {
  /// Whether the bytes of `word` stand somewhere among these.
  package func contains(bytesOf word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard length <= count else { return false }
    for start in 0...(count - length) where extracting(start..<start + length).isEqual(to: word) { return true }
    return false
  }

  /// Whether these are the bytes of `word` but for the case of ASCII letters; `word` is lower-case.
  package func isEqualIgnoringCase(to word: StaticString) -> Bool {
    guard count == word.utf8CodeUnitCount else { return false }
    return word.withUTF8Buffer { word in
      for index in word.indices {
        let byte = self[index]
        let lower = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        if unsafe lower != word[index] { return false }
      }
      return true
    }
  }
}

extension RawRepresentable where RawValue == String, Self: CaseIterable {
  /// The case whose name has just these bytes. What a peer names is looked up so, and not by `init(rawValue:)`, which
  /// compares as Swift does: in time that grows with the square of a run of combining marks.
  package init?(named text: String) {
    guard let found = Self.allCases.first(where: { $0.rawValue.hasSameBytes(as: text) }) else { return nil }
    self = found
  }
}
