/// Who waits for a write: resumed exactly once, on the writer's thread.
@safe
struct WriteWaiter: Sendable {
  private let continuation: UnsafeContinuation<StorageError?, Never>

  init(_ continuation: UnsafeContinuation<StorageError?, Never>) { unsafe self.continuation = continuation }

  /// Ends the wait: nil when the write is done and durable.
  func resume(_ error: StorageError?) { unsafe continuation.resume(returning: error) }
}
