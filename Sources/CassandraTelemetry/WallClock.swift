/// Tells the time of day of moments that were measured already, so that most of them cost no second question: the two clocks
/// are compared once a second.
package struct WallClock {
  /// How long a comparison is good, in microseconds: 1 s.
  private static let interval: UInt64 = 1_000_000

  private var comparedAt: UInt64 = 0
  private var isCompared = false
  /// Nanoseconds since 1970 when the other clock began.
  private var offset: Int64 = 0

  /// A clock that has not been compared yet.
  package init() {}

  /// Nanoseconds since 1970.
  ///
  /// - Parameter microseconds: The moment, of a clock that only goes forward; always of the same one.
  package mutating func nanoseconds(at microseconds: UInt64) -> Int64 {
    if !isCompared || microseconds >= comparedAt &+ Self.interval {
      offset = nanosecondsSince1970() - Int64(truncatingIfNeeded: microseconds) * 1000
      comparedAt = microseconds
      isCompared = true
    }
    return offset + Int64(truncatingIfNeeded: microseconds) * 1000
  }
}
