import CassandraBytes
import CassandraWire

/// Timestamps in the spellings that Cassandra reads: those of ISO 8601, and those that cqlsh and people write, with a space
/// for the `T`, numbers of any length in front of a time, up to nine digits of fractions, and a space before the zone, which
/// may have a name (``ZoneName``).
struct TimestampText {
  private let text: [UInt8]
  private var position = 0

  /// Milliseconds since 1970, or nil when the text is none of these.
  static func milliseconds(_ text: String) -> Int64? {
    var parser = TimestampText(text: Array(text.utf8))
    return parser.moment()
  }

  private init(text: [UInt8]) { self.text = text }

  private var next: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skip(_ byte: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  /// So many digits as a number.
  private mutating func number(_ digits: ClosedRange<Int>) -> Int64? {
    var value: Int64 = 0
    var count = 0
    while count < digits.upperBound, let byte = next, (0x30...0x39).contains(byte) {
      value = value * 10 + Int64(byte - 0x30)
      count += 1
      position += 1
    }
    return count >= digits.lowerBound ? value : nil
  }

  private mutating func moment() -> Int64? {
    let isBefore = skip("-")
    let start = position
    guard let digits = number(1...9), digits > 0, position == start + 4 || !isBefore, skip("-"),
      let month = number(1...9), skip("-"), let day = number(1...9), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    let isPadded =
      position == start + 10 && text[start + 4] == UInt8(ascii: "-") && text[start + 7] == UInt8(ascii: "-")
    let year = Int(isBefore ? -digits : digits)
    // A day that the month does not have is its last one.
    var date: CQLDate?
    for candidate in stride(from: Int(day), through: 28, by: -1) where date == nil {
      date = CQLDate(year: year, month: Int(month), day: candidate)
    }
    if day < 28 { date = CQLDate(year: year, month: Int(month), day: Int(day)) }
    guard let date else { return nil }
    var milliseconds = Int64(date.daysSinceEpoch) * 86_400_000
    let hasTime =
      next == UInt8(ascii: "T")
      || next == UInt8(ascii: " ") && position + 1 < text.count
        && (0x30...0x39).contains(text[position + 1])
    // Only in front of a time may numbers have other lengths, and behind a year before the first nothing more is read.
    guard isBefore ? next == nil : isPadded || hasTime else { return nil }
    if hasTime {
      position += 1
      guard let time = time() else { return nil }
      milliseconds += time
    }
    if next != nil {
      guard let offset = zone(at: milliseconds / 1_000) else { return nil }
      milliseconds -= offset
    }
    return next == nil ? milliseconds : nil
  }

  private mutating func time() -> Int64? {
    guard let hours = number(1...9), skip(":"), let minutes = number(1...9), hours <= 24, minutes < 60 else {
      return nil
    }
    var result = (hours * 60 + minutes) * 60_000
    guard skip(":") else { return hours < 24 || minutes == 0 ? result : nil }
    guard let seconds = number(1...9), seconds < 60 else { return nil }
    result += seconds * 1_000
    if skip(".") {
      let start = position
      guard let fraction = number(1...9) else { return nil }
      var scaled = fraction
      for _ in position - start..<9 { scaled *= 10 }
      result += scaled / 1_000_000
    }
    return hours < 24 || result == 86_400_000 ? result : nil
  }

  /// The zone's distance from UTC in milliseconds, at a local time in seconds since 1970.
  private mutating func zone(at local: Int64) -> Int64? {
    let hasSpace = skip(" ")
    if let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      position += 1
      guard let offset = offset() else { return nil }
      return sign == UInt8(ascii: "+") ? offset : -offset
    }
    let name = Array(text[position...])
    position = text.count
    if name == [UInt8(ascii: "Z")] { return 0 }
    return hasSpace ? ZoneName.offset(of: name, atLocal: local).map { $0 * 1_000 } : nil
  }

  /// Hours and minutes in milliseconds.
  private mutating func offset() -> Int64? {
    guard let hours = number(2...2), hours < 24 else { return nil }
    guard next != nil else { return hours * 3_600_000 }
    _ = skip(":")
    guard let minutes = number(2...2), minutes < 60 else { return nil }
    return (hours * 60 + minutes) * 60_000
  }
}
