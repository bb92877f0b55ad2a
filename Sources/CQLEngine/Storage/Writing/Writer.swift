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
  let mark: RecoveryMark?
  let lookup: Lookup
  let statements: WriterStatements
  var persistedHeads: Set<UInt32>
  var background: BackgroundWork
  /// Set once a sync has failed.
  var failure: StorageError?
  var lastCheckpointPages = 0
  var key: [UInt8] = []

  var limits: StorageLimits { configuration.limits }

  init(
    _ database: Database, _ configuration: StoreConfiguration, _ directory: StoreDirectory, _ queue: WriteQueue,
    _ heads: HeadedTables, persistedHeads: Set<UInt32>, mark: RecoveryMark?
  ) throws(StorageError) {
    self.database = database
    self.configuration = configuration
    self.directory = directory
    self.mark = mark
    self.queue = queue
    self.heads = heads
    self.persistedHeads = persistedHeads
    reader = Reader(database, heads: heads, isWriters: true)
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
    if failure == nil { _ = try? database.checkpoint(.passive) }
    // SQLite copies what is left when it closes the file, and removes the log only when that has reached the disk.
    mark?.end()
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
      configuration.report(error)
    }
  }

  private func secondsToSleep() -> Int64? {
    guard failure == nil else { return nil }
    let now = configuration.clock()
    return background.hasWork(at: now) ? 0 : background.wakeSeconds(at: now).map { max($0 - now, 1) }
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
