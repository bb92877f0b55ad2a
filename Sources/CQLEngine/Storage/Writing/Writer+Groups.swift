extension Writer {
  /// Runs the writes in one transaction and resumes who waits for them. What does not fit into the group's time is run
  /// in the next.
  func commit(_ group: inout [QueuedWrite]) {
    var rest = group[...]
    group.removeAll(keepingCapacity: true)
    while !rest.isEmpty {
      if let failure {
        for write in rest { write.waiter?.resume(StorageError(.writesStopped, logDetail: failure.logDetail)) }
        return
      }
      rest = rest.dropFirst(commitSome(rest))
    }
  }

  /// Runs writes from the front in one transaction; answers how many.
  private func commitSome(_ writes: ArraySlice<QueuedWrite>) -> Int {
    var count = 0
    // Writes that have failed alone, by their place.
    var failures: [Int: StorageError] = [:]
    do throws(StorageError) {
      try statements.begin.run()
      let deadline = monotonicMicroseconds() + limits.groupMilliseconds * 1000
      for write in writes {
        if let error = try perform(write) { failures[count] = error }
        count += 1
        // A write into a record of megabytes takes as long as a thousand others, so the clock is read after each.
        if monotonicMicroseconds() >= deadline { break }
      }
      try statements.commit.run()
      mark?.note(pages: database.pagesInLog)
    } catch {
      rollBack()
      if error.isFailedSync { failure = error }
      guard failure == nil, writes.count > 1 else {
        let failed = failure == nil ? 1 : writes.count
        for write in writes.prefix(failed) { write.waiter?.resume(error) }
        return failed
      }
      // One write may be the reason, such as one that is too large for the disk: each in a transaction of its own.
      let begun = max(count, 1)
      for index in writes.indices.prefix(begun) {
        if let failure {
          writes[index].waiter?.resume(StorageError(.writesStopped, logDetail: failure.logDetail))
        } else {
          _ = commitSome(writes[index..<(index + 1)])
        }
      }
      return begun
    }
    answer(writes.prefix(count), failures)
    return count
  }

  /// Tells who waits for writes that are committed.
  private func answer(_ writes: ArraySlice<QueuedWrite>, _ failures: [Int: StorageError]) {
    var done = DoneWaiters()
    for index in writes.indices {
      guard let waiter = writes[index].waiter else { continue }
      if !failures.isEmpty, let error = failures[index - writes.startIndex] {
        waiter.resume(error)
      } else {
        done.append(waiter)
      }
    }
    done.flush()
  }

  /// Runs one write; the error when it alone fails. Throws what fails the whole transaction.
  private func perform(_ write: QueuedWrite) throws(StorageError) -> StorageError? {
    do throws(StorageError) {
      switch write.work {
      case .mutations(let mutations):
        try performMutations(mutations)
      case .record(let handle, let key, let record):
        let table = currentTable(handle)
        if table.isPlain {
          try merge(table, key, record, isHead: false)
        } else {
          try inSavepoint { () throws(StorageError) in try merge(table, key, record, isHead: false) }
        }
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
      case .tables, .build, .finishBackgroundWork, .close:
        preconditionFailure("only writes are committed in groups")
      }
      return nil
    } catch {
      guard error.concernsOneWrite, !database.isInAutocommit else { throw error }
      return error
    }
  }

  private func performMutations(_ mutations: [PartitionMutation]) throws(StorageError) {
    guard mutations.count > 1 || !(mutations.first.map { isOneRecord($0) } ?? true) else {
      for mutation in mutations { try write(mutation) }
      return
    }
    try inSavepoint { () throws(StorageError) in
      for mutation in mutations { try write(mutation) }
    }
  }

  /// Runs what writes several records: the first ones have to be taken back when a later one fails.
  private func inSavepoint(_ body: () throws(StorageError) -> Void) throws(StorageError) {
    try statements.savepoint.run()
    do throws(StorageError) { try body() } catch {
      if error.concernsOneWrite && !database.isInAutocommit {
        try statements.rollBackToSavepoint.run()
        try statements.release.run()
        background.restartBuilds()
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
      mark?.note(pages: database.pagesInLog)
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

  func checkpointIfDue() {
    let pages = database.pagesInLog
    // The log begins anew by itself once all of it is copied and nobody reads it.
    if pages < lastCheckpointPages { lastCheckpointPages = 0 }
    let due = limits.checkpointBytes / StoreFormat.pageBytes
    guard failure == nil, pages - lastCheckpointPages >= due else { return }
    lastCheckpointPages = pages
    do throws(StorageError) {
      let isLong = pages >= limits.logBytes / StoreFormat.pageBytes
      try database.checkpoint(isLong ? .restart(waitMilliseconds: 50) : .passive)
      mark?.noteCheckpoint()
    } catch {
      // After a failed sync nobody knows what of the database has reached the disk; the log still has all of it.
      if error.isFailedSync { failure = error }
      configuration.report(error)
    }
  }
}

extension Writer {
  /// Whether a mutation changes one record and nothing else, so that it needs no savepoint.
  private func isOneRecord(_ mutation: PartitionMutation) -> Bool {
    currentTable(mutation.table).isPlain && mutation.head.isEmpty && mutation.rows.count <= 1
  }
}

extension StorageError {
  /// Whether the reason is in the write and not in the file, so that the other writes of its group go on.
  fileprivate var concernsOneWrite: Bool {
    code == .recordTooLarge || code == .viewKeyTooLong || code == .invalidMutation || self == .damagedRecord
  }
}
