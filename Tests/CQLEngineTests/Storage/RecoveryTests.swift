import Foundation
import Testing

@testable import CQLEngine

/// Files that have lost acknowledged writes are told from files that are as they were left.
@Suite(.timeLimit(.minutes(5))) struct RecoveryTests {
  private static let table = TableHandle(number: TableNumber(rawValue: 7), graceSeconds: 0)

  /// A store with some writes, left as by a SIGKILL: copies of its files are made while it is open.
  private func crashed(into copy: String, writes: Int = 40) async throws {
    let scratch = Scratch()
    defer { withExtendedLifetime(scratch) {} }
    let store = try Store(StoreConfiguration(.directory(scratch.path)))
    try await write(store, 0..<writes)
    try FileManager.default.copyItem(atPath: scratch.path, toPath: copy)
    await store.close()
  }

  private func write(_ store: Store, _ numbers: Range<Int>) async throws {
    for number in numbers {
      try await store.apply([
        PartitionMutation(
          table: Self.table, partition: partition(Int64(number)), rows: [row(0, at: 1, [1: "\(number)"])])
      ])
    }
  }

  private func open(_ path: String, acceptsLoss: Bool = false) throws -> Store {
    var configuration = StoreConfiguration(.directory(path))
    configuration.acceptsLoss = acceptsLoss
    return try Store(configuration)
  }

  @Test func whatACrashLeavesIsOpened() async throws {
    let scratch = Scratch()
    defer { withExtendedLifetime(scratch) {} }
    try await crashed(into: scratch.path)
    let store = try open(scratch.path)
    #expect(try rowCount(store) == 40)
    await store.close()
    // Closed in order, the log is gone, and nothing is missing.
    #expect(!FileManager.default.fileExists(atPath: scratch.path + "/node.db-wal"))
    let again = try open(scratch.path)
    #expect(try rowCount(again) == 40)
    await again.close()
  }

  private func rowCount(_ store: Store) throws -> Int {
    var count = 0
    let reader = try store.makeReader()
    var range = KeyRange.table
    // A slice ends by the clock, too.
    while case .slice(let rest) = try reader.scan(
      Self.table.number, range, now: 0,
      { _ in
        count += 1
        return .next
      })
    { range = rest }
    return count
  }

  /// What may become of the files.
  private static let losses: [(name: String, change: @Sendable (String) throws -> Void)] = [
    ("the log is removed", { try FileManager.default.removeItem(atPath: $0 + "/node.db-wal") }),
    ("the log is empty", { try Data().write(to: URL(fileURLWithPath: $0 + "/node.db-wal")) }),
    (
      "the log is zeroed",
      { path in
        let log = URL(fileURLWithPath: path + "/node.db-wal")
        try Data(count: try Data(contentsOf: log).count).write(to: log)
      }
    ),
    (
      "the log is cut in its half",
      { path in
        let log = URL(fileURLWithPath: path + "/node.db-wal")
        let data = try Data(contentsOf: log)
        try data.prefix(data.count / 2).write(to: log)
      }
    ),
    (
      "the log's last page is cut",
      { path in
        let log = URL(fileURLWithPath: path + "/node.db-wal")
        try Data(contentsOf: log).dropLast(1000).write(to: log)
      }
    ),
    (
      "the log's last page is zeroed",
      { path in
        let log = URL(fileURLWithPath: path + "/node.db-wal")
        try (Data(contentsOf: log).dropLast(2000) + Data(count: 2000)).write(to: log)
      }
    ),
    ("the database is empty", { try Data().write(to: URL(fileURLWithPath: $0 + "/node.db")) }),
  ]

  @Test(arguments: losses.indices) func aLossIsRefusedUnlessItIsAccepted(_ index: Int) async throws {
    let scratch = Scratch()
    defer { withExtendedLifetime(scratch) {} }
    let loss = Self.losses[index]
    try await crashed(into: scratch.path)
    try loss.change(scratch.path)
    for _ in 0..<2 {
      let error = #expect(throws: StorageError.self, "\(loss.name)") { _ = try open(scratch.path) }
      #expect(error?.code == .lossFound, "\(loss.name)")
      #expect(error?.logDetail.contains("--accept-data-loss") == true, "\(loss.name)")
    }
    guard !loss.name.contains("database") else { return }
    let store = try open(scratch.path, acceptsLoss: true)
    #expect(try rowCount(store) <= 40)
    await store.close()
    // From then on nothing is missing.
    let again = try open(scratch.path)
    await again.close()
  }

  /// A database that was closed in order and is emptied then is not a new one.
  @Test func anEmptiedDatabaseIsNotNew() async throws {
    let scratch = Scratch()
    defer { withExtendedLifetime(scratch) {} }
    let store = try open(scratch.path)
    try await write(store, 0..<10)
    await store.close()
    try Data().write(to: URL(fileURLWithPath: scratch.path + "/node.db"))
    let error = #expect(throws: StorageError.self) { _ = try open(scratch.path) }
    #expect(error?.code == .lossFound)
    try FileManager.default.removeItem(atPath: scratch.path + "/node.db")
    #expect(throws: StorageError.self) { _ = try open(scratch.path) }
    let fresh = try open(scratch.path, acceptsLoss: true)
    #expect(try rowCount(fresh) == 0)
    await fresh.close()
  }

  private func contents(_ path: String) -> [String: Data] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return Dictionary(
      uniqueKeysWithValues: names.map { ($0, FileManager.default.contents(atPath: "\(path)/\($0)") ?? Data()) })
  }

  /// Whatever a log goes through while it is written, a crash afterwards is no loss.
  @Test func logsThatBeginAnewAreNoLoss() async throws {
    let scratch = Scratch()
    defer { withExtendedLifetime(scratch) {} }
    var configuration = StoreConfiguration(.directory(scratch.path))
    configuration.limits.checkpointBytes = 40_000
    configuration.limits.logBytes = 120_000
    let store = try Store(configuration)
    for round in 0..<30 {
      try await write(store, round * 10..<round * 10 + 10)
      let copy = Scratch()
      defer { withExtendedLifetime(copy) {} }
      // A crash leaves all files as they are at one time; a copy only when nothing was written meanwhile.
      while true {
        let before = contents(scratch.path)
        try FileManager.default.copyItem(atPath: scratch.path, toPath: copy.path)
        if contents(scratch.path) == before { break }
        try FileManager.default.removeItem(atPath: copy.path)
      }
      let left = try open(copy.path)
      #expect(try rowCount(left) == round * 10 + 10)
      await left.close()
    }
    await store.close()
  }

  @Test func filesBelongToTheirOwnerAlone() async throws {
    let scratch = Scratch()
    defer { withExtendedLifetime(scratch) {} }
    try FileManager.default.createDirectory(
      atPath: scratch.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    let store = try open(scratch.path)
    try await write(store, 0..<3)
    for name in try FileManager.default.contentsOfDirectory(atPath: scratch.path) {
      let mode = try FileManager.default.attributesOfItem(atPath: scratch.path + "/" + name)[.posixPermissions] as? Int
      #expect(mode == 0o600, "\(name)")
    }
    await store.close()
  }

  @Test func linksAreNotFollowed() throws {
    for name in ["lock", "node.db", "mark"] {
      let (scratch, other) = (Scratch(), Scratch())
      defer { withExtendedLifetime((scratch, other)) {} }
      try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(
        atPath: scratch.path + "/" + name, withDestinationPath: other.path)
      #expect(throws: StorageError.self, "\(name)") { _ = try open(scratch.path) }
      #expect(!FileManager.default.fileExists(atPath: other.path), "\(name)")
    }
  }
}
