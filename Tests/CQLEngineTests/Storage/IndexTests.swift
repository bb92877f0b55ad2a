import Testing

@testable import CQLEngine

@Suite(.timeLimit(.minutes(10))) struct IndexTests {
  private static let number = TableNumber(rawValue: 1)
  private static let values = IndexDefinition(number: TableNumber(rawValue: 2), source: .values(1))
  private static let paths = IndexDefinition(number: TableNumber(rawValue: 3), source: .paths(2))
  private static let entries = IndexDefinition(number: TableNumber(rawValue: 4), source: .entries(2))
  private static let clusterings = IndexDefinition(
    number: TableNumber(rawValue: 5),
    source: .key { key, _, value in
      value.append(key[key.count - 1])
      return true
    },
    order: { value, ordered in ordered.append(~value[0]) })
  private static let all = [values, paths, entries, clusterings]
  private let scratch = Scratch()

  private func find(_ reader: Reader, _ index: IndexDefinition, _ value: [UInt8]) throws -> [String] {
    var found: [String] = []
    _ = try reader.indexEntries(
      index.number, value: value, budget: SliceBudget(records: .max, microseconds: 60_000_000)
    ) { key in
      found.append("\(text(key.extracting(10..<(key.count - 2))))[\(key[key.count - 1])]")
      return .next
    }
    return found
  }

  private func count(_ reader: Reader, _ index: IndexDefinition) throws -> Int {
    var count = 0
    _ = try reader.indexEntries(index.number, .table, budget: SliceBudget(records: .max, microseconds: 60_000_000)) {
      _, _ in
      count += 1
      return .next
    }
    return count
  }

  @Test func entriesFollowTheCells() async throws {
    let store = try Store(StoreConfiguration(.temporary))
    let table = TableHandle(number: Self.number, graceSeconds: 100, indexes: Self.all)
    store.setTables([table])
    let reader = try store.makeReader()
    func apply(_ partitionNumber: Int64, _ row: RowMutation) async throws {
      try await store.apply([PartitionMutation(table: table, partition: partition(partitionNumber), rows: [row])])
    }
    try await apply(1, row(1, at: 1, [1: "a\0b"]))
    try await apply(2, row(2, at: 1, [1: "a\0b"]))
    try await apply(3, row(2, at: 1, [1: "a"]))
    #expect(try find(reader, Self.values, Array("a\0b".utf8)) == ["p1[1]", "p2[2]"])
    #expect(try find(reader, Self.values, Array("a".utf8)) == ["p3[2]"])
    #expect(try find(reader, Self.clusterings, [~2]) == ["p2[2]", "p3[2]"])
    // An older write changes nothing, a newer one moves the entry.
    try await apply(1, row(1, at: 0, [1: "old"]))
    try await apply(2, row(2, at: 2, [1: "new"]))
    #expect(try find(reader, Self.values, Array("a\0b".utf8)) == ["p1[1]"])
    #expect(try find(reader, Self.values, Array("old".utf8)) == [])
    #expect(try find(reader, Self.values, Array("new".utf8)) == ["p2[2]"])
    // Elements, and what a collection's deletion takes with it.
    let map = record { builder in
      builder.addCell(2, path: [7].span, value: [70].span, timestamp: 3)
      builder.addCell(2, path: [8].span, value: [80].span, timestamp: 3)
    }
    try await apply(1, RowMutation(clustering: [1], record: map))
    #expect(try find(reader, Self.paths, [8]) == ["p1[1]"])
    #expect(try find(reader, Self.entries, [0, 0, 0, 1, 8, 80]) == ["p1[1]"])
    let cleared = record { $0.addCollectionDeletion(2, Deletion(timestamp: 4, localSeconds: 1)) }
    try await apply(1, RowMutation(clustering: [1], record: cleared))
    #expect(try find(reader, Self.paths, [8]) == [])
    #expect(try count(reader, Self.entries) == 0)
    // A partition's deletion takes the entries with its rows, in the background.
    let gone = record { $0.setDeletion(Deletion(timestamp: 9, localSeconds: 1)) }
    try await store.apply([PartitionMutation(table: table, partition: partition(2), head: gone)])
    try await store.finishBackgroundWork()
    #expect(try find(reader, Self.values, Array("new".utf8)) == [])
    #expect(try count(reader, Self.values) == 2)
    await store.close()
  }

  @Test func buildingGoesInPiecesAndResumes() async throws {
    var configuration = StoreConfiguration(.directory(scratch.path))
    configuration.limits.stepRecords = 7
    let plain = TableHandle(number: Self.number, graceSeconds: 100)
    let indexed = TableHandle(number: Self.number, graceSeconds: 100, indexes: [Self.values])
    let store = try Store(configuration)
    for number in Int64(0)..<100 {
      try await store.apply([
        PartitionMutation(table: plain, partition: partition(number), rows: [row(1, at: 1, [1: "v"])])
      ])
    }
    let reader = try store.makeReader()
    async let building: Void = store.buildIndex(Self.values, of: indexed)
    // Rows that change meanwhile have the right entries, whether the build has passed them or not.
    for number in stride(from: Int64(0), to: 100, by: 5) {
      try await store.apply([
        PartitionMutation(table: indexed, partition: partition(number), rows: [row(1, at: 2, [1: "w"])])
      ])
    }
    try await building
    #expect(try find(reader, Self.values, Array("v".utf8)).count == 80)
    #expect(try find(reader, Self.values, Array("w".utf8)).count == 20)
    await store.close()
    let again = try Store(configuration)
    try await again.buildIndex(Self.values, of: indexed)
    #expect(try count(try again.makeReader(), Self.values) == 100)
    await again.close()
  }

  /// What has been gathered and not stored follows the writes that come meanwhile, and those that are taken back.
  @Test(arguments: [1, 40, 1 << 20]) func whatIsGatheredFollowsTheWrites(buildBytes: Int) async throws {
    var configuration = StoreConfiguration(.temporary)
    configuration.limits.stepRecords = 1
    configuration.limits.buildBytes = buildBytes
    let plain = TableHandle(number: Self.number, graceSeconds: 100)
    let indexed = TableHandle(number: Self.number, graceSeconds: 100, indexes: [Self.values])
    let store = try Store(configuration)
    let rows = (UInt8(0)..<200).map { row($0, at: 1, [1: "v\($0 % 7)"]) }
    for number in Int64(0)..<5 {
      try await store.apply([PartitionMutation(table: plain, partition: partition(number), rows: rows)])
    }
    async let building: Void = store.buildIndex(Self.values, of: indexed)
    for round in Int64(2)..<20 {
      for number in Int64(0)..<5 {
        let changed = row(UInt8(round * 10), at: round, [1: round % 2 == 0 ? "w" : "v1"])
        try await store.apply([PartitionMutation(table: indexed, partition: partition(number), rows: [changed])])
        // The second record is none, so that what the first has changed is taken back.
        let bad = RowMutation(clustering: [2], record: [0xff])
        await #expect(throws: StorageError.self) {
          try await store.apply([
            PartitionMutation(
              table: indexed, partition: partition(number), rows: [row(3, at: 50, [1: "x"]), bad])
          ])
        }
      }
    }
    try await building
    let reader = try store.makeReader()
    #expect(try count(reader, Self.values) == 1_000)
    #expect(try find(reader, Self.values, Array("x".utf8)) == [])
    var values: [String] = []
    let budget = SliceBudget(records: .max, microseconds: 60_000_000)
    _ = try reader.scan(Self.number, .table, now: 0, budget: budget) { view throws(StorageError) in
      var position = view.start
      if let cell = try view.next(&position) { values.append(text(view.value(of: cell))) }
      return .next
    }
    for value in Set(values) {
      #expect(try find(reader, Self.values, Array(value.utf8)).count == values.count { $0 == value })
    }
    await store.close()
  }

  @Test func aBuildThatTheCloseInterruptsIsToldSo() async throws {
    var configuration = StoreConfiguration(.directory(scratch.path))
    configuration.limits.stepRecords = 1
    let store = try Store(configuration)
    let table = TableHandle(number: Self.number, graceSeconds: 100, indexes: [Self.values])
    let plain = TableHandle(number: Self.number, graceSeconds: 100)
    let rows = (UInt8(0)..<250).map { row($0, at: 1, [1: "v"]) }
    for number in Int64(0)..<20 {
      try await store.apply([PartitionMutation(table: plain, partition: partition(number), rows: rows)])
    }
    async let closing: Void = store.close()
    let failure = await #expect(throws: StorageError.self) {
      while true { try await store.buildIndex(Self.values, of: table) }
    }
    #expect(failure?.code == .closed)
    await closing
    var again = StoreConfiguration(.directory(scratch.path))
    again.limits.stepRecords = 1_000
    let reopened = try Store(again)
    try await reopened.buildIndex(Self.values, of: table)
    #expect(try count(try reopened.makeReader(), Self.values) == 5_000)
    await reopened.close()
  }
}
