public import CassandraBytes

/// Text that is a key: see `ByteText`.
extension ByteText: CQLDecodable {
  /// Takes `text` and `ascii`.
  public static func check(_ type: CQLType) throws(CQLValueError) { try String.check(type) }

  /// The text, or `.invalidText` when the bytes are not UTF-8, or not ASCII where the type is that.
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> ByteText {
    ByteText(try String.decode(bytes, as: type))
  }
}
