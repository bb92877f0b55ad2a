/// What the caller wants after a record.
package enum ScanStep: Sendable {
  /// The next record.
  case next
  /// The next partition's first record (backwards: the last of the partition before).
  case nextPartition
  /// No more.
  case stop
}

/// Why a scan has returned.
package enum ScanEnd: Sendable, Equatable {
  /// The range is exhausted.
  case end
  /// The closure has answered `stop`.
  case stopped
  /// The slice's budget is used up: wait a turn, then scan what is left.
  case slice(rest: KeyRange)
}

/// Reads a store: one for each loop, with a read-only connection of its own. Not Sendable.
///
/// Each call sees one committed state, with every write that was acknowledged before it began. No call leaves a
/// statement open. `now` is the request's time in seconds since 1970: what expires at or before it is not shown.
package final class Reader {
  init() {}

  /// Looks one record up by its whole key (``PartitionKey/row(_:)``, ``PartitionKey/head``) and gives it to `body` when
  /// it is there; answers whether it was. The record may have no live cell: see ``RecordView/isLive()``.
  package func record(
    _ table: TableNumber, _ key: [UInt8], now: Int64, _ body: (borrowing RecordView) throws(StorageError) -> Void
  ) throws(StorageError) -> Bool { false }

  /// Gives the records of a range to `body`, forwards or backwards, until it answers `stop`, the range ends or the
  /// budget is used up. Records without anything live are given too: see ``RecordView/isLive()``.
  package func scan(
    _ table: TableNumber, _ range: KeyRange, reverse: Bool = false, now: Int64, budget: SliceBudget = SliceBudget(),
    _ body: (borrowing RecordView) throws(StorageError) -> ScanStep
  ) throws(StorageError) -> ScanEnd { .end }

  /// Gives the base keys of an index's entries for one value (ordered bytes, as ``IndexDefinition/order`` makes them),
  /// ordered by base key; the caller reads each base record and checks. `after`: the base key to go on behind.
  package func indexEntries(
    _ index: TableNumber, value: [UInt8], after: [UInt8]? = nil, budget: SliceBudget = SliceBudget(),
    _ body: (_ baseKey: Span<UInt8>) throws(StorageError) -> ScanStep
  ) throws(StorageError) -> ScanEnd { .end }

  /// A value of the area of names and values; nil when there is none.
  package func meta(_ name: String) throws(StorageError) -> [UInt8]? { nil }
}
