import CassandraBytes

/// A value of the type `timestamp`: a moment in milliseconds since the Unix epoch.
public struct CQLTimestamp: Hashable, Sendable {
  /// Milliseconds since 1 January 1970, 00:00 UTC; negative before it.
  public var milliseconds: Int64

  /// A moment from its milliseconds since the Unix epoch.
  @inlinable
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  private static let millisecondsPerDay = 86_400_000

  /// The day, and the milliseconds since its start.
  private var parts: (day: CivilDate, time: Int) {
    var (days, time) = Int(milliseconds).quotientAndRemainder(dividingBy: Self.millisecondsPerDay)
    if time < 0 {
      days -= 1
      time += Self.millisecondsPerDay
    }
    return (CivilDate(daysSinceEpoch: days), time)
  }
}

extension CQLTimestamp: Comparable {
  /// Whether the left moment is earlier.
  @inlinable
  public static func < (left: CQLTimestamp, right: CQLTimestamp) -> Bool { left.milliseconds < right.milliseconds }
}

extension CQLTimestamp: LosslessStringConvertible {
  /// The moment of a text of ISO 8601, such as `2024-02-29T12:30:00.250+01:00`, or nil for any other text.
  ///
  /// A space may stand for the `T`. The time of day may be left out and is midnight then; so may the offset, which is UTC
  /// then, unlike in Cassandra, where it is the server's. At most three digits follow the point.
  public init?(_ text: String) {
    var parser = CivilParser(text[...])
    guard let date = parser.date() else { return nil }
    var time = 0
    if parser.skip(UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")) != nil {
      guard let milliseconds = parser.time(places: 3) else { return nil }
      time = milliseconds
      if let sign = parser.skip(UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "Z"), UInt8(ascii: "z")),
        sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
      {
        guard let hours = parser.number(2...2), hours < 24 else { return nil }
        _ = parser.skip(UInt8(ascii: ":"))
        let minutes = parser.isAtEnd ? 0 : parser.number(2...2)
        guard let minutes, minutes < 60 else { return nil }
        let offset = (hours * 60 + minutes) * 60_000
        time += sign == UInt8(ascii: "+") ? -offset : offset
      }
    }
    guard parser.isAtEnd else { return nil }
    let (days, overflow) = date.daysSinceEpoch.multipliedReportingOverflow(by: Self.millisecondsPerDay)
    let (sum, sumOverflow) = days.addingReportingOverflow(time)
    guard !overflow, !sumOverflow else { return nil }
    self.init(milliseconds: Int64(sum))
  }

  /// The moment in UTC, such as `2024-02-29T11:30:00.250Z`; years past 9999 and before 0 with a sign.
  public var description: String {
    var buffer: [UInt8] = []
    write(into: &buffer)
    return String(decoding: buffer, as: UTF8.self)
  }

  /// Appends the moment in UTC.
  public func write(into buffer: inout [UInt8]) {
    let (day, time) = parts
    day.write(into: &buffer)
    buffer.append(UInt8(ascii: "T"))
    CQLTime.write(seconds: time / 1_000, fraction: time % 1_000, places: 3, into: &buffer)
    buffer.append(UInt8(ascii: "Z"))
  }

  /// Appends the moment as Cassandra's JSON has it: a space for the `T`, and years before 1 counted backwards from the year
  /// 1 without a sign, because Cassandra leaves their era out.
  package func writeAsCassandra(into buffer: inout [UInt8]) {
    var (day, time) = parts
    if day.year < 1 { day.year = 1 - day.year }
    day.write(into: &buffer)
    buffer.append(UInt8(ascii: " "))
    CQLTime.write(seconds: time / 1_000, fraction: time % 1_000, places: 3, into: &buffer)
    buffer.append(UInt8(ascii: "Z"))
  }
}

extension CQLTimestamp: CQLEncodable, CQLDecodable {
  /// Appends a `timestamp`.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard case .timestamp = type else { throw CQLValueError.mismatch(CQLTimestamp.self, type) }
    buffer.append(bigEndian: milliseconds)
  }

  /// Takes `timestamp`.
  public static func check(_ type: CQLType) throws(CQLValueError) {
    guard case .timestamp = type else { throw CQLValueError.mismatch(CQLTimestamp.self, type) }
  }

  /// The moment.
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLTimestamp {
    guard bytes.count == 8 else { throw CQLValueError.wrongSize(bytes.count, type) }
    return CQLTimestamp(milliseconds: bytes.int64(at: 0))
  }
}
