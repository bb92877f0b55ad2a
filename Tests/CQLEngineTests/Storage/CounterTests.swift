import Testing

@testable import CQLEngine

@Suite(.timeLimit(.minutes(10))) struct CounterTests {
  private let table = TableHandle(number: TableNumber(rawValue: 1), graceSeconds: 100)

  private func add(_ delta: Int64, at timestamp: Int64, row: UInt8 = 1) -> [PartitionMutation] {
    let bytes = record { $0.addCounter(1, delta: delta, timestamp: timestamp) }
    return [
      PartitionMutation(
        table: table, partition: partition(1), rows: [RowMutation(clustering: [row], record: bytes)])
    ]
  }

  private func delete(_ head: [UInt8] = [], _ row: [UInt8]? = nil) -> [PartitionMutation] {
    let rows = row.map { [RowMutation(clustering: [1], record: $0)] } ?? []
    return [PartitionMutation(table: table, partition: partition(1), head: head, rows: rows)]
  }

  @Test func concurrentAdditionsAreAllCounted() async throws {
    let store = try Store(StoreConfiguration(.temporary))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in Int64(1)...200 { group.addTask { try await store.apply(add(number, at: number)) } }
      try await group.waitForAll()
    }
    #expect(try store.makeReader().contents(table.number) == ["p1[1] 1=20100@200"])
    await store.close()
  }

  @Test func sumsWrap() async throws {
    let store = try Store(StoreConfiguration(.temporary))
    try await store.apply(add(.max, at: 1))
    try await store.apply(add(1, at: 2))
    #expect(try store.makeReader().contents(table.number) == ["p1[1] 1=\(Int64.min)@2"])
    await store.close()
  }

  @Test func deletionsOfRowsRangesAndPartitionsBeginAnew() async throws {
    let store = try Store(StoreConfiguration(.temporary))
    let deletions: [@Sendable (inout RecordBuilder) -> Void] = [
      { $0.setDeletion(Deletion(timestamp: 10, localSeconds: 1)) },
      { $0.addRangeDeletion(from: [0], upTo: [9], Deletion(timestamp: 20, localSeconds: 1)) },
    ]
    try await store.apply(add(5, at: 1))
    try await store.apply(delete(record(deletions[0])))
    #expect(try store.makeReader().contents(table.number) == [])
    try await store.apply(add(7, at: 11))
    #expect(try store.makeReader().contents(table.number) == ["p1[1] 1=7@11"])
    try await store.apply(delete(record(deletions[1])))
    try await store.apply(add(2, at: 21))
    try await store.apply(add(3, at: 19, row: 2))
    #expect(try store.makeReader().contents(table.number) == ["p1[1] 1=2@21"])
    try await store.apply(delete([], record { $0.setDeletion(Deletion(timestamp: 30, localSeconds: 1)) }))
    try await store.apply(add(4, at: 31))
    #expect(try store.makeReader().contents(table.number) == ["p1[1] 1=4@31"])
    await store.close()
  }

  @Test func aDeletedCounterStaysDeleted() async throws {
    let store = try Store(StoreConfiguration(.temporary))
    try await store.apply(add(5, at: 1))
    try await store.apply(delete([], record { $0.addTombstone(1, Deletion(timestamp: 2, localSeconds: 1)) }))
    try await store.apply(add(5, at: 3))
    #expect(try store.makeReader().contents(table.number) == [])
    await store.close()
  }
}
