import CassandraHTTP
import Glibc
import Measuring

/// Sends a load and waits for its answers, on one thread.
struct Generator {
  /// How long answers are waited for after the last request was due, in nanoseconds.
  private static let patience: UInt64 = 10_000_000_000

  private let load: Load
  private var peers: [Peer] = []
  private var poll: Poll
  /// Those that have no request on their way, the one that was idle the longest first.
  private var idle: [Int] = []
  private var firstIdle = 0
  private var sent = 0
  // In nanoseconds of the monotonic clock.
  private var start: UInt64 = 0
  private var counted: UInt64 = 0
  private var end: UInt64 = 0
  private var buffer = [UInt8](repeating: 0, count: 256 << 10)
  private var request: [UInt8] = []

  init(_ load: Load) throws {
    self.load = load
    poll = try Poll()
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    for number in 0..<load.connections {
      let peer = try Peer(load)
      poll.add(peer.file, id: UInt32(number))
      peers.append(peer)
      idle.append(number)
    }
  }

  mutating func run() throws -> Outcome {
    var outcome = Outcome(load: load)
    start = Usage.nanoseconds
    counted = start + UInt64(load.warm * 1e9)
    end = counted + UInt64(load.seconds * 1e9)
    var hasBegun = false
    while true {
      let now = Usage.nanoseconds
      if !hasBegun, now >= counted {
        hasBegun = true
        outcome.began = .now
      }
      try sendWhatIsDue(now, &outcome)
      let isOver = nextDue >= end
      if isOver, idle.count - firstIdle == peers.count { break }
      if now >= end + Self.patience {
        outcome.failed += peers.count { $0.due != nil && $0.counts } + unsent
        break
      }
      // Where nothing is to be sent at a known time, a look at the clock now and then.
      let isWaiting = isOver || load.rate == 0 || firstIdle == idle.count
      poll.wake(at: isWaiting ? now + 10_000_000 : nextDue)
      for index in 0..<poll.wait() { try takeAnswer(poll.id(index), &outcome) }
    }
    outcome.ended = .now
    return outcome
  }

  /// When the next request is due; without a rate, at once and until the end.
  private var nextDue: UInt64 {
    load.rate > 0 ? start + UInt64(Double(sent) / load.rate * 1e9) : Usage.nanoseconds
  }

  /// How many requests were due and not sent.
  private var unsent: Int { max(0, Int((load.warm + load.seconds) * load.rate) - sent) }

  private mutating func takeIdle() -> Int? {
    guard firstIdle < idle.count else { return nil }
    let index = idle[firstIdle]
    firstIdle += 1
    if firstIdle > 4096, firstIdle * 2 > idle.count {
      idle.removeFirst(firstIdle)
      firstIdle = 0
    }
    return index
  }

  private mutating func sendWhatIsDue(_ now: UInt64, _ outcome: inout Outcome) throws {
    while true {
      let due = nextDue
      guard due < end, due <= now || load.rate == 0, let index = takeIdle() else { return }
      request.removeAll(keepingCapacity: true)
      try load.append(number: sent, to: &request)
      sent += 1
      let peer = peers[index]
      peer.due = due
      peer.counts = due >= counted
      try peer.send(request)
      guard peer.counts else { continue }
      let time = Usage.nanoseconds
      outcome.waits.record(time > due ? time - due : 0)
    }
  }

  private mutating func takeAnswer(_ id: UInt32, _ outcome: inout Outcome) throws {
    guard id != Poll.timerID else { return }
    let peer = peers[Int(id)]
    guard let status = try peer.receive(&buffer) else { return }
    let now = Usage.nanoseconds
    guard let due = peer.due.take() else { throw Load.Wrong(description: "an answer that nobody asked for") }
    idle.append(Int(id))
    guard peer.counts else { return }
    outcome.answered += 1
    if !status.isSuccess { outcome.failed += 1 }
    outcome.latencies.record(now - due)
    outcome.longest = max(outcome.longest, now - due)
  }
}
