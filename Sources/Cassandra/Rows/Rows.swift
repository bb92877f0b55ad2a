public import CassandraBytes
public import CassandraWire
internal import CassandraReactor

/// The result of a statement: its rows, page by page, as they are asked for.
///
/// ```swift
/// let rows = try await client.query("SELECT genus, species, sightings FROM plants WHERE genus = \(genus)")
/// for try await (genus, species, sightings) in rows.decode((String, String, Int).self) { … }
/// ```
/// Rows are read once. Leaving a loop early is fine: no further page is asked for. A page that has no rows is not the
/// end of a result, and none of the ways to read takes it for that.
public struct Rows: AsyncSequence, Sendable {
  /// What the sequence gives.
  public typealias Element = Row
  /// What reading may throw.
  public typealias Failure = CassandraError

  /// What hardly any result has, in one place, so that the others are small.
  private final class Extras: Sendable {
    let info: ResultInfo

    init(_ info: ResultInfo) { self.info = info }
  }

  /// The page of a result that has no other; of one that has, a page without rows, for its columns. Not in an enumeration
  /// with ``following``: what is read of it would be copied out of that first, which counts references.
  @usableFromInline let page: Page
  /// The pages of a result that has several.
  let following: LoopBound<PageSource>?
  private let extras: Extras?

  /// A result of one page.
  init(_ page: Page, info: ResultInfo? = nil) {
    self.page = page
    following = nil
    extras = info.map { Extras($0) }
  }

  /// A result of several pages.
  init(_ pages: LoopBound<PageSource>, columns: RowLayout, info: ResultInfo?) {
    page = Page(emptyWith: columns)
    following = pages
    extras = info.map { Extras($0) }
  }

  private var info: ResultInfo? { extras?.info }

  /// Whether there is one page, which is there already.
  @usableFromInline var isOnePage: Bool { following == nil }

  /// The page of a result that has no other.
  package var onlyPage: Page? { isOnePage ? page : nil }

  /// The columns.
  public var columns: [ColumnSpecification] { page.layout.columns }

  /// Warnings of the server, for instance of a batch that is large; they are logged, too.
  public var warnings: [String] { info?.warnings ?? [] }

  /// The trace of the request in `system_traces`, when ``QueryOptions/tracing`` asked for one.
  public var tracingID: CQLUUID? { info?.tracingID }

  /// What the server sent for a custom query handler, when it did.
  public var customPayload: [ByteText: [UInt8]?]? { info?.customPayload }

  /// What the statement has changed in the schema; nil when it is not of that kind.
  public var schemaChange: SchemaChange? { info?.schemaChange }

  /// After a change of the schema: whether all nodes that are up have it. False after
  /// ``ClientLimits/schemaAgreementTimeout``, and nil after any other statement.
  public var isSchemaAgreed: Bool? { info?.isSchemaAgreed }

  /// The node that answered. A statement without options of its own that was answered at the first attempt does not tell:
  /// keeping it would cost each of them; a ``RequestListener`` is told of all.
  public var coordinator: EndPoint? { info?.coordinator }

  /// How often the statement was sent until the answer came: once, as a rule.
  public var attempts: Int { info?.attempts ?? 1 }

  /// Where to go on after the pages that were handed out so far; nil when nothing follows.
  ///
  /// It is given back with ``QueryOptions/resuming``.
  public var resumeToken: ResumeToken? {
    get async {
      guard let following else { return nil }
      return await following.loop.run { following.onLoop.resumeToken() }
    }
  }

  /// The pages, each with its rows.
  ///
  /// This is the fast way: within a page nothing waits.
  public var pages: Pages { Pages(self) }

  /// The rows as tuples, one element for each column, in their order.
  ///
  /// The types are compared with the columns once for a page; then each row costs only its values.
  public func decode<each Column: CQLDecodable>(_ type: (repeat each Column).Type) -> DecodedRows<repeat each Column> {
    DecodedRows(pages)
  }

  /// The only column of each row.
  ///
  /// For types that could be taken for a tuple of one element as well as for a model.
  public func decode<Value: CQLDecodable & Decodable>(_ type: Value.Type) -> DecodedRows<Value> { DecodedRows(pages) }

  /// The rows as values of a type, whose coding keys are the names of columns.
  ///
  /// A column of a user-defined type decodes into a nested type by the names of its fields.
  public func decode<Value: Decodable>(
    _ type: Value.Type, naming: ColumnNaming = .asWritten
  ) -> DecodableRows<Value> { DecodableRows(pages, naming: naming) }

  /// The rows one after the other.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pages.makeAsyncIterator()) }

  /// Reads rows one after the other.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private var pages: Pages.AsyncIterator
    private var page: Page.Rows?
    /// Rows of the page that were given.
    private var given = 0

    init(_ pages: Pages.AsyncIterator) { self.pages = pages }

    /// The next row; nil after the last one.
    ///
    /// - Throws: ``CassandraError`` of the page that it needs.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(CassandraError) -> Row? {
      while true {
        if let row = page?.next() {
          given += 1
          if given.isMultiple(of: RowSlices.rows) { await RowSlices.end() }
          return row
        }
        guard let next = try await pages.next(isolation: actor) else { return nil }
        page = next.rows
        given = 0
      }
    }
  }
}

extension Rows {
  /// The first page that has a row, without looking ahead to the one after it; nil when there is no row.
  @usableFromInline
  func firstPage() async throws(CassandraError) -> Page? {
    guard let following else { return page.isEmpty ? nil : page }
    return try await following.loop.run { () throws(CassandraError) in
      try following.onLoop.take()
      while let page = try await following.onLoop.next(looksAhead: false) {
        if !page.isEmpty { return page }
      }
      return nil
    }
  }
}

/// The pages of a result.
public struct Pages: AsyncSequence, Sendable {
  /// What the sequence gives.
  public typealias Element = Page
  /// What reading may throw.
  public typealias Failure = CassandraError

  private let rows: Rows

  init(_ rows: Rows) { self.rows = rows }

  /// The same pages, with fewer rows in each when they become larger than `bytes`.
  ///
  /// For a consumer whose memory has to be bounded: it holds two pages at most. The first page is there already, and
  /// rows that are larger than the bound come one by one.
  public func limited(toBytes bytes: Int) async -> Pages {
    if let following = rows.following { await following.loop.run { following.onLoop.maximumPageBytes = bytes } }
    return self
  }

  /// The pages one after the other.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rows) }

  /// Reads pages one after the other.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private enum State {
      case single(Page)
      case fresh(LoopBound<PageSource>)
      case reading(LoopBound<PageSource>)
      case ended
    }

    private var state: State

    init(_ rows: Rows) { state = rows.following.map { .fresh($0) } ?? .single(rows.page) }

    /// The next page, checked to be whole; nil after the last one.
    ///
    /// - Throws: ``CassandraError``, ``CassandraError/Code/rowsAlreadyRead`` among them.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(CassandraError) -> Page? {
      guard let page = try await nextUnchecked() else { return nil }
      var position = page.firstPosition
      while true {
        do throws(WireError) { try page.validate(from: &position, cells: RowSlices.cells) } catch {
          throw CassandraError.protocolViolation("\(error)", coordinator: nil, cause: error)
        }
        guard page.hasRow(at: position) else { return page }
        await RowSlices.end()
      }
    }

    /// The next page as it came, for a reader that checks every cell anyway.
    @usableFromInline
    package mutating func nextUnchecked() async throws(CassandraError) -> Page? {
      switch state {
      case .ended: return nil
      case .single(let page):
        state = .ended
        return page
      case .fresh(let bound):
        state = .reading(bound)
        return try await bound.loop.run { () throws(CassandraError) in
          try bound.onLoop.take()
          return try await bound.onLoop.next()
        }
      case .reading(let bound):
        let page = try await bound.loop.run { () throws(CassandraError) in try await bound.onLoop.next() }
        if page == nil { state = .ended }
        return page
      }
    }
  }
}
