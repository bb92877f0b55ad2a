import CassandraDice
import Testing

@testable import CQLEngine

/// Acknowledged writes survive a loss of power at any moment.
@Suite(.timeLimit(.minutes(10))) struct PowerLossTests {
  /// Where write `number` goes: one row in each of two partitions, of several columns, which have to be there together.
  private static func mutations(_ number: Int, _ table: TableHandle) -> [PartitionMutation] {
    [0, 1].map { half in
      PartitionMutation(
        table: table, partition: partition(Int64(number * 2 + half)),
        rows: [row(UInt8(half), at: 1, [1: "\(number)", 2: String(repeating: "\(number % 10)", count: number % 700)])])
    }
  }

  @Test func acknowledgedWritesSurviveTheLossOfPower() async throws {
    let seed = Dice.seed("power loss")
    var random = Dice(seed: seed)
    let disk = FaultyDisk()
    let scratch = Scratch()
    defer { withExtendedLifetime(scratch) {} }
    var configuration = StoreConfiguration(.directory(scratch.path))
    configuration.fileSystemName = disk.name
    configuration.limits.checkpointBytes = 200_000
    configuration.limits.logBytes = 500_000
    let store = try Store(configuration)
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 0)
    try await store.commit(meta: [(name: "schema", value: Array("one".utf8))])
    let schemaDone = disk.events.count
    let count = 500
    let delays = (0..<count).map { _ in Int.random(in: 0..<8, using: &random) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<count {
        group.addTask {
          for _ in 0..<delays[number] { await Task.yield() }
          try await store.apply(Self.mutations(number, table))
          disk.acknowledge(number)
        }
        if number % 16 == 15 { try await group.next() }
      }
      try await group.waitForAll()
    }
    await store.close()
    let events = disk.events
    var cuts = (0..<200).map { _ in Int.random(in: 0...events.count, using: &random) }.sorted()
    cuts.append(events.count)
    var image = DiskImage()
    var applied = 0
    for cut in cuts {
      for event in events[applied..<cut] { image.apply(event) }
      applied = cut
      let after = Scratch()
      defer { withExtendedLifetime(after) {} }
      try image.write(to: after.path, &random)
      try await check(after.path, table.number, image.acknowledged, count, hasSchema: cut >= schemaDone, "cut \(cut)")
    }
    #expect(image.acknowledged.count == count)
  }

  private func check(
    _ path: String, _ table: TableNumber, _ acknowledged: Set<Int>, _ count: Int, hasSchema: Bool, _ comment: Comment
  ) async throws {
    let store = try Store(StoreConfiguration(.directory(path)))
    let reader = try store.makeReader()
    if hasSchema { #expect(try reader.meta("schema") == Array("one".utf8), comment) }
    let lines = Set(try reader.contents(table))
    for number in 0..<count {
      let halves = [0, 1].map { half in
        let text = String(repeating: "\(number % 10)", count: number % 700)
        return lines.contains("p\(number * 2 + half)[\(half)] *@1 1=\(number)@1 2=\(text)@1")
      }
      #expect(halves[0] == halves[1], comment)
      if acknowledged.contains(number) { #expect(halves[0], "\(comment), write \(number)") }
    }
    // Nothing else is there, such as half a row.
    #expect(lines.count % 2 == 0 && lines.count >= acknowledged.count * 2, comment)
    try await store.apply([
      PartitionMutation(table: TableHandle(number: table, graceSeconds: 0), partition: partition(-1))
    ])
    await store.close()
  }
}
