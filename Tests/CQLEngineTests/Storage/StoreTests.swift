import Foundation
import Synchronization
import Testing

@testable import CQLEngine

@Suite(.timeLimit(.minutes(10))) struct StoreTests {
  private let scratch = Scratch()

  private func table(_ number: UInt32 = 1, indexes: [IndexDefinition] = []) -> TableHandle {
    TableHandle(number: TableNumber(rawValue: number), graceSeconds: 100, indexes: indexes)
  }

  private func write(_ table: TableHandle, _ partitionNumber: Int64, _ rows: [RowMutation]) -> [PartitionMutation] {
    [PartitionMutation(table: table, partition: partition(partitionNumber), rows: rows)]
  }

  @Test func writesAreReadByAllReadersAndAfterARestart() async throws {
    let store = try Store(StoreConfiguration(.directory(scratch.path)))
    let (first, second) = (try store.makeReader(), try store.makeReader())
    try await store.apply(write(table(), 1, [row(1, at: 5, [1: "a", 2: "b"])]))
    try await store.apply(write(table(), 1, [row(1, at: 6, [2: "c"])]))
    #expect(try first.contents(table().number) == ["p1[1] *@6 1=a@5 2=c@6"])
    #expect(try second.contents(table().number) == ["p1[1] *@6 1=a@5 2=c@6"])
    await store.close()
    await #expect(throws: StorageError(.closed)) { try await store.apply(write(table(), 1, [])) }
    #expect(throws: StorageError(.closed)) { try store.makeReader() }
    #expect(throws: StorageError(.closed)) { try first.contents(table().number) }
    let again = try Store(StoreConfiguration(.directory(scratch.path)))
    #expect(try again.makeReader().contents(table().number) == ["p1[1] *@6 1=a@5 2=c@6"])
    await again.close()
  }

  @Test func aTransactionLargerThanWhatTheLogGathersIsWhole() async throws {
    let store = try Store(StoreConfiguration(.directory(scratch.path)))
    let rows = (UInt8(0)..<250).map { row($0, at: 1, [1: String(repeating: "v", count: 900)]) }
    try await store.apply((Int64(0)..<4).flatMap { write(table(), $0, rows) })
    #expect(try store.makeReader().contents(table().number).count == 1_000)
    await store.close()
    let again = try Store(StoreConfiguration(.directory(scratch.path)))
    #expect(try again.makeReader().contents(table().number).count == 1_000)
    await again.close()
  }

  @Test func ofWritesThatComeTogetherThoseWithoutRoomAreRefused() {
    var limits = StorageLimits()
    limits.waitingWrites = 3
    let queue = WriteQueue(limits)
    func record(_ number: UInt8) -> QueuedWrite {
      QueuedWrite(.record(table(), key: [number], record: [0]), waiter: nil)
    }
    func keys(_ writes: [QueuedWrite]) -> [UInt8] {
      writes.compactMap { if case .record(_, let key, _) = $0.work { key[0] } else { nil } }
    }
    var writes = [record(1), record(2)]
    #expect(queue.push(&writes).isEmpty)
    writes = [record(3), record(4), record(5)]
    var refused = queue.push(&writes)
    #expect(writes.isEmpty)
    #expect(keys(refused.map(\.0)) == [4, 5])
    #expect(refused.map(\.1) == [StorageError(.overloaded), StorageError(.overloaded)])
    #expect(keys(queue.takeAll(waiting: 0)) == [1, 2, 3])
    #expect(queue.push(QueuedWrite(.close, waiter: nil)) == nil)
    writes = [record(6)]
    refused = queue.push(&writes)
    #expect(keys(refused.map(\.0)) == [6])
    #expect(refused.map(\.1) == [StorageError(.closed)])
  }

  @Test func partitionsOrderByTokenAndRowsByClustering() async throws {
    let store = try Store(StoreConfiguration(.temporary))
    for number in [Int64.max, 0, -1, .min, 1] {
      try await store.apply(write(table(), number, [row(200, at: 1, [1: "x"]), row(3, at: 1, [1: "y"])]))
    }
    let reader = try store.makeReader()
    let all = [Int64.min, -1, 0, 1, .max].flatMap { ["p\($0)[3] *@1 1=y@1", "p\($0)[200] *@1 1=x@1"] }
    #expect(try reader.contents(table().number) == all)
    #expect(try reader.contents(table().number, .tokens(from: -1, through: 0)) == Array(all[2..<6]))
    #expect(try reader.contents(table().number, .tokens(from: 1, through: .max)) == Array(all[6...]))
    #expect(try reader.contents(table().number, .partition(partition(.max)), reverse: true) == all[8...].reversed())
    await store.close()
  }

  @Test func partitionsCanBeSkipped() async throws {
    let store = try Store(StoreConfiguration(.temporary))
    for number in Int64(0)..<5 {
      try await store.apply(write(table(), number, (0..<4).map { row($0, at: 1, [1: "x"]) }))
    }
    let reader = try store.makeReader()
    for (reverse, expected) in [(false, [0, 1, 2, 3, 4] as [Int64]), (true, [4, 3, 2, 1, 0])] {
      for budget in [SliceBudget(), SliceBudget(records: 1, microseconds: 60_000_000)] {
        var seen: [Int64] = []
        var range = KeyRange.table
        while case .slice(let rest) = try reader.scan(
          table().number, range, reverse: reverse, now: 0, budget: budget,
          { view in
            seen.append(view.token)
            return .nextPartition
          })
        { range = rest }
        #expect(seen == expected)
      }
    }
    await store.close()
  }

  @Test func aScanEndsWithItsBudget() async throws {
    let store = try Store(StoreConfiguration(.temporary))
    try await store.apply(write(table(), 1, (0..<200).map { row($0, at: 1, [1: "x"]) }))
    let reader = try store.makeReader()
    var seen = 0
    let end = try reader.scan(
      table().number, .table, now: 0, budget: SliceBudget(records: 70, microseconds: 60_000_000)
    ) {
      _ in
      seen += 1
      return .next
    }
    #expect(seen == 70)
    #expect(end == .slice(rest: KeyRange(lower: partition(1).row([69, 0]), upper: [])))
    // No time at all: the clock is looked at after 32 records.
    seen = 0
    _ = try reader.scan(table().number, .table, now: 0, budget: SliceBudget(records: 5_000, microseconds: 0)) { _ in
      seen += 1
      return .next
    }
    #expect(seen == 32)
    #expect(try reader.scan(table().number, .table, now: 0) { _ in .stop } == .stopped)
    await store.close()
  }

  @Test func aSecondStoreIsRefused() async throws {
    let store = try Store(StoreConfiguration(.directory(scratch.path)))
    let error = #expect(throws: StorageError.self) { try Store(StoreConfiguration(.directory(scratch.path))) }
    #expect(error?.code == .inUse)
    let path = scratch.path
    await #expect(processExitsWith: .exitCode(33)) { [path = path as String] in
      do throws(StorageError) {
        _ = try Store(StoreConfiguration(.directory(path)))
      } catch {
        exit(error.code == .inUse ? 33 : 1)
      }
    }
    await store.close()
    let again = try Store(StoreConfiguration(.directory(scratch.path)))
    await again.close()
  }

  @Test(.enabled(if: isLinux, "only Linux has locks that belong to an open file"))
  func otherProgramsAreKeptOutOfTheFile() async throws {
    let store = try Store(StoreConfiguration(.directory(scratch.path)))
    // What SQLite's shell does, which knows nothing of the lock in the directory.
    let stranger = try Database(path: scratch.path + "/node.db", mode: .readWrite, fileSystemName: nil)
    let error = #expect(throws: StorageError.self) { try stranger.execute("DELETE FROM records") }
    #expect(error?.code == .inUse)
    await store.close()
  }

  @Test func filesOfOthersAndOfOtherVersionsAreRefused() async throws {
    let path = scratch.path
    func open() -> StorageError? {
      do throws(StorageError) {
        _ = try Store(StoreConfiguration(.directory(path)))
        return nil
      } catch {
        return error
      }
    }
    let store = try Store(StoreConfiguration(.directory(path)))
    await store.close()
    let database = try Database(
      path: path + "/node.db", mode: .readWrite, fileSystemName: PageFileSystem.name(over: nil, isSynced: true))
    try database.execute("PRAGMA user_version = 99")
    #expect(open()?.code == .unsupportedVersion)
    try database.execute("PRAGMA application_id = 1")
    #expect(open()?.code == .unsupportedVersion)
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let stranger = try Database(path: path + "/node.db", mode: .readWrite, fileSystemName: nil)
    try stranger.execute("CREATE TABLE t (a)")
    #expect(open()?.code == .corrupt)
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Data(repeating: 7, count: 9_000).write(to: URL(fileURLWithPath: path + "/node.db"))
    #expect(open()?.code == .corrupt)
    try FileManager.default.removeItem(atPath: path)
    try Data("a file".utf8).write(to: URL(fileURLWithPath: path))
    #expect(open()?.code == .cannotOpen)
  }

  /// A file of format 1 has stubs without lengths and sweeps without timestamps; it is read, and written to, all the same.
  @Test func filesOfFormat1AreTakenOver() async throws {
    let path = scratch.path
    let table = TableHandle(number: TableNumber(rawValue: 3), graceSeconds: 100)
    let large = String(repeating: "large", count: 10_000)
    func write(_ store: Store, _ row: RowMutation) async throws {
      try await store.apply([PartitionMutation(table: table, partition: partition(1), rows: [row])])
    }
    let store = try Store(StoreConfiguration(.directory(path)))
    for number in UInt8(0)..<4 { try await write(store, row(number, at: 1, [1: large])) }
    await store.close()
    let database = try Database(
      path: path + "/node.db", mode: .readWrite, fileSystemName: PageFileSystem.name(over: nil, isSynced: true))
    try database.execute(
      """
      UPDATE records SET v = substr(v, 1, 9) WHERE length(v) = 13;
      ALTER TABLE sweeps DROP COLUMN through;
      PRAGMA user_version = 1
      """)
    let again = try Store(StoreConfiguration(.directory(path)))
    try await write(again, row(1, at: 2, [2: "new"]))
    try await write(again, row(2, at: 2, [1: "short"]))
    #expect(
      try again.makeReader().contents(table.number) == [
        "p1[0] *@1 1=\(large)@1", "p1[1] *@2 1=\(large)@1 2=new@2", "p1[2] *@2 1=short@2", "p1[3] *@1 1=\(large)@1",
      ])
    await again.close()
    #expect(try database.integer("PRAGMA user_version") == 2)
    #expect(try database.integer("SELECT count(*) FROM pragma_table_info('sweeps') WHERE name = 'through'") == 1)
  }

  @Test func temporaryDirectoriesAreRemoved() async throws {
    let root = FileManager.default.temporaryDirectory.path
    func directories() throws -> Set<String> {
      Set(try FileManager.default.contentsOfDirectory(atPath: root).filter { $0.hasPrefix("cql-node-temporary-") })
    }
    let abandoned = root + "/cql-node-temporary-abandoned-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: abandoned, withIntermediateDirectories: true)
    for name in ["lock", "node.db"] { try Data().write(to: URL(fileURLWithPath: abandoned + "/" + name)) }
    let store = try Store(StoreConfiguration(.temporary))
    #expect(!FileManager.default.fileExists(atPath: abandoned))
    let path = store.directoryPath
    #expect(FileManager.default.fileExists(atPath: path + "/node.db"))
    await store.close()
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(try !directories().contains(String(path.split(separator: "/").last ?? "")))
  }

  @Test func aCopyIsAStoreOfItsOwn() async throws {
    let store = try Store(StoreConfiguration(.temporary))
    try await store.apply(write(table(), 1, [row(1, at: 1, [1: "x", 2: String(repeating: "long", count: 900)])]))
    try await store.commit(meta: [(name: "schema", value: [7])])
    try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
    let file = scratch.path + "/copy.db"
    try store.makeReader().copy(to: file)
    let expected = try store.makeReader().contents(table().number)
    try await store.apply(write(table(), 2, [row(1, at: 1, [1: "later"])]))
    await store.close()
    for _ in 0..<2 {
      let copy = try Store(StoreConfiguration(.temporaryCopy(of: file)))
      #expect(try copy.makeReader().contents(table().number) == expected)
      #expect(try copy.makeReader().meta("schema") == [7])
      try await copy.apply(write(table(), 3, [row(1, at: 1, [1: "its own"])]))
      await copy.close()
    }
  }

  @Test func metaAndTableNumbersSurviveARestart() async throws {
    let store = try Store(StoreConfiguration(.directory(scratch.path)))
    let (first, second) = (store.makeTableNumber(), store.makeTableNumber())
    #expect(first < second)
    try await store.commit(meta: [(name: "schema", value: [1, 2]), (name: "host", value: [])])
    try await store.commit(meta: [(name: "schema", value: [3]), (name: "other", value: [4])])
    try await store.commit(meta: [(name: "other", value: nil)])
    await store.close()
    let again = try Store(StoreConfiguration(.directory(scratch.path)))
    let reader = try again.makeReader()
    #expect(try reader.meta("schema") == [3])
    #expect(try reader.meta("host") == [])
    #expect(try reader.meta("other") == nil)
    #expect(again.makeTableNumber() > second)
    await again.close()
  }

  @Test func decisionsSeeWhatIsThereAndWhatTheirGroupWrote() async throws {
    let store = try Store(StoreConfiguration(.temporary))
    let table = table()
    // Each adds one to a number by reading and writing it: none is lost.
    let outcomes = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<100 {
        group.addTask {
          try await store.apply(deciding: { reader throws(StorageError) in
            var number = 0
            _ = try reader.record(table.number, partition(1).row([1]), now: 0) { view throws(StorageError) in
              var position = view.start
              if let cell = try view.next(&position) { number = Int(text(view.value(of: cell))) ?? -1 }
            }
            let next = row(1, at: Int64(number), [1: "\(number + 1)"])
            return WriteDecision(
              [PartitionMutation(table: table, partition: partition(1), rows: [next])], outcome: number + 1)
          })
        }
      }
      var all: [Int] = []
      for try await outcome in group { all.append(outcome) }
      return all
    }
    #expect(outcomes.sorted() == Array(1...100))
    #expect(try store.makeReader().contents(table.number) == ["p1[1] *@99 1=100@99"])
    await #expect(throws: StorageError(.invalidMutation)) {
      try await store.apply(deciding: { _ throws(StorageError) -> WriteDecision<Int> in
        throw StorageError(.invalidMutation)
      })
    }
    await store.close()
  }

  @Test func aBadWriteFailsAloneAndWhole() async throws {
    var configuration = StoreConfiguration(.temporary)
    configuration.limits.recordBytes = 1_000
    let store = try Store(configuration)
    let table = table()
    let codes = await withTaskGroup(of: StorageError.Code?.self) { group in
      for number in 0..<30 {
        group.addTask {
          var rows = [row(1, at: 1, [1: "x"]), row(2, at: 1, [1: "y"])]
          if number == 7 { rows[1] = row(2, at: 1, [1: String(repeating: "z", count: 2_000)]) }
          if number == 8 { rows[1].record = [9, 9, 9] }
          if number == 9 { rows[1].record = [] }
          do throws(StorageError) {
            try await store.apply([PartitionMutation(table: table, partition: partition(Int64(number)), rows: rows)])
            return nil
          } catch {
            return error.code
          }
        }
      }
      var codes: [StorageError.Code] = []
      for await code in group { if let code { codes.append(code) } }
      return codes.map(\.description).sorted()
    }
    #expect(codes == [StorageError.Code.invalidMutation, .invalidMutation, .recordTooLarge].map(\.description))
    let lines = try store.makeReader().contents(table.number)
    #expect(lines.count == 27 * 2)
    #expect(!lines.contains { $0.hasPrefix("p7[") || $0.hasPrefix("p8[") || $0.hasPrefix("p9[") })
    await store.close()
  }

  @Test func moreWritesThanMayWaitAreRefused() async throws {
    var configuration = StoreConfiguration(.temporary)
    configuration.limits.waitingWrites = 3
    let store = try Store(configuration)
    let table = table()
    let (gate, opened) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    async let blocked: Void = store.apply(deciding: { _ in
      opened.signal()
      gate.wait()
      return WriteDecision([], outcome: ())
    })
    await withUnsafeContinuation { continuation in
      Thread.detachNewThread {
        opened.wait()
        continuation.resume()
      }
    }
    // The writer is inside of a decision: nothing is taken from the queue, whatever comes in the meantime.
    let refused = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<10 {
        group.addTask {
          do throws(StorageError) {
            try await store.apply([PartitionMutation(table: table, partition: partition(Int64(number)))])
            return false
          } catch {
            return error.code == .overloaded
          }
        }
      }
      var refused = 0
      for await wasRefused in group {
        if wasRefused { refused += 1 }
        if refused == 7 { gate.signal() }
      }
      return refused
    }
    #expect(refused == 7)
    try await blocked
    await store.close()
  }

  @Test func readersDoNotWaitForTheWriter() async throws {
    let store = try Store(StoreConfiguration(.directory(scratch.path)))
    let table = table()
    try await store.apply(write(table, 1, [row(1, at: 1, [1: "before"])]))
    let (gate, opened) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let mutation = write(table, 1, [row(1, at: 2, [1: "after"])])
    async let writing: Void = store.apply(deciding: { _ in
      // The write transaction is open from here until the gate is opened.
      opened.signal()
      gate.wait()
      return WriteDecision(mutation, outcome: ())
    })
    await withUnsafeContinuation { continuation in
      Thread.detachNewThread {
        opened.wait()
        continuation.resume()
      }
    }
    let reader = try store.makeReader()
    #expect(try reader.contents(table.number) == ["p1[1] *@1 1=before@1"])
    gate.signal()
    try await writing
    #expect(try reader.contents(table.number) == ["p1[1] *@2 1=after@2"])
    await store.close()
  }
}
