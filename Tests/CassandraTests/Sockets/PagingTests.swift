import CassandraWire
import Cassandra
import CassandraTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct PagingTests {
  static let expected = ["page 0", "page 0", "page 1", "page 1", "page 2", "page 2", "page 3", "page 3"]

  /// How many pages the node was asked for, once everything that was sent before has arrived there.
  private func asked(_ client: CassandraClient, _ node: ScriptedNode) async throws -> Int {
    _ = try await client.texts(Known.other)
    return node.observed.count(.execute, text: Known.paged)
  }

  @Test(arguments: bothVersions) func everyWayReadsAll(_ version: ProtocolVersion) async throws {
    struct Row: Decodable { var a: String, n: Int }
    try await withScriptedNode(version) { (client, _) async throws in
      func query() async throws -> Rows { try await client.query(Statement(unsafeCQL: Known.paged)) }
      var texts: [String] = []
      for try await (text, _) in try await query().decode((String, Int).self) { texts.append(text) }
      #expect(texts == Self.expected)
      #expect(try await query().collect(Row.self).map(\.a) == Self.expected)
      texts = []
      for try await row in try await query() { texts.append(try row.decode(String.self, "a")) }
      #expect(texts == Self.expected)
      texts = []
      for try await page in try await query().pages {
        for row in page { texts.append(try row.decode(String.self, "a")) }
      }
      #expect(texts == Self.expected)
      texts = []
      try await query().forEach((String, Int).self) { text, _ in texts.append(text) }
      #expect(texts == Self.expected)
    }
  }

  /// A server may send pages without rows, and does not keep a request with them for ever.
  @Test func pagesWithoutRowsAreBounded() async throws {
    let (few, many) = ("SELECT few FROM t", "SELECT many FROM t")
    try await withScriptedNode(configure: { $0.limits.emptyPages = 20 }) { (client, node) async throws in
      let last = [Known.row("last", 1)]
      node.define(.init(few, columns: Known.columns, pages: Array(repeating: [], count: 20) + [last]))
      node.define(
        .init(
          many, columns: Known.columns,
          pages: Array(repeating: [], count: 20) + [last] + Array(repeating: [], count: 21) + [last]))
      #expect(try await client.texts(few) == ["last"])
      let error = try await failure { _ = try await client.texts(many) }
      #expect(error.code == .protocolViolation)
    }
  }

  @Test func onePageIsAskedForAheadAndNoMore() async throws {
    try await withScriptedNode { (client, node) async throws in
      let rows = try await client.query(Statement(unsafeCQL: Known.paged))
      #expect(try await asked(client, node) == 1)
      var pages = rows.pages.makeAsyncIterator()
      #expect(try await pages.next()?.rowCount == 2)
      #expect(try await asked(client, node) == 2)
      #expect(try await asked(client, node) == 2)
      _ = try await pages.next()
      #expect(try await asked(client, node) == 3)
      _ = try await pages.next()
      #expect(try await asked(client, node) == 4)
      _ = try await pages.next()
      #expect(try await pages.next() == nil)
      #expect(try await pages.next() == nil)
      #expect(try await asked(client, node) == 4)
    }
  }

  @Test func theFirstRowAsksForNoFurtherPage() async throws {
    struct Row: Decodable { var a: String }
    try await withScriptedNode { (client, node) async throws in
      func query() async throws -> Rows { try await client.query(Statement(unsafeCQL: Known.paged)) }
      #expect(try await query().first()?.decode(String.self, "a") == "page 0")
      #expect(try await query().first((String, Int).self)?.1 == 0)
      #expect(try await query().first(Row.self)?.a == "page 0")
      #expect(try await asked(client, node) == 3)
      #expect(node.observed.requests(.execute, text: Known.paged).allSatisfy { $0.parameters?.pageState == nil })
    }
  }

  @Test func leavingALoopEarlyAsksForNothingMore() async throws {
    try await withScriptedNode { (client, node) async throws in
      for try await _ in try await client.query(Statement(unsafeCQL: Known.paged)) { break }
      #expect(try await asked(client, node) == 2)
      #expect(try await asked(client, node) == 2)
    }
  }

  @Test func aPageThatNobodyWaitsForAnyMoreIsDropped() async throws {
    try await withScriptedNode { (client, node) async throws in
      let gate = Gate()
      node.when(.init(.execute, text: Known.paged, skipping: 1, times: 1), .after(gate, .ordinary))
      for try await _ in try await client.query(Statement(unsafeCQL: Known.paged)) { break }
      await node.wait(for: 2, .execute, text: Known.paged)
      gate.open()
      #expect(try await client.texts(Known.other) == ["other"])
      #expect(node.observed.connections == 1)
    }
  }

  @Test func anEmptyPageIsNotTheEnd() async throws {
    struct Row: Decodable { var a: String, n: Int }
    try await withScriptedNode { (client, node) async throws in
      let text = "SELECT sparse FROM t"
      node.define(
        .init(text, columns: Known.columns, pages: [[], [], [Known.row("x", 1)], [], [Known.row("y", 2)], []]))
      func query() async throws -> Rows { try await client.query(Statement(unsafeCQL: text)) }
      #expect(try await client.texts(text) == ["x", "y"])
      #expect(try await query().collect(Row.self).map(\.a) == ["x", "y"])
      var count = 0
      for try await _ in try await query() { count += 1 }
      #expect(count == 2)
      var rowCounts: [Int] = []
      for try await page in try await query().pages { rowCounts.append(page.rowCount) }
      #expect(rowCounts == [0, 0, 1, 0, 1, 0])
      let before = node.observed.count(.execute, text: text)
      #expect(try await query().first(Row.self)?.a == "x")
      #expect(try await query().first((String, Int).self)?.0 == "x")
      #expect(try await query().first()?.decode(String.self, "a") == "x")
      _ = try await client.texts(Known.other)
      #expect(node.observed.count(.execute, text: text) == before + 9)
      node.define(.init(text, columns: Known.columns, pages: [[], [], []]))
      #expect(try await query().first(Row.self) == nil)
      #expect(try await query().first() == nil)
      #expect(try await query().first((String, Int).self) == nil)
      #expect(try await client.texts(text) == [])
    }
  }

  @Test func rowsAreReadOnce() async throws {
    try await withScriptedNode { (client, _) async throws in
      let rows = try await client.query(Statement(unsafeCQL: Known.paged))
      for try await _ in rows {}
      #expect(try await failure { for try await _ in rows {} }.code == .rowsAlreadyRead)
      #expect(try await failure { _ = try await rows.first() }.code == .rowsAlreadyRead)
    }
  }

  @Test func pagesThatAreTooLargeGetFewerRows() async throws {
    try await withScriptedNode { (client, node) async throws in
      let pages = try await client.query(
        Statement(unsafeCQL: Known.paged), options: QueryOptions(pageSize: 100)
      ).pages.limited(toBytes: 10)
      for try await _ in pages {}
      let sizes = node.observed.requests(.execute, text: Known.paged).map { $0.parameters?.pageSize }
      #expect(sizes == [100, 1, 1, 1])
    }
  }

  @Test(arguments: bothVersions) func aResultIsResumed(_ version: ProtocolVersion) async throws {
    try await withScriptedNode(version) { (client, node) async throws in
      let rows = try await client.query(Statement(unsafeCQL: Known.paged))
      var pages = rows.pages.makeAsyncIterator()
      _ = try await pages.next()
      _ = try await pages.next()
      let token = try #require(await rows.resumeToken)
      // In another process it comes as bytes.
      let kept = try ResumeToken(bytes: token.bytes)
      let resumed = try await client.query(Statement(unsafeCQL: Known.paged), options: QueryOptions(resuming: kept))
      #expect(try await resumed.collect(String.self) == ["page 2", "page 2", "page 3", "page 3"])
      #expect(await resumed.resumeToken == nil)
      let other = try await failure {
        try await client.query(Statement(unsafeCQL: Known.other), options: QueryOptions(resuming: kept))
      }
      #expect(other.code == .invalidPageState)
      let unprepared = try await failure {
        try await client.query("CREATE TABLE x", options: QueryOptions(resuming: kept))
      }
      #expect(unprepared.code == .invalidPageState)
      var bytes = token.bytes
      bytes[bytes.count - 1] = 99
      let forged = try ResumeToken(bytes: bytes)
      let error = try await failure {
        try await client.query(Statement(unsafeCQL: Known.paged), options: QueryOptions(resuming: forged))
      }
      #expect(error.code == .invalidPageState)
      // Nothing of this was sent to the node, but for the forged one.
      #expect(node.observed.count(.execute, text: Known.other) == 0)
    }
  }

  @Test func aResultBeforeItIsReadHasItsSecondPageNext() async throws {
    try await withScriptedNode { (client, _) async throws in
      let rows = try await client.query(Statement(unsafeCQL: Known.paged))
      let token = try #require(await rows.resumeToken)
      let resumed = try await client.query(Statement(unsafeCQL: Known.paged), options: QueryOptions(resuming: token))
      #expect(try await resumed.first((String, Int).self)?.1 == 2)
      #expect(await (try client.query(Statement(unsafeCQL: Known.select))).resumeToken == nil)
    }
  }

  @Test func aPageThatWasLostWithItsConnectionIsAskedForAgain() async throws {
    try await withScriptedNode { (client, node) async throws in
      node.when(.init(.execute, text: Known.paged, skipping: 1, times: 1), .reset)
      #expect(try await client.texts(Known.paged) == Self.expected)
      #expect(node.observed.connections == 2)
      #expect(node.observed.count(.execute, text: Known.paged) == 5)
    }
  }

  @Test func aPageIsAskedForTwiceAtMost() async throws {
    try await withScriptedNode { (client, node) async throws in
      node.when(.init(.execute, text: Known.paged, skipping: 1), .error(.overloaded))
      #expect(try await failure { _ = try await client.texts(Known.paged) }.code == .overloaded)
      #expect(node.observed.count(.execute, text: Known.paged) == 3)
    }
  }

  @Test func anErrorInTheMiddleIsThrownThere() async throws {
    try await withScriptedNode { (client, node) async throws in
      node.when(
        .init(.execute, text: Known.paged, skipping: 2),
        .error(.readTimeout, "late", .readTimeout(.one, received: 0, blockFor: 1, dataPresent: false)))
      var texts: [String] = []
      let error = try await failure {
        for try await (text, _) in try await client.query(Statement(unsafeCQL: Known.paged)).decode((String, Int).self)
        {
          texts.append(text)
        }
      }
      #expect(error.code == .readTimeout)
      #expect(texts == Array(Self.expected.prefix(4)))
    }
  }

  @Test func aStatementIsPreparedAgainBetweenPages() async throws {
    try await withScriptedNode { (client, node) async throws in
      let rows = try await client.query(Statement(unsafeCQL: Known.paged))
      node.forgetPrepared()
      #expect(try await rows.collect(String.self) == Self.expected)
      #expect(node.observed.count(.prepare) == 2)
    }
  }

  @Test func whatIsNotPreparedHasPagesToo() async throws {
    try await withScriptedNode { (client, node) async throws in
      let text = "LIST THINGS"
      node.define(.init(text, columns: Known.columns, pages: [[Known.row("x", 1)], [], [Known.row("y", 2)]]))
      #expect(try await client.texts(text) == ["x", "y"])
      #expect(node.observed.requests(.query, text: text).map { $0.parameters?.pageState } == [nil, [1], [2]])
      #expect(node.observed.count(.prepare) == 0)
    }
  }

  @Test func whenNoPlaceIsFreeThePageIsAskedForLater() async throws {
    try await withScriptedNode(configure: { $0.limits.requestsInFlight = 1 }) { (client, node) async throws in
      let gate = Gate()
      let rows = try await client.query(Statement(unsafeCQL: Known.paged))
      node.when(.init(.execute, text: Known.other, times: 1), .after(gate, .ordinary))
      async let other = client.texts(Known.other)
      await node.wait(for: 1, .execute, text: Known.other)
      var pages = rows.pages.makeAsyncIterator()
      #expect(try await pages.next()?.rowCount == 2)
      #expect(node.observed.count(.execute, text: Known.paged) == 1)
      gate.open()
      #expect(try await other == ["other"])
      #expect(try await pages.next()?.rowCount == 2)
    }
  }

  /// A route that gives a page and a token reads one page.
  @Test func whoDoesNotLookAheadReadsOnePage() async throws {
    try await withScriptedNode { (client, node) async throws in
      for looksAhead in [false, true] {
        let before = node.observed.count(.execute)
        let options = QueryOptions(looksAhead: looksAhead)
        let rows = try await client.query(Statement(unsafeCQL: Known.paged), options: options)
        var pages = rows.pages.makeAsyncIterator()
        _ = try await pages.next(isolation: #isolation)
        #expect(await rows.resumeToken != nil)
        _ = try await client.texts(Known.select)
        #expect(node.observed.count(.execute) - before == (looksAhead ? 3 : 2))
      }
      #expect(try await client.texts(Known.paged, options: QueryOptions(looksAhead: false)).count == 8)
    }
  }

  @Test func pagesThatBecomeTooLargeHaveLessRows() async throws {
    try await withScriptedNode(configure: { $0.limits.responseBytes = 4000 }) { (client, node) async throws in
      let wide = "SELECT wide FROM t"
      let row = Known.row(String(repeating: "x", count: 180), 1)
      node.define(
        .init(wide, columns: Known.columns, pages: [[row], Array(repeating: row, count: 10), [row], [row]]))
      _ = try await client.texts(wide, options: QueryOptions(pageSize: 100, looksAhead: false))
      // The second page had about 2 KB and ten rows: a quarter of the limit is five of them.
      let sizes = node.observed.requests(.execute, text: wide).compactMap(\.parameters?.pageSize)
      #expect(sizes.prefix(2) == [100, 100])
      #expect(sizes.dropFirst(2).allSatisfy { (3...6).contains($0) }, "\(sizes)")
    }
  }

  @Test func aTokenIsOfTheValuesThatItWasMadeWith() async throws {
    try await withScriptedNode { (client, node) async throws in
      let text = "SELECT paged FROM t WHERE a = ?"
      node.define(
        .init(
          text, parameters: [("a", .text)], columns: Known.columns,
          pages: (0..<3).map { [Known.row("page \($0)", Int32($0))] }))
      let rows = try await client.query(Statement(unsafeCQL: text, ["one"]))
      let token = try #require(await rows.resumeToken)
      let error = try await failure {
        try await client.query(Statement(unsafeCQL: text, ["two"]), options: QueryOptions(resuming: token))
      }
      #expect(error.code == .invalidPageState)
      let resumed = try await client.query(Statement(unsafeCQL: text, ["one"]), options: QueryOptions(resuming: token))
      #expect(try await resumed.first((String, Int).self)?.0 == "page 1")
    }
  }
}
