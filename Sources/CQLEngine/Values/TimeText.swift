/// Times of day as Cassandra reads them: three numbers as Java takes them, with signs and without leading zeros, and up to
/// nine digits of a fraction.
enum TimeText {
  /// The nanoseconds since midnight; nil for what is no time.
  static func nanoseconds(_ text: String) -> Int64? {
    var text = text.utf8[...]
    while let first = text.first, first <= 0x20 { text.removeFirst() }
    while let last = text.last, last <= 0x20 { text.removeLast() }
    let parts = text.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let hours = number(parts[0], 24), let minutes = number(parts[1], 60) else { return nil }
    let seconds = parts[2].split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = number(seconds[0], 60) else { return nil }
    var fraction: Int64 = 0
    if seconds.count == 2 {
      let digits = seconds[1]
      guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
      for place in 0..<9 {
        fraction =
          fraction * 10
          + (place < digits.count ? Int64(digits[digits.index(digits.startIndex, offsetBy: place)] - 0x30) : 0)
      }
    }
    return ((hours * 60 + minutes) * 60 + whole) * 1_000_000_000 + fraction
  }

  private static func number(_ digits: Substring.UTF8View, _ limit: Int64) -> Int64? {
    Int32(Substring(digits)).map(Int64.init).flatMap { (0..<limit).contains($0) ? $0 : nil }
  }
}
