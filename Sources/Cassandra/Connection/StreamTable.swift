/// The stream ids of one connection, and who waits for the answer on each (section 2.4.1.3).
///
/// An id whose request was given up stays reserved until its late answer has come: used again before, the next request
/// would get the answer to the last one.
struct StreamTable<Waiter> {
  /// Names a request: its stream id, and how often the id was used before.
  struct Token: Sendable, Hashable {
    var stream: Int16
    var generation: UInt32
  }

  /// What becomes of an answer.
  enum Delivery {
    /// Somebody waits for it.
    case deliver(Waiter)
    /// The request was given up; the answer is dropped.
    case drop
    /// Nothing was asked on this stream: the server broke the protocol.
    case unexpected
  }

  private enum State {
    case free(next: Int16)
    case reserved
    case waiting(Waiter)
    case orphaned
  }

  private struct Slot {
    var state: State
    var generation: UInt32
    /// When the request has to be over, in milliseconds.
    var due: UInt64
  }

  private let capacity: Int
  private var slots: [Slot] = []
  private var free: Int16 = -1
  /// Requests that were sent and are waited for.
  private(set) var inFlight = 0
  /// Requests that were given up and whose answer has not come.
  private(set) var orphans = 0

  /// Requests whose answer has not come, whether anybody waits for it or not.
  @inline(__always)
  var owed: Int { inFlight + orphans }

  /// A table of `capacity` ids, from 1 to 32,768.
  init(capacity: Int) { self.capacity = min(max(capacity, 1), 1 << 15) }

  /// Whether an id can be had.
  var hasFree: Bool { free >= 0 || slots.count < capacity }

  /// Takes an id for a request that has to be over at `due`; nil when all are in use.
  @inline(__always)
  mutating func reserve(due: UInt64) -> Token? {
    let stream: Int16
    if free >= 0 {
      stream = free
      guard case .free(let next) = slots[Int(stream)].state else {
        preconditionFailure("an id in the list of free ones is free")
      }
      free = next
      slots[Int(stream)].state = .reserved
      slots[Int(stream)].due = due
    } else {
      guard slots.count < capacity else { return nil }
      stream = Int16(slots.count)
      slots.append(Slot(state: .reserved, generation: 0, due: due))
    }
    inFlight += 1
    return Token(stream: stream, generation: slots[Int(stream)].generation)
  }

  /// Gives an id back whose request was not sent.
  mutating func release(_ token: Token) {
    inFlight -= 1
    makeFree(token.stream)
  }

  /// Says who waits for the answer; false when the connection has been lost in the meantime.
  @inline(__always)
  mutating func wait(_ token: Token, _ waiter: Waiter) -> Bool {
    guard slots[Int(token.stream)].generation == token.generation, case .reserved = slots[Int(token.stream)].state
    else {
      return false
    }
    slots[Int(token.stream)].state = .waiting(waiter)
    return true
  }

  /// An answer has come on a stream.
  @inline(__always)
  mutating func answer(on stream: Int16) -> Delivery {
    guard stream >= 0, Int(stream) < slots.count else { return .unexpected }
    switch slots[Int(stream)].state {
    case .waiting(let waiter):
      inFlight -= 1
      makeFree(stream)
      return .deliver(waiter)
    case .orphaned:
      orphans -= 1
      makeFree(stream)
      return .drop
    case .free, .reserved: return .unexpected
    }
  }

  /// A request whose answer is late or not wanted any more.
  struct Overdue {
    var waiter: Waiter
    /// Whether it had to be over.
    var isLate: Bool
    /// Who waits now; nil when the request was given up.
    var replacement: Waiter?
  }

  /// Takes the requests that have to be over at `now` and those that `isUnwanted` names. One that has a replacement is
  /// waited for by that, without a limit; the others are given up, and their ids stay reserved.
  ///
  /// Looking at all of them now and then costs less than a timer for each, of which hardly any would ever pass.
  ///
  /// - Parameter all: Whether those that are not late yet, and have a replacement, are taken, too.
  mutating func giveUp(
    at now: UInt64, orAll all: Bool = false, where isUnwanted: (Waiter) -> Bool,
    replacement: (Waiter) -> Waiter? = { _ in nil }
  ) -> [Overdue] {
    var overdue: [Overdue] = []
    for index in slots.indices {
      guard case .waiting(let waiter) = slots[index].state else { continue }
      let isLate = slots[index].due <= now
      if !isUnwanted(waiter) {
        guard isLate || all else { continue }
        if let other = replacement(waiter) {
          slots[index].state = .waiting(other)
          slots[index].due = .max
          overdue.append(Overdue(waiter: waiter, isLate: isLate, replacement: other))
          continue
        }
        guard isLate else { continue }
      }
      slots[index].state = .orphaned
      inFlight -= 1
      orphans += 1
      overdue.append(Overdue(waiter: waiter, isLate: isLate, replacement: nil))
    }
    return overdue
  }

  /// Everybody who waits; nobody does afterwards. For a connection that has closed.
  mutating func takeAll() -> [Waiter] {
    var waiters: [Waiter] = []
    for index in slots.indices {
      if case .waiting(let waiter) = slots[index].state { waiters.append(waiter) }
      slots[index].state = .orphaned
      slots[index].generation &+= 1
    }
    inFlight = 0
    return waiters
  }

  @inline(__always)
  private mutating func makeFree(_ stream: Int16) {
    slots[Int(stream)].state = .free(next: free)
    slots[Int(stream)].generation &+= 1
    free = stream
  }
}
