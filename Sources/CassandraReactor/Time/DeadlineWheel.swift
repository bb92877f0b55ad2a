/// Deadlines in milliseconds, in a hierarchical timing wheel: setting and cancelling one costs the same however many
/// there are.
///
/// Requests set a deadline each and cancel it when their answer comes, tens of thousands a second; hardly any passes.
/// A heap would carry all the cancelled ones along. The wheel has six levels of 64 slots: level 0 holds what is due
/// within 64 ms by the millisecond, level 1 what is due within 4 s by 64 ms, and so on up to a year. When the time
/// reaches a slot of a higher level, its entries move down.
///
/// Time is an argument, so that tests move it by hand.
struct DeadlineWheel<Payload> {
  private static var levels: Int { 6 }
  private static var longest: UInt64 { 1 << 35 }

  private struct Node {
    var payload: Payload?
    var due: UInt64
    var generation: UInt32
    var slot: Int32
    var previous: Int32
    var next: Int32
  }

  private var nodes: [Node] = []
  private var free: Int32 = -1
  private var heads = [Int32](repeating: -1, count: 6 * 64)
  private var occupied = [UInt64](repeating: 0, count: 6)
  private(set) var now: UInt64
  /// How many deadlines are set.
  private(set) var count = 0

  init(now: UInt64) { self.now = now }

  /// Sets a deadline at `due`; one that has passed already is due at the next tick.
  mutating func insert(_ payload: Payload, due: UInt64) -> DeadlineKey {
    let due = min(max(due, now + 1), now + Self.longest)
    let index: Int32
    if free >= 0 {
      index = free
      free = nodes[Int(index)].next
      nodes[Int(index)].payload = payload
      nodes[Int(index)].due = due
    } else {
      index = Int32(nodes.count)
      nodes.append(Node(payload: payload, due: due, generation: 0, slot: -1, previous: -1, next: -1))
    }
    link(index)
    count += 1
    return DeadlineKey(index: index, generation: nodes[Int(index)].generation)
  }

  /// Cancels a deadline; returns its payload, or nil when it has passed or was cancelled before.
  @discardableResult
  mutating func cancel(_ key: DeadlineKey) -> Payload? {
    guard Int(key.index) < nodes.count, nodes[Int(key.index)].generation == key.generation else { return nil }
    unlink(key.index)
    return release(key.index)
  }

  /// Moves the time to `time` and takes out one deadline that has passed; nil when there is none left.
  mutating func popExpired(at time: UInt64) -> Payload? {
    while let next = nextExpiry, next.time <= time {
      now = max(now, next.time)
      let index = heads[next.slot]
      if next.slot < 64 {
        unlink(index)
        return release(index)
      }
      // The time has reached a slot of a higher level: what is in it belongs further down now.
      var entry = index
      heads[next.slot] = -1
      occupied[next.slot >> 6] &= ~(1 << UInt64(next.slot & 63))
      while entry >= 0 {
        let following = nodes[Int(entry)].next
        link(entry)
        entry = following
      }
    }
    now = max(now, time)
    return nil
  }

  /// The earliest time at which there may be something to do; never later than the earliest deadline.
  var nextDue: UInt64? { nextExpiry?.time }

  private var nextExpiry: (time: UInt64, slot: Int)? {
    for level in 0..<Self.levels where occupied[level] != 0 {
      let shift = UInt64(level * 6)
      let position = Int((now >> shift) & 63)
      let rotated = occupied[level] >> UInt64(position) | occupied[level] << UInt64((64 - position) & 63)
      let slot = (position + rotated.trailingZeroBitCount) & 63
      let revolution = now & ~((1 << (shift + 6)) - 1)
      var time = revolution + UInt64(slot) << shift
      if time < now & ~((1 << shift) - 1) { time += 1 << (shift + 6) }
      return (max(time, now), level * 64 + slot)
    }
    return nil
  }

  private mutating func link(_ index: Int32) {
    let due = nodes[Int(index)].due
    // The highest bit in which the due time differs from now tells the level.
    let differing = (now ^ due) | 63
    let level = min((63 - differing.leadingZeroBitCount) / 6, Self.levels - 1)
    let slot = level * 64 + Int((due >> UInt64(level * 6)) & 63)
    let head = heads[slot]
    nodes[Int(index)].slot = Int32(slot)
    nodes[Int(index)].previous = -1
    nodes[Int(index)].next = head
    if head >= 0 { nodes[Int(head)].previous = index }
    heads[slot] = index
    occupied[level] |= 1 << UInt64(slot & 63)
  }

  private mutating func unlink(_ index: Int32) {
    let node = nodes[Int(index)]
    if node.next >= 0 { nodes[Int(node.next)].previous = node.previous }
    if node.previous >= 0 {
      nodes[Int(node.previous)].next = node.next
    } else {
      let slot = Int(node.slot)
      heads[slot] = node.next
      if node.next < 0 { occupied[slot >> 6] &= ~(1 << UInt64(slot & 63)) }
    }
  }

  private mutating func release(_ index: Int32) -> Payload? {
    let payload = nodes[Int(index)].payload.take()
    nodes[Int(index)].generation &+= 1
    nodes[Int(index)].next = free
    free = index
    count -= 1
    return payload
  }
}

/// Names a deadline that was set, to cancel it.
public struct DeadlineKey: Sendable, Hashable {
  let index: Int32
  let generation: UInt32
}
