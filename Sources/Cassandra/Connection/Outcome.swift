internal import CassandraReactor
internal import CassandraWire

/// What became of a request that was sent.
enum Outcome {
  /// RESULT of kind Void without anything before it: the write was done.
  case done
  /// Any other answer, with its body.
  case answer(EnvelopeHeader, [UInt8])
  /// There is no answer and will be none.
  case failure(CassandraError)
  /// There is no answer yet, and it is time to look for one elsewhere, too; it will be found there.
  case late(LoopBound<PendingAnswer>)
}

/// Is told what a connection hears that nobody has asked for.
protocol ConnectionObserver: AnyObject {
  func connection(_ connection: NodeConnection, heard event: Event)
  func connectionBecameUnusable(_ connection: NodeConnection)
}

extension NodeConnection {
  /// Who gets the answer.
  ///
  /// Plain addresses, so that a table of them is copied and forgotten without counting references.
  struct Recipient {
    /// A task that waits.
    var waiter: Waiter?
    /// Or a place where somebody may look for the answer; it is kept until that has come.
    var pending: Unmanaged<PendingAnswer>?
    /// Whether the one who waits is told with ``Outcome/late(_:)`` when the answer is late or the node is silent, and
    /// the answer stays welcome.
    var goesOn = false

    /// Whether nobody wants the answer.
    var isUnwanted: Bool {
      if let waiter, WaitingTask(of: waiter).isCancelled { return true }
      return pending.map { $0._withUnsafeGuaranteedRef(\.isAbandoned) } ?? false
    }

    /// A place for the answer, so that the one who waits can go on; nil when there is no reason for one.
    var replacement: Recipient? {
      guard goesOn, waiter != nil else { return nil }
      return Recipient(pending: .passRetained(PendingAnswer()))
    }
  }
}
