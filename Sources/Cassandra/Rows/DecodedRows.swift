public import CassandraWire

/// Rows as tuples.
public struct DecodedRows<each Column: CQLDecodable>: AsyncSequence, Sendable {
  /// What the sequence gives.
  public typealias Element = (repeat each Column)
  /// What reading may throw.
  public typealias Failure = CassandraError

  @usableFromInline let pages: Pages

  @usableFromInline
  init(_ pages: Pages) { self.pages = pages }

  /// The rows one after the other.
  @inlinable
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pages.makeAsyncIterator()) }

  /// Reads tuples one after the other.
  public struct AsyncIterator: AsyncIteratorProtocol {
    @usableFromInline var pages: Pages.AsyncIterator
    @usableFromInline var page = Page(emptyWith: .empty)
    @usableFromInline var position: RowPosition

    @usableFromInline
    init(_ pages: Pages.AsyncIterator) {
      self.pages = pages
      position = page.firstPosition
    }

    /// The next row; nil after the last one.
    ///
    /// - Throws: ``CassandraError`` of the page that it needs; ``CassandraError/Code/undecodableRow`` when a column does
    ///   not go with its element.
    @inlinable
    public mutating func next(
      isolation actor: isolated (any Actor)?
    ) async throws(CassandraError) -> (repeat each Column)? {
      while !page.hasRow(at: position) {
        guard try await nextPage() else { return nil }
      }
      if position.index > 0, position.index.isMultiple(of: RowSlices.rows) { await RowSlices.end() }
      do throws(RowError) {
        let row: (repeat each Column) = try RowTuple<repeat each Column>.decode(page, at: &position)
        return row
      } catch {
        throw .undecodable(error)
      }
    }

    @usableFromInline
    mutating func nextPage() async throws(CassandraError) -> Bool {
      guard let next = try await pages.nextUnchecked() else { return false }
      do throws(CQLValueError) { try RowTuple<repeat each Column>.check(next) } catch { throw .undecodable(error) }
      page = next
      position = next.firstPosition
      return true
    }
  }
}

/// Rows as values of a `Decodable` type.
public struct DecodableRows<Value: Decodable>: AsyncSequence {
  /// What the sequence gives.
  public typealias Element = Value
  /// What reading may throw.
  public typealias Failure = CassandraError

  private let pages: Pages
  private let naming: ColumnNaming

  init(_ pages: Pages, naming: ColumnNaming) {
    self.pages = pages
    self.naming = naming
  }

  /// The rows one after the other.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pages.makeAsyncIterator(), naming: naming) }

  /// Reads values one after the other.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private var pages: Pages.AsyncIterator
    private let naming: ColumnNaming
    private var decoder: RowDecoder?
    /// Rows of the page that were given.
    private var given = 0

    init(_ pages: Pages.AsyncIterator, naming: ColumnNaming) {
      self.pages = pages
      self.naming = naming
    }

    /// The next value; nil after the last row.
    ///
    /// - Throws: ``CassandraError`` of the page that it needs; ``CassandraError/Code/undecodableRow`` when a row does not
    ///   go with the type.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(CassandraError) -> Value? {
      while true {
        if let decoder, let value = try decoder.next(Value.self) {
          given += 1
          if given.isMultiple(of: RowSlices.rows) { await RowSlices.end() }
          return value
        }
        guard let page = try await pages.nextUnchecked() else { return nil }
        decoder = RowDecoder(page, naming: naming)
        given = 0
      }
    }
  }
}

// MARK: - Short ways

extension Rows {
  /// Gives every row to `body`, as a tuple with one element for each column.
  ///
  /// ```swift
  /// try await rows.forEach((String, String, Int).self) { genus, species, sightings in … }
  /// ```
  /// Only a page is waited for, and the next one is on its way meanwhile. A loop with `for try await` may leave early and
  /// may wait for something else within; it costs a few times as much a row.
  ///
  /// - Throws: ``CassandraError`` of a page or a row, and what `body` throws.
  @inlinable
  public func forEach<each Column: CQLDecodable>(
    _ type: (repeat each Column).Type, _ body: (repeat each Column) throws -> Void
  ) async throws {
    var iterator = pages.makeAsyncIterator()
    while let page = try await iterator.nextUnchecked() {
      do throws(CQLValueError) { try RowTuple<repeat each Column>.check(page) } catch {
        throw CassandraError.undecodable(error)
      }
      do {
        guard page.rowCount > RowSlices.manyRows else {
          try RowTuple<repeat each Column>.forEach(in: page, body)
          continue
        }
        var position = page.firstPosition
        while page.hasRow(at: position) {
          try RowTuple<repeat each Column>.forEach(in: page, from: &position, limit: RowSlices.rows, body)
          await RowSlices.end()
        }
      } catch let error as RowError {
        throw CassandraError.undecodable(error)
      }
    }
  }

  /// Gives every row to `body`, which reads its cells in the order of the columns.
  ///
  /// ```swift
  /// try await rows.forEachRow { cells in
  ///   let (genus, species) = (try cells.next(String.self), try cells.next(String.self))
  ///   …
  /// }
  /// ```
  /// This is the fastest way to the values, see ``CassandraWire/CellReader``. ``CassandraWire/CellReader/nextText()`` and
  /// ``CassandraWire/CellReader/nextBytes()`` copy nothing: what they lend can be used until `body` returns.
  ///
  /// - Throws: ``CassandraError`` of a page or a row, and what `body` throws.
  @inlinable
  public func forEachRow(_ body: (inout CellReader) throws -> Void) async throws {
    var iterator = pages.makeAsyncIterator()
    while let page = try await iterator.nextUnchecked() {
      do {
        guard page.rowCount > RowSlices.manyRows else {
          try page.forEachRow(body)
          continue
        }
        var position = page.firstPosition
        while page.hasRow(at: position) {
          try page.forEachRow(from: &position, limit: RowSlices.rows, body)
          await RowSlices.end()
        }
      } catch let error as RowError { throw CassandraError.undecodable(error) }
    }
  }

  /// The first row; nil when there is none. No further page is asked for once there is one.
  public func first() async throws(CassandraError) -> Row? {
    guard let page = isOnePage ? page : try await firstPage() else { return nil }
    do throws(WireError) { return try page.firstChecked() } catch {
      throw CassandraError.protocolViolation("\(error)", coordinator: nil, cause: error)
    }
  }

  /// The first row as a tuple; nil when there is none. No further page is asked for once there is one.
  @inlinable
  public func first<each Column: CQLDecodable>(
    _ type: (repeat each Column).Type
  ) async throws(CassandraError) -> (repeat each Column)? {
    if isOnePage { return try Self.first(type, of: page) }
    guard let page = try await firstPage() else { return nil }
    return try Self.first(type, of: page)
  }

  /// A function of its own, because within an async one every temporary of a pack would be allocated from the task.
  @inlinable @inline(never)
  static func first<each Column: CQLDecodable>(
    _ type: (repeat each Column).Type, of page: Page
  ) throws(CassandraError) -> (repeat each Column)? {
    guard !page.isEmpty else { return nil }
    do throws(CQLValueError) { try RowTuple<repeat each Column>.check(page) } catch { throw .undecodable(error) }
    do throws(RowError) {
      return .some(try RowTuple<repeat each Column>.decodeFirst(page))
    } catch {
      throw .undecodable(error)
    }
  }

  /// The first row as a value of a type whose coding keys are the names of columns; nil when there is none. No further
  /// page is asked for once there is one.
  public func first<Value: Decodable>(
    _ type: Value.Type, naming: ColumnNaming = .asWritten
  ) async throws(CassandraError) -> Value? {
    guard let page = try await firstPage() else { return nil }
    return try RowDecoder(page, naming: naming).next(type)
  }

  /// The only column of the first row; nil when there is none.
  ///
  /// For types that could be taken for a tuple of one element as well as for a model.
  @inlinable
  public func first<Value: CQLDecodable & Decodable>(_ type: Value.Type) async throws(CassandraError) -> Value? {
    guard let page = try await firstPage() else { return nil }
    do throws(CQLValueError) { try RowTuple<Value>.check(page) } catch { throw .undecodable(error) }
    var position = page.firstPosition
    do throws(RowError) { return try RowTuple<Value>.decode(page, at: &position) } catch { throw .undecodable(error) }
  }

  /// All rows as values of a type, in an array; for results that are known to be small.
  public func collect<Value: Decodable>(
    _ type: Value.Type, naming: ColumnNaming = .asWritten
  ) async throws(CassandraError) -> [Value] {
    var values: [Value] = []
    var iterator = DecodableRows<Value>(pages, naming: naming).makeAsyncIterator()
    while let value = try await iterator.next(isolation: #isolation) { values.append(value) }
    return values
  }

  /// Whether a conditional statement was carried out; nil for a statement without a condition.
  ///
  /// When it is false, the row that is there is the first one of the result.
  public var isApplied: Bool? {
    get throws(CassandraError) {
      guard columns.first?.name == "[applied]", isOnePage, let row = page.first else { return nil }
      do throws(RowError) { return try row.decode(Bool.self, at: 0) } catch { throw .undecodable(error) }
    }
  }
}
