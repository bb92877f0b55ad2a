internal import CCassandraUV
internal import Synchronization
internal import CassandraTelemetry

/// Notices a loop that does not come back from a turn, and logs it, from a thread of its own: the loop itself could
/// only tell when it is over, and a loop that waits for a lock may never be.
final class Watchdog: Sendable {
  /// How often the loops are looked at: every 250 ms.
  private static let interval: Duration = .milliseconds(250)

  private struct State {
    var isStopped = false
    /// Since when a loop has been reported as blocked, by its index.
    var reported: [Int: UInt64] = [:]
  }

  private let loops: [EventLoop]
  private let logger: CassandraLogger
  private let state = Locked(State())

  init(_ loops: [EventLoop], logger: CassandraLogger) {
    self.loops = loops
    self.logger = logger
  }

  func start() {
    // Without the thread everything works but the warning.
    let thread = try? LoopThreadHandle(name: "loop-watchdog") { [self] in
      while !state.withLock({ $0.isStopped }) {
        uv_sleep(UInt32(Self.interval.wholeMilliseconds))
        look(now: uv_hrtime() / 1_000_000)
      }
    }
    thread?.detach()
  }

  func stop() { state.withLock { $0.isStopped = true } }

  /// Compares each loop's present turn with the limit; `now` in milliseconds of the monotonic clock.
  func look(now: UInt64) {
    for loop in loops {
      let began = loop.turnBegan.load(ordering: .relaxed)
      let isBlocked = began != 0 && now > began && now - began >= EventLoops.blockedLimit.wholeMilliseconds
      let before = state.withLock { state in
        let before = state.reported[loop.index]
        state.reported[loop.index] = isBlocked ? began : nil
        return before
      }
      if isBlocked && before != began {
        logger.warning(
          "an event loop is blocked; computing and blocking calls belong into withTaskExecutorPreference(globalConcurrentExecutor)",
          ["loop": .integer(loop.index), "milliseconds": .integer(Int(now - began))])
      } else if let before, before != began {
        logger.warning("the event loop goes on", ["loop": .integer(loop.index)])
      }
    }
  }
}
