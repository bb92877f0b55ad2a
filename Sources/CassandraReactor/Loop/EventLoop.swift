internal import CCassandraUV
internal import Synchronization
internal import CassandraTelemetry

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// One thread that waits for sockets, timers and signals and runs the tasks that these wake.
///
/// A loop is the executor of its tasks: what a task awaits is resumed on the same thread, so a request is read, handled
/// and answered without a lock and without waking another thread. A turn of the loop is:
/// 1. libuv calls back for what the sockets have; a continuation that can go on puts its job into the loop's queue.
/// 2. The queue runs until it is empty, or until ``maximumJobsPerTurn``.
/// 3. Every connection that has something to say writes, once.
///
/// A task gets onto a loop with `Task(executorPreference: loop)`, `group.addTask(executorPreference: loop)` or
/// ``run(_:)``. Code that computes for long does so elsewhere:
/// `withTaskExecutorPreference(globalConcurrentExecutor) { … }`.
public final class EventLoop: TaskExecutor {
  /// Jobs that a loop runs before it looks at its sockets again: 4,096.
  public static let maximumJobsPerTurn = 4096

  /// Its place among the loops that were made together, from 0.
  public let index: Int
  // Sendable: reached on the loop's thread only, which `core` checks.
  private nonisolated(unsafe) let uncheckedCore: LoopCore
  private let foreign = Locked(ForeignWork())
  private let thread = Atomic<UInt>(0)
  // Sendable: libuv allows uv_async_send from any thread, and the handle lives as long as the loop.
  private nonisolated(unsafe) let wake: UnsafeMutablePointer<uv_async_t>
  /// When the present turn began, in milliseconds of the monotonic clock; 0 while the loop waits.
  let turnBegan = Atomic<UInt64>(0)

  init(index: Int) throws(ReactorError) {
    self.index = index
    uncheckedCore = try LoopCore()
    wake = uncheckedCore.wake
  }

  /// What the loop is made of; traps on any other thread.
  var core: LoopCore {
    preconditionIsCurrent()
    return uncheckedCore
  }

  /// The loop whose thread this is, or nil on any other thread.
  public static var current: EventLoop? {
    guard let pointer = currentPointer else { return nil }
    return Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Where it lies; it lives as long as its thread runs.
  static var currentPointer: UnsafeMutableRawPointer? { pthread_getspecific(LoopThread.key) }

  /// Whether this is the loop's thread.
  public var isCurrent: Bool { thread.load(ordering: .relaxed) == LoopThread.current }

  @usableFromInline
  package func preconditionIsCurrent() {
    precondition(isCurrent, "what belongs to an event loop was touched on another thread")
  }

  /// Queues a job; part of being an executor.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    if isCurrent {
      uncheckedCore.ready.append(job)
    } else {
      wakeIf(foreign.withLock { $0.add(job) })
    }
  }

  /// Runs `body` on the loop's thread soon, from any thread; for what has no task to wait in, such as the cancellation
  /// of a wait.
  public func post(_ body: @escaping @Sendable () -> Void) {
    wakeIf(foreign.withLock { $0.add(body) })
  }

  /// The number of the turn at hand: another one each time after the sockets have been looked at. To be asked on the loop.
  package var turnNumber: UInt64 { core.turnNumber }

  /// Runs `body` once when this turn has nothing else to run, before its connections write: for what the requests of a
  /// turn do together. To be called on the loop.
  public func atEndOfTurn(_ body: @escaping () -> Void) { core.endings.append(body) }

  /// The same for what has something to do at the end of nearly every turn: it allocates nothing.
  package func atEndOfTurn(_ ending: any TurnEnding) { core.turnEndings.append(ending) }

  /// Waits until the loop has looked at its sockets; to be called on the loop.
  package func nextTurn() async { await withUnsafeContinuation { waiter in post { waiter.resume() } } }

  /// Runs `body` on the loop, and comes back.
  ///
  /// From one of the loop's own tasks this costs no more than the call.
  public nonisolated func run<Result: Sendable, Failure: Error>(
    _ body: @Sendable () async throws(Failure) -> Result
  ) async throws(Failure) -> Result {
    // Code of an actor may happen to run on this thread and would leave it at its next wait, so it hops too.
    if isCurrent && #isolation == nil { return try await body() }
    return try await hop(body)
  }

  // The preference does not take a task off an actor, so the hop starts from a function that belongs to none. The
  // check is more than a check: the compiler (6.3) leaves out a change of executor when nothing synchronous follows it.
  @concurrent
  private func hop<Result: Sendable, Failure: Error>(
    _ body: @Sendable () async throws(Failure) -> Result
  ) async throws(Failure) -> Result {
    try await withTaskExecutorPreference(self) { () async throws(Failure) -> Result in
      preconditionIsCurrent()
      return try await body()
    }
  }

  private func wakeIf(_ first: Bool) {
    if first { uv_async_send(wake) }
  }
}

/// What other threads have given to a loop.
struct ForeignWork {
  /// Jobs and closures whose room is kept when they are done: 256 of each.
  private static let keptCapacity = 256

  private(set) var jobs: [UnownedJob] = []
  private(set) var closures: [@Sendable () -> Void] = []

  /// Empties it, and keeps its room unless that is large.
  mutating func removeAll() {
    jobs.removeAll(keepingCapacity: jobs.capacity <= Self.keptCapacity)
    closures.removeAll(keepingCapacity: closures.capacity <= Self.keptCapacity)
  }

  /// Both return whether the loop has to be woken.
  mutating func add(_ job: UnownedJob) -> Bool {
    jobs.append(job)
    return jobs.count == 1 && closures.isEmpty
  }

  mutating func add(_ closure: @escaping @Sendable () -> Void) -> Bool {
    closures.append(closure)
    return closures.count == 1 && jobs.isEmpty
  }
}

// MARK: - The loop's thread

extension EventLoop {
  /// Prepares the loop's parts, runs it on this thread, and returns once it has been stopped and every handle has
  /// closed.
  func runThread() {
    thread.store(LoopThread.current, ordering: .relaxed)
    pthread_setspecific(LoopThread.key, Unmanaged.passUnretained(self).toOpaque())
    let core = uncheckedCore
    core.start(self)
    uv_run(core.uv, UV_RUN_DEFAULT)
    core.finish()
    pthread_setspecific(LoopThread.key, nil)
    thread.store(0, ordering: .relaxed)
  }

  /// Takes what other threads have given.
  func takeForeignWork() {
    let core = uncheckedCore
    // What is given next goes where what is taken now will have been.
    let room = core.takeForeignRoom()
    var work = foreign.withLock { work in
      let taken = work
      work = room
      return taken
    }
    for closure in work.closures { closure() }
    for job in work.jobs { core.ready.append(job) }
    work.removeAll()
    core.keepForeignRoom(work)
  }

  /// After the sockets have been looked at.
  func beginTurn() {
    turnBegan.store(uncheckedCore.now, ordering: .relaxed)
    uncheckedCore.beginTurn()
    turn()
  }

  /// Before the loop waits for its sockets.
  func endTurn() {
    turn()
    turnBegan.store(0, ordering: .relaxed)
  }

  /// Runs what is ready, then what is for the end of the turn, then lets every connection with something to say write
  /// once; repeats when that made more ready.
  func turn() {
    let core = uncheckedCore
    var budget = Self.maximumJobsPerTurn
    repeat {
      while budget > 0, let job = core.ready.popFirst() {
        job.runSynchronously(on: asUnownedTaskExecutor())
        budget -= 1
      }
      core.runEndings()
      core.flushDirty()
    } while budget > 0 && !core.ready.isEmpty
    core.keepsGoing = !core.ready.isEmpty || !core.endings.isEmpty || !core.turnEndings.isEmpty
  }
}

/// The identity of the calling thread, and where it keeps its loop.
enum LoopThread {
  static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()

  static var current: UInt {
    #if canImport(Darwin)
      UInt(bitPattern: pthread_self())
    #else
      UInt(pthread_self())
    #endif
  }
}

// MARK: - Time

extension EventLoop {
  /// Calls `handler` on this loop's thread once `duration` has passed, rounded up to a millisecond; to be called on the
  /// loop.
  ///
  /// All deadlines of a loop share one timer. Setting and cancelling one costs some nanoseconds, however many there
  /// are, and no system call.
  public func setDeadline(after duration: Duration, handler: any DeadlineHandler, token: UInt64) -> DeadlineKey {
    let core = core
    return core.setDeadline(due: core.now + duration.wholeMilliseconds, handler: handler, token: token)
  }

  /// Calls `handler` on this loop's thread once ``now`` has reached `due`; to be called on the loop.
  public func setDeadline(at due: UInt64, handler: any DeadlineHandler, token: UInt64) -> DeadlineKey {
    core.setDeadline(due: due, handler: handler, token: token)
  }

  /// Cancels a deadline; nothing happens when it has passed or was cancelled before. To be called on the loop.
  public func cancelDeadline(_ key: DeadlineKey) { core.cancelDeadline(key) }

  /// Milliseconds of the monotonic clock, as of the beginning of this turn; to be called on the loop.
  public var now: UInt64 { core.now }

  /// Waits for `duration`, rounded up to a millisecond; to be called on the loop.
  ///
  /// - Throws: `CancellationError` when the task is cancelled.
  public func sleep(for duration: Duration) async throws(CancellationError) {
    let sleeper = Sleeper()
    let key = setDeadline(after: duration, handler: sleeper, token: 0)
    await sleeper.wait.wait(on: self)
    if Task.isCancelled {
      cancelDeadline(key)
      throw CancellationError()
    }
  }
}

// MARK: - Callbacks

extension EventLoop {
  static func of(_ data: UnsafeMutableRawPointer?) -> EventLoop? {
    guard let data else { return nil }
    return Unmanaged<EventLoop>.fromOpaque(data).takeUnretainedValue()
  }
}
