/// Does the work between the groups, step by step.
struct BackgroundWorker {
  private let configuration: StoreConfiguration
  private let transactions: Transactions
  private let background: BackgroundWork
  private let indexes: IndexBuilder
  private let views: ViewBuilder
  private let cleaner: RecordCleaner

  private var limits: StorageLimits { configuration.limits }

  init(
    _ configuration: StoreConfiguration, _ records: RecordWriter, _ transactions: Transactions,
    _ background: BackgroundWork
  ) {
    self.configuration = configuration
    self.transactions = transactions
    self.background = background
    indexes = IndexBuilder(limits: configuration.limits, records: records, background: background)
    views = ViewBuilder(limits: configuration.limits, records: records, background: background)
    cleaner = RecordCleaner(configuration: configuration, records: records, background: background)
  }

  /// Does a step of the background work in a transaction of its own; answers whether there was anything to do.
  func step(milliseconds: Int) throws(StorageError) -> Bool {
    let now = configuration.clock()
    guard background.hasWork(at: now) else { return false }
    var finished: [IndexBuild] = []
    var finishedViews: [ViewBuild] = []
    let viewBuilds = background.viewBuilds
    do throws(StorageError) {
      try transactions.run { () throws(StorageError) in
        var budget = StepBudget(milliseconds: milliseconds, records: limits.stepRecords)
        // Builds first, because someone waits for them; what only takes room comes last.
        if !background.builds.isEmpty { try indexes.step(milliseconds: milliseconds, &finished) }
        if !background.viewBuilds.isEmpty { try views.step(&budget, &finishedViews) }
        // A dropped index or view that is still built gets records yet.
        guard background.builds.isEmpty && background.viewBuilds.isEmpty else { return }
        if !budget.isSpent, background.tables != nil, background.hasSweeps { try cleaner.sweep(&budget) }
        if !budget.isSpent, background.tables != nil, background.isPurgeDue(at: now) {
          try cleaner.purge(now: now, &budget)
        }
        if !budget.isSpent, background.hasDrops { try cleaner.drain(&budget) }
      }
    } catch {
      for build in finished { build.waiter?.resume(error) }
      background.viewBuilds = viewBuilds
      throw error
    }
    for build in finished { build.waiter?.resume(nil) }
    for build in finishedViews { build.waiter?.resume(nil) }
    return true
  }
}
