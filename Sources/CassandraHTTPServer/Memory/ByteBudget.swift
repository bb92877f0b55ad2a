internal import CassandraReactor

/// The bytes that the requests of one loop may hold at the same time.
///
/// Each body has a limit of its own, and a thousand of them together have none: so who needs much asks before it begins
/// and gives back at its end. When there is not enough, those who ask wait in their order; nobody else does.
final class ByteBudget {
  let limit: Int
  private let loop: EventLoop
  private let patience: Duration
  private(set) var used = 0
  private var queue: [Waiting] = []

  private struct Waiting {
    let bytes: Int
    let isGranted = OneShot<Bool>()
  }

  init(limit: Int, patience: Duration, on loop: EventLoop) {
    self.limit = limit
    self.patience = patience
    self.loop = loop
  }

  /// Takes bytes when there are enough and nobody waits for his. One request alone gets what it asks for, however much.
  func take(_ bytes: Int) -> Bool {
    guard queue.isEmpty, fits(bytes) else { return false }
    used += bytes
    return true
  }

  private func fits(_ bytes: Int) -> Bool { used == 0 || used + bytes <= limit }

  /// Waits for the turn; false when it does not come in time, or the task is cancelled. What was granted is taken.
  func wait(for bytes: Int) async -> Bool {
    let waiting = Waiting(bytes: bytes)
    queue.append(waiting)
    let isGranted = await waiting.isGranted.value(
      on: loop, due: loop.now + patience.wholeMilliseconds, cancelled: false, late: { false })
    // Who leaves the queue may have stood before others for whom there is enough.
    if !isGranted { grant() }
    return isGranted
  }

  /// Gives bytes back.
  func give(_ bytes: Int) {
    used -= bytes
    grant()
  }

  private func grant() {
    var granted = 0
    for waiting in queue {
      if !waiting.isGranted.isFulfilled {
        guard fits(waiting.bytes) else { break }
        if waiting.isGranted.fulfill(true) { used += waiting.bytes }
      }
      granted += 1
    }
    queue.removeFirst(granted)
  }
}
