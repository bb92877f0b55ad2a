internal import CCassandraUV
internal import CassandraTelemetry
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The signals of the operating system that a program acts on.
public enum Signal: Int32, Sendable, CaseIterable {
  /// Ctrl-C.
  case interrupt = 2
  /// Asks the program to end, as service managers do.
  case terminate = 15
  /// The terminal has gone; by custom, read the configuration anew.
  case hangUp = 1

  /// Takes these signals from now on, from any thread: one that comes before somebody waits for it with
  /// ``EventLoop/signal(_:)`` is kept for him. To be called first of all, so that none is lost while the program starts.
  public static func take(_ signals: Signal...) { for signal in signals { SignalThread.shared.take(signal) } }

  /// Ends the process, with status 1, when it is still there after `limit`: for a program that was asked to end and must
  /// not hang on whatever does not.
  ///
  /// - Parameters:
  ///   - limit: How long to wait.
  ///   - hasEnded: Whether what was to end has ended by then; the process is left alone if so.
  public static func exitProcess(after limit: Duration, unless hasEnded: @escaping @Sendable () -> Bool = { false }) {
    let thread = try? LoopThreadHandle(name: "end") {
      uv_sleep(UInt32(clamping: limit.wholeMilliseconds))
      if !hasEnded() { _exit(1) }
    }
    thread?.detach()
  }
}

extension EventLoop {
  /// Waits for the first of `signals`.
  ///
  /// From then on a second signal to interrupt or to terminate ends the process at once, with a status of 128 and the
  /// signal's number; also in a container, where the first process is not ended by a signal that it does not handle.
  ///
  /// - Throws: `CancellationError` when the task is cancelled.
  public nonisolated func signal(_ signals: Signal...) async throws -> Signal {
    for signal in signals { SignalThread.shared.take(signal) }
    return try await SignalThread.shared.wait(for: signals)
  }
}

/// Where the handler of a signal writes its number, once there is a thread that reads; -1 before.
private let signalPipe = Atomic<Int32>(-1)

/// The thread that hears signals. It never does anything else, so a loop that computes does not keep them from it.
private final class SignalThread: Sendable {
  static let shared = SignalThread()

  private struct Waiter {
    var signals: [Signal]
    var signal: OneShot<Signal?>
  }

  private struct State {
    var taken: Set<Signal> = []
    var pending: [Signal] = []
    var waiters: [Waiter] = []
    /// Whether the program was asked to end.
    var isEnding = false
  }

  private let state = Locked(State())

  private init() {
    var ends: (Int32, Int32) = (-1, -1)
    let result = withUnsafeMutablePointer(to: &ends) { pointer in
      pointer.withMemoryRebound(to: Int32.self, capacity: 2) { pipe($0) }
    }
    // Without a descriptor left the signals do what they do otherwise: they end the program.
    guard result == 0 else { return }
    let (reading, writing) = ends
    for end in [reading, writing] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(writing, F_SETFL, O_NONBLOCK)
    let thread = try? LoopThreadHandle(name: "signals") { [self] in
      var number: UInt8 = 0
      while true {
        let count = read(reading, &number, 1)
        if count == 1 {
          if let signal = Signal(rawValue: Int32(number)) { heard(signal) }
          if let taken = Signal(rawValue: Int32(number ^ Self.takenMark)) { Self.unblock(taken) }
        }
        if count == 0 || count < 0 && errno != EINTR { return }
      }
    }
    guard let thread else { return }
    thread.detach()
    signalPipe.store(writing, ordering: .sequentiallyConsistent)
  }

  /// Has the signal written to the pipe instead of what it does otherwise.
  func take(_ signal: Signal) {
    guard signalPipe.load(ordering: .sequentiallyConsistent) >= 0, state.withLock({ $0.taken.insert(signal).inserted })
    else { return }
    var action = sigaction()
    let handler: @convention(c) (Int32) -> Void = { number in
      // Nothing but what a handler may do: a load and a write.
      let code = errno
      var byte = UInt8(truncatingIfNeeded: number)
      _ = write(signalPipe.load(ordering: .relaxed), &byte, 1)
      errno = code
    }
    #if canImport(Darwin)
      action.__sigaction_u.__sa_handler = handler
    #else
      action.__sigaction_handler.sa_handler = handler
    #endif
    action.sa_flags = SA_RESTART
    sigemptyset(&action.sa_mask)
    _ = sigaction(signal.rawValue, &action, nil)
    var mark = UInt8(truncatingIfNeeded: signal.rawValue) ^ Self.takenMark
    _ = write(signalPipe.load(ordering: .sequentiallyConsistent), &mark, 1)
  }

  /// What the number of a signal in the pipe is marked with when it was not sent but taken.
  private static let takenMark: UInt8 = 0x80

  /// Lets the signal reach this thread. A program inherits what was blocked where it was started: in the threads of a test
  /// runner's pool, for one, all of them.
  private static func unblock(_ signal: Signal) {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, signal.rawValue)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// On the thread that hears.
  private func heard(_ signal: Signal) {
    let isSecond = state.withLock { state in
      let isEnd = signal != .hangUp
      if isEnd && state.isEnding { return true }
      if isEnd { state.isEnding = true }
      // All who wait: a program may have several servers, and each has to end.
      var isTold = false
      for waiter in state.waiters where waiter.signals.contains(signal) && waiter.signal.fulfill(signal) {
        isTold = true
      }
      if !isTold, !state.pending.contains(signal) { state.pending.append(signal) }
      return false
    }
    if isSecond { _exit(128 + signal.rawValue) }
  }

  func wait(for signals: [Signal]) async throws(CancellationError) -> Signal {
    let oneShot = OneShot<Signal?>()
    state.withLock { state in
      if let index = state.pending.firstIndex(where: { signals.contains($0) }) {
        oneShot.fulfill(state.pending.remove(at: index))
      } else {
        state.waiters.append(Waiter(signals: signals, signal: oneShot))
      }
    }
    let signal = await oneShot.value(cancelled: nil)
    state.withLock { $0.waiters.removeAll { $0.signal === oneShot } }
    guard let signal else { throw CancellationError() }
    return signal
  }
}
