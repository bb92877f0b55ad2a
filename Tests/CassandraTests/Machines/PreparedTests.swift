import CassandraWire
import CassandraReactor
import CassandraTelemetry
import Testing

@testable import Cassandra

func prepared(
  _ text: String, version: ProtocolVersion = .v5, parameters: [ColumnSpecification] = [], knownChanges: UInt64 = 0
) throws -> PreparedStatement {
  try PreparedStatement(
    key: StatementKey(text), kind: StatementKind(text),
    result: PreparedResult(
      id: Array(text.utf8), resultMetadataID: version >= .v5 ? [7] : nil,
      parameters: PreparedMetadata(columns: parameters), result: ResultMetadata(columnCount: 0)),
    version: version, knownChanges: knownChanges)
}

@Suite struct PreparedCacheTests {
  @Test func theOneThatWasUsedLongestAgoMakesRoom() throws {
    var cache = PreparedCache(capacity: 3)
    for text in ["a", "b", "c"] { cache.insert(try prepared(text)) }
    #expect(cache.find(StatementKey("a"), from: nil)?.text == "a")
    cache.insert(try prepared("d"))
    #expect(cache.count == 3)
    #expect(cache.find(StatementKey("b"), from: nil) == nil)
    #expect(cache.find(StatementKey("c"), from: nil) != nil)
    cache.insert(try prepared("e"))
    #expect(cache.find(StatementKey("a"), from: nil) == nil)
    #expect(["c", "d", "e"].allSatisfy { cache.find(StatementKey($0), from: nil) != nil })
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
        let found = cache.find(StatementKey(text), from: nil)
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

@Suite(.timeLimit(.minutes(5))) struct PreparedTableTests {
  let loops = try! EventLoops(count: 2)
  let key = PreparedTable.Key(statement: StatementKey("x"), node: nil)

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
    #expect(text(table.turn(for: .init(statement: StatementKey("y"), node: nil))) == "prepare")
    let waiting = [await wait(table, on: loops[0]), await wait(table, on: loops[1])]
    _ = table.finish(key, with: try prepared("x"))
    for task in waiting { #expect(try await task.value?.get().text == "x") }
    #expect(text(table.turn(for: key)) == "ready x")
    await loops.shutDown()
  }

  @Test func aFailureOfTheStatementIsEverybodys() async throws {
    let table = PreparedTable(capacity: 10)
    _ = table.turn(for: key)
    let task = await wait(table, on: loops[0])
    table.finish(key, with: CassandraError(.syntaxError, ""))
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
      await loops[0].run {
        await table.wait(for: .init(statement: StatementKey("nobody"), node: nil), on: loops[0], due: .max)
      } == nil)
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
    #expect(text(table.turn(for: .init(statement: StatementKey("other"), node: nil))) == "prepare")
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
    let again = PreparedTable.Key(statement: StatementKey("x"), node: EndPoint(host: "a"))
    table.update(try prepared("x"))
    #expect(text(table.turn(for: key)) == "ready x")
    #expect(text(table.turn(for: again)) == "prepare")
    #expect(text(table.turn(for: again)) == "wait")
    #expect(text(table.turn(for: .init(statement: StatementKey("x"), node: EndPoint(host: "b")))) == "prepare")
    _ = table.finish(again, with: try prepared("x"))
    #expect(text(table.turn(for: again)) == "prepare")
  }

  @Test func itIsBounded() throws {
    let table = PreparedTable(capacity: 2)
    let all = try ["a", "b", "c"].map { try prepared($0) }
    for statement in all { table.update(statement) }
    // Nobody would tell what has left the table of a change.
    #expect(all.map(\.isOutdated) == [true, false, false])
    #expect(
      ["a", "b", "c"].map { text(table.turn(for: .init(statement: StatementKey($0), node: nil))) } == [
        "prepare", "ready b", "ready c",
      ])
  }
}

/// What a change of the schema does to statements that are known.
@Suite struct PreparedStatementAgeTests {
  private func column(_ type: CQLType, keyspace: String = "k", table: String = "t") -> ColumnSpecification {
    ColumnSpecification(keyspace: keyspace, table: table, name: "v", type: type)
  }

  private static let udt = UserDefinedType(
    keyspace: "k", name: "inner", fields: [.init("a", .int), .init("b", .set(.text))])

  @Test func aChangeConcernsWhatWasPreparedFromIt() throws {
    let nested: CQLType = .map(
      key: .text,
      value: .tuple([
        .int,
        .list(
          .udt(
            UserDefinedType(
              keyspace: "k", name: "outer", fields: [.init("x", .vector(.udt(Self.udt), dimensions: 2))]))),
      ]))
    let statement = try prepared("x", parameters: [column(.int), column(nested)])
    func concerns(_ change: SchemaChange.Change, _ keyspace: String, _ target: SchemaChange.Target) -> Bool {
      statement.dependsOn(SchemaChange(change, keyspace: keyspace, target))
    }
    for change in [SchemaChange.Change.created, .updated, .dropped] {
      #expect(concerns(change, "k", .table("t")))
      #expect(!concerns(change, "k", .table("T")))
      #expect(!concerns(change, "other", .table("t")))
      #expect(concerns(change, "k", .type("inner")))
      #expect(concerns(change, "k", .type("outer")))
      #expect(!concerns(change, "k", .type("t")))
      #expect(!concerns(change, "other", .type("inner")))
      #expect(concerns(change, "k", .function("f", argumentTypes: ["int"])))
    }
    #expect(concerns(.dropped, "k", .keyspace))
    #expect(!concerns(.dropped, "other", .keyspace))
    #expect(!concerns(.created, "k", .keyspace))
    #expect(!concerns(.updated, "k", .keyspace))
  }

  @Test func namesAreComparedByTheirBytes() throws {
    let statement = try prepared("x", parameters: [column(.int, table: "caf\u{e9}")])
    #expect(statement.dependsOn(SchemaChange(.updated, keyspace: "k", .table("caf\u{e9}"))))
    #expect(!statement.dependsOn(SchemaChange(.updated, keyspace: "k", .table("cafe\u{301}"))))
  }

  @Test func aChangedStatementIsPreparedAnew() throws {
    let table = PreparedTable(capacity: 10)
    var cache = PreparedCache(capacity: 10)
    let statement: Statement = "SELECT a FROM t WHERE v = \(1)"
    let old = try prepared(statement.text, parameters: [column(.int)])
    let other = try prepared("other", parameters: [column(.int, table: "other")])
    for one in [old, other] { table.update(one) }
    cache.insert(old, from: statement.identity)
    cache.insert(other)
    table.schemaChanged(SchemaChange(.dropped, keyspace: "k", .table("t")))
    #expect(old.isOutdated)
    #expect(!other.isOutdated)
    #expect(cache.find(statement.identity) == nil)
    #expect(cache.find(old.key, from: statement.identity) == nil)
    #expect(cache.find(other.key, from: nil) === other)
    guard case .prepare = table.turn(for: .init(statement: old.key, node: nil)) else {
      Issue.record("it is taken for new")
      return
    }
    let new = try prepared(statement.text, parameters: [column(.text)], knownChanges: table.knownChanges)
    #expect(table.finish(.init(statement: old.key, node: nil), with: new) === new)
    cache.insert(new, from: statement.identity)
    #expect(cache.find(statement.identity) === new)
    #expect(cache.count == 2)
  }

  /// The server may have answered before it changed.
  @Test func aChangeWhileItIsPreparedCounts() throws {
    let table = PreparedTable(capacity: 10)
    let key = PreparedTable.Key(statement: StatementKey("x"), node: nil)
    guard case .prepare = table.turn(for: key) else {
      Issue.record("there is none")
      return
    }
    let since = table.knownChanges
    table.schemaChanged(SchemaChange(.updated, keyspace: "k", .table("other")))
    table.schemaChanged(SchemaChange(.updated, keyspace: "k", .table("t")))
    #expect(table.finish(key, with: try prepared("x", parameters: [column(.int)], knownChanges: since)).isOutdated)
    guard case .prepare = table.turn(for: key) else {
      Issue.record("it is taken for new")
      return
    }
    let again = table.knownChanges
    table.schemaChanged(SchemaChange(.updated, keyspace: "k", .table("other")))
    #expect(!table.finish(key, with: try prepared("x", parameters: [column(.int)], knownChanges: again)).isOutdated)
    guard case .ready = table.turn(for: key) else {
      Issue.record("it is not there")
      return
    }
  }

  @Test func moreChangesThanAreRememberedCountAsOne() throws {
    let table = PreparedTable(capacity: 10)
    let key = PreparedTable.Key(statement: StatementKey("x"), node: nil)
    for (count, isOutdated) in [(PreparedTable.rememberedChanges, false), (PreparedTable.rememberedChanges + 1, true)] {
      guard case .prepare = table.turn(for: key) else {
        Issue.record("there is none")
        return
      }
      let since = table.knownChanges
      for _ in 0..<count { table.schemaChanged(SchemaChange(.updated, keyspace: "k", .table("other"))) }
      let statement = table.finish(key, with: try prepared("x", parameters: [column(.int)], knownChanges: since))
      #expect(statement.isOutdated == isOutdated)
      statement.outdate()
    }
  }

  @Test func theSameAnswerAgainChangesNothing() throws {
    let table = PreparedTable(capacity: 10)
    let onNode = PreparedTable.Key(statement: StatementKey("x"), node: EndPoint(host: "a"))
    let known = try prepared("x", parameters: [column(.udt(Self.udt))])
    table.update(known)
    #expect(table.finish(onNode, with: try prepared("x", parameters: [column(.udt(Self.udt))])) === known)
    var renamed = Self.udt
    renamed.fields[0].name = "A"
    let new = try prepared("x", parameters: [column(.udt(renamed))])
    #expect(table.finish(onNode, with: new) === new)
    #expect(known.isOutdated)
    #expect(!new.isOutdated)
    // Canonically equal names are two.
    renamed.fields[0].name = "e\u{301}"
    let decomposed = try prepared("x", parameters: [column(.udt(renamed))])
    renamed.fields[0].name = "\u{e9}"
    let composed = try prepared("x", parameters: [column(.udt(renamed))])
    #expect(!decomposed.isSame(as: composed))
  }

  @Test func whatWasMissedWhileNobodyToldCounts() throws {
    let table = PreparedTable(capacity: 10)
    table.watchBegan()
    table.update(try prepared("a"))
    table.watchBegan()
    table.watchEnded()
    guard case .ready(let statement) = table.turn(for: .init(statement: StatementKey("a"), node: nil)) else {
      Issue.record("it is not there")
      return
    }
    guard case .prepare = table.turn(for: .init(statement: StatementKey("b"), node: nil)) else {
      Issue.record("it is there")
      return
    }
    let since = table.knownChanges
    table.watchEnded()
    #expect(!statement.isOutdated)
    table.watchBegan()
    #expect(statement.isOutdated)
    #expect(
      table.finish(.init(statement: StatementKey("b"), node: nil), with: try prepared("b", knownChanges: since))
        .isOutdated)
  }

  @Test func canonicallyEqualTextsAreTwoStatements() throws {
    let (composed, decomposed) = ("SELECT '\u{e9}'", "SELECT 'e\u{301}'")
    #expect(composed.elementsEqual(decomposed))
    var cache = PreparedCache(capacity: 10)
    cache.insert(try prepared(composed))
    #expect(cache.find(StatementKey(decomposed), from: nil) == nil)
    cache.insert(try prepared(decomposed))
    #expect(cache.count == 2)
    let table = PreparedTable(capacity: 10)
    table.update(try prepared(composed))
    guard case .prepare = table.turn(for: .init(statement: StatementKey(decomposed), node: nil)) else {
      Issue.record("they are taken for one")
      return
    }
  }

  @Test func aKeyspaceOfItsOwnIsAnotherStatement() {
    #expect(StatementKey("x", keyspace: "a") != StatementKey("x", keyspace: "b"))
    #expect(StatementKey("x", keyspace: "a") != StatementKey("x"))
    #expect(StatementKey("x", keyspace: "a") == StatementKey("x", keyspace: "a"))
  }

  @Test func whatIsForgottenAgainAndAgainIsSentAsText() {
    var steps = Repreparations()
    var seen: [Repreparations.Step] = []
    for _ in 0..<6 {
      seen.append(steps.next())
      #expect(steps.isThrashing == (seen.count > 2))
    }
    #expect(
      seen == [
        .prepare(after: 0), .prepare(after: 10), .moveOn(after: 40), .prepare(after: 0), .sendAsText, .sendAsText,
      ])
  }
}
