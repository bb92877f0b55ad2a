public import CassandraWire

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

extension UUID {
  /// The same UUID of Foundation.
  public init(_ uuid: CQLUUID) {
    func byte(_ half: UInt64, _ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * index)) }
    let (high, low) = (uuid.high, uuid.low)
    self.init(
      uuid: (
        byte(high, 0), byte(high, 1), byte(high, 2), byte(high, 3), byte(high, 4), byte(high, 5), byte(high, 6),
        byte(high, 7), byte(low, 0), byte(low, 1), byte(low, 2), byte(low, 3), byte(low, 4), byte(low, 5),
        byte(low, 6), byte(low, 7)
      ))
  }
}

extension CQLUUID {
  /// The same UUID of the database.
  public init(_ uuid: UUID) {
    let bytes = uuid.uuid
    func half(
      _ parts: (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8)
    ) -> UInt64 {
      let upper = UInt64(parts.0) << 56 | UInt64(parts.1) << 48 | UInt64(parts.2) << 40 | UInt64(parts.3) << 32
      let lower = UInt64(parts.4) << 24 | UInt64(parts.5) << 16 | UInt64(parts.6) << 8 | UInt64(parts.7)
      return upper | lower
    }
    self.init(
      high: half((bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5, bytes.6, bytes.7)),
      low: half((bytes.8, bytes.9, bytes.10, bytes.11, bytes.12, bytes.13, bytes.14, bytes.15)))
  }
}

/// A `UUID` can be bound to, and read from, columns of `uuid` and `timeuuid`.
extension UUID: CQLEncodable, CQLDecodable {
  /// Appends the sixteen bytes.
  ///
  /// - Throws: `CQLValueError.typeMismatch` for a marker of another type, and what a `timeuuid` refuses: a UUID that is
  ///   not of version 1.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    try CQLUUID(self).encode(as: type, into: &buffer)
  }

  /// Throws unless the column is of `uuid` or `timeuuid`.
  public static func check(_ type: CQLType) throws(CQLValueError) { try CQLUUID.check(type) }

  /// Reads the sixteen bytes.
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> UUID {
    UUID(try CQLUUID.decode(bytes, as: type))
  }
}
