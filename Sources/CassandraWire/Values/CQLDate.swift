import CassandraBytes

/// A value of the type `date`: a day without a time or a zone, from the year -5877641 to 5881580.
public struct CQLDate: Hashable, Sendable {
  /// Days since 1 January 1970; negative before it.
  public var daysSinceEpoch: Int32

  /// A day from its days since 1 January 1970.
  @inlinable
  public init(daysSinceEpoch: Int32) { self.daysSinceEpoch = daysSinceEpoch }

  /// A day of the Gregorian calendar, in which the year 0 is before the year 1; nil when there is no such day.
  public init?(year: Int, month: Int, day: Int) {
    guard let date = CivilDate(year: year, month: month, day: day), let days = Int32(exactly: date.daysSinceEpoch)
    else {
      return nil
    }
    self.init(daysSinceEpoch: days)
  }

  private var civil: CivilDate { CivilDate(daysSinceEpoch: Int(daysSinceEpoch)) }

  /// The year; 0 is the one before the year 1.
  public var year: Int { civil.year }

  /// The month, from 1 to 12.
  public var month: Int { civil.month }

  /// The day of the month, from 1.
  public var day: Int { civil.day }
}

extension CQLDate: Comparable {
  /// Whether the left day is earlier.
  @inlinable
  public static func < (left: CQLDate, right: CQLDate) -> Bool { left.daysSinceEpoch < right.daysSinceEpoch }
}

extension CQLDate: LosslessStringConvertible {
  /// The day of a text `yyyy-mm-dd`, or nil for any other text.
  public init?(_ text: String) {
    var parser = CivilParser(text[...])
    guard let date = parser.date(), parser.isAtEnd, let days = Int32(exactly: date.daysSinceEpoch) else { return nil }
    self.init(daysSinceEpoch: days)
  }

  /// The day as `2024-02-29`; years past 9999 and before 0 with a sign.
  public var description: String {
    var buffer: [UInt8] = []
    write(into: &buffer)
    return String(decoding: buffer, as: UTF8.self)
  }

  /// Appends the day as `2024-02-29`.
  public func write(into buffer: inout [UInt8]) { civil.write(into: &buffer) }
}

extension CQLDate: CQLEncodable, CQLDecodable {
  /// Appends a `date`: its days, where the epoch is 2³¹.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard case .date = type else { throw CQLValueError.mismatch(CQLDate.self, type) }
    buffer.append(bigEndian: UInt32(bitPattern: daysSinceEpoch) ^ 0x8000_0000)
  }

  /// Takes `date`.
  public static func check(_ type: CQLType) throws(CQLValueError) {
    guard case .date = type else { throw CQLValueError.mismatch(CQLDate.self, type) }
  }

  /// The day.
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLDate {
    guard bytes.count == 4 else { throw CQLValueError.wrongSize(bytes.count, type) }
    return CQLDate(daysSinceEpoch: Int32(bitPattern: bytes.uint32(at: 0) ^ 0x8000_0000))
  }
}
