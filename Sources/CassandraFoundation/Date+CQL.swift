public import CassandraWire

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

extension Date {
  /// The moment of a timestamp, exact for some 285,000 years around 2001.
  public init(_ timestamp: CQLTimestamp) {
    self.init(timeIntervalSince1970: Double(timestamp.milliseconds) / 1000)
  }
}

extension CQLTimestamp {
  /// The timestamp of a moment, rounded to the nearest millisecond; nil for one that is not finite or too far away for
  /// 64 bits.
  public init?(_ date: Date) {
    guard let milliseconds = Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded()) else { return nil }
    self.init(milliseconds: milliseconds)
  }
}

/// A `Date` can be bound to, and read from, columns of `timestamp`. It is a moment and no day of a calendar, so it does
/// not go with columns of `date`; these are `CQLDate`.
extension Date: CQLEncodable, CQLDecodable {
  /// Appends the milliseconds since 1970, rounded to the nearest.
  ///
  /// - Throws: `CQLValueError.typeMismatch` for a marker of another type, `.outOfRange` for a moment that is not finite or
  ///   too far away for 64 bits.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard let timestamp = CQLTimestamp(self) else {
      throw CQLValueError(.outOfRange, type: type, "The moment is too far away for a timestamp.")
    }
    try timestamp.encode(as: type, into: &buffer)
  }

  /// Throws unless the column is of `timestamp`.
  public static func check(_ type: CQLType) throws(CQLValueError) { try CQLTimestamp.check(type) }

  /// Reads the milliseconds since 1970.
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Date {
    Date(try CQLTimestamp.decode(bytes, as: type))
  }
}
