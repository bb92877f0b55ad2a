/// The node's data in one SQLite file: records ordered by key, merged when written.
///
/// One thread writes. What queues while it commits is its next group: one transaction, one sync. Readers have
/// connections of their own and never wait for it.
package final class Store: Sendable {
  /// Opens the data, or makes it. Throws `inUse`, `unsupportedVersion`, `corrupt`, `cannotOpen`, `diskFull`, `inputOutput`.
  package init(_ configuration: StoreConfiguration) throws(StorageError) { throw StorageError(.closed) }

  /// A reader for the calling loop. After ``close()`` it throws `closed`.
  package func makeReader() throws(StorageError) -> Reader { throw StorageError(.closed) }

  /// Tells the current tables, with their grace and indexes, to the background work. To be called at the start and after
  /// each change of the schema; the records of a table that is not among them are neither purged nor swept.
  package func setTables(_ tables: [TableHandle]) {}

  /// A number that no table has had.
  package func makeTableNumber() -> TableNumber { TableNumber(rawValue: 0) }

  /// Merges mutations into what is there and returns when they are durable, all or none of them.
  ///
  /// Throws `overloaded`, `recordTooLarge`, `invalidMutation`, `diskFull`, `inputOutput`, `corrupt`, `writesStopped`,
  /// `closed`. After `inputOutput` it is not known whether the write will be there when the store is opened anew.
  /// Cancelling the task does not take the write back.
  package func apply(_ mutations: [PartitionMutation]) async throws(StorageError) {}

  /// Decides on the writer's thread what to write, by what is there: no other write comes between the reading and the
  /// writing. Returns the decision's outcome when its mutations, and all writes that it has seen, are durable.
  ///
  /// `decide` has to be brief, since no write is served meanwhile: it reads a few records with the reader that it gets,
  /// which sees all earlier writes, also those of its own group. An error that it throws fails this write alone.
  package func apply<Outcome: Sendable>(
    deciding decide: @escaping @Sendable (Reader) throws(StorageError) -> WriteDecision<Outcome>
  ) async throws(StorageError) -> Outcome { throw StorageError(.closed) }

  /// Writes to the small durable area of names and values beside the records (nil removes), and gives up tables, in one
  /// transaction: their records are gone at once for whom does not read by their number, and are removed in pieces in
  /// the background, after a restart too. Their indexes have to be listed as well.
  package func commit(
    meta: [(name: String, value: [UInt8]?)], tablesToDrop: [TableNumber] = []
  ) async throws(StorageError) {}

  /// Builds an index over the rows that its table has, in pieces between other writes, and returns when it is whole.
  /// Writes in the meantime have to be made with a handle that lists the index. Progress is kept: to be called again
  /// after a restart, also for indexes that are whole, for which it returns at once.
  package func buildIndex(_ index: IndexDefinition, of table: TableHandle) async throws(StorageError) {}

  /// Lets waiting writes finish, refuses further ones, and closes the file.
  package func close() async {}
}

/// The current time in seconds since 1970.
package let systemSeconds: @Sendable () -> Int64 = { 0 }
