import CassandraBytes
import CassandraWire

/// Timestamps in the spellings that Cassandra reads: those of ISO 8601, and those that cqlsh and people write, with a space
/// for the `T`, up to nine digits of fractions, and a space before the zone, which may have a name.
///
/// Of zones that are known by a name there are the common ones; Cassandra knows those of Java's database.
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
    guard let digits = number(4...4), digits > 0, skip("-"), let month = number(2...2), skip("-"),
      let day = number(2...2),
      (1...12).contains(month), (1...31).contains(day)
    else { return nil }
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
    if hasTime {
      position += 1
      guard let time = time() else { return nil }
      milliseconds += time
    }
    if next != nil {
      guard let offset = zone() else { return nil }
      milliseconds -= offset
    }
    return next == nil ? milliseconds : nil
  }

  private mutating func time() -> Int64? {
    guard let hours = number(1...2), skip(":"), let minutes = number(1...2), hours <= 24, minutes < 60 else {
      return nil
    }
    var result = (hours * 60 + minutes) * 60_000
    guard skip(":") else { return hours < 24 || minutes == 0 ? result : nil }
    guard let seconds = number(1...2), seconds < 60 else { return nil }
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

  /// The zone's distance from UTC in milliseconds.
  private mutating func zone() -> Int64? {
    let hasSpace = skip(" ")
    if skip("Z") { return 0 }
    if let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
      position += 1
      guard let hours = number(2...2), hours < 24 else { return nil }
      var minutes: Int64 = 0
      if next != nil {
        _ = skip(":")
        guard let more = number(2...2), more < 60 else { return nil }
        minutes = more
      }
      let offset = (hours * 60 + minutes) * 60_000
      return sign == UInt8(ascii: "+") ? offset : -offset
    }
    guard hasSpace else { return nil }
    var name: [UInt8] = []
    while let byte = next, (0x41...0x5a).contains(byte) {
      name.append(byte)
      position += 1
    }
    return Self.zones[name].map { $0 * 60_000 }
  }

  /// The distance of named zones from UTC in minutes.
  private static let zones: [[UInt8]: Int64] = {
    let names: [(String, Int64)] = [
      ("UTC", 0), ("GMT", 0), ("WET", 0), ("WEST", 60), ("CET", 60), ("CEST", 120), ("EET", 120), ("EEST", 180),
      ("MSK", 180), ("JST", 540), ("EST", -300), ("EDT", -240), ("CST", -360), ("CDT", -300), ("MST", -420),
      ("MDT", -360), ("PST", -480), ("PDT", -420), ("HST", -600),
    ]
    var zones: [[UInt8]: Int64] = [:]
    for (name, minutes) in names { zones[Array(name.utf8)] = minutes }
    return zones
  }()
}
