/// Writes the elements of one JSON array, with the commas between them.
///
/// There is no way to make one but `appendJSONArray(_:)` and the like, and none to keep one after its
/// block, so every array that is opened is closed in its place.
public struct JSONArrayWriter: ~Copyable {
  @usableFromInline var bytes: [UInt8] = []
  @usableFromInline var isEmpty = true

  @inlinable
  init() {}

  @usableFromInline
  mutating func begin() {
    if isEmpty { isEmpty = false } else { bytes.append(UInt8(ascii: ",")) }
  }

  /// Writes `value` as the next element.
  @inlinable
  public mutating func element(_ value: some JSONWritable) {
    begin()
    value.writeJSON(to: &bytes)
  }

  /// Writes a string of bytes that are known to be UTF-8 as the next element.
  public mutating func element(string bytes: Span<UInt8>) {
    begin()
    self.bytes.append(jsonString: bytes)
  }

  /// Writes the value that `body` appends to the buffer as the next element.
  ///
  /// For values that other code knows how to write; `body` has to append exactly one JSON value. When it throws, the
  /// buffer keeps what was written so far, and the array is not closed.
  @inlinable
  public mutating func element<Failure>(
    writtenBy body: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    begin()
    try body(&bytes)
  }

  /// Writes an object whose members `body` writes as the next element.
  @inlinable
  public mutating func object<Failure>(
    _ body: (inout JSONObjectWriter) throws(Failure) -> Void
  ) throws(Failure) {
    begin()
    try bytes.appendJSONObject(body)
  }

  /// Writes an array whose elements `body` writes as the next element.
  @inlinable
  public mutating func array<Failure>(
    _ body: (inout JSONArrayWriter) throws(Failure) -> Void
  ) throws(Failure) {
    begin()
    try bytes.appendJSONArray(body)
  }
}

extension Array where Element == UInt8 {
  /// Appends a JSON array whose elements `body` writes.
  ///
  /// When `body` throws, the buffer keeps what was written so far, without the end of the array: a text that is cut must
  /// not look whole.
  @inlinable
  public mutating func appendJSONArray<Failure>(
    _ body: (inout JSONArrayWriter) throws(Failure) -> Void
  ) throws(Failure) {
    // The writer takes the buffer and gives it back, so that nothing else can write meanwhile. It is swapped and not
    // passed: a `consuming` argument was retained on its way, and the next append copied the whole buffer.
    append(UInt8(ascii: "["))
    var writer = JSONArrayWriter()
    swap(&self, &writer.bytes)
    defer { swap(&self, &writer.bytes) }
    try body(&writer)
    writer.bytes.append(UInt8(ascii: "]"))
  }
}
