internal import Synchronization

/// Something for the writer to do, and who waits for it.
struct QueuedWrite: Sendable {
  enum Work: Sendable {
    case mutations([PartitionMutation])
    /// One row; the key is whole, with the table's number.
    case record(TableHandle, key: [UInt8], record: [UInt8])
    case decision(any DecidingWrite)
    case meta([(name: String, value: [UInt8]?)], tablesToDrop: [TableNumber], nextTable: UInt32)
    case tables([TableHandle])
    case build(DerivedRecords, of: TableHandle)
    /// All background work that is due, to its end.
    case finishBackgroundWork
    case close

    /// Whether it is committed in a group with others; such a write may be refused because too much waits.
    var isGrouped: Bool {
      switch self {
      case .mutations, .record, .decision, .meta: true
      case .tables, .build, .finishBackgroundWork, .close: false
      }
    }
  }

  let work: Work
  /// Bytes that count against ``StorageLimits/waitingBytes``.
  let bytes: Int
  /// Resumed with nil when the work is done and durable.
  let waiter: WriteWaiter?

  init(_ work: Work, waiter: WriteWaiter?) {
    self.work = work
    self.waiter = waiter
    var bytes = 0
    switch work {
    case .mutations(let mutations):
      for mutation in mutations {
        bytes += mutation.partition.bytes.count + mutation.head.count
        for row in mutation.rows { bytes += row.clustering.count + row.record.count }
      }
    case .record(_, let key, let record): bytes = key.count + record.count
    case .decision, .meta, .tables, .build, .finishBackgroundWork, .close: break
    }
    self.bytes = bytes
  }
}

/// A write that is decided on the writer's thread.
protocol DecidingWrite: Sendable {
  func decide(_ reader: Reader) throws(StorageError) -> [PartitionMutation]
}

/// Keeps what was decided until the write is durable.
final class DecidedWrite<Outcome: Sendable>: DecidingWrite {
  private let decision: @Sendable (Reader) throws(StorageError) -> WriteDecision<Outcome>
  private let outcome = Mutex<Outcome?>(nil)

  init(_ decision: @escaping @Sendable (Reader) throws(StorageError) -> WriteDecision<Outcome>) {
    self.decision = decision
  }

  func decide(_ reader: Reader) throws(StorageError) -> [PartitionMutation] {
    let decided = try decision(reader)
    outcome.withLock { $0 = decided.outcome }
    return decided.mutations
  }

  func result() -> Outcome? { outcome.withLock { $0 } }
}
