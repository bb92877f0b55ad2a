import CassandraWire
import CassandraReactor
import CassandraTelemetry
import Testing

@testable import Cassandra

func prepared(_ text: String, version: ProtocolVersion = .v5) throws -> PreparedStatement {
  try PreparedStatement(
    text: text, kind: StatementKind(text),
    result: PreparedResult(
      id: Array(text.utf8), resultMetadataID: version >= .v5 ? [7] : nil, parameters: PreparedMetadata(columns: []),
      result: ResultMetadata(columnCount: 0)), version: version)
}

@Suite struct PreparedCacheTests {
  @Test func theOneThatWasUsedLongestAgoMakesRoom() throws {
    var cache = PreparedCache(capacity: 3)
    for text in ["a", "b", "c"] { cache.insert(try prepared(text)) }
    #expect(cache.find(text: "a", from: nil)?.text == "a")
    cache.insert(try prepared("d"))
    #expect(cache.count == 3)
    #expect(cache.find(text: "b", from: nil) == nil)
    #expect(cache.find(text: "c", from: nil) != nil)
    cache.insert(try prepared("e"))
    #expect(cache.find(text: "a", from: nil) == nil)
    #expect(["c", "d", "e"].allSatisfy { cache.find(text: $0, from: nil) != nil })
  }

  @Test(arguments: [1, 2, 3, 7]) func itAgreesWithAPlainList(_ capacity: Int) throws {
    var cache = PreparedCache(capacity: capacity)
    var model: [String] = []  // The newest last.
    var state: UInt64 = 42
    for _ in 0..<2000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let text = "statement \(state >> 33 % 10)"
      if state >> 20 & 1 == 0 {
        cache.insert(try prepared(text))
        model.removeAll { $0 == text }
        model.append(text)
        if model.count > capacity { model.removeFirst() }
      } else {
        let found = cache.find(text: text, from: nil)
        #expect((found != nil) == model.contains(text))
        if model.contains(text) {
          model.removeAll { $0 == text }
          model.append(text)
        }
      }
      #expect(cache.count == model.count)
    }
  }

  @Test func literalsAreAShortcutThatIsForgottenWithItsStatement() throws {
    var cache = PreparedCache(capacity: 1)
    let first: Statement = "SELECT a FROM t WHERE k = \(1)"
    let second: Statement = "SELECT b FROM t WHERE k = \(1)"
    #expect(first.identity != second.identity)
    #expect(cache.find(first.identity) == nil)
    cache.insert(try prepared(first.text), from: first.identity)
    #expect(cache.find(first.identity)?.text == first.text)
    #expect(cache.find(nil) == nil)
    cache.insert(try prepared(second.text), from: second.identity)
    #expect(cache.find(first.identity) == nil)
    #expect(cache.find(second.identity)?.text == second.text)
  }

  @Test func aNewerFormTakesThePlaceOfTheOld() throws {
    var cache = PreparedCache(capacity: 2)
    let statement: Statement = "SELECT * FROM t"
    cache.insert(try prepared(statement.text), from: statement.identity)
    let columns = [ColumnSpecification(keyspace: "k", table: "t", name: "a", type: .int)]
    let changed = try prepared(statement.text).changed(layout: RowLayout(columns: columns), resultMetadataID: [8])
    cache.insert(changed)
    #expect(cache.count == 1)
    #expect(cache.find(statement.identity)?.resultMetadataID == [8])
    #expect(cache.find(statement.identity)?.layout.columns == columns)
  }

  @Test func aStatementGoesToANodeOfAnotherVersion() throws {
    let new = try prepared("x")
    #expect(new.executeHead == [0, 1, UInt8(ascii: "x"), 0, 1, 7])
    let old = try new.adapted(to: .v4)
    #expect(old.executeHead == [0, 1, UInt8(ascii: "x")])
    #expect(try new.adapted(to: .v5) === new)
    #expect(try prepared("x", version: .v4).adapted(to: .v5).executeHead == [0, 1, UInt8(ascii: "x"), 0, 0])
  }
}

@Suite struct PreparedTableTests {
  let loops = try! EventLoops(count: 2)
  let key = PreparedTable.Key(text: "x", node: nil)

  private func text(_ turn: PreparedTable.Turn) -> String {
    switch turn {
    case .ready(let statement): "ready \(statement.text)"
    case .prepare: "prepare"
    case .wait: "wait"
    case .full: "full"
    }
  }

  /// Begins to wait on a loop, and returns once it does.
  private func wait(
    _ table: PreparedTable, on loop: EventLoop, due: UInt64 = .max
  ) async -> Task<Result<PreparedStatement, CassandraError>?, Never> {
    let key = key
    let before = table.waiters(for: key)
    let task = Task(executorPreference: loop) { await table.wait(for: key, on: loop, due: due) }
    while table.waiters(for: key) == before { await Task.yield() }
    return task
  }

  @Test func onePreparesAndTheOthersWait() async throws {
    let table = PreparedTable(capacity: 10)
    #expect(text(table.turn(for: key)) == "prepare")
    #expect(text(table.turn(for: key)) == "wait")
    #expect(text(table.turn(for: .init(text: "y", node: nil))) == "prepare")
    let waiting = [await wait(table, on: loops[0]), await wait(table, on: loops[1])]
    table.finish(key, with: .success(try prepared("x")))
    for task in waiting { #expect(try await task.value?.get().text == "x") }
    #expect(text(table.turn(for: key)) == "ready x")
    await loops.shutDown()
  }

  @Test func aFailureOfTheStatementIsEverybodys() async throws {
    let table = PreparedTable(capacity: 10)
    _ = table.turn(for: key)
    let task = await wait(table, on: loops[0])
    table.finish(key, with: .failure(CassandraError(.syntaxError, "")))
    let error = await #expect(throws: CassandraError.self) { try await task.value?.get() }
    #expect(error?.code == .syntaxError)
    #expect(text(table.turn(for: key)) == "prepare")
    await loops.shutDown()
  }

  @Test func whenThePreparerGivesUpTheNextOneTries() async {
    let table = PreparedTable(capacity: 10)
    _ = table.turn(for: key)
    let task = await wait(table, on: loops[0])
    table.finish(key, with: nil)
    #expect(await task.value == nil)
    #expect(text(table.turn(for: key)) == "prepare")
    #expect(
      await loops[0].run { await table.wait(for: .init(text: "nobody", node: nil), on: loops[0], due: .max) } == nil)
    await loops.shutDown()
  }

  @Test func aWaitEndsByItsOwnTimeAndByCancellation() async {
    let table = PreparedTable(capacity: 10)
    _ = table.turn(for: key)
    let late = Task(executorPreference: loops[0]) { [loops, key] in
      await table.wait(for: key, on: loops[0], due: 0)
    }
    #expect(await late.value == nil)
    let cancelled = await wait(table, on: loops[1])
    cancelled.cancel()
    #expect(await cancelled.value == nil)
    #expect(table.waiters(for: key) == 0)
    #expect(text(table.turn(for: key)) == "wait")
    await loops.shutDown()
  }

  @Test func thoseWhoWaitAreBounded() async throws {
    let table = PreparedTable(capacity: 10, maximumWaiting: 2)
    _ = table.turn(for: key)
    let waiting = [await wait(table, on: loops[0]), await wait(table, on: loops[1])]
    #expect(text(table.turn(for: key)) == "full")
    #expect(text(table.turn(for: .init(text: "other", node: nil))) == "prepare")
    waiting[0].cancel()
    _ = await waiting[0].value
    #expect(text(table.turn(for: key)) == "wait")
    table.finish(key, with: nil)
    _ = await waiting[1].value
    #expect(text(table.turn(for: key)) == "prepare")
    let again = [await wait(table, on: loops[0]), await wait(table, on: loops[0])]
    #expect(text(table.turn(for: key)) == "full")
    table.finish(key, with: nil)
    for task in again { _ = await task.value }
    await loops.shutDown()
  }

  @Test func preparingAgainOnANodeIsAnotherMatter() throws {
    let table = PreparedTable(capacity: 10)
    let again = PreparedTable.Key(text: "x", node: EndPoint(host: "a"))
    table.update(try prepared("x"))
    #expect(text(table.turn(for: key)) == "ready x")
    #expect(text(table.turn(for: again)) == "prepare")
    #expect(text(table.turn(for: again)) == "wait")
    #expect(text(table.turn(for: .init(text: "x", node: EndPoint(host: "b")))) == "prepare")
    table.finish(again, with: .success(try prepared("x")))
    #expect(text(table.turn(for: again)) == "prepare")
  }

  @Test func itIsBounded() throws {
    let table = PreparedTable(capacity: 2)
    for name in ["a", "b", "c"] { table.update(try prepared(name)) }
    #expect(
      ["a", "b", "c"].map { text(table.turn(for: .init(text: $0, node: nil))) } == ["prepare", "ready b", "ready c"])
  }
}
