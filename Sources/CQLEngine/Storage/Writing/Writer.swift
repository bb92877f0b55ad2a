internal import Bytes

/// Works on the store's own thread: takes what waits, commits it in groups, and does background work in between.
///
/// Not Sendable: made by the thread that opens the store, handed to the writer's thread once, and touched nowhere else.
final class Writer {
  let database: Database
  let reader: Reader
  let heads: HeadedTables
  let queue: WriteQueue
  let configuration: StoreConfiguration
  let directory: StoreDirectory
  let lookup: Lookup
  private let statements: WriterStatements
  private var persistedHeads: Set<UInt32>
  var background: BackgroundWork
  /// Set once a sync has failed.
  private var failure: StorageError?
  private var lastCheckpointPages = 0
  private var key: [UInt8] = []

  var limits: StorageLimits { configuration.limits }

  init(
    _ database: Database, _ configuration: StoreConfiguration, _ directory: StoreDirectory, _ queue: WriteQueue,
    _ heads: HeadedTables, persistedHeads: Set<UInt32>
  ) throws(StorageError) {
    self.database = database
    self.configuration = configuration
    self.directory = directory
    self.queue = queue
    self.heads = heads
    self.persistedHeads = persistedHeads
    reader = Reader(database, heads: heads)
    lookup = try Lookup(database)
    statements = try WriterStatements(database)
    background = try BackgroundWork(database)
  }

  /// What is to be done when the file is closed.
  struct Ending {
    let directory: StoreDirectory
    let closers: [QueuedWrite]

    func complete() {
      directory.close()
      for closer in closers { closer.waiter?.resume(nil) }
    }
  }

  /// Works until the store is closed; then everything that waited has been done or refused.
  func run() -> Ending {
    var closers: [QueuedWrite] = []
    while closers.isEmpty {
      let taken = queue.takeAll(waiting: secondsToSleep())
      var group: [QueuedWrite] = []
      for write in taken {
        switch write.work {
        case .mutations, .decision, .meta:
          group.append(write)
          if group.count == limits.groupWrites {
            commit(&group)
            afterGroup()
          }
        case .tables(let tables):
          background.setTables(tables)
          write.waiter?.resume(nil)
        case .buildIndex(let index, let table):
          commit(&group)
          background.builds.append(IndexBuild(index: index, table: table, waiter: write.waiter))
        case .finishBackgroundWork:
          commit(&group)
          write.waiter?.resume(finishBackgroundWork())
        case .close:
          closers.append(write)
        }
      }
      commit(&group)
      if closers.isEmpty { afterGroup() }
    }
    background.failBuilds(StorageError(.closed))
    if failure == nil { try? database.checkpoint(.passive) }
    return Ending(directory: directory, closers: closers)
  }

  private func afterGroup() {
    checkpointIfDue()
    guard failure == nil else { return background.failBuilds(StorageError(.writesStopped)) }
    // While others wait, a step is a fifth as long.
    let milliseconds = queue.isEmpty ? limits.stepMilliseconds : max(1, limits.stepMilliseconds / 5)
    do throws(StorageError) {
      if try stepInBackground(milliseconds: milliseconds) { checkpointIfDue() }
    } catch {
      background.pause(until: configuration.clock() + BackgroundWork.pauseSeconds)
      background.failBuilds(error)
    }
  }

  private func secondsToSleep() -> Int64? {
    guard failure == nil else { return nil }
    let now = configuration.clock()
    return background.hasWork(at: now) ? 0 : background.wakeSeconds.map { max($0 - now, 1) }
  }

  private func finishBackgroundWork() -> StorageError? {
    do throws(StorageError) {
      background.resume()
      while try stepInBackground(milliseconds: limits.stepMilliseconds) { checkpointIfDue() }
      return nil
    } catch {
      return error
    }
  }
}

// MARK: - Groups

extension Writer {
  /// Runs the writes in one transaction and resumes who waits for them. What does not fit into the group's time is run
  /// in the next.
  private func commit(_ group: inout [QueuedWrite]) {
    var rest = group[...]
    group.removeAll(keepingCapacity: true)
    while !rest.isEmpty {
      if let failure {
        for write in rest { write.waiter?.resume(StorageError(.writesStopped, detail: failure.detail)) }
        return
      }
      rest = rest.dropFirst(commitSome(rest))
    }
  }

  /// Runs writes from the front in one transaction; answers how many.
  private func commitSome(_ writes: ArraySlice<QueuedWrite>) -> Int {
    var results: [StorageError?] = []
    do throws(StorageError) {
      try statements.begin.run()
      let deadline = monotonicMicroseconds() + limits.groupMilliseconds * 1000
      for write in writes {
        results.append(try perform(write))
        if results.count & 15 == 0 && monotonicMicroseconds() >= deadline { break }
      }
      try statements.commit.run()
    } catch {
      rollBack()
      if error.isFailedSync { failure = error }
      guard failure == nil, writes.count > 1 else {
        let count = failure == nil ? 1 : writes.count
        for write in writes.prefix(count) { write.waiter?.resume(error) }
        return count
      }
      // One write may be the reason, such as one that is too large for the disk: each in a transaction of its own.
      let count = max(results.count, 1)
      for index in writes.indices.prefix(count) {
        if let failure {
          writes[index].waiter?.resume(StorageError(.writesStopped, detail: failure.detail))
        } else {
          _ = commitSome(writes[index..<(index + 1)])
        }
      }
      return count
    }
    for (write, result) in zip(writes, results) { write.waiter?.resume(result) }
    return results.count
  }

  /// Runs one write; the error when it alone fails. Throws what fails the whole transaction.
  private func perform(_ write: QueuedWrite) throws(StorageError) -> StorageError? {
    do throws(StorageError) {
      switch write.work {
      case .mutations(let mutations):
        try performMutations(mutations)
      case .decision(let decision):
        let mutations: [PartitionMutation]
        do throws(StorageError) {
          mutations = try decision.decide(reader)
        } catch {
          return error
        }
        try performMutations(mutations)
      case .meta(let values, let tablesToDrop, let nextTable):
        try performMeta(values, tablesToDrop: tablesToDrop, nextTable: nextTable)
      case .tables, .buildIndex, .finishBackgroundWork, .close:
        preconditionFailure("only writes are committed in groups")
      }
      return nil
    } catch {
      guard error.concernsOneWrite, !database.isInAutocommit else { throw error }
      return error
    }
  }

  private func performMutations(_ mutations: [PartitionMutation]) throws(StorageError) {
    guard mutations.count > 1 || !(mutations.first?.isOneRecord ?? true) else {
      for mutation in mutations { try write(mutation) }
      return
    }
    // Of several records the first ones have to be taken back when a later one fails.
    try statements.savepoint.run()
    do throws(StorageError) {
      for mutation in mutations { try write(mutation) }
    } catch {
      if error.concernsOneWrite && !database.isInAutocommit {
        try statements.rollBackToSavepoint.run()
        try statements.release.run()
      }
      throw error
    }
    try statements.release.run()
  }

  private func performMeta(
    _ values: [(name: String, value: [UInt8]?)], tablesToDrop: [TableNumber], nextTable: UInt32
  ) throws(StorageError) {
    for (name, value) in values {
      if let value {
        try statements.setMeta.bind(1, Array(name.utf8))
        try statements.setMeta.bind(2, value)
        try statements.setMeta.run()
      } else {
        try statements.removeMeta.bind(1, Array(name.utf8))
        try statements.removeMeta.run()
      }
    }
    for table in tablesToDrop {
      try statements.drop.bind(1, Int64(table.rawValue))
      try statements.drop.run()
      background.hasDrops = true
    }
    try statements.setNextTable.bind(1, Int64(nextTable))
    try statements.setNextTable.run()
  }

  /// Ends the transaction without its changes.
  func rollBack() {
    if !database.isInAutocommit { try? statements.rollBack.run() }
    // Tables may be taken for headed that are not, which only costs a look; the file has to know all that are.
    if let persisted = try? Self.headedTables(database) { persistedHeads = persisted }
    background.recheck()
  }

  /// Runs a step of background work in a transaction of its own.
  func inTransaction(_ body: () throws(StorageError) -> Void) throws(StorageError) {
    do throws(StorageError) {
      try statements.begin.run()
      try body()
      try statements.commit.run()
    } catch {
      rollBack()
      if error.isFailedSync { failure = error }
      throw error
    }
  }

  static func headedTables(_ database: Database) throws(StorageError) -> Set<UInt32> {
    var tables: Set<UInt32> = []
    let statement = try database.prepare("SELECT number FROM headed")
    while try statement.step() { tables.insert(UInt32(truncatingIfNeeded: statement.integer(0))) }
    return tables
  }

  private func checkpointIfDue() {
    let pages = database.pagesInLog
    // The log begins anew by itself once all of it is copied and nobody reads it.
    if pages < lastCheckpointPages { lastCheckpointPages = 0 }
    let due = limits.checkpointBytes / StoreFormat.pageBytes
    guard failure == nil, pages - lastCheckpointPages >= due else { return }
    lastCheckpointPages = pages
    do throws(StorageError) {
      let isLong = pages >= limits.logBytes / StoreFormat.pageBytes
      try database.checkpoint(isLong ? .restart(waitMilliseconds: 50) : .passive)
    } catch {
      // After a failed sync nobody knows what of the database has reached the disk; the log still has all of it.
      if error.isFailedSync { failure = error }
    }
  }
}

// MARK: - Records

extension Writer {
  private func write(_ mutation: PartitionMutation) throws(StorageError) {
    let table = mutation.table
    beginKey(table.number, mutation.partition.bytes)
    let prefixCount = key.count
    if !mutation.head.isEmpty {
      key.append(RecordKind.head.rawValue)
      try writeHead(table, mutation.head)
    }
    for row in mutation.rows {
      key.removeSubrange(prefixCount...)
      key.append(RecordKind.row.rawValue)
      key.append(contentsOf: row.clustering)
      try merge(table, row.record, isHead: false)
    }
  }

  private func beginKey(_ table: TableNumber, _ rest: [UInt8]) {
    key.removeAll(keepingCapacity: true)
    key.append(bigEndian: table.rawValue)
    key.append(contentsOf: rest)
  }

  private func writeHead(_ table: TableHandle, _ head: [UInt8]) throws(StorageError) {
    if persistedHeads.insert(table.number.rawValue).inserted {
      // Before the commit: a reader that sees the head has to know of it.
      heads.insert(table.number)
      try statements.addHeaded.bind(1, Int64(table.number.rawValue))
      try statements.addHeaded.run()
    }
    try merge(table, head, isHead: true)
    let layout = try RecordLayout(head.span)
    let partition = Array(key[4...].dropLast())
    if layout.deletion != nil {
      let rows = KeyRange.rows(of: PartitionKey(prefix: partition.span))
      try scheduleSweep(table.number, rows, purgesHead: false)
    }
    if !layout.ranges.isEmpty {
      for interval in try RangeDeletions(head.span.extracting(layout.ranges)).intervals {
        let rows = KeyRange.rows(
          of: PartitionKey(prefix: partition.span), from: interval.lower, upTo: interval.upper)
        try scheduleSweep(table.number, rows, purgesHead: false)
      }
    }
  }

  /// Merges an update into the record of `key`.
  private func merge(_ table: TableHandle, _ update: [UInt8], isHead: Bool) throws(StorageError) {
    guard let layout = try? RecordLayout(update.span), isHead || layout.ranges.isEmpty else {
      throw StorageError(.invalidMutation)
    }
    var through = Int64.min
    if layout.hasCounters && !isHead && persistedHeads.contains(table.number.rawValue) {
      let recordKey = Array(key[4...])
      through = try reader.deletedThrough(table.number, recordKey.span)
    }
    var result: [UInt8]? = update
    var old: [UInt8]?
    let keepsOld = !table.indexes.isEmpty
    let isThere = try lookup.find(key) { existing throws(StorageError) in
      result = try RecordMerge.merge(existing, update.span, deletedThrough: through)
      if keepsOld { old = [UInt8](copying: existing) }
    }
    if !isThere && (layout.isMortal || through > .min) {
      result = try RecordMerge.settle(update.span, deletedThrough: through)
    }
    let stored = StoredRecord(isThere: isThere, longNumber: lookup.longNumber)
    try replace(table, key, stored, old: isThere ? (old ?? []) : nil, with: result, isHead: isHead)
  }

  /// Puts a record in the place of another (nil: none), keeps the indexes, and plans when to look at it again. `old` may
  /// be empty when the table has no indexes.
  func replace(
    _ table: TableHandle, _ key: [UInt8], _ stored: StoredRecord, old: [UInt8]?, with new: [UInt8]?, isHead: Bool
  ) throws(StorageError) {
    if let new {
      guard new.count <= limits.recordBytes else { throw StorageError(.recordTooLarge) }
      try put(key, new, stored)
      if try RecordLayout(new.span).isMortal, let due = try RecordPurge.due(new.span, grace: table.graceSeconds) {
        try schedulePurge(key, at: due)
      }
    } else if stored.isThere {
      try remove(key, longNumber: stored.longNumber)
    }
    if !table.indexes.isEmpty { try updateIndexes(table, key, old: old, new: new, isHead: isHead) }
  }

  /// Stores a record under a key.
  private func put(_ key: [UInt8], _ record: [UInt8], _ stored: StoredRecord) throws(StorageError) {
    if key.count + record.count <= StoreFormat.inlineBytes || record.count <= LongRecord.stubBytes {
      if let number = stored.longNumber { try removeLong(number) }
      try (stored.isThere ? statements.replace : statements.insert).run(key, record)
    } else if let number = stored.longNumber {
      try statements.replaceLong.bind(1, number)
      try statements.replaceLong.run(record: record)
    } else {
      try statements.addLong.run(record: record)
      try (stored.isThere ? statements.replace : statements.insert).run(key, LongRecord.stub(database.lastRow))
    }
  }

  /// Stores an index's entry, which has a key and nothing else.
  func putEntry(_ key: [UInt8]) throws(StorageError) { try statements.replace.run(key, []) }

  /// Removes a key with its record.
  func remove(_ key: [UInt8], longNumber: Int64?) throws(StorageError) {
    if let longNumber { try removeLong(longNumber) }
    try statements.remove.run(key)
  }

  private func removeLong(_ number: Int64) throws(StorageError) {
    try statements.removeLong.bind(1, number)
    try statements.removeLong.run()
  }

  private func updateIndexes(
    _ table: TableHandle, _ key: [UInt8], old: [UInt8]?, new: [UInt8]?, isHead: Bool
  ) throws(StorageError) {
    let recordKey = Array(key[4...])
    for index in table.indexes {
      let before =
        try old.map { old throws(StorageError) in
          try index.entries(recordKey, old, isHead: isHead)
        } ?? []
      let after =
        try new.map { new throws(StorageError) in
          try index.entries(recordKey, new, isHead: isHead)
        } ?? []
      for entry in before.subtracting(after) { try statements.remove.run(entry) }
      for entry in after.subtracting(before) { try putEntry(entry) }
    }
  }

  /// Plans to look at a record at `seconds`, or up to a minute later, so that many changes of a record plan once.
  func schedulePurge(_ key: [UInt8], at seconds: Int64) throws(StorageError) {
    let at = (seconds + 63) & ~63
    try statements.addPurge.bind(1, at)
    try statements.addPurge.bind(2, key)
    try statements.addPurge.run()
    background.nextSeconds = min(background.nextSeconds ?? .max, at)
  }

  /// Plans to remove what the partition's head covers in a range of its rows.
  func scheduleSweep(_ table: TableNumber, _ rows: KeyRange, purgesHead: Bool) throws(StorageError) {
    try statements.addSweep.bind(1, Int64(table.rawValue))
    try statements.addSweep.bind(2, rows.lower)
    try statements.addSweep.bind(3, rows.upper)
    try statements.addSweep.bind(4, purgesHead ? 1 : 0)
    try statements.addSweep.run()
    background.hasSweeps = true
  }
}

/// What was found under a key.
struct StoredRecord {
  var isThere: Bool
  var longNumber: Int64?
}

extension PartitionMutation {
  /// Whether it changes one record and nothing else, so that it needs no savepoint.
  fileprivate var isOneRecord: Bool { table.indexes.isEmpty && head.isEmpty && rows.count <= 1 }
}

extension StorageError {
  /// Whether the reason is in the write and not in the file, so that the other writes of its group go on.
  fileprivate var concernsOneWrite: Bool {
    code == .recordTooLarge || code == .invalidMutation || self == .damagedRecord
  }
}
