/// A value that a cell of a result can become.
///
/// Whether it can is found out once per result, by ``check(_:)``; decoding then relies on it and looks at the bytes only.
public protocol CQLDecodable {
  /// Throws unless cells of this type can become values; called once per result, not per row.
  static func check(_ type: CQLType) throws(CQLValueError)

  /// The value of a cell that is not null. `type` has passed ``check(_:)``.
  ///
  /// A cell of any type may have no bytes; where that means nothing, optional values are nil and others throw.
  static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> Self

  /// The value of a cell that is null. Without an implementation it throws `.unexpectedNull`.
  static func decodeNull() throws(CQLValueError) -> Self
}

extension CQLDecodable {
  /// Throws: there is no value for null.
  @inlinable
  public static func decodeNull() throws(CQLValueError) -> Self { throw CQLValueError.null() }

  /// The value of the cell in `range` of `bytes`, or of a null cell when there is no range.
  @inlinable @inline(__always)
  public static func decode(
    _ range: Range<Int>?, of bytes: Span<UInt8>, as type: CQLType
  ) throws(CQLValueError) -> Self {
    guard let range else { return try decodeNull() }
    return try decode(bytes.extracting(range), as: type)
  }
}
