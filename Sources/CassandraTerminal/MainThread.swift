#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Runs the tasks of a program that belong to no event loop on its main thread, one after the other.
///
/// Without it they would be on the threads of libdispatch, which ends the process when it cannot look at them in `/proc`:
/// when no descriptor is left, and in a namespace of processes that has no `/proc` of its own.
///
/// `@unchecked Sendable` because `jobs` is touched only while `mutex` is held; the pointers never change.
final class MainThread: TaskExecutor, @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var jobs: [UnownedJob] = []

  private init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    pthread_mutex_lock(mutex)
    jobs.append(job)
    pthread_cond_signal(changed)
    pthread_mutex_unlock(mutex)
  }

  /// Runs a program's task, and those it makes, on the calling thread. The task ends the process.
  static func run(_ program: @escaping @Sendable () async -> Never) -> Never {
    let thread = MainThread()
    // The one task that has no other around it: all of the program is within it.
    Task(executorPreference: thread) { await program() }
    var jobs: [UnownedJob] = []
    while true {
      pthread_mutex_lock(thread.mutex)
      while thread.jobs.isEmpty { pthread_cond_wait(thread.changed, thread.mutex) }
      swap(&jobs, &thread.jobs)
      pthread_mutex_unlock(thread.mutex)
      for job in jobs { job.runSynchronously(on: thread.asUnownedTaskExecutor()) }
      jobs.removeAll(keepingCapacity: true)
    }
  }
}
