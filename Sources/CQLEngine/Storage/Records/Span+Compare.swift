extension Span where Element == UInt8 {
  /// Compares as unsigned bytes, a prefix before what it is a prefix of: less than, equal to or greater than 0.
  @inline(__always)
  func compare(_ other: Span<UInt8>) -> Int {
    let common = Swift.min(count, other.count)
    var index = 0
    while index < common {
      let left = self[index]
      let right = other[index]
      if left != right { return left < right ? -1 : 1 }
      index &+= 1
    }
    return count - other.count
  }
}

extension Array where Element == UInt8 {
  /// Whether the bytes order before the other's.
  func isBefore(_ other: [UInt8]) -> Bool { span.compare(other.span) < 0 }
}
