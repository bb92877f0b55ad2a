#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Where writes wait for the writer's thread.
///
/// Sendable because everything that changes is touched only with the mutex held. A pthread mutex, because the writer
/// has to sleep until something comes or a time passes, which `Synchronization` has no means for.
@safe
final class WriteQueue: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let limits: StorageLimits
  private var waiting: [QueuedWrite] = []
  private var waitingBytes = 0
  private var isClosed = false
  private var isStopped = false

  init(_ limits: StorageLimits) {
    self.limits = limits
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(condition, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  private func withLock<Result>(_ body: () -> Result) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Wakes the writer; without the mutex, for which it would have to go to sleep again.
  private func wake() { unsafe pthread_cond_signal(condition) }

  /// Appends a write; the error, when there is no room or the store is closed. A close is taken once.
  func push(_ write: QueuedWrite) -> StorageError? {
    let (refusal, wasEmpty) = withLock { () -> (StorageError?, Bool) in
      let wasEmpty = waiting.isEmpty
      return (append(write), wasEmpty)
    }
    if wasEmpty && refusal == nil { wake() }
    return refusal
  }

  /// Appends several writes in one go and empties the list of them; those for which there is no room, with their errors.
  func push(_ writes: inout [QueuedWrite]) -> [(QueuedWrite, StorageError)] {
    var refused: [(QueuedWrite, StorageError)] = []
    let hasToWake = withLock {
      let wasEmpty = waiting.isEmpty
      if wasEmpty && takeWhole(&writes) { return true }
      for write in writes {
        if let refusal = append(write) { refused.append((write, refusal)) }
      }
      return wasEmpty && !waiting.isEmpty
    }
    if hasToWake { wake() }
    writes.removeAll(keepingCapacity: true)
    return refused
  }

  /// Takes writes as they are, without touching each, when they are all that wait and there is room for all of them.
  private func takeWhole(_ writes: inout [QueuedWrite]) -> Bool {
    guard !isClosed, !writes.isEmpty, writes.count <= limits.waitingWrites else { return false }
    var bytes = 0
    for index in writes.indices { bytes += writes[index].bytes }
    guard bytes <= limits.waitingBytes else { return false }
    swap(&waiting, &writes)
    waitingBytes = bytes
    return true
  }

  private func append(_ write: QueuedWrite) -> StorageError? {
    if isClosed { return StorageError(.closed) }
    if case .close = write.work { isClosed = true }
    if write.work.isGrouped
      && (waiting.count >= limits.waitingWrites
        || (waitingBytes > 0 && waitingBytes + write.bytes > limits.waitingBytes))
    {
      return StorageError(.overloaded)
    }
    waiting.append(write)
    waitingBytes += write.bytes
    return nil
  }

  /// All that wait. Sleeps until there is one, or until `seconds` have passed (nil: for ever, 0: not at all).
  func takeAll(waiting seconds: Int64?) -> [QueuedWrite] {
    withLock {
      if waiting.isEmpty && seconds != 0 { sleep(seconds) }
      let taken = waiting
      waiting = []
      waitingBytes = 0
      return taken
    }
  }

  /// Whether a write waits.
  var isEmpty: Bool { withLock { waiting.isEmpty } }

  private func sleep(_ seconds: Int64?) {
    guard let seconds else {
      while waiting.isEmpty { unsafe pthread_cond_wait(condition, mutex) }
      return
    }
    var until = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &until)
    until.tv_sec += Int(min(seconds, 86_400))
    while waiting.isEmpty {
      if unsafe pthread_cond_timedwait(condition, mutex, &until) != 0 { return }
    }
  }
}
