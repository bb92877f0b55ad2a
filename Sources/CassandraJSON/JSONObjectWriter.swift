/// Writes the members of one JSON object, with the commas between them.
///
/// There is no way to make one but `appendJSONObject(_:)` and the like, and none to keep one after its
/// block, so every object that is opened is closed in its place. Members go out in the order of the calls; a name that
/// is written twice is there twice.
public struct JSONObjectWriter: ~Copyable {
  @usableFromInline var bytes: [UInt8] = []
  @usableFromInline var isEmpty = true

  @inlinable
  init() {}

  @usableFromInline
  mutating func begin(_ name: String) {
    if isEmpty { isEmpty = false } else { bytes.append(UInt8(ascii: ",")) }
    bytes.append(jsonString: name)
    bytes.append(UInt8(ascii: ":"))
  }

  /// Writes the member `name` with `value`.
  @inlinable
  public mutating func member(_ name: String, _ value: some JSONWritable) {
    begin(name)
    value.writeJSON(to: &bytes)
  }

  /// Writes the member `name` with a string of bytes that are known to be UTF-8.
  public mutating func member(_ name: String, string bytes: Span<UInt8>) {
    begin(name)
    self.bytes.append(jsonString: bytes)
  }

  /// Writes the member `name` with the value that `body` appends to the buffer.
  ///
  /// For values that other code knows how to write; `body` has to append exactly one JSON value. When it throws, the
  /// buffer keeps what was written so far, and the object is not closed.
  @inlinable
  public mutating func member<Failure>(
    _ name: String, writtenBy body: (inout [UInt8]) throws(Failure) -> Void
  ) throws(Failure) {
    begin(name)
    try body(&bytes)
  }

  /// Writes the member `name` with an object whose members `body` writes.
  @inlinable
  public mutating func object<Failure>(
    _ name: String, _ body: (inout JSONObjectWriter) throws(Failure) -> Void
  ) throws(Failure) {
    begin(name)
    try bytes.appendJSONObject(body)
  }

  /// Writes the member `name` with an array whose elements `body` writes.
  @inlinable
  public mutating func array<Failure>(
    _ name: String, _ body: (inout JSONArrayWriter) throws(Failure) -> Void
  ) throws(Failure) {
    begin(name)
    try bytes.appendJSONArray(body)
  }
}

extension Array where Element == UInt8 {
  /// Appends a JSON object whose members `body` writes.
  ///
  /// ```swift
  /// buffer.appendJSONObject {
  ///   $0.member("genus", "Ursus")
  ///   $0.array("taxonomy") { $0.element("Mammalia") }
  /// }
  /// ```
  /// When `body` throws, the buffer keeps what was written so far, without the end of the object: a text that is cut
  /// must not look whole.
  @inlinable
  public mutating func appendJSONObject<Failure>(
    _ body: (inout JSONObjectWriter) throws(Failure) -> Void
  ) throws(Failure) {
    // The writer takes the buffer and gives it back, so that nothing else can write meanwhile. It is swapped and not
    // passed: a `consuming` argument was retained on its way, and the next append copied the whole buffer.
    append(UInt8(ascii: "{"))
    var writer = JSONObjectWriter()
    swap(&self, &writer.bytes)
    defer { swap(&self, &writer.bytes) }
    try body(&writer)
    writer.bytes.append(UInt8(ascii: "}"))
  }
}
