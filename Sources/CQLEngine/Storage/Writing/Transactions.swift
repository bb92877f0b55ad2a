/// The writer's transactions, and the log that they go into.
final class Transactions {
  private let database: Database
  private let limits: StorageLimits
  private let report: @Sendable (StorageError) -> Void
  private let mark: RecoveryMark?
  private let statements: TransactionStatements
  /// Both are told when something was taken back.
  private let records: RecordWriter
  private let background: BackgroundWork
  private var lastCheckpointPages = 0
  /// Why nothing is written any more: a sync has failed.
  private(set) var failure: StorageError?

  init(
    _ database: Database, _ configuration: StoreConfiguration, mark: RecoveryMark?, _ records: RecordWriter,
    _ background: BackgroundWork
  ) throws(StorageError) {
    self.database = database
    limits = configuration.limits
    report = configuration.report
    self.mark = mark
    self.records = records
    self.background = background
    statements = try TransactionStatements(database)
  }

  /// Whether none is open.
  var isIdle: Bool { database.isInAutocommit }

  /// Runs `body` in a transaction, and takes back what it has done when it fails.
  func run(_ body: () throws(StorageError) -> Void) throws(StorageError) {
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

  /// Ends the transaction without its changes.
  private func rollBack() {
    if !database.isInAutocommit { try? statements.rollBack.run() }
    records.recheckHeads()
    background.recheck()
  }

  /// Runs what writes several records: the first ones have to be taken back when a later one fails.
  func inSavepoint(_ body: () throws(StorageError) -> Void) throws(StorageError) {
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

  /// Copies the log into the file when it has grown by so much.
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
      report(error)
    }
  }

  /// Copies what can be copied of the log, before the file is closed.
  func end() {
    if failure == nil { _ = try? database.checkpoint(.passive) }
    // SQLite copies what is left when it closes the file, and removes the log only when that has reached the disk.
    mark?.end()
  }
}
