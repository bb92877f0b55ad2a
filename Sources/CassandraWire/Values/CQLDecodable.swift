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

  /// The value of a cell whose bytes alone say it, whichever type has passed ``check(_:)``; nil when ``decode(_:as:)`` has
  /// to be asked.
  ///
  /// It is the short way for what comes most often, such as text in ASCII or a number of four bytes: it is compiled into
  /// the loop over the rows, where neither the column's type nor an error is in its way. It never gives another value than
  /// ``decode(_:as:)`` does. Without an implementation it is nil.
  static func decodePlain(_ bytes: Span<UInt8>) -> Self?

  /// The value of a cell that is null. Without an implementation it throws `.unexpectedNull`.
  static func decodeNull() throws(CQLValueError) -> Self
}

extension CQLDecodable {
  /// Nil: the type has to be looked at.
  @inlinable @inline(__always)
  public static func decodePlain(_ bytes: Span<UInt8>) -> Self? { nil }

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
