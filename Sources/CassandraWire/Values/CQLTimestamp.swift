import CassandraBytes

/// A value of the type `timestamp`: a moment in milliseconds since the Unix epoch.
public struct CQLTimestamp: Hashable, Sendable {
  /// Milliseconds since 1 January 1970, 00:00 UTC; negative before it.
  public var milliseconds: Int64

  /// A moment from its milliseconds since the Unix epoch.
  @inlinable
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }
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
    guard let moment = CivilMoment(text) else { return nil }
    self.init(milliseconds: moment.milliseconds)
  }

  /// The moment in UTC, such as `2024-02-29T11:30:00.250Z`; years past 9999 and before 0 with a sign.
  public var description: String {
    var buffer: [UInt8] = []
    write(into: &buffer)
    return String(decoding: buffer, as: UTF8.self)
  }

  /// Appends the moment in UTC.
  public func write(into buffer: inout [UInt8]) { CivilMoment(milliseconds: milliseconds).write(into: &buffer) }

  /// Appends the moment as Cassandra's JSON has it: a space for the `T`, and years before 1 counted backwards from the year
  /// 1 without a sign, because Cassandra leaves their era out.
  package func writeAsCassandra(into buffer: inout [UInt8]) {
    var (day, time) = CivilMoment(milliseconds: milliseconds).parts
    if day.year < 1 { day.year = 1 - day.year }
    day.write(into: &buffer)
    buffer.append(UInt8(ascii: " "))
    buffer.append(timeOfDay: time / 1_000, fraction: time % 1_000, places: 3)
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
