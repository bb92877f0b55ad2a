#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif
import CassandraWire
import Synchronization

/// The time of day.
enum WallClock {
  /// Microseconds since 1970.
  static func microseconds() -> Int64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
  }

  /// Seconds since 1970.
  static func seconds() -> Int64 { microseconds() / 1_000_000 }
}

/// Gives writes without a timestamp of their own one that no other such write of the node has.
final class TimestampSource: Sendable {
  private let last = Atomic<Int64>(0)

  /// Microseconds since 1970, larger than all given before.
  func next() -> Int64 {
    let now = WallClock.microseconds()
    var previous = last.load(ordering: .relaxed)
    while true {
      let wanted = max(now, previous + 1)
      let (exchanged, original) = last.weakCompareExchange(
        expected: previous, desired: wanted, ordering: .relaxed)
      if exchanged { return wanted }
      previous = original
    }
  }
}

/// Makes UUIDs of version 1 for one engine.
final class TimeUUIDSource: Sendable {
  private let clock = TimestampSource()
  private let sequence: UInt16
  private let node: UInt64

  init() {
    var generator = SystemRandomNumberGenerator()
    sequence = UInt16.random(in: 0..<0x4000, using: &generator)
    // The multicast bit says that it is no address of a network card.
    node = UInt64.random(in: 0..<1 << 48, using: &generator) | 1 << 40
  }

  /// A UUID whose time is later than that of all made before.
  func next() -> CQLUUID { uuid(microseconds: clock.next()) }

  /// A UUID of a given time, which has to be given once only.
  func uuid(microseconds: Int64, ticks: UInt64 = 0) -> CQLUUID {
    CQLUUID(
      ticks: UInt64(bitPattern: microseconds &* 10) &+ CQLUUID.ticksAtUnixEpoch &+ ticks, clockSequence: sequence,
      node: node)
  }
}
