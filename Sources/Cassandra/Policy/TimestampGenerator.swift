internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

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
