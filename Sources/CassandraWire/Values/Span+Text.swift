import CassandraBytes

extension Span where Element == UInt8 {
  /// Whether the bytes are UTF-8; most are ASCII, which is seen faster.
  @usableFromInline
  package var isUTF8: Bool { isASCII || (try? UTF8Span(validating: self)) != nil }
}
