import Testing

@testable import CQLEngine

@Suite struct StoreTests {
  @Test func writesAreReadByAllReaders() async throws {
    let store = try Store(StoreConfiguration(.temporary))
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 100)
    let reader = try store.makeReader()
    try await store.apply([
      PartitionMutation(table: table, partition: partition(1), rows: [row(1, at: 5, [1: "a", 2: "b"])])
    ])
    try await store.apply([PartitionMutation(table: table, partition: partition(1), rows: [row(1, at: 6, [2: "c"])])])
    #expect(try reader.contents(table.number) == ["p1[1] *@6 1=a@5 2=c@6"])
    await store.close()
  }
}
