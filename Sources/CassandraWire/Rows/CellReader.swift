/// Reads the cells of a row in the order of the columns.
///
/// ```swift
/// try page.forEachRow { cells in
///   let genus = try cells.next(String.self)
///   let sightings = try cells.next(Int.self)
/// }
/// ```
/// It is the fastest way to values: each call is compiled for its type, and a column's type is compared with it once for a
/// page, not for each row. Cells that nobody asks for are passed over.
public struct CellReader {
  @usableFromInline let body: [UInt8]
  @usableFromInline let layout: RowLayout
  /// What the columns have been read as, once that was found to be possible.
  @usableFromInline var checked: [ObjectIdentifier?]
  @usableFromInline var offset: Int
  @usableFromInline var column = 0

  @usableFromInline
  init(_ page: Page) {
    body = page.body
    layout = page.layout
    offset = page.start
    checked = Array(repeating: nil, count: page.layout.columns.count)
  }

  /// The value of the next cell.
  ///
  /// - Throws: ``RowError`` when there is no further column, or when the column's type or its value does not go with
  ///   `type`.
  @inlinable @inline(__always)
  public mutating func next<Value: CQLDecodable>(_ type: Value.Type = Value.self) throws(RowError) -> Value {
    if column >= checked.count || checked[column] != ObjectIdentifier(type) { try check(type) }
    var end = offset
    let value: Value
    let range: Range<Int>?
    do throws(WireError) { range = try body.span.readBytes(&end) } catch { throw failure(.wire(error)) }
    do throws(CQLValueError) {
      value = try Value.decode(range, of: body.span, as: layout.columns[column].type)
    } catch { throw failure(.value(error)) }
    offset = end
    column &+= 1
    return value
  }

  @usableFromInline @inline(never)
  mutating func check<Value: CQLDecodable>(_ type: Value.Type) throws(RowError) {
    guard column < checked.count else {
      throw RowError(.value(CQLValueError(.typeMismatch, "The row has no more columns.")), column: "")
    }
    do throws(CQLValueError) { try Value.check(layout.columns[column].type) } catch { throw failure(.value(error)) }
    checked[column] = ObjectIdentifier(type)
  }

  @usableFromInline @inline(never)
  func failure(_ cause: RowError.Cause) -> RowError { RowError(cause, column: layout.columns[column].name) }

  /// Passes over what is left of a row and begins the next one.
  @inlinable @inline(__always)
  mutating func endRow() throws(RowError) {
    while column < checked.count {
      var end = offset
      do throws(WireError) { _ = try body.span.readBytes(&end) } catch { throw failure(.wire(error)) }
      offset = end
      column &+= 1
    }
    column = 0
  }
}
