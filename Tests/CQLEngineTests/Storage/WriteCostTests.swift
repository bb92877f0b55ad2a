import CassandraDice
import Foundation
import Testing

@testable import CQLEngine

/// A write costs what it writes, however large the row, the head or the list is that it goes into.
@Suite(.timeLimit(.minutes(10))) struct WriteCostTests {
  /// A page of the write-ahead log, with its header.
  private static let pageBytes = StoreFormat.pageBytes + 24

  /// A store of which the log is never begun anew, so that its length tells all that was written.
  private func store() throws -> Store {
    var configuration = StoreConfiguration(.temporary)
    configuration.limits.checkpointBytes = 1 << 40
    configuration.limits.logBytes = 1 << 40
    let clock = MovingClock(1_000)
    configuration.clock = clock.read
    return try Store(configuration)
  }

  private func writtenBytes(_ store: Store) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: store.directoryPath + "/node.db-wal")[.size] as? Int ?? 0
  }

  /// The parts of the long records, longest first.
  private func parts(_ store: Store) throws -> [Int64] {
    let database = try Database(
      path: store.directoryPath + "/node.db", mode: .readOnly,
      fileSystemName: PageFileSystem.name(over: nil, isSynced: false))
    let statement = try database.prepare("SELECT length(v) FROM longs ORDER BY length(v) DESC")
    var found: [Int64] = []
    while try statement.step() { found.append(statement.integer(0)) }
    return found
  }

  /// Pages that each of `count` writes may take: the one with the stub, a small part, and what is merged now and then.
  private func expectBound(_ store: Store, _ before: Int, writes count: Int, pages: Int, _ what: Comment) throws {
    let written = try writtenBytes(store) - before
    #expect(written <= count * pages * Self.pageBytes, what)
  }

  @Test func smallWritesIntoARowWithALargeCell() async throws {
    let store = try store()
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 100)
    func write(_ row: RowMutation) async throws {
      try await store.apply([PartitionMutation(table: table, partition: partition(1), rows: [row])])
    }
    let large = String(repeating: "large", count: 200_000)
    try await write(row(1, at: 1, [1: large]))
    let before = try writtenBytes(store)
    for number in 0..<300 { try await write(row(1, at: Int64(number) + 2, [2: "\(number)"])) }
    try expectBound(store, before, writes: 300, pages: 6, "a write of a few bytes")
    // Of one cell many versions are not kept.
    #expect(try parts(store).dropFirst().reduce(0, +) < 1_000)
    #expect(try store.makeReader().contents(table.number) == ["p1[1] *@301 1=\(large)@1 2=299@301"])
    await store.close()
  }

  @Test func smallWritesIntoARowWithAnIndexOnAnotherColumn() async throws {
    let store = try store()
    let indexes = [
      IndexDefinition(number: store.makeTableNumber(), source: .values(3)),
      IndexDefinition(
        number: store.makeTableNumber(),
        source: .key { key, _, value in
          value.append(key[key.count - 1])
          return true
        }),
    ]
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 100, indexes: indexes)
    store.setTables([table])
    func write(_ row: RowMutation) async throws {
      try await store.apply([PartitionMutation(table: table, partition: partition(1), rows: [row])])
    }
    try await write(row(1, at: 1, [1: String(repeating: "large", count: 200_000), 3: "three"]))
    let before = try writtenBytes(store)
    for number in 0..<100 { try await write(row(1, at: Int64(number) + 2, [2: "\(number)"])) }
    try expectBound(store, before, writes: 100, pages: 6, "a write beside an index")
    // A write of the indexed column moves its entry, though the old value stands in another part.
    try await write(row(1, at: 500, [3: "four"]))
    try await write(row(1, at: 501, [2: "last"]))
    let reader = try store.makeReader()
    func found(_ index: IndexDefinition, _ value: [UInt8]) throws -> Int {
      var count = 0
      _ = try reader.indexEntries(index.number, value: value) { _ in
        count += 1
        return .next
      }
      return count
    }
    #expect(try found(indexes[0], Array("three".utf8)) == 0)
    #expect(try found(indexes[0], Array("four".utf8)) == 1)
    #expect(try found(indexes[1], [1]) == 1)
    await store.close()
  }

  /// The work for each element stays as it is while the list grows.
  @Test func elementsAppendedToALongList() async throws {
    let store = try store()
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 100)
    var length = 0
    func append(_ count: Int) async throws -> Int {
      let before = try writtenBytes(store)
      for _ in 0..<count {
        let path: [UInt8] = [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff)]
        let element = record { $0.addCell(1, path: path.span, value: [7, 7, 7, 7].span, timestamp: Int64(length)) }
        try await store.apply([
          PartitionMutation(
            table: table, partition: partition(1), rows: [RowMutation(clustering: [1], record: element)])
        ])
        length += 1
      }
      return try writtenBytes(store) - before
    }
    // At once, as a client may, so that the test is short.
    var many = RecordBuilder()
    for _ in 0..<30_000 {
      let path: [UInt8] = [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff)]
      many.addCell(1, path: path.span, value: [7, 7, 7, 7].span, timestamp: Int64(length))
      length += 1
    }
    try await store.apply([
      PartitionMutation(
        table: table, partition: partition(1), rows: [RowMutation(clustering: [1], record: many.finish())])
    ])
    let written = try await append(500)
    #expect(written <= 500 * 8 * Self.pageBytes)
    let sizes = try parts(store)
    #expect(sizes.count <= 8, "\(sizes)")
    var count = 0
    _ = try store.makeReader().record(table.number, partition(1).row([1]), now: 0) { view throws(StorageError) in
      var position = view.start
      while try view.next(&position) != nil { count += 1 }
    }
    #expect(count == 30_500)
    await store.close()
  }

  @Test func rangeDeletionsOfOnePartition() async throws {
    let store = try store()
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 100)
    store.setTables([table])
    func bytes(_ number: Int) -> [UInt8] { [UInt8(number >> 8 & 0xff), UInt8(number & 0xff)] }
    func delete(_ numbers: Range<Int>) async throws -> Int {
      let before = try writtenBytes(store)
      for number in numbers {
        let head = record {
          $0.addRangeDeletion(
            from: bytes(number * 10), upTo: bytes(number * 10 + 5), Deletion(timestamp: 10, localSeconds: 990))
        }
        try await store.apply([PartitionMutation(table: table, partition: partition(1), head: head)])
      }
      return try writtenBytes(store) - before
    }
    // Most of them at once, so that the test is short.
    let many = record { builder in
      for number in 0..<2_800 {
        builder.addRangeDeletion(
          from: bytes(number * 10), upTo: bytes(number * 10 + 5), Deletion(timestamp: 10, localSeconds: 990))
      }
    }
    try await store.apply([PartitionMutation(table: table, partition: partition(1), head: many)])
    try await store.finishBackgroundWork()
    let written = try await delete(2_800..<3_000)
    // Each is swept for, too, in a transaction of its own.
    #expect(written <= 200 * 16 * Self.pageBytes)
    try await store.finishBackgroundWork()
    let reader = try store.makeReader()
    for number in stride(from: 0, to: 3_000, by: 7) {
      #expect(try reader.deletedThrough(table.number, partition(1).row(bytes(number * 10)).span) == 10)
      #expect(try reader.deletedThrough(table.number, partition(1).row(bytes(number * 10 + 4)).span) == 10)
      #expect(try reader.deletedThrough(table.number, partition(1).row(bytes(number * 10 + 5)).span) == .min)
    }
    await store.close()
  }

  /// Cells that come in the order opposite to that of their columns.
  @Test func cellsInDescendingOrder() throws {
    var builder = RecordBuilder()
    for column in (0..<16_000).reversed() {
      builder.addCell(ColumnID(column), value: [1].span, timestamp: Int64(column % 3))
    }
    let made = builder.finish()
    var expected = RecordBuilder()
    for column in 0..<16_000 { expected.addCell(ColumnID(column), value: [1].span, timestamp: Int64(column % 3)) }
    #expect(try RecordMerge.settle(made.span, deletedThrough: .min) == expected.finish())
  }
}

/// Long records of several parts are what one merge of all writes would be.
@Suite(.timeLimit(.minutes(10))) struct LongRecordTests {
  /// Writes into a few rows with values that are long enough for many parts.
  @Test(arguments: 0..<12 as Range<UInt64>) func historiesOfLongRecords(_ seed: UInt64) async throws {
    var generator = HistoryGenerator(random: Dice(seed: seed))
    generator.values = [
      "", "a", "bb", String(repeating: "long", count: 300), String(repeating: "v", count: 9_000),
      String(repeating: "w", count: 70_000),
    ]
    generator.columns = 1...9
    generator.rows = 0..<2
    var configuration = StoreConfiguration(.temporary)
    let clock = MovingClock(generator.now)
    configuration.clock = clock.read
    configuration.limits.stepRecords = 3
    let store = try Store(configuration)
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 1_000)
    store.setTables([table])
    let reader = try store.makeReader()
    var model = PartitionModel()
    for round in 0..<60 {
      var writes = [generator.write()]
      if case .partition = writes[0] {} else if generator.random.oneIn(2) { writes.append(generator.write()) }
      if case .partition? = writes.last { writes = [writes[writes.count - 1]] }
      model.writes += writes
      try await store.apply([mutation(writes, to: partition(1), of: table)])
      if generator.random.oneIn(12) { try await store.finishBackgroundWork() }
      for now in [generator.now, generator.now + 120] where round.isMultiple(of: 5) {
        let expected = model.contents("p1", now: now)
        #expect(try reader.contents(table.number, now: now) == expected, "round \(round)")
        #expect(try reader.contents(table.number, reverse: true, now: now) == expected.reversed(), "round \(round)")
      }
    }
    let end = generator.now + 10_000
    let left = try reader.contents(table.number, now: end)
    clock.set(end)
    try await store.finishBackgroundWork()
    #expect(try reader.contents(table.number, now: end) == left)
    #expect(try reader.mortalRecords(table.number) == [])
    await store.close()
  }

  /// Two lists of intervals merged at once are what adding one by one makes of them.
  @Test func rangesMergedAtOnce() {
    var random = Dice(seed: 11)
    func ranges(_ count: Int) -> [RangeDeletion] {
      (0..<count).map { _ in
        let lower = UInt8.random(in: 0..<40, using: &random)
        return RangeDeletion(
          lower: [lower], upper: random.oneIn(8) ? nil : [lower + UInt8.random(in: 0..<9, using: &random)],
          deletion: Deletion(timestamp: Int64.random(in: 0..<4, using: &random), localSeconds: 1))
      }
    }
    for round in 0..<400 {
      let (left, right) = (ranges(round % 7), ranges(round % 5))
      var (first, second, each) = (RangeDeletions(), RangeDeletions(), RangeDeletions())
      for range in left { first.add(range) }
      for range in right { second.add(range) }
      for range in left + right { each.add(range) }
      first.add(second)
      var section: [UInt8] = []
      first.append(to: &section)
      for place in UInt8(0)..<50 {
        let clustering: [UInt8] = [place]
        let expected =
          (left + right).filter { range in
            range.lower[0] <= place && (range.upper.map { place < $0[0] } ?? true)
          }.map(\.deletion.timestamp).max() ?? .min
        #expect(first.deletedThrough(clustering.span) == expected)
        #expect(each.deletedThrough(clustering.span) == expected)
        #expect(
          (try? RangeDeletions.deletedThrough(clustering.span, in: section.span.extracting(4..<section.count)))
            == expected)
      }
      for (left, right) in zip(first.intervals, first.intervals.dropFirst()) {
        #expect(left.upper.map { !right.lower.isBefore($0) } ?? false, "in order and apart")
      }
    }
  }
}
