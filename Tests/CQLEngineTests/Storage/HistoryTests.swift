import CassandraDice
import Testing

@testable import CQLEngine

/// Random histories against a model that keeps every write and merges nothing.
@Suite(.timeLimit(.minutes(10))) struct HistoryTests {
  private static let partitions: [Int64] = [-7, 0, 5]

  @Test func historiesMergeAsTheModelSays() async throws {
    let seed = Dice.seed("histories")
    let rounds = environment("CQL_TEST_ROUNDS").flatMap { Int($0) } ?? 60
    for round in 0..<rounds {
      try await run(HistoryGenerator(random: Dice(seed: seed &+ UInt64(round))), round: round)
    }
  }

  private func run(_ start: HistoryGenerator, round: Int) async throws {
    var generator = start
    var configuration = StoreConfiguration(.temporary)
    configuration.limits.stepRecords = 3
    let clock = MovingClock(generator.now)
    configuration.clock = clock.read
    let store = try Store(configuration)
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 1_000)
    let other = TableHandle(number: store.makeTableNumber(), graceSeconds: 1_000)
    store.setTables([table, other])
    let reader = try store.makeReader()
    var models: [Int64: PartitionModel] = [:]
    try await store.apply([PartitionMutation(table: other, partition: partition(0), rows: [row(1, at: 1, [1: "x"])])])
    for _ in 0..<Int.random(in: 1...30, using: &generator.random) {
      // Several at once, as a group that the writer may commit in any order.
      var group: [PartitionMutation] = []
      for _ in 0..<Int.random(in: 1...4, using: &generator.random) {
        let name = Self.partitions.randomElement(using: &generator.random)!
        var writes: [HistoryWrite] = []
        for _ in 0..<Int.random(in: 1...6, using: &generator.random) { writes.append(generator.write()) }
        // What stands behind a deletion of the partition is not part of the mutation.
        if let index = writes.firstIndex(where: { if case .partition = $0 { true } else { false } }) {
          writes = [writes[index]]
        }
        models[name, default: PartitionModel()].writes += writes
        group.append(mutation(writes, to: partition(name), of: table))
      }
      let mutations = group
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for mutation in mutations { tasks.addTask { try await store.apply([mutation]) } }
        try await tasks.waitForAll()
      }
      if generator.random.oneIn(6) { try await store.finishBackgroundWork() }
    }
    for now in [generator.now, generator.now + 49, generator.now + 50, generator.now + 149, generator.now + 500] {
      try check(reader, table.number, models, now: now, &generator.random, "round \(round), now \(now)")
    }
    // What is past its time is removed without a change of what is seen.
    let later = generator.now + 60
    let seen = try reader.contents(table.number, now: later)
    clock.set(later)
    try await store.finishBackgroundWork()
    #expect(try reader.contents(table.number, now: later) == seen, "round \(round)")
    let end = generator.now + 10_000
    let left = try reader.contents(table.number, now: end)
    clock.set(end)
    try await store.finishBackgroundWork()
    #expect(try reader.contents(table.number, now: end) == left, "round \(round)")
    #expect(try reader.mortalRecords(table.number) == [], "round \(round)")
    #expect(try reader.contents(other.number) == ["p0[1] *@1 1=x@1"])
    await store.close()
  }

  private func check(
    _ reader: Reader, _ table: TableNumber, _ models: [Int64: PartitionModel], now: Int64,
    _ random: inout Dice, _ comment: Comment
  ) throws {
    let expected = Self.partitions.flatMap { models[$0]?.contents("p\($0)", now: now) ?? [] }
    for records in [1, 2, 7, 5_000] {
      let budget = SliceBudget(records: records, microseconds: 60_000_000)
      #expect(try reader.contents(table, now: now, budget: budget) == expected, comment)
      #expect(
        try reader.contents(table, reverse: true, now: now, budget: budget) == expected.reversed(), comment)
    }
    for name in Self.partitions {
      guard let model = models[name] else { continue }
      let lower = UInt8.random(in: 0..<6, using: &random)
      let upper = UInt8.random(in: lower...7, using: &random)
      let range = KeyRange.rows(of: partition(name), from: [lower], upTo: [upper])
      let inside = (lower..<upper).compactMap { row in
        model.visible(row: row, now: now).map { "p\(name)[\(row)] \($0)" }
      }
      #expect(try reader.contents(table, range, now: now) == inside, comment)
      #expect(try reader.contents(table, range, reverse: true, now: now) == inside.reversed(), comment)
      for row in UInt8(0)..<8 {
        var seen: String?
        _ = try reader.record(table, partition(name).row([row]), now: now) { view throws(StorageError) in
          if try view.isLive() { seen = try describe(view) }
        }
        #expect(seen == model.visible(row: row, now: now), comment)
      }
    }
  }
}
