internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Where the times of writes come from, of those that are given none by their call.
///
/// The time decides which of two writes stays. The client's own is sent with every attempt, so a write that is sent again
/// does not overtake a later one.
public struct TimestampSource: Sendable {
  enum Kind: Sendable {
    case clientClock
    case server
    case custom(@Sendable () -> Int64)
  }

  let kind: Kind

  /// The client's clock in microseconds since 1970, strictly increasing over the whole client.
  public static let clientClock = TimestampSource(kind: .clientClock)

  /// The coordinator's clock: no time is sent.
  public static let server = TimestampSource(kind: .server)

  /// A function that is called once for every write, from any thread; microseconds since 1970, not `Int64.min`.
  public static func custom(_ next: @escaping @Sendable () -> Int64) -> TimestampSource {
    TimestampSource(kind: .custom(next))
  }
}

/// The times of a client's writes, as its settings have it.
struct Timestamps: Sendable {
  let source: TimestampSource
  private let clock = TimestampGenerator()

  init(_ source: TimestampSource = .clientClock) { self.source = source }

  /// The time of the next write; nil when the server is to take its own.
  func next() -> Int64? {
    switch source.kind {
    case .clientClock: clock.next()
    case .server: nil
    case .custom(let next): next()
    }
  }
}

/// The times of writes: microseconds since 1970, strictly increasing over the whole client, also when the clock is set
/// back or two writes fall into one microsecond.
final class TimestampGenerator: Sendable {
  private let last = Atomic<Int64>(0)

  func next() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return next(after: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)
  }

  /// The next timestamp when the clock shows `now`.
  func next(after now: Int64) -> Int64 {
    var seen = last.load(ordering: .relaxed)
    while true {
      let wanted = max(now, seen + 1)
      let (exchanged, original) = last.weakCompareExchange(expected: seen, desired: wanted, ordering: .relaxed)
      if exchanged { return wanted }
      seen = original
    }
  }
}
