#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A value behind a pthread mutex.
///
/// For the few things that threads share and that are touched rarely or briefly: the queue of jobs that other threads
/// give to a loop, the log's buffer, a client's table of prepared statements. `Synchronization.Mutex` would do, but
/// under contention it took three times as long, and the thread sanitizer does not see its slow path.
package final class Locked<Value>: @unchecked Sendable {
  // Sendable because `value` is reached only while `mutex` is held.
  private var value: Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>

  /// Puts `value` behind a mutex of its own.
  package init(_ value: sending Value) {
    self.value = value
    mutex = .allocate(capacity: 1)
    pthread_mutex_init(mutex, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs `body` while no other thread has the value. Nothing that blocks or calls back belongs into it.
  package func withLock<Result, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&value)
  }
}
