import Foundation
import Testing

@testable import CQLEngine

@Suite(.timeLimit(.minutes(10))) struct BackgroundTests {
  private let scratch = Scratch()

  private func records(_ path: String) throws -> Int64 {
    let database = try Database(
      path: path + "/node.db", mode: .readOnly, fileSystemName: PageFileSystem.name(over: nil, isSynced: true))
    // Each long record has its place in the ordered table, and nothing of the longs is left over.
    let longs = try database.integer("SELECT count(*) FROM longs")
    let parts = try database.integer(
      "SELECT coalesce(sum((length(v) - 1) / 12), 0) FROM records WHERE length(v) > 0 AND hex(substr(v, 1, 1)) = '00'")
    #expect(longs == parts)
    return try database.integer("SELECT count(*) FROM records")
  }

  private func planned(_ path: String) throws -> [Int64] {
    let database = try Database(
      path: path + "/node.db", mode: .readOnly, fileSystemName: PageFileSystem.name(over: nil, isSynced: true))
    return try ["dropped", "sweeps", "purges", "headed"].map { try database.integer("SELECT count(*) FROM \($0)") }
  }

  private func fill(_ store: Store, _ table: TableHandle) async throws {
    let rows = (UInt8(0)..<250).map { row($0, at: 1, [1: String(repeating: "v", count: $0 % 5 == 0 ? 3_000 : 1)]) }
    for number in Int64(0)..<4 {
      try await store.apply([PartitionMutation(table: table, partition: partition(number), rows: rows)])
    }
  }

  @Test func droppedTablesAreDrainedAlsoAfterARestart() async throws {
    var configuration = StoreConfiguration(.directory(scratch.path))
    configuration.limits.stepRecords = 10
    let store = try Store(configuration)
    let (gone, kept) = (
      TableHandle(number: store.makeTableNumber(), graceSeconds: 0),
      TableHandle(number: store.makeTableNumber(), graceSeconds: 0)
    )
    try await fill(store, gone)
    try await fill(store, kept)
    try await store.commit(meta: [(name: "schema", value: [1])], tablesToDrop: [gone.number])
    await store.close()
    let again = try Store(configuration)
    try await again.finishBackgroundWork()
    #expect(try again.makeReader().contents(gone.number) == [])
    #expect(try again.makeReader().contents(kept.number).count == 1_000)
    #expect(try records(scratch.path) == 1_000)
    #expect(try planned(scratch.path) == [0, 0, 0, 0])
    await again.close()
  }

  @Test func coveredRowsAreRemovedAndTheirDeletionAfterTheGrace() async throws {
    var configuration = StoreConfiguration(.directory(scratch.path))
    configuration.limits.stepRecords = 10
    let clock = MovingClock(1_000)
    configuration.clock = clock.read
    let store = try Store(configuration)
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 100)
    store.setTables([table])
    try await fill(store, table)
    let whole = record { $0.setDeletion(Deletion(timestamp: 5, localSeconds: 1_000)) }
    let part = record { builder in
      builder.addRangeDeletion(from: [10], upTo: [20], Deletion(timestamp: 5, localSeconds: 1_000))
    }
    try await store.apply([
      PartitionMutation(table: table, partition: partition(0), head: whole),
      PartitionMutation(table: table, partition: partition(1), head: part),
    ])
    let reader = try store.makeReader()
    // At once for readers, later in the file.
    #expect(try reader.contents(table.number).count == 740)
    try await store.finishBackgroundWork()
    #expect(try records(scratch.path) == 740 + 2)
    // A write of an older time is still covered, until the grace is over.
    try await store.apply([PartitionMutation(table: table, partition: partition(0), rows: [row(1, at: 4, [1: "late"])])]
    )
    #expect(try reader.contents(table.number).count == 740)
    clock.set(1_200)
    try await store.finishBackgroundWork()
    #expect(try records(scratch.path) == 740)
    #expect(try planned(scratch.path) == [0, 0, 0, 1])
    await store.close()
  }

  @Test func expiredCellsBecomeTombstonesAndThenNothing() async throws {
    var configuration = StoreConfiguration(.directory(scratch.path))
    let clock = MovingClock(1_000)
    configuration.clock = clock.read
    let store = try Store(configuration)
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 10_000)
    store.setTables([table])
    let expiring = record { builder in
      builder.addCell(
        1, value: Array(repeating: 1, count: 3_000).span, timestamp: 1, expiry: Expiry(ttl: 60, seconds: 1_060))
    }
    try await store.apply([
      PartitionMutation(
        table: table, partition: partition(0), rows: [RowMutation(clustering: [1], record: expiring)])
    ])
    func bytes() throws -> Int {
      var bytes = 0
      _ = try store.makeReader().scan(table.number, .table, now: 0) { view in
        bytes += view.bytes.count
        return .next
      }
      return bytes
    }
    clock.set(1_050)
    try await store.finishBackgroundWork()
    #expect(try bytes() > 3_000)
    clock.set(1_200)
    try await store.finishBackgroundWork()
    #expect(try bytes() < 100)
    #expect(try bytes() > 0)
    // From the time of the write, not from that of its end.
    clock.set(11_100)
    try await store.finishBackgroundWork()
    #expect(try bytes() == 0)
    #expect(try planned(scratch.path) == [0, 0, 0, 0])
    await store.close()
  }

  @Test func theLogStaysSmallWhileReadersRead() async throws {
    var configuration = StoreConfiguration(.directory(scratch.path))
    configuration.limits.checkpointBytes = 100_000
    configuration.limits.logBytes = 400_000
    let store = try Store(configuration)
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 0)
    let reader = try store.makeReader()
    var largest = 0
    for number in Int64(0)..<400 {
      let rows = (UInt8(0)..<10).map { row($0, at: 1, [1: String(repeating: "v", count: 500)]) }
      try await store.apply([PartitionMutation(table: table, partition: partition(number), rows: rows)])
      _ = try reader.scan(table.number, .table, now: 0) { _ in .next }
      let attributes = try FileManager.default.attributesOfItem(atPath: scratch.path + "/node.db-wal")
      largest = max(largest, (attributes[.size] as? Int) ?? 0)
    }
    #expect(largest < 600_000)
    #expect(try reader.contents(table.number).count == 4_000)
    await store.close()
  }
}
