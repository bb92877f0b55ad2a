public import CassandraBytes

/// Reads the cells of a row in the order of the columns.
///
/// ```swift
/// try page.forEachRow { cells in
///   let genus = try cells.next(String.self)
///   let sightings = try cells.next(Int.self)
/// }
/// ```
/// It is the fastest way to values: each call is compiled for its type, and a column's type is compared with it once for a
/// page, not for each row. Cells that nobody asks for are passed over, and one that could not be read stays the next.
///
/// ``nextText()`` and ``nextBytes()`` lend a cell where it lies in the page, and copy nothing. What they lend may be used
/// until the end of the closure, beside that of other cells, and cannot leave it.
public struct CellReader: ~Copyable, ~Escapable {
  @usableFromInline let bytes: Span<UInt8>
  @usableFromInline let layout: RowLayout
  /// What the columns have been read as, once that was found to be possible.
  @usableFromInline var checked: [ObjectIdentifier?]
  @usableFromInline var offset: Int
  @usableFromInline var column = 0

  /// Reads the rows that begin at `offset` of `bytes`.
  @usableFromInline @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>, from offset: Int, of layout: RowLayout) {
    self.bytes = bytes
    self.layout = layout
    self.offset = offset
    checked = Array(repeating: nil, count: layout.columns.count)
  }

  /// The value of the next cell.
  ///
  /// - Throws: ``RowError`` when there is no further column, or when the column's type or its value does not go with
  ///   `type`.
  @inlinable @inline(__always) @_lifetime(self: copy self)
  public mutating func next<Value: CQLDecodable>(_ type: Value.Type = Value.self) throws(RowError) -> Value {
    guard column < checked.count, checked[column] == ObjectIdentifier(type), let value = bytes.readPlain(type, &offset)
    else { return try nextOfAnyKind(type) }
    column &+= 1
    return value
  }

  /// The next cell as text that lies in the page, or nil when it is null.
  ///
  /// - Throws: ``RowError`` when there is no further column, when it is neither `text` nor `ascii`, or when the bytes are
  ///   not what the type says.
  @inlinable @inline(__always) @_lifetime(copy self) @_lifetime(self: copy self)
  public mutating func nextText() throws(RowError) -> UTF8Span? {
    if column >= checked.count || checked[column] != ObjectIdentifier(String.self) { try check(String.self) }
    guard let range = try nextRange() else { return nil }
    let text = bytes.extracting(range)
    if text.isASCII { return unsafe UTF8Span(unchecked: text, isKnownASCII: true) }
    return try checkedText(text, from: range.lowerBound &- 4)
  }

  /// The bytes of the next cell, as the protocol has them, where they lie in the page; nil when the cell is null.
  ///
  /// - Throws: ``RowError`` when there is no further column, or when the page ends within the cell.
  @inlinable @inline(__always) @_lifetime(copy self) @_lifetime(self: copy self)
  public mutating func nextBytes() throws(RowError) -> Span<UInt8>? {
    guard column < checked.count else { throw noColumn() }
    guard let range = try nextRange() else { return nil }
    return bytes.extracting(range)
  }

  /// Where the next cell lies, whose column is there; moves to the cell behind it.
  @inlinable @inline(__always) @_lifetime(self: copy self)
  mutating func nextRange() throws(RowError) -> Range<Int>? {
    var end = offset
    let range: Range<Int>?
    do throws(WireError) { range = try bytes.readBytes(&end) } catch { throw failure(.wire(error)) }
    offset = end
    column &+= 1
    return range
  }

  /// What ``next(_:)`` does with the first row, with nulls and with all that is not plain; a function of its own, so that
  /// the loop over the rows is small.
  @inlinable @inline(never) @_lifetime(self: copy self)
  mutating func nextOfAnyKind<Value: CQLDecodable>(_ type: Value.Type) throws(RowError) -> Value {
    if column >= checked.count || checked[column] != ObjectIdentifier(type) { try check(type) }
    let start = offset
    let range = try nextRange()
    do throws(CQLValueError) { return try Value.decode(range, of: bytes, as: layout.columns[column &- 1].type) } catch {
      throw failed(.value(error), from: start)
    }
  }

  @usableFromInline @inline(never) @_lifetime(self: copy self)
  mutating func check<Value: CQLDecodable>(_ type: Value.Type) throws(RowError) {
    guard column < checked.count else { throw noColumn() }
    do throws(CQLValueError) { try Value.check(layout.columns[column].type) } catch { throw failure(.value(error)) }
    checked[column] = ObjectIdentifier(type)
  }

  /// Text that is not ASCII, of the cell that was read last and begins at `start`.
  @usableFromInline @inline(never) @_lifetime(copy bytes) @_lifetime(self: copy self)
  mutating func checkedText(_ bytes: Span<UInt8>, from start: Int) throws(RowError) -> UTF8Span {
    let type = layout.columns[column - 1].type
    if type != .ascii, let text = try? UTF8Span(validating: bytes) { return text }
    throw failed(.value(CQLValueError.invalidText(type)), from: start)
  }

  /// What is wrong with the cell that was read last, which is the next one again.
  @usableFromInline @inline(never) @_lifetime(self: copy self)
  mutating func failed(_ cause: RowError.Cause, from start: Int) -> RowError {
    offset = start
    column -= 1
    return failure(cause)
  }

  @usableFromInline @inline(never)
  func noColumn() -> RowError {
    RowError(.value(CQLValueError(.typeMismatch, "The row has no more columns.")), column: "")
  }

  @usableFromInline @inline(never)
  func failure(_ cause: RowError.Cause) -> RowError { RowError(cause, column: layout.columns[column].name) }

  /// Passes over what is left of a row and begins the next one.
  @inlinable @inline(__always) @_lifetime(self: copy self)
  mutating func endRow() throws(RowError) {
    while column < checked.count { _ = try nextRange() }
    column = 0
  }
}

extension Span where Element == UInt8 {
  /// Reads a [bytes] whose bytes alone say the value; otherwise it gives nil and moves nowhere.
  @inlinable @inline(__always)
  func readPlain<Value: CQLDecodable>(_ type: Value.Type, _ position: inout Int) -> Value? {
    let start = position &+ 4
    guard start <= count else { return nil }
    let length = Int(int32(at: position))
    guard length >= 0, length <= count &- start,
      let value = Value.decodePlain(extracting(start..<start &+ length))
    else { return nil }
    position = start &+ length
    return value
  }
}
