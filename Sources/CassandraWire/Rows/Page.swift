internal import CassandraBytes

/// Rows of a result as they came: a slice of the response, with the layout of its columns (section 4.2.5.2).
///
/// Nothing is decoded before it is asked for. A page keeps the bytes of its response alive, and so does every row that
/// is kept; nothing else is held.
public struct Page: Sendable {
  /// The columns.
  public let layout: RowLayout
  /// How many rows there are. A page without rows may still be followed by others.
  public let rowCount: Int
  private let extras: Extras?
  @usableFromInline package let body: [UInt8]
  @usableFromInline let start: Int

  /// Reads the head of a RESULT of kind Rows, behind its kind.
  ///
  /// - Parameters:
  ///   - body: The body of the response.
  ///   - position: Where the metadata begins.
  ///   - version: The version of the protocol.
  ///   - known: The columns as the preparation told them, for a response that leaves them out or repeats them.
  /// - Throws: `WireError`.
  public init(
    body: consuming [UInt8], at position: Int, version: ProtocolVersion, layout known: RowLayout?
  ) throws(WireError) {
    let head = try PageHead(body.span, at: position, version: version, known: known)
    layout = head.layout
    rowCount = head.rowCount
    extras =
      head.pageState == nil && head.newMetadataID == nil
      ? nil : Extras(pageState: head.pageState, newMetadataID: head.newMetadataID)
    start = head.contentStart
    self.body = body
  }

  /// A page without rows.
  public init(emptyWith layout: RowLayout) {
    self.layout = layout
    rowCount = 0
    extras = nil
    body = []
    start = 0
  }

  /// What the last page of a result does not have, in one place, so that a page is small.
  private final class Extras: Sendable {
    let pageState: [UInt8]?
    let newMetadataID: [UInt8]?

    init(pageState: [UInt8]?, newMetadataID: [UInt8]?) {
      self.pageState = pageState
      self.newMetadataID = newMetadataID
    }
  }

  /// Where the next page begins; nil when this is the last one.
  public var pageState: [UInt8]? { extras?.pageState }
  /// The id of the columns as they are now, when they have changed since the statement was prepared (v5).
  public var newMetadataID: [UInt8]? { extras?.newMetadataID }
  /// Whether neither a page follows nor the columns have changed.
  package var isSimple: Bool { extras == nil }
  /// Whether there is no row.
  public var isEmpty: Bool { rowCount == 0 }
  /// Whether another page follows.
  public var hasMore: Bool { extras?.pageState != nil }
  /// Bytes that the page keeps alive.
  public var byteCount: Int { body.count }
}

/// What stands before the rows.
private struct PageHead {
  var layout: RowLayout
  var rowCount: Int
  var pageState: [UInt8]?
  var newMetadataID: [UInt8]?
  var contentStart: Int

  init(
    _ body: Span<UInt8>, at start: Int, version: ProtocolVersion, known: RowLayout?
  ) throws(WireError) {
    var position = start
    let flags = try body.readInt(&position)
    let columnCount = try body.readInt(&position)
    guard columnCount >= 0 else { throw WireError.invalidLength(Int(columnCount), at: position - 4) }
    if flags & 0x02 != 0, let range = try body.readBytes(&position) {
      pageState = Array(copying: body.extracting(range))
    }
    if version >= .v5 && flags & 0x08 != 0 {
      let range = try body.readShortBytes(&position)
      newMetadataID = Array(copying: body.extracting(range))
    }
    if flags & 0x04 != 0 {
      guard let known, known.columns.count == Int(columnCount) else {
        throw WireError(.unsupported, at: start, "A result leaves out its columns, and they are not known.")
      }
      layout = known
    } else if let known, known.columns.count == Int(columnCount), known.describes(body, at: position) {
      layout = known
      position += known.description.count
    } else {
      let descriptionStart = position
      position = start
      let metadata = try ResultMetadata(reading: body, at: &position, version: version)
      layout = RowLayout(
        columns: metadata.columns ?? [], description: Array(copying: body.extracting(descriptionStart..<position)))
    }
    let count = try body.readInt(&position)
    // A row of no columns has no bytes, so it could claim any number.
    guard count >= 0, layout.columns.isEmpty ? count == 0 : Int(count) <= (body.count - position) / 4 else {
      throw WireError.invalidLength(Int(count), at: position - 4)
    }
    rowCount = Int(count)
    contentStart = position
  }
}

// MARK: - Walking over the rows

/// A place between two rows of a page.
public struct RowPosition: Sendable, Hashable {
  @usableFromInline package var offset: Int
  @usableFromInline package var index: Int

  @usableFromInline
  package init(offset: Int, index: Int) {
    self.offset = offset
    self.index = index
  }
}

extension Page {
  /// The place before the first row.
  @inlinable
  public var firstPosition: RowPosition { RowPosition(offset: start, index: 0) }

  /// Whether a row follows.
  @inlinable @inline(__always)
  public func hasRow(at position: RowPosition) -> Bool { position.index < rowCount }

  @inlinable @inline(__always)
  func checkColumn<Column: CQLDecodable>(_ type: Column.Type, _ index: inout Int) throws(CQLValueError) {
    if index < layout.columns.count { try Column.check(layout.columns[index].type) }
    index += 1
  }

  /// Reads where the cells of the row at `position` lie, and moves behind it; there is a row.
  package func readCells(at position: inout RowPosition, into cells: inout [Range<Int>?]) throws(RowError) {
    cells.removeAll(keepingCapacity: true)
    let bytes = body.span
    for column in layout.columns.indices {
      do throws(WireError) { cells.append(try bytes.readBytes(&position.offset)) } catch {
        throw RowError(.wire(error), column: layout.columns[column].name)
      }
    }
    position.index += 1
  }

  /// The value of a cell that was read before.
  package func decodeCell<Value: CQLDecodable>(
    _ type: Value.Type, _ cell: Range<Int>?, column: Int
  ) throws(RowError) -> Value {
    do throws(CQLValueError) {
      try Value.check(layout.columns[column].type)
      return try Value.decode(cell, of: body.span, as: layout.columns[column].type)
    } catch {
      throw RowError(.value(error), column: layout.columns[column].name)
    }
  }

  /// The value of the cell at `offset`, for a column whose type goes with it.
  ///
  /// Inlined, and what it calls, too: the compiler (6.3) does not specialize a function for an element of a pack, and the
  /// metadata of each `String?` would be looked up for each row.
  @inlinable @inline(__always)
  static func decodeCell<Column: CQLDecodable>(
    _ type: Column.Type, _ bytes: Span<UInt8>, _ offset: inout Int, _ column: inout Int, _ layout: RowLayout
  ) throws(RowError) -> Column {
    let index = column
    column &+= 1
    let range = try readCell(bytes, &offset, index, layout)
    if let range, let value = Column.decodePlain(bytes.extracting(range)) { return value }
    return try decodeCell(type, bytes, range, index, layout)
  }

  /// The same by the column's type alone, for a row of which no others follow: where a pack is not known to the compiler,
  /// the metadata of each element's optional, which ``CQLDecodable/decodePlain(_:)`` gives, is looked up for each cell,
  /// and that costs more than the short way saves.
  @inlinable @inline(__always)
  static func decodeCellByType<Column: CQLDecodable>(
    _ type: Column.Type, _ bytes: Span<UInt8>, _ offset: inout Int, _ column: inout Int, _ layout: RowLayout
  ) throws(RowError) -> Column {
    let index = column
    column &+= 1
    return try decodeCell(type, bytes, try readCell(bytes, &offset, index, layout), index, layout)
  }

  @inlinable @inline(__always)
  static func readCell(
    _ bytes: Span<UInt8>, _ offset: inout Int, _ index: Int, _ layout: RowLayout
  ) throws(RowError) -> Range<Int>? {
    do throws(WireError) { return try bytes.readBytes(&offset) } catch {
      throw RowError(.wire(error), column: layout.columns[index].name)
    }
  }

  @inlinable @inline(__always)
  static func decodeCell<Column: CQLDecodable>(
    _ type: Column.Type, _ bytes: Span<UInt8>, _ range: Range<Int>?, _ index: Int, _ layout: RowLayout
  ) throws(RowError) -> Column {
    do throws(CQLValueError) { return try Column.decode(range, of: bytes, as: layout.columns[index].type) } catch {
      throw RowError(.value(error), column: layout.columns[index].name)
    }
  }
}

/// How a row becomes a tuple with one element for each column.
public struct RowTuple<each Column: CQLDecodable> {
  /// Compares the columns' types with the tuple's: once for a page, before its rows are decoded.
  ///
  /// - Throws: `CQLValueError` with ``CQLValueError/Code/typeMismatch`` when a column cannot become its element, or when
  ///   the numbers differ.
  @inlinable
  public static func check(_ page: Page) throws(CQLValueError) {
    var index = 0
    repeat try page.checkColumn((each Column).self, &index)
    guard index == page.layout.columns.count else {
      throw CQLValueError.wrongColumnCount(columns: page.layout.columns.count, elements: index)
    }
  }

  /// Gives every row of a page to `body`, as a tuple; ``check(_:)`` has passed.
  ///
  /// Not inlined, because within an async function every temporary of a pack would be allocated from the task.
  ///
  /// - Throws: ``RowError``, and what `body` throws.
  @inlinable @inline(never)
  public static func forEach(in page: Page, _ body: (repeat each Column) throws -> Void) throws {
    let bytes = page.body.span
    let layout = page.layout
    var offset = page.start
    for _ in 0..<page.rowCount {
      var column = 0
      try body(repeat try Page.decodeCell((each Column).self, bytes, &offset, &column, layout))
    }
  }

  /// The same with at most `limit` rows from `position` on; moves behind them.
  @usableFromInline
  package static func forEach(
    in page: Page, from position: inout RowPosition, limit: Int, _ body: (repeat each Column) throws -> Void
  ) throws {
    let bytes = page.body.span
    let layout = page.layout
    var offset = position.offset
    let count = Swift.min(limit, page.rowCount - position.index)
    for _ in 0..<count {
      var column = 0
      try body(repeat try Page.decodeCell((each Column).self, bytes, &offset, &column, layout))
    }
    position = RowPosition(offset: offset, index: position.index + count)
  }

  /// Decodes the row at `position` and moves behind it; ``check(_:)`` has passed, and there is a row.
  @inlinable @inline(__always)
  public static func decode(_ page: Page, at position: inout RowPosition) throws(RowError) -> (repeat each Column) {
    let bytes = page.body.span
    var offset = position.offset
    var column = 0
    position.index &+= 1
    defer { position.offset = offset }
    return (repeat try Page.decodeCell((each Column).self, bytes, &offset, &column, page.layout))
  }

  /// Decodes the first row; ``check(_:)`` has passed, and there is a row.
  @inlinable @inline(__always)
  public static func decodeFirst(_ page: Page) throws(RowError) -> (repeat each Column) {
    let bytes = page.body.span
    var offset = page.start
    var column = 0
    return (repeat try Page.decodeCellByType((each Column).self, bytes, &offset, &column, page.layout))
  }
}

/// A row that cannot be decoded.
public struct RowError: Error, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Cause: Sendable {
    /// The cell is not a value of its type, or not one that the Swift type can hold.
    case value(CQLValueError)
    /// The page ends within the row, or its lengths are wrong.
    case wire(WireError)
  }

  /// What is wrong.
  public let cause: Cause
  /// The column in question.
  public let column: String

  /// An error in a column.
  @usableFromInline @inline(never)
  package init(_ cause: Cause, column: String) {
    self.cause = cause
    self.column = column
  }

  /// The cause's sentence, without the column; safe to show.
  public var description: String {
    switch cause {
    case .value(let error): error.description
    case .wire(let error): error.description
    }
  }
}
