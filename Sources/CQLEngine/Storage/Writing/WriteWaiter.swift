/// Who waits for a write: resumed exactly once.
@safe
struct WriteWaiter: Sendable {
  private let continuation: UnsafeContinuation<StorageError?, Never>
  /// The loop that it waits on; nil: resumed on the writer's thread.
  let home: WriteHome?

  init(_ continuation: UnsafeContinuation<StorageError?, Never>, home: WriteHome? = nil) {
    unsafe self.continuation = continuation
    self.home = home
  }

  /// Ends the wait: nil when the write is done and durable.
  func resume(_ error: StorageError?) {
    if let home {
      home.post { resumeHere(error) }
    } else {
      resumeHere(error)
    }
  }

  fileprivate func resumeHere(_ error: StorageError?) { unsafe continuation.resume(returning: error) }
}

/// A loop to which the answers of writes go, those of a commit together.
final class WriteHome: Sendable {
  let post: @Sendable (@escaping @Sendable () -> Void) -> Void

  init(post: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void) { self.post = post }

  /// Tells waiters of this loop that their writes are done and durable.
  func resume(_ waiters: [WriteWaiter]) {
    post { for waiter in waiters { waiter.resumeHere(nil) } }
  }
}

/// Gathers waiters whose writes are durable, and wakes each loop once for its neighbours among them.
struct DoneWaiters {
  private var home: WriteHome?
  private var waiters: [WriteWaiter] = []

  /// One more.
  mutating func append(_ waiter: WriteWaiter) {
    guard let next = waiter.home else { return waiter.resume(nil) }
    if next !== home { flush() }
    home = next
    waiters.append(waiter)
  }

  /// Wakes who is left.
  mutating func flush() {
    if !waiters.isEmpty { home?.resume(waiters) }
    waiters = []
  }
}
