import CassandraDice
import Foundation
import Testing

@testable import CQLEngine

/// A disk that is full, cannot sync, or holds damaged files gives errors, and loses nothing that was acknowledged.
@Suite(.timeLimit(.minutes(10))) struct FailingDiskTests {
  private let disk = FaultyDisk()
  private let scratch = Scratch()

  private func open() throws -> Store {
    var configuration = StoreConfiguration(.directory(scratch.path))
    configuration.fileSystemName = disk.name
    return try Store(configuration)
  }

  private static func write(_ number: Int, bytes: Int = 10, _ table: TableHandle) -> [PartitionMutation] {
    [
      PartitionMutation(
        table: table, partition: partition(Int64(number)),
        rows: [row(1, at: 1, [1: String(repeating: "x", count: bytes)])])
    ]
  }

  @Test func aFullDiskRefusesAndLaterGoesOn() async throws {
    let store = try open()
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 0)
    try await store.apply(Self.write(0, table))
    disk.setRoom(100_000)
    var written = 1
    await #expect(throws: StorageError.self) {
      for number in 1..<1_000 {
        try await store.apply(Self.write(number, bytes: 2_000, table))
        written += 1
      }
    }
    #expect(written < 100)
    do {
      try await store.apply(Self.write(5_000, bytes: 200_000, table))
      Issue.record("a write was taken by a full disk")
    } catch {
      #expect(error.code == .diskFull)
    }
    let reader = try store.makeReader()
    #expect(try reader.contents(table.number).count == written)
    disk.setRoom(nil)
    try await store.apply(Self.write(5_000, bytes: 200_000, table))
    #expect(try reader.contents(table.number).count == written + 1)
    await store.close()
  }

  @Test func aWriteThatIsTooLargeForTheDiskFailsAlone() async throws {
    let store = try open()
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 0)
    try await store.apply(Self.write(0, table))
    disk.setRoom(600_000)
    let failed = await withTaskGroup(of: StorageError?.self) { group in
      for number in 1...40 {
        group.addTask {
          do throws(StorageError) {
            try await store.apply(Self.write(number, bytes: number == 20 ? 5_000_000 : 100, table))
            return nil
          } catch {
            return error
          }
        }
      }
      var errors: [StorageError] = []
      for await error in group { if let error { errors.append(error) } }
      return errors
    }
    #expect(failed.map(\.code) == [.diskFull])
    #expect(try store.makeReader().contents(table.number).count == 40)
    await store.close()
  }

  @Test func aFailedSyncStopsWritesUntilTheStoreIsOpenedAnew() async throws {
    let store = try open()
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 0)
    try await store.apply(Self.write(1, table))
    disk.setFailsSyncs(true)
    // The whole group fails, and what waits behind it too.
    let codes = await withTaskGroup(of: StorageError.Code?.self) { group in
      for number in 100..<200 {
        group.addTask {
          do throws(StorageError) {
            try await store.apply(Self.write(number, table))
            return nil
          } catch {
            return error.code
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(codes.contains(.inputOutput))
    #expect(codes.allSatisfy { $0 == .inputOutput || $0 == .writesStopped })
    disk.setFailsSyncs(false)
    do {
      try await store.apply(Self.write(3, table))
      Issue.record("a write was taken after a failed sync")
    } catch {
      #expect(error.code == .writesStopped)
    }
    #expect(try store.makeReader().contents(table.number).contains("p1[1] *@1 1=xxxxxxxxxx@1"))
    await store.close()
    let again = try open()
    try await again.apply(Self.write(3, table))
    let lines = try again.makeReader().contents(table.number)
    #expect(lines.contains("p1[1] *@1 1=xxxxxxxxxx@1") && lines.contains("p3[1] *@1 1=xxxxxxxxxx@1"))
    await again.close()
  }

  @Test func nothingIsAcknowledgedBeforeItsSync() async throws {
    let store = try open()
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 0)
    for number in 0..<20 {
      try await store.apply(Self.write(number, table))
      let last = disk.events.last { event in
        switch event {
        case .write("node.db-wal", _, _), .sync("node.db-wal"): true
        default: false
        }
      }
      guard case .sync = last else {
        Issue.record("acknowledged before the sync")
        return
      }
    }
    await store.close()
  }

  @Test func damagedFilesGiveErrors() async throws {
    let seed = Dice.seed("damage")
    var random = Dice(seed: seed)
    let store = try Store(StoreConfiguration(.directory(scratch.path)))
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 0)
    for number in 0..<200 { try await store.apply(Self.write(number, bytes: 400, table)) }
    let expected = try store.makeReader().contents(table.number)
    await store.close()
    let whole = try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/node.db"))
    var found = 0
    for round in 0..<100 {
      var bytes = [UInt8](whole)
      let start = Int.random(in: 0..<bytes.count, using: &random)
      for index in start..<min(bytes.count, start + Int.random(in: 1...64, using: &random)) {
        bytes[index] = UInt8.random(in: 0...255, using: &random)
      }
      if random.oneIn(5) { bytes.removeLast(Int.random(in: 1...(bytes.count - 1), using: &random)) }
      let damaged = Scratch()
      defer { withExtendedLifetime(damaged) {} }
      try FileManager.default.createDirectory(atPath: damaged.path, withIntermediateDirectories: true)
      try Data(bytes).write(to: URL(fileURLWithPath: damaged.path + "/node.db"))
      do {
        let store = try Store(StoreConfiguration(.directory(damaged.path)))
        let seen = try store.makeReader().contents(table.number)
        // What does not give an error is right.
        if seen != expected { Issue.record("round \(round): damage was not found") }
        await store.close()
      } catch let error as StorageError {
        found += 1
        #expect([.corrupt, .unsupportedVersion, .inputOutput].contains(error.code), "\(error)")
      }
    }
    #expect(found > 0)
  }

  /// A file that ends within its last page: what is missing must not be taken for zeros.
  @Test func aFileThatIsCutWithinAPageGivesErrors() async throws {
    let store = try Store(StoreConfiguration(.directory(scratch.path)))
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 0)
    for number in 0..<200 { try await store.apply(Self.write(number, bytes: 400, table)) }
    let expected = try store.makeReader().contents(table.number)
    await store.close()
    let whole = try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/node.db"))
    var found = 0
    for cut in [1, 99, 1_000, StoreFormat.pageBytes - 1] {
      let damaged = Scratch()
      defer { withExtendedLifetime(damaged) {} }
      try FileManager.default.createDirectory(atPath: damaged.path, withIntermediateDirectories: true)
      try whole.dropLast(cut).write(to: URL(fileURLWithPath: damaged.path + "/node.db"))
      do {
        let store = try Store(StoreConfiguration(.directory(damaged.path)))
        #expect(try store.makeReader().contents(table.number) == expected, "\(cut) bytes are missing")
        await store.close()
      } catch let error as StorageError {
        found += 1
        #expect(error.code == .corrupt, "\(error)")
      }
    }
    #expect(found > 0)
  }

  @Test func damagedLogsGiveErrors() async throws {
    let seed = Dice.seed("damaged log")
    var random = Dice(seed: seed)
    let store = try Store(StoreConfiguration(.directory(scratch.path)))
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 0)
    for number in 0..<100 { try await store.apply(Self.write(number, bytes: 400, table)) }
    // As a process that is killed here would leave them.
    let files = try ["node.db", "node.db-wal"].map { name in
      (name, [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/" + name))))
    }
    let whole = try store.makeReader().contents(table.number).count
    await store.close()
    #expect(whole == 100)
    var found = 0
    for round in 0..<100 {
      let damaged = Scratch()
      defer { withExtendedLifetime(damaged) {} }
      try FileManager.default.createDirectory(atPath: damaged.path, withIntermediateDirectories: true)
      // What may be missing when nothing is said.
      var missing = 1
      for (name, whole) in files {
        var bytes = whole
        if name == "node.db-wal" {
          let start = Int.random(in: 0..<bytes.count, using: &random)
          let end = min(bytes.count, start + Int.random(in: 1...64, using: &random))
          for index in start..<end { bytes[index] = UInt8.random(in: 0...255, using: &random) }
          let frame = 24 + StoreFormat.pageBytes
          if start >= 32, (start - 32) / frame != (end - 1 - 32) / frame { missing = 2 }
        }
        try Data(bytes).write(to: URL(fileURLWithPath: "\(damaged.path)/\(name)"))
      }
      do {
        let store = try Store(StoreConfiguration(.directory(damaged.path)))
        let seen = try store.makeReader().contents(table.number).count
        // The last write looks like one that was never synced when its frames are damaged, and the one before it when the
        // damage reaches from that into the head of the last; no other may be missing.
        #expect(seen >= whole - missing, "round \(round): \(whole - seen) writes are gone, and nothing was said")
        await store.close()
      } catch let error as StorageError {
        found += 1
        #expect(error.code == .corrupt, "round \(round): \(error)")
      }
    }
    #expect(found > 50)
  }

  /// From the last bytes of a transaction into the head of the next, which hides both: those behind them tell.
  @Test func damageOverTwoTransactionsIsFound() async throws {
    let store = try Store(StoreConfiguration(.directory(scratch.path)))
    let table = TableHandle(number: store.makeTableNumber(), graceSeconds: 0)
    for number in 0..<8 { try await store.apply(Self.write(number, bytes: 400, table)) }
    // As a process that is killed here would leave them.
    let database = try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/node.db"))
    let log = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scratch.path + "/node.db-wal")))
    await store.close()
    let frameBytes = 24 + StoreFormat.pageBytes
    let frames = Array(stride(from: 32, to: log.count, by: frameBytes))
    // A frame that ends a transaction says how many pages the database has then.
    let ends = frames.filter { log[$0 + 4..<$0 + 8].contains { $0 != 0 } }
    #expect(ends.count >= 8)
    for end in ends.dropLast(2) {
      let damaged = Scratch()
      defer { withExtendedLifetime(damaged) {} }
      try FileManager.default.createDirectory(atPath: damaged.path, withIntermediateDirectories: true)
      var bytes = log
      for index in end + frameBytes - 8..<end + frameBytes + 24 { bytes[index] ^= 0xff }
      try database.write(to: URL(fileURLWithPath: damaged.path + "/node.db"))
      try Data(bytes).write(to: URL(fileURLWithPath: damaged.path + "/node.db-wal"))
      let error = #expect(throws: StorageError.self) { try Store(StoreConfiguration(.directory(damaged.path))) }
      #expect(error?.code == .corrupt)
    }
  }
}
