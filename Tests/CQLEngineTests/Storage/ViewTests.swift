import CassandraBytes
import CassandraDice
import Foundation
import Testing

@testable import CQLEngine

/// Views against what their base shows, in random histories, while they are built, and after a SIGKILL.
@Suite(.timeLimit(.minutes(10))) struct ViewTests {
  private static let number = TableNumber(rawValue: 1)
  private static let partitions: [Int64] = [-7, 0, 5]

  /// A view by the value of column 1, or (nil) by the key alone: its rows are ordered by the base's partition and row.
  private static func view(_ number: UInt32, by column: ColumnID?) -> ViewDefinition {
    ViewDefinition(number: TableNumber(rawValue: number), keyColumn: column) { key, note, value, viewKey, viewNote in
      let count = Int(key.uint16(at: 8))
      PartitionKey.append(token: Int64(value.count % 3), key: value, to: &viewKey)
      viewKey.append(RecordKind.row.rawValue)
      for index in 10..<(10 + count) { viewKey.append(key[index]) }
      viewKey.append(key[key.count - 1])
      viewNote.append(contentsOf: [1, 2, 3])
      // Such a value has no row.
      return value.count == 2 ? .leftOut : .placed
    }
  }

  private static let byValue = view(2, by: 1)
  private static let byKey = view(3, by: nil)
  private static let table = TableHandle(number: number, graceSeconds: 1_000, views: [byValue, byKey])

  /// The rows of a view as those of the base are described, with the value that they stand under in front.
  private static func rows(_ reader: Reader, _ view: ViewDefinition, now: Int64) throws -> [String] {
    var lines: [String] = []
    _ = try reader.scan(view.number, .table, now: now, budget: SliceBudget(records: .max, microseconds: 60_000_000)) {
      record throws(StorageError) in
      if try record.isLive() {
        let end = record.clustering.count - 1
        let name = text(record.clustering.extracting(0..<end))
        lines.append("\(text(record.partitionKey))/\(name)[\(record.clustering[end])] \(try describe(record))")
        // A row that is looked up is the row that a scan finds.
        var found = ""
        let key = (0..<record.key.count).map { record.key[$0] }
        _ = try reader.record(view.number, key, now: now) { again throws(StorageError) in found = try describe(again) }
        if try describe(record) != found { lines.append("another one by its key: \(found)") }
      }
      return .next
    }
    return lines.sorted()
  }

  /// What a view should have.
  private static func expected(_ reader: Reader, _ view: ViewDefinition, now: Int64) throws -> [String] {
    var lines: [String] = []
    _ = try reader.scan(number, .table, now: now, budget: SliceBudget(records: .max, microseconds: 60_000_000)) {
      record throws(StorageError) in
      if record.isHead { return .next }
      guard try record.isLive() else { return .next }
      var value: String? = view.keyColumn == nil ? "" : nil
      var position = record.start
      while let cell = try record.next(&position) {
        if cell.column == view.keyColumn { value = text(record.value(of: cell)) }
      }
      if let value, value.utf8.count != 2 {
        lines.append("\(value)/\(text(record.partitionKey))[\(record.clustering[0])] \(try describe(record))")
      }
      return .next
    }
    return lines.sorted()
  }

  private static func check(_ reader: Reader, _ view: ViewDefinition, now: Int64, _ place: String) throws {
    let (found, wanted) = (try rows(reader, view, now: now), try expected(reader, view, now: now))
    try #require(
      found == wanted,
      "\(place)\nview only: \(Set(found).subtracting(wanted))\nbase only: \(Set(wanted).subtracting(found))")
  }

  private static func records(_ reader: Reader, _ table: TableNumber) throws -> Int {
    var count = 0
    _ = try reader.scan(table, .table, now: 0, budget: SliceBudget(records: .max, microseconds: 60_000_000)) {
      record throws(StorageError) in
      if !record.isHead { count += 1 }
      return .next
    }
    return count
  }

  @Test func viewsFollowTheirBase() async throws {
    let seed = Dice.seed("views")
    let rounds = environment("CQL_TEST_ROUNDS").flatMap { Int($0) } ?? 60
    for round in 0..<rounds {
      try await Self.run(HistoryGenerator(random: Dice(seed: seed &+ UInt64(round))), "seed \(seed), round \(round)")
    }
  }

  private static func run(_ start: HistoryGenerator, _ place: String) async throws {
    var generator = start
    var configuration = StoreConfiguration(.temporary)
    configuration.limits.stepRecords = 3
    let clock = MovingClock(generator.now)
    configuration.clock = clock.read
    let store = try Store(configuration)
    let plain = TableHandle(number: number, graceSeconds: 1_000)
    // In some histories the views are made over what is there.
    let isLate = Bool.random(using: &generator.random)
    store.setTables([isLate ? plain : table])
    let reader = try store.makeReader()
    let count = Int.random(in: 1...30, using: &generator.random)
    for step in 0..<count {
      if isLate, step == count / 2 {
        store.setTables([table])
        try await store.buildView(byValue, of: table)
        try await store.buildView(byKey, of: table)
      }
      var writes: [HistoryWrite] = []
      for _ in 0..<Int.random(in: 1...6, using: &generator.random) { writes.append(generator.write()) }
      // What stands beside a deletion of the partition is not part of the mutation.
      if let deletion = writes.first(where: { if case .partition = $0 { true } else { false } }) { writes = [deletion] }
      let name = partitions.randomElement(using: &generator.random) ?? 0
      try await store.apply([mutation(writes, to: partition(name), of: plain)])
      if generator.random.oneIn(6) { try await store.finishBackgroundWork() }
      if isLate, step < count / 2 { continue }
      for now in [generator.now, generator.now + 50, generator.now + 149] {
        for view in [byValue, byKey] {
          try check(reader, view, now: now, "\(place), step \(step), \(now)")
        }
      }
    }
    // What is past its time goes from the views with the base's rows.
    for later in [generator.now + 60, generator.now + 10_000] {
      clock.set(later)
      try await store.finishBackgroundWork()
      for view in [byValue, byKey] where !isLate || count > 1 {
        try check(reader, view, now: later, "\(place), \(later)")
        #expect(try records(reader, view.number) <= records(reader, number), "\(place), \(later)")
      }
    }
    await store.close()
  }

  @Test func aBuildGoesOnAfterAKill() async throws {
    let seed = Dice.seed("kills while views are built")
    var random = Dice(seed: seed)
    for round in 0..<(environment("CQL_TEST_KILLS").flatMap { Int($0) } ?? 3) {
      let scratch = Scratch()
      defer { withExtendedLifetime(scratch) {} }
      let path = scratch.path
      let deathAfter = Int.random(in: 1...400, using: &random)
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, deathAfter = deathAfter as Int] in
        try await ViewTests.dieBuilding(in: path, after: deathAfter)
      }
      let store = try Store(StoreConfiguration(.directory(path)))
      store.setTables([Self.table])
      try await store.buildView(Self.byValue, of: Self.table)
      try await store.buildView(Self.byKey, of: Self.table)
      let reader = try store.makeReader()
      for view in [Self.byValue, Self.byKey] {
        let rows = try Self.rows(reader, view, now: 0)
        #expect(rows.count >= 300)
        #expect(rows == (try Self.expected(reader, view, now: 0)), "seed \(seed), round \(round)")
      }
      await store.close()
    }
  }

  /// Makes views over rows in pieces while these are written anew, and kills the process after so many writes.
  static func dieBuilding(in path: String, after count: Int) async throws {
    var configuration = StoreConfiguration(.directory(path))
    configuration.limits.stepRecords = 2
    let store = try Store(configuration)
    let plain = TableHandle(number: number, graceSeconds: 1_000)
    func write(_ number: Int64, _ table: TableHandle, at timestamp: Int64, _ value: String) async throws {
      try await store.apply([
        PartitionMutation(table: table, partition: partition(number), rows: [row(1, at: timestamp, [1: value])])
      ])
    }
    for number in Int64(0)..<300 { try await write(number, plain, at: 1, "old") }
    store.setTables([table])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await store.buildView(byValue, of: table) }
      group.addTask { try await store.buildView(byKey, of: table) }
      for number in 0..<count {
        try await write(Int64(number * 7 % 300), table, at: Int64(2 + number), "new \(number)")
      }
      kill(getpid(), SIGKILL)
      try await group.waitForAll()
    }
  }
}
