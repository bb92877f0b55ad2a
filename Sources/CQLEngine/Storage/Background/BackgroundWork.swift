/// A view that is being built.
struct ViewBuild {
  let view: ViewDefinition
  let table: TableHandle
  let waiter: WriteWaiter?
}

/// An index that is being built.
struct IndexBuild {
  let index: IndexDefinition
  let table: TableHandle
  let waiter: WriteWaiter?
  /// What has been gathered and is not stored.
  var entries = GatheredEntries()
  /// The key that the next record to be read has at least; empty: as the file says.
  var position: [UInt8] = []
  /// Whether all records have been read.
  var isAtEnd = false

  init(index: IndexDefinition, table: TableHandle, waiter: WriteWaiter?) {
    self.index = index
    self.table = table
    self.waiter = waiter
  }

  /// Begins again behind what is stored.
  mutating func restart() { self = IndexBuild(index: index, table: table, waiter: waiter) }
}

/// What the writer knows of the work between the groups. All of it is in the file too, so a restart goes on with it.
///
/// It belongs to the writer's thread: those who write plan work here, and those who do it look here.
final class BackgroundWork {
  /// Seconds without background work after it has failed, as on a full disk.
  static let pauseSeconds: Int64 = 5

  /// Whether there may be ranges to sweep.
  var hasSweeps = true
  /// Whether there may be dropped tables with records.
  var hasDrops = true
  /// The indexes that someone waits for.
  var builds: [IndexBuild] = []
  /// The views that someone waits for.
  var viewBuilds: [ViewBuild] = []
  /// When the next record is to be purged, in seconds since 1970.
  var nextSeconds: Int64?
  /// The current tables; nil until the engine has told them.
  private(set) var tables: [TableNumber: TableHandle]?
  private var pausedUntil = Int64.min
  let statements: BackgroundStatements

  init(_ database: Database) throws(StorageError) {
    statements = try BackgroundStatements(database)
    nextSeconds = try statements.firstPurge()
  }

  func setTables(_ tables: [TableHandle]) {
    self.tables = Dictionary(tables.map { ($0.number, $0) }) { _, last in last }
  }

  /// The table of a write as it is now.
  ///
  /// A write that was made before a change of the schema may come after it: it has to keep an index that is new, because
  /// the index's building does not come by again.
  func current(_ table: TableHandle) -> TableHandle {
    tables?[table.number] ?? table
  }

  /// Whether a step would find something to do.
  func hasWork(at now: Int64) -> Bool {
    guard now >= pausedUntil else { return false }
    if hasDrops || !builds.isEmpty || !viewBuilds.isEmpty { return true }
    return tables != nil && (hasSweeps || isPurgeDue(at: now))
  }

  func isPurgeDue(at now: Int64) -> Bool { nextSeconds.map { $0 <= now } ?? false }

  /// The next time at which there may be work; nil: only after a write.
  func wakeSeconds(at now: Int64) -> Int64? {
    if now < pausedUntil { return pausedUntil }
    return tables == nil ? nil : nextSeconds
  }

  /// An index has lost an entry: so has what is built and not stored.
  func entryWasRemoved(_ entry: [UInt8]) {
    for place in builds.indices { builds[place].entries.remove(entry) }
  }

  /// After writes were taken back: an entry may stand for them that was taken for removed.
  func restartBuilds() {
    for place in builds.indices { builds[place].restart() }
  }

  /// After a transaction was taken back: looks again at what is in the file.
  func recheck() {
    restartBuilds()
    hasSweeps = true
    hasDrops = true
    if let first = try? statements.firstPurge() { nextSeconds = first }
  }

  func pause(until seconds: Int64) { pausedUntil = seconds }

  func resume() { pausedUntil = .min }

  func failBuilds(_ error: StorageError) {
    for build in builds { build.waiter?.resume(error) }
    for build in viewBuilds { build.waiter?.resume(error) }
    builds = []
    viewBuilds = []
  }

  /// Gives keys and records of a range of stored keys to `body` until it answers false; answers whether the end was
  /// reached. Nothing may be written meanwhile.
  func forEachRecord(
    from lower: [UInt8], upTo upper: [UInt8],
    _ body: (_ key: Span<UInt8>, _ record: Span<UInt8>, _ stored: StoredRecord) throws(StorageError) -> Bool
  ) throws(StorageError) -> Bool {
    let statement = statements.records
    defer { statement.reset() }
    try statement.bind(1, lower)
    try statement.bind(2, upper)
    while try statement.step() {
      let key = unsafe statement.bytesInPlace(0).span
      let record = unsafe statement.bytesInPlace(1).span
      var stored = StoredRecord(isThere: true)
      guard LongRecord.isStub(record) else {
        if try !body(key, record, stored) { return false }
        continue
      }
      try LongRecord.read(record, into: &stored.parts)
      let goesOn = try statements.longs.withLongRecord(record) { record throws(StorageError) in
        try body(key, record, stored)
      }
      if !goesOn { return false }
    }
    return true
  }
}

/// The statements of the background work, prepared once.
struct BackgroundStatements {
  let keys: Statement
  let longs: Statement
  let records: Statement
  let firstDrop: Statement
  let removeDrop: Statement
  let removeHeaded: Statement
  let firstSweep: Statement
  let moveSweep: Statement
  let removeSweep: Statement
  let duePurges: Statement
  let removePurge: Statement
  let nextPurge: Statement
  let build: Statement
  let setBuild: Statement
  let removeBuild: Statement

  init(_ database: Database) throws(StorageError) {
    keys = try database.prepare("SELECT k, v FROM records WHERE k >= ?1 AND k < ?2 ORDER BY k LIMIT ?3")
    longs = try database.prepare("SELECT v FROM longs WHERE id = ?1")
    records = try database.prepare("SELECT k, v FROM records WHERE k >= ?1 AND k < ?2 ORDER BY k")
    firstDrop = try database.prepare("SELECT number FROM dropped ORDER BY number LIMIT 1")
    removeDrop = try database.prepare("DELETE FROM dropped WHERE number = ?1")
    removeHeaded = try database.prepare("DELETE FROM headed WHERE number = ?1")
    firstSweep = try database.prepare("SELECT id, number, lower, upper, head, through FROM sweeps ORDER BY id LIMIT 1")
    moveSweep = try database.prepare("UPDATE sweeps SET lower = ?2 WHERE id = ?1")
    removeSweep = try database.prepare("DELETE FROM sweeps WHERE id = ?1")
    duePurges = try database.prepare("SELECT at, k FROM purges WHERE at <= ?1 ORDER BY at, k LIMIT ?2")
    removePurge = try database.prepare("DELETE FROM purges WHERE at = ?1 AND k = ?2")
    nextPurge = try database.prepare("SELECT min(at) FROM purges")
    build = try database.prepare("SELECT position FROM builds WHERE number = ?1")
    setBuild = try database.prepare("REPLACE INTO builds VALUES (?1, ?2)")
    removeBuild = try database.prepare("DELETE FROM builds WHERE number = ?1")
  }

  /// When the first purge is planned.
  func firstPurge() throws(StorageError) -> Int64? {
    defer { nextPurge.reset() }
    return try nextPurge.step() && !nextPurge.isNull(0) ? nextPurge.integer(0) : nil
  }
}

/// How much one step may do.
struct StepBudget {
  private let deadline: Int
  private var records: Int
  private var untilClock = 16

  init(milliseconds: Int, records: Int) {
    deadline = monotonicMicroseconds() + milliseconds * 1000
    self.records = records
  }

  /// Counts a record of so many bytes; false when the step has to end.
  mutating func spend(bytes: Int = 0) -> Bool {
    records -= 1
    untilClock -= 1 + bytes >> 12
    if untilClock <= 0 {
      untilClock = 16
      if monotonicMicroseconds() >= deadline { records = 0 }
    }
    return records > 0
  }

  var isSpent: Bool { records <= 0 }
}
