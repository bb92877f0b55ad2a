internal import CCassandraUV
internal import Synchronization
public import CassandraTelemetry

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Some event loops, each with a thread of its own.
///
/// An application makes one and gives it to its server and to its clients; who gets none uses ``shared``.
public final class EventLoops: Sendable, RandomAccessCollection {
  /// The loops that everything uses that was not given others: one for each core that the process may use. They run as
  /// long as the process.
  public static let shared: EventLoops = {
    do throws(ReactorError) { return try EventLoops() } catch {
      preconditionFailure("the process cannot have event loops: \(error.debugDescription)")
    }
  }()

  /// How long a turn of a loop may last before a warning is logged: 500 ms.
  public static let blockedLimit: Duration = .milliseconds(500)

  /// The stack of each thread that this module starts: 8 MiB. It is address space; memory is what is used of it.
  public static let threadStackBytes = 8 << 20

  private let loops: [EventLoop]
  private let threads: [LoopThreadHandle]
  private let watchdog: Watchdog
  private let isStopped = Atomic<Bool>(false)

  /// Starts loops.
  ///
  /// - Parameters:
  ///   - count: How many; by default ``availableCores``.
  ///   - logger: Is told when a loop has been blocked for longer than ``blockedLimit``.
  /// - Throws: ``ReactorError/Code/tooManyOpenFiles``, or ``ReactorError/Code/system`` when no thread can be started.
  public init(count: Int = EventLoops.availableCores, logger: CassandraLogger = .silent) throws(ReactorError) {
    precondition(count > 0, "there is no work without a loop")
    ignorePipeSignal()
    var loops: [EventLoop] = []
    for index in 0..<count { loops.append(try EventLoop(index: index)) }
    self.loops = loops
    watchdog = Watchdog(loops, logger: logger.labelled("reactor"))
    var threads: [LoopThreadHandle] = []
    for loop in loops { threads.append(try LoopThreadHandle(name: "loop-\(loop.index)") { loop.runThread() }) }
    self.threads = threads
    watchdog.start()
  }

  /// 0.
  public var startIndex: Int { 0 }
  /// How many loops there are.
  public var endIndex: Int { loops.count }
  /// The loop at `index`.
  public subscript(index: Int) -> EventLoop { loops[index] }

  /// The loop of these whose thread this is, or nil.
  public var current: EventLoop? {
    guard let loop = EventLoop.current, loop.index < loops.count, loops[loop.index] === loop else { return nil }
    return loop
  }

  /// The index of the loop of these whose thread this is, or nil: for what asks with every request, as no reference is
  /// counted.
  public var currentIndex: Int? {
    guard let pointer = EventLoop.currentPointer else { return nil }
    let index = Unmanaged<EventLoop>.fromOpaque(pointer)._withUnsafeGuaranteedRef { $0.index }
    guard index < loops.count, Unmanaged.passUnretained(loops[index]).toOpaque() == pointer else { return nil }
    return index
  }

  /// Waits for `duration`, rounded up to a millisecond: on the caller's loop, or on the first when it is on none of these.
  ///
  /// - Throws: `CancellationError` when the task is cancelled.
  package func sleep(for duration: Duration) async throws(CancellationError) {
    let loop = current ?? loops[0]
    try await loop.run { () async throws(CancellationError) in try await loop.sleep(for: duration) }
  }

  /// Runs `body` on every loop at once and waits for all; the first failure cancels the others.
  public func runOnEach(_ body: @escaping @Sendable (EventLoop) async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for loop in loops { group.addTask(executorPreference: loop) { try await body(loop) } }
      try await group.waitForAll()
    }
  }

  /// Ends the loops' threads and waits for them.
  ///
  /// Everything that belongs to the loops has to be closed before. Not for ``shared``, and not to be called on one of
  /// the loops.
  public func shutDown() async {
    guard isStopped.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else { return }
    watchdog.stop()
    for loop in loops { loop.post { loop.core.stop() } }
    await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
      let threads = threads
      // Joining blocks, so it gets a thread that has nothing else to do.
      let joining = try? LoopThreadHandle(name: "join") {
        for thread in threads { thread.join() }
        done.resume()
      }
      if let joining { joining.detach() } else { done.resume() }
    }
  }

  /// Sockets, timers and look-ups that are open on all loops, without the loops' own handles.
  public var openHandles: Int {
    get async {
      var sum = 0
      for loop in loops { sum += await loop.run { loop.core.openHandles } }
      return sum
    }
  }
}

// MARK: - The process

extension EventLoops {
  /// The cores that this process may use: those of its affinity, and no more than its control group's quota allows.
  public static var availableCores: Int {
    let allowed = Int(uv_available_parallelism())
    guard let quota = controlGroupQuota() else { return Swift.max(1, allowed) }
    return Swift.max(1, Swift.min(allowed, Int(quota.rounded(.up))))
  }

  /// The quota of version 2 control groups in cores, as in `150000 100000` for one and a half.
  private static func controlGroupQuota() -> Double? {
    guard let line = readSmallFile("/sys/fs/cgroup/cpu.max") else { return nil }
    let parts = line.split(whereSeparator: { $0 == " " || $0 == "\n" })
    guard parts.count == 2, let quota = Double(parts[0]), let period = Double(parts[1]), period > 0 else { return nil }
    return quota / period
  }

  private static func readSmallFile(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// Gives memory that the process has freed back to the system, where the allocator would keep it (glibc's does). Takes
  /// milliseconds when there is much, so it is for moments such as after thousands of connections became idle.
  package static func giveBackFreeMemory() { uv_give_back_free_memory() }

  /// How many further files and sockets the process may open at present, once the soft limit is the hard one.
  public static var freeDescriptors: Int {
    let limit = raiseOpenFileLimit()
    guard limit > 0, let directory = opendir("/dev/fd") else { return .max }
    defer { closedir(directory) }
    var open = 0
    while readdir(directory) != nil { open += 1 }
    // The entries of the folder itself, of its parent, and of the descriptor that reads it.
    return limit == .max ? .max : Swift.max(0, limit - Swift.max(0, open - 3))
  }

  /// Raises the soft limit of open files to the hard one, and returns it; a server wants as many as it may have.
  @discardableResult
  public static func raiseOpenFileLimit() -> Int {
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
      let resource = RLIMIT_NOFILE
    #endif
    guard getrlimit(resource, &limit) == 0 else { return 0 }
    if limit.rlim_cur < limit.rlim_max {
      limit.rlim_cur = limit.rlim_max
      if setrlimit(resource, &limit) != 0 { getrlimit(resource, &limit) }
    }
    return limit.rlim_cur > UInt(Int.max) ? .max : Int(limit.rlim_cur)
  }
}

/// Writing to a peer that has gone raises SIGPIPE, which would end the process; unless the program handles it, it is
/// ignored from the first loop on.
private func ignorePipeSignal() {
  var present = sigaction()
  guard sigaction(SIGPIPE, nil, &present) == 0 else { return }
  #if canImport(Darwin)
    let handler = present.__sigaction_u.__sa_handler
  #else
    let handler = present.__sigaction_handler.sa_handler
  #endif
  if handler == nil { signal(SIGPIPE, SIG_IGN) }
}

/// A thread that can be waited for. Whoever starts one calls ``join()`` or ``detach()`` once: until then the system keeps
/// its stack.
final class LoopThreadHandle: Sendable {
  private let thread: pthread_t

  init(name: String, _ body: @escaping @Sendable () -> Void) throws(ReactorError) {
    let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    // What a thread gets otherwise is the system's or the shell's business: 512 KiB on one, a gigabyte on another.
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    var result = pthread_attr_setstacksize(&attributes, EventLoops.threadStackBytes)
    if result == 0 { result = pthread_create(&thread, &attributes, { LoopThreadHandle.main($0) }, start.toOpaque()) }
    #if canImport(Darwin)
      guard result == 0, let thread else {
        start.release()
        throw ReactorError(.system, "the system does not give another thread")
      }
    #else
      guard result == 0 else {
        start.release()
        throw ReactorError(.system, "the system does not give another thread")
      }
    #endif
    self.thread = thread
  }

  private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    uv_name_this_thread(start.name)
    start.body()
    return nil
  }

  func join() { pthread_join(thread, nil) }
  /// Lets the thread end without anybody waiting for it.
  func detach() { pthread_detach(thread) }
}

private final class ThreadStart: Sendable {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}
