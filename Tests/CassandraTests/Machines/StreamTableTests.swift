import Testing

@testable import Cassandra

@Suite struct StreamTableTests {
  private func text(_ delivery: StreamTable<String>.Delivery) -> String {
    switch delivery {
    case .deliver(let waiter): "deliver \(waiter)"
    case .drop: "drop"
    case .unexpected: "unexpected"
    }
  }

  private func reserve(
    _ table: inout StreamTable<String>, due: UInt64
  ) throws -> StreamTable<String>.Token {
    let token = table.reserve(due: due)
    return try #require(token)
  }

  /// Sends a request that is `due` and waited for by `waiter`; gives its stream.
  private func send(_ table: inout StreamTable<String>, _ waiter: String, due: UInt64 = 100) throws -> Int16 {
    let token = try reserve(&table, due: due)
    #expect(table.wait(token, waiter) == true)
    return token.stream
  }

  @Test func answersFindTheirWaiters() throws {
    var table = StreamTable<String>(capacity: 3)
    #expect(try send(&table, "a") == 0)
    #expect(try send(&table, "b") == 1)
    #expect(try send(&table, "c") == 2)
    #expect(table.reserve(due: 1) == nil)
    #expect(!table.hasFree)
    #expect(text(table.answer(on: 1)) == "deliver b")
    #expect(table.inFlight == 2)
    #expect(try send(&table, "d") == 1)
    #expect(text(table.answer(on: 0)) == "deliver a")
    #expect(text(table.answer(on: 1)) == "deliver d")
    #expect(text(table.answer(on: 2)) == "deliver c")
    #expect(table.inFlight == 0)
  }

  @Test func whatNobodyAskedIsUnexpected() throws {
    var table = StreamTable<String>(capacity: 3)
    #expect(text(table.answer(on: 0)) == "unexpected")
    #expect(text(table.answer(on: -1)) == "unexpected")
    #expect(text(table.answer(on: .max)) == "unexpected")
    _ = try reserve(&table, due: 1)
    #expect(text(table.answer(on: 0)) == "unexpected")  // Reserved, and nobody waits yet.
    var other = StreamTable<String>(capacity: 3)
    #expect(try send(&other, "a") == 0)
    #expect(text(other.answer(on: 0)) == "deliver a")
    #expect(text(other.answer(on: 0)) == "unexpected")  // Answered twice.
  }

  @Test func anIdIsReservedUntilTheLateAnswerCame() throws {
    var table = StreamTable<String>(capacity: 2)
    #expect(try send(&table, "late", due: 10) == 0)
    #expect(try send(&table, "early", due: 20) == 1)
    let givenUp = table.giveUp(at: 10) { _ in false }
    #expect(givenUp.map(\.waiter) == ["late"])
    #expect(givenUp.map(\.isLate) == [true])
    #expect((table.inFlight, table.orphans) == (1, 1))
    #expect(!table.hasFree)
    #expect(table.reserve(due: 1) == nil)
    #expect(text(table.answer(on: 0)) == "drop")
    #expect((table.inFlight, table.orphans) == (1, 0))
    #expect(try send(&table, "new") == 0)
    #expect(text(table.answer(on: 0)) == "deliver new")
  }

  @Test func theUnwantedAreGivenUpToo() throws {
    var table = StreamTable<String>(capacity: 4)
    for waiter in ["a", "b", "c"] { _ = try send(&table, waiter) }
    let givenUp = table.giveUp(at: 0) { $0 == "b" }
    #expect(givenUp.map(\.waiter) == ["b"])
    #expect(givenUp.map(\.isLate) == [false])
    #expect(text(table.answer(on: 1)) == "drop")
    #expect(table.giveUp(at: 0) { _ in false }.isEmpty)
  }

  @Test func aTokenIsGoodForOneUse() throws {
    var table = StreamTable<String>(capacity: 1)
    let first = try reserve(&table, due: 1)
    table.release(first)
    #expect(table.inFlight == 0)
    let second = try reserve(&table, due: 1)
    #expect(first.stream == second.stream)
    #expect(first.generation != second.generation)
    #expect(table.wait(first, "old") == false)
    #expect(table.wait(second, "new") == true)
    #expect(table.wait(second, "twice") == false)
  }

  @Test func allAreTakenWhenTheConnectionCloses() throws {
    var table = StreamTable<String>(capacity: 4)
    for waiter in ["a", "b"] { _ = try send(&table, waiter) }
    let reserved = try reserve(&table, due: 1)
    #expect(table.takeAll() == ["a", "b"])
    #expect(table.inFlight == 0)
    #expect(table.wait(reserved, "c") == false)
    #expect(table.takeAll() == [])
    #expect(text(table.answer(on: 0)) == "drop")
  }

  @Test func thereAreAsManyIdsAsTheProtocolHas() {
    var table = StreamTable<String>(capacity: .max)
    for _ in 0..<32_768 { _ = table.reserve(due: 1) }
    #expect(table.inFlight == 32_768)
    #expect(table.reserve(due: 1) == nil)
  }
}
