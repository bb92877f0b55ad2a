import CassandraDice

/// One direction of a connection, which delays and splits what it carries as the dice have it.
struct Wire {
  /// What was put in and has not arrived.
  private(set) var bytes: [UInt8] = []
  /// Bytes that have arrived since the connection began.
  private(set) var arrived = 0
  /// Nothing follows.
  private(set) var hasEnded = false
  private var opensAt: UInt64 = 0

  mutating func put(_ more: [UInt8]) { if !hasEnded { bytes += more } }

  /// The sender ends its half.
  mutating func end() { hasEnded = true }

  /// The connection is reset: what is on its way is lost.
  mutating func cut() {
    bytes = []
    hasEnded = true
  }

  /// Nothing arrives for a while.
  mutating func delay(until time: UInt64) { opensAt = max(opensAt, time) }

  /// Changes one bit of what is on its way.
  mutating func damage(_ dice: inout Dice) {
    guard !bytes.isEmpty else { return }
    bytes[dice.number(0...bytes.count - 1)] ^= 1 << UInt8(dice.number(0...7))
  }

  /// What arrives now.
  mutating func take(_ dice: inout Dice, now: UInt64) -> [UInt8] {
    guard now >= opensAt, !bytes.isEmpty else { return [] }
    let count = dice.chance(60) ? bytes.count : dice.number(1...min(bytes.count, dice.chance(50) ? 20 : 2000))
    return take(count: count)
  }

  /// The next bytes arrive.
  mutating func take(count: Int) -> [UInt8] {
    let piece = Array(bytes.prefix(count))
    bytes.removeFirst(count)
    arrived += count
    return piece
  }
}
