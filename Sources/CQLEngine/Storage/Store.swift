#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif
internal import Synchronization

/// The node's data in one SQLite file: records ordered by key, merged when written.
///
/// One thread writes. What queues while it commits is its next group: one transaction, one sync. Readers have
/// connections of their own and never wait for it.
package final class Store: Sendable {
  private let configuration: StoreConfiguration
  /// Where the files are; of a temporary store too.
  package let directoryPath: String
  private let file: String
  private let fileSystemName: String
  private let heads: HeadedTables
  let queue: WriteQueue
  private let nextTable: Mutex<UInt32>

  /// Opens the data, or makes it. Throws `inUse`, `unsupportedVersion`, `corrupt`, `cannotOpen`, `diskFull`, `inputOutput`.
  package init(_ configuration: StoreConfiguration) throws(StorageError) {
    self.configuration = configuration
    var directory = try StoreDirectory(configuration.location)
    directoryPath = directory.path
    file = directory.file
    queue = WriteQueue(configuration.limits)
    let writer: Writer
    do throws(StorageError) {
      fileSystemName = try PageFileSystem.name(
        over: configuration.fileSystemName, isSynced: !directory.isTemporary)
      var mark: RecoveryMark?
      if !directory.isTemporary {
        // What is missing is said before what is damaged: it has a cure.
        mark = try RecoveryMark.open(
          directory.path, database: directory.file, acceptsLoss: configuration.acceptsLoss)
        if !configuration.acceptsLoss { try LogCheck.check(directory.file + "-wal") }
      }
      let database = try Database(path: directory.file, mode: .readWrite, fileSystemName: fileSystemName)
      try directory.keepOthersOut()
      try StoreFormat.prepare(database, synchronous: !directory.isTemporary)
      try database.execute(
        """
        PRAGMA cache_size = -\(configuration.limits.writerCacheBytes >> 10);
        PRAGMA journal_size_limit = \(configuration.limits.logBytes)
        """)
      if !directory.isTemporary { try directory.synchronize() }
      let headed = try RecordWriter.headedTables(database)
      heads = HeadedTables(headed)
      let next = try database.integer("SELECT value FROM state WHERE name = 'next table'")
      nextTable = Mutex(UInt32(clamping: max(next, 1)))
      mark?.begin()
      writer = try Writer(database, configuration, directory, queue, heads, persistedHeads: headed, mark: mark)
    } catch {
      directory.close()
      throw error.of(directory.file)
    }
    try Self.start(writer)
  }

  deinit { _ = queue.push(QueuedWrite(.close, waiter: nil)) }

  /// Bytes of the stack of the writer's thread: 8 MiB, of which the system takes what is touched.
  private static let stackBytes = 8 << 20

  private static func start(_ writer: Writer) throws(StorageError) {
    let context = unsafe Unmanaged.passRetained(writer)
    var thread = pthread_t()
    // Decisions evaluate expressions as deep as statements may be nested, so the stack is not left to the system, of
    // which some give 512 KiB.
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    unsafe pthread_attr_init(attributes)
    unsafe pthread_attr_setstacksize(attributes, stackBytes)
    defer {
      unsafe pthread_attr_destroy(attributes)
      unsafe attributes.deallocate()
    }
    // The writer belongs to its thread alone from here on: the only reference goes with the context.
    let result = unsafe pthread_create(&thread, attributes, runWriter, context.toOpaque())
    guard result == 0 else {
      unsafe context.release()
      writer.directory.close()
      throw StorageError(.cannotOpen, logDetail: "the writer's thread cannot be started")
    }
    pthread_detach(thread)
  }

  /// A reader for the calling loop. After ``close()`` it throws `closed`.
  package func makeReader() throws(StorageError) -> Reader {
    if heads.isClosed.load(ordering: .acquiring) { throw StorageError(.closed) }
    let database = try Database(path: file, mode: .readOnly, fileSystemName: fileSystemName)
    try database.execute("PRAGMA cache_size = -\(configuration.limits.readerCacheBytes >> 10)")
    return Reader(database, heads: heads)
  }

  /// Tells the current tables, with their grace and indexes, to the background work. To be called at the start and after
  /// each change of the schema; the records of a table that is not among them are neither purged nor swept.
  package func setTables(_ tables: [TableHandle]) { _ = queue.push(QueuedWrite(.tables(tables), waiter: nil)) }

  /// A number that no table has had. It is kept from then on with the next ``commit(meta:tablesToDrop:)``.
  package func makeTableNumber() -> TableNumber {
    nextTable.withLock { next in
      defer { next += 1 }
      return TableNumber(rawValue: next)
    }
  }

  /// Merges mutations into what is there and returns when they are durable, all or none of them.
  ///
  /// Throws `overloaded`, `recordTooLarge`, `invalidMutation`, `diskFull`, `inputOutput`, `corrupt`, `writesStopped`,
  /// `closed`. After `inputOutput` it is not known whether the write will be there when the store is opened anew.
  /// Cancelling the task does not take the write back.
  package func apply(_ mutations: [PartitionMutation]) async throws(StorageError) {
    try await wait(for: .mutations(mutations))
  }

  /// Decides on the writer's thread what to write, by what is there: no other write comes between the reading and the
  /// writing. Returns the decision's outcome when its mutations, and all writes that it has seen, are durable.
  ///
  /// `decide` has to be brief, since no write is served meanwhile: it reads a few records with the reader that it gets,
  /// which sees all earlier writes, also those of its own group. An error that it throws fails this write alone. It may
  /// be called a second time, when another write of its group has failed; the last outcome counts.
  package func apply<Outcome: Sendable>(
    deciding decide: @escaping @Sendable (Reader) throws(StorageError) -> WriteDecision<Outcome>
  ) async throws(StorageError) -> Outcome {
    let write = DecidedWrite(decide)
    try await wait(for: .decision(write))
    guard let outcome = write.result() else { preconditionFailure("a write is done but was not decided") }
    return outcome
  }

  /// Writes to the small durable area of names and values beside the records (nil removes), and gives up tables, in one
  /// transaction: readers that do not use the record numbers stop seeing them at once, and are removed in pieces in
  /// the background, after a restart too. Their indexes have to be listed as well.
  package func commit(
    meta: [(name: String, value: [UInt8]?)], tablesToDrop: [TableNumber] = []
  ) async throws(StorageError) {
    let next = nextTable.withLock { $0 }
    try await wait(for: .meta(meta, tablesToDrop: tablesToDrop, nextTable: next))
  }

  /// Builds an index over the rows that its table has, in pieces between other writes, and returns when it is whole.
  /// Writes in the meantime have to be made with a handle that lists the index. Progress is kept: to be called again
  /// after a restart, also for indexes that are whole, for which it returns at once.
  package func buildIndex(_ index: IndexDefinition, of table: TableHandle) async throws(StorageError) {
    try await wait(for: .build(.index(index), of: table))
  }

  /// The same for a view.
  package func buildView(_ view: ViewDefinition, of table: TableHandle) async throws(StorageError) {
    try await wait(for: .build(.view(view), of: table))
  }

  /// Does all background work that is due by the configuration's clock, and returns when it is done. For tests, and
  /// before a copy of the data is made.
  package func finishBackgroundWork() async throws(StorageError) { try await wait(for: .finishBackgroundWork) }

  /// Lets waiting writes finish, refuses further ones, and closes the file. To be called when no reader is inside of a
  /// call; later calls of readers throw `closed`.
  package func close() async {
    heads.isClosed.store(true, ordering: .releasing)
    // An error says that it is closed already.
    try? await wait(for: .close)
  }

  func wait(for work: QueuedWrite.Work) async throws(StorageError) {
    let error = unsafe await withUnsafeContinuation { (continuation: UnsafeContinuation<StorageError?, Never>) in
      let waiter = unsafe WriteWaiter(continuation)
      if let refusal = queue.push(QueuedWrite(work, waiter: waiter)) { waiter.resume(refusal) }
    }
    if let error { throw error }
  }
}

/// The writer's thread.
private func runWriter(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let context = unsafe context { unsafe liveAsWriter(context).complete() }
  return nil
}

/// The writer's life. The file is closed when this returns, because nobody else has the writer.
private func liveAsWriter(_ context: UnsafeMutableRawPointer) -> Writer.Ending {
  unsafe Unmanaged<Writer>.fromOpaque(context).takeRetainedValue().run()
}
