internal import CassandraBytes

/// One row of a page. It keeps its page alive.
public struct Row: Sendable {
  /// The page that the row is in.
  public let page: Page
  package let offset: Int
  /// Where every ``markDistance``th cell begins, so that reading all columns of a wide row one by one does not walk over
  /// the row for each. Without an allocation for rows that are not wide.
  private let marks: [UInt32]

  /// Cells between two marks: a look-up walks over less than these.
  static let markDistance = 16

  init(page: Page, offset: Int, marks: [UInt32] = []) {
    self.page = page
    self.offset = offset
    self.marks = marks
  }

  /// The columns.
  public var columns: [ColumnSpecification] { page.layout.columns }

  /// The bytes of the cell in that column lie there in the page; nil when it is null.
  func cell(_ column: Int) throws(WireError) -> Range<Int>? {
    var offset = offset
    let mark = min(column / Self.markDistance, marks.count)
    if mark > 0 { offset = Int(marks[mark - 1]) }
    let bytes = page.body.span
    for _ in mark * Self.markDistance..<column { _ = try bytes.readBytes(&offset) }
    return try bytes.readBytes(&offset)
  }

  /// The value in the column at `index`, from 0.
  ///
  /// - Throws: ``RowError`` when the column's type or its value does not go with `type`. Traps when there is no such
  ///   column.
  public func decode<Value: CQLDecodable>(_ type: Value.Type = Value.self, at index: Int) throws(RowError) -> Value {
    let column = page.layout.columns[index]
    do throws(CQLValueError) { try Value.check(column.type) } catch {
      throw RowError(.value(error), column: column.name)
    }
    let range: Range<Int>?
    do throws(WireError) { range = try cell(index) } catch { throw RowError(.wire(error), column: column.name) }
    do throws(CQLValueError) { return try Value.decode(range, of: page.body.span, as: column.type) } catch {
      throw RowError(.value(error), column: column.name)
    }
  }

  /// The value in the column named `name`.
  ///
  /// - Throws: ``RowError`` when there is no such column, or when its type or its value does not go with `type`.
  public func decode<Value: CQLDecodable>(_ type: Value.Type = Value.self, _ name: String) throws(RowError) -> Value {
    guard let index = page.layout.index(of: name) else {
      throw RowError(.value(CQLValueError(.typeMismatch, "The result has no such column.")), column: name)
    }
    return try decode(type, at: index)
  }

  /// Bytes of the row in its page, as far as it is whole; for who works off many rows in pieces.
  package var byteCount: Int {
    var offset = self.offset
    let bytes = page.body.span
    for _ in page.layout.columns.indices {
      guard (try? bytes.readBytes(&offset)) != nil else { break }
    }
    return offset - self.offset
  }

  /// How many bytes the value in the column named `name` has, and how many elements it says it has when it is a collection;
  /// nil when it is null, is not whole, or when there is no such column. Nothing of it is decoded: for who asks for no more
  /// than a limit.
  package func extent(_ name: String) -> (bytes: Int, elements: Int)? {
    guard let index = page.layout.index(of: name), let range = try? cell(index) else { return nil }
    switch page.layout.columns[index].type {
    case .list, .set, .map:
      let bytes = page.body.span.extracting(range)
      return (range.count, bytes.count < 4 ? 0 : max(0, Int(bytes.int32(at: 0))))
    case .vector(_, let dimensions): return (range.count, dimensions)
    default: return (range.count, 0)
    }
  }

  /// The whole row as a tuple, one element for each column.
  ///
  /// - Throws: ``RowError`` when the columns do not go with the tuple.
  public func decode<each Column: CQLDecodable>(
    _ type: (repeat each Column).Type
  ) throws(RowError) -> (repeat each Column) {
    do throws(CQLValueError) { try RowTuple<repeat each Column>.check(page) } catch {
      throw RowError(.value(error), column: "")
    }
    var position = RowPosition(offset: offset, index: 0)
    return try RowTuple<repeat each Column>.decode(page, at: &position)
  }
}

extension Page {
  /// The rows one after the other. A page from a peer is checked with ``validate()`` before; the sequence ends early
  /// where it is not valid.
  public struct Rows: Sequence, IteratorProtocol {
    private let page: Page
    private var position: RowPosition

    init(_ page: Page) {
      self.page = page
      position = page.firstPosition
    }

    /// The next row.
    public mutating func next() -> Row? {
      guard page.hasRow(at: position) else { return nil }
      guard let row = try? page.readRow(at: &position) else { return nil }
      return row
    }
  }

  /// The row at `position`, whose cells are there; moves behind it.
  private func readRow(at position: inout RowPosition) throws(WireError) -> Row {
    let start = position.offset
    guard layout.columns.count > Row.markDistance else {
      try skipRow(at: &position)
      return Row(page: self, offset: start)
    }
    var marks: [UInt32] = []
    marks.reserveCapacity(layout.columns.count / Row.markDistance)
    let bytes = body.span
    for column in layout.columns.indices {
      // A body has less bytes than a UInt32 can count: its length is an Int32.
      if column > 0, column % Row.markDistance == 0 { marks.append(UInt32(truncatingIfNeeded: position.offset)) }
      _ = try bytes.readBytes(&position.offset)
    }
    position.index += 1
    return Row(page: self, offset: start, marks: marks)
  }

  /// Moves behind the row at `position`.
  func skipRow(at position: inout RowPosition) throws(WireError) {
    let bytes = body.span
    for _ in 0..<layout.columns.count { _ = try bytes.readBytes(&position.offset) }
    position.index += 1
  }

  /// Walks over all cells, so that ``rows`` is known to be whole.
  ///
  /// - Throws: `WireError` when the page ends within a row.
  public func validate() throws(WireError) {
    var position = firstPosition
    while hasRow(at: position) { try validate(from: &position, cells: .max) }
  }

  /// The same with the rows from `position` on, for about as many cells as that; moves behind what was walked over.
  package func validate(from position: inout RowPosition, cells: Int) throws(WireError) {
    let width = Swift.max(1, layout.columns.count)
    var rows = cells / width + 1
    while rows > 0, hasRow(at: position) {
      try skipRow(at: &position)
      rows -= 1
    }
  }

  /// The rows one after the other.
  public var rows: Rows { Rows(self) }

  /// The first row, checked to be whole; nil when there is none.
  ///
  /// - Throws: `WireError` when the page ends within it.
  package func firstChecked() throws(WireError) -> Row? {
    guard rowCount > 0 else { return nil }
    var position = firstPosition
    return try readRow(at: &position)
  }

  /// The first row, if there is one.
  public var first: Row? {
    guard rowCount > 0 else { return nil }
    // Of a row that is not whole the cells that are there can be read.
    return (try? firstChecked()) ?? Row(page: self, offset: start)
  }

  /// Gives every row to `body`, which reads its cells in the order of the columns.
  ///
  /// - Throws: ``RowError`` when the page ends within a row, and what `body` throws.
  @inlinable
  public func forEachRow(_ body: (inout CellReader) throws -> Void) throws {
    var cells = CellReader(self.body.span, from: start, of: layout)
    for _ in 0..<rowCount {
      try body(&cells)
      try cells.endRow()
    }
  }
}

extension Page {
  /// The same with at most `limit` rows from `position` on; moves behind them.
  @usableFromInline
  package func forEachRow(
    from position: inout RowPosition, limit: Int, _ body: (inout CellReader) throws -> Void
  ) throws {
    var cells = CellReader(self.body.span, from: position.offset, of: layout)
    for _ in 0..<Swift.min(limit, rowCount - position.index) {
      try body(&cells)
      try cells.endRow()
      position = RowPosition(offset: cells.offset, index: position.index + 1)
    }
  }
}

extension Page: Sequence {
  /// The rows one after the other.
  public func makeIterator() -> Rows { rows }
}
