import Bytes

extension Span where Element == UInt8 {
  /// Whether the bytes are UTF-8.
  ///
  /// Most are ASCII, and those are looked at in words; the last word overlaps what has been looked at.
  @usableFromInline
  var isUTF8: Bool {
    if count < 4 {
      for index in indices where self[index] >= 0x80 { return isUTF8(from: 0) }
      return true
    }
    if count < 8 {
      return (uint32(at: 0) | uint32(at: count - 4)) & 0x8080_8080 == 0 || isUTF8(from: 0)
    }
    var index = 0
    while count - index >= 8 {
      guard uint64(at: index) & 0x8080_8080_8080_8080 == 0 else { return isUTF8(from: index) }
      index += 8
    }
    return uint64(at: count - 8) & 0x8080_8080_8080_8080 == 0 || isUTF8(from: index)
  }

  @inline(never)
  private func isUTF8(from start: Int) -> Bool {
    return (try? UTF8Span(validating: extracting(start..<count))) != nil
  }

  /// Whether all bytes are ASCII.
  @usableFromInline
  var isASCII: Bool {
    for index in indices where self[index] >= 0x80 { return false }
    return true
  }
}
