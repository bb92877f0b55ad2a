/// What the writes of a loop need of it.
package struct LoopTurns {
  /// Runs a closure when the present turn of the loop has nothing else to run; called on the loop.
  let atEndOfTurn: (@escaping () -> Void) -> Void
  /// Runs a closure on the loop soon; called on any thread.
  let post: @Sendable (@escaping @Sendable () -> Void) -> Void

  /// The two functions of a loop.
  package init(
    atEndOfTurn: @escaping (@escaping () -> Void) -> Void,
    post: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
  ) {
    self.atEndOfTurn = atEndOfTurn
    self.post = post
  }
}

/// A loop's way to the writer; to be used on that loop only.
///
/// What a turn of the loop wants to write goes to the writer together, at the turn's end, and comes back together. Given
/// one by one, the first write of a turn would wake the writer, which would sync it alone while the others come; and the
/// first answer would wake the loop, which would go to its sockets with that alone.
package final class StoreWrites {
  private let store: Store
  private let turns: LoopTurns?
  private let home: WriteHome?
  /// The writes of this turn.
  private var gathered: [QueuedWrite] = []

  /// Writes to `store`; without `turns` each write is handed over by itself.
  package init(_ store: Store, turns: LoopTurns? = nil) {
    self.store = store
    self.turns = turns
    home = turns.map { WriteHome(post: $0.post) }
  }

  /// As ``Store/apply(_:)``.
  package func apply(_ mutations: [PartitionMutation]) async throws(StorageError) {
    try await wait(for: .mutations(mutations))
  }

  /// As ``Store/apply(_:)``, for a write of one row: `key` is the row's whole key behind its table's number, `record` was
  /// made with ``RecordBuilder``.
  package func apply(_ table: TableHandle, key: [UInt8], record: [UInt8]) async throws(StorageError) {
    try await wait(for: .record(table, key: key, record: record))
  }

  /// As ``Store/apply(deciding:)``.
  package func apply<Outcome: Sendable>(
    deciding decide: @escaping @Sendable (Reader) throws(StorageError) -> WriteDecision<Outcome>
  ) async throws(StorageError) -> Outcome {
    let write = DecidedWrite(decide)
    try await wait(for: .decision(write))
    guard let outcome = write.result() else { preconditionFailure("a write is done but was not decided") }
    return outcome
  }

  private func wait(for work: QueuedWrite.Work) async throws(StorageError) {
    guard let turns else { return try await store.wait(for: work) }
    let error = unsafe await withUnsafeContinuation { (continuation: UnsafeContinuation<StorageError?, Never>) in
      gathered.append(QueuedWrite(work, waiter: unsafe WriteWaiter(continuation, home: home)))
      if gathered.count == 1 { turns.atEndOfTurn { [self] in handOver() } }
    }
    if let error { throw error }
  }

  private func handOver() {
    for (write, refusal) in store.queue.push(&gathered) { write.waiter?.resume(refusal) }
  }
}
