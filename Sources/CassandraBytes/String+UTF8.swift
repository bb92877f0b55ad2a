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
