/// Works on the store's own thread: takes what waits, commits it in groups, and does background work in between.
///
/// Not Sendable: made by the thread that opens the store, handed to the writer's thread once, and touched nowhere else.
final class Writer {
  /// Where the file is, which is locked until the writer has ended.
  let directory: StoreDirectory
  private let queue: WriteQueue
  private let configuration: StoreConfiguration
  private let records: RecordWriter
  private let transactions: Transactions
  private let background: BackgroundWork
  private let worker: BackgroundWorker
  private let statements: MetaStatements

  private var limits: StorageLimits { configuration.limits }

  init(
    _ database: Database, _ configuration: StoreConfiguration, _ directory: StoreDirectory, _ queue: WriteQueue,
    _ heads: HeadedTables, persistedHeads: Set<UInt32>, mark: RecoveryMark?
  ) throws(StorageError) {
    self.configuration = configuration
    self.directory = directory
    self.queue = queue
    background = try BackgroundWork(database)
    records = try RecordWriter(
      database, heads, persistedHeads: persistedHeads, configuration.limits, background)
    transactions = try Transactions(database, configuration, mark: mark, records, background)
    worker = BackgroundWorker(configuration, records, transactions, background)
    statements = try MetaStatements(database)
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
      var taken = queue.takeAll(waiting: secondsToSleep())
      if taken.count <= limits.groupWrites, taken.allSatisfy(\.work.isGrouped) {
        if !taken.isEmpty { commit(&taken) }
        afterGroup()
        continue
      }
      var group: [QueuedWrite] = []
      for write in taken {
        switch write.work {
        case .mutations, .record, .decision, .meta:
          group.append(write)
          if group.count == limits.groupWrites {
            commit(&group)
            afterGroup()
          }
        case .tables(let tables):
          background.setTables(tables)
          write.waiter?.resume(nil)
        case .build(let records, let table):
          commit(&group)
          switch records {
          case .index(let index):
            background.builds.append(IndexBuild(index: index, table: table, waiter: write.waiter))
          case .view(let view):
            background.viewBuilds.append(ViewBuild(view: view, table: table, waiter: write.waiter))
          }
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
    transactions.end()
    return Ending(directory: directory, closers: closers)
  }

  private func afterGroup() {
    transactions.checkpointIfDue()
    guard transactions.failure == nil else { return background.failBuilds(StorageError(.writesStopped)) }
    // While others wait, a step is a fifth as long.
    let milliseconds = queue.isEmpty ? limits.stepMilliseconds : max(1, limits.stepMilliseconds / 5)
    do throws(StorageError) {
      if try worker.step(milliseconds: milliseconds) { transactions.checkpointIfDue() }
    } catch {
      background.pause(until: configuration.clock() + BackgroundWork.pauseSeconds)
      background.failBuilds(error)
      configuration.report(error)
    }
  }

  private func secondsToSleep() -> Int64? {
    guard transactions.failure == nil else { return nil }
    let now = configuration.clock()
    return background.hasWork(at: now) ? 0 : background.wakeSeconds(at: now).map { max($0 - now, 1) }
  }

  private func finishBackgroundWork() -> StorageError? {
    do throws(StorageError) {
      background.resume()
      while try worker.step(milliseconds: limits.stepMilliseconds) { transactions.checkpointIfDue() }
      return nil
    } catch {
      return error
    }
  }

  // MARK: Groups

  /// Runs the writes in one transaction and resumes who waits for them. What does not fit into the group's time is run
  /// in the next.
  private func commit(_ group: inout [QueuedWrite]) {
    var rest = group[...]
    group.removeAll(keepingCapacity: true)
    while !rest.isEmpty {
      if let failure = transactions.failure {
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
      try transactions.run { () throws(StorageError) in
        let deadline = monotonicMicroseconds() + limits.groupMilliseconds * 1000
        for write in writes {
          if let error = try perform(write) { failures[count] = error }
          count += 1
          // A write into a record of megabytes takes as long as a thousand others, so the clock is read after each.
          if monotonicMicroseconds() >= deadline { break }
        }
      }
    } catch {
      let hasStopped = transactions.failure != nil
      guard !hasStopped, writes.count > 1 else {
        let failed = hasStopped ? writes.count : 1
        for write in writes.prefix(failed) { write.waiter?.resume(error) }
        return failed
      }
      // One write may be the reason, such as one that is too large for the disk: each in a transaction of its own.
      let begun = max(count, 1)
      for index in writes.indices.prefix(begun) {
        if let failure = transactions.failure {
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
        let table = background.current(handle)
        if table.isPlain {
          try records.merge(table, key, record, isHead: false)
        } else {
          try transactions.inSavepoint { () throws(StorageError) in try records.merge(table, key, record, isHead: false)
          }
        }
      case .decision(let decision):
        let mutations: [PartitionMutation]
        do throws(StorageError) {
          mutations = try decision.decide(records.reader)
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
      guard error.concernsOneWrite, !transactions.isIdle else { throw error }
      return error
    }
  }

  private func performMutations(_ mutations: [PartitionMutation]) throws(StorageError) {
    guard mutations.count > 1 || !(mutations.first.map { isOneRecord($0) } ?? true) else {
      for mutation in mutations { try records.write(mutation) }
      return
    }
    try transactions.inSavepoint { () throws(StorageError) in
      for mutation in mutations { try records.write(mutation) }
    }
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

  /// Whether a mutation changes one record and nothing else, so that it needs no savepoint.
  private func isOneRecord(_ mutation: PartitionMutation) -> Bool {
    background.current(mutation.table).isPlain && mutation.head.isEmpty && mutation.rows.count <= 1
  }
}
