import CassandraBytes

/// Comparisons of names that ignore the case of ASCII letters and nothing else.
extension Span where Element == UInt8 {
  /// Whether the bytes of `range` are `text`, which is written in lower case.
  @inline(__always)
  func matches(_ text: StaticString, in range: Range<Int>) -> Bool {
    let start = range.lowerBound
    guard range.count == text.utf8CodeUnitCount, start >= 0, range.upperBound <= count else { return false }
    return text.withUTF8Buffer { expected in
      for index in 0..<expected.count where unsafe self[start + index].lowercased != expected[index] { return false }
      return true
    }
  }

  /// Whether the bytes of `range` are `text`, in any case on both sides.
  func matches(name text: String, in range: Range<Int>) -> Bool {
    guard range.count == text.utf8.count else { return false }
    var index = range.lowerBound
    for expected in text.utf8 {
      guard self[index].lowercased == expected.lowercased else { return false }
      index += 1
    }
    return true
  }

  /// The range without blanks at its ends.
  @inline(__always)
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, self[start].isBlank { start += 1 }
    while end > start, self[end - 1].isBlank { end -= 1 }
    return start..<end
  }

  /// The text of `range`, with U+FFFD in place of what is not UTF-8.
  func text(_ range: Range<Int>) -> String { String(repairing: extracting(range)) }
}
