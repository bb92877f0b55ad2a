/// Counts durations in buckets that are at most one part in 64 wide.
///
/// It is as large as the longest duration asks for: each of hundreds of workers has one, and what measures should be no
/// large part of the memory that is measured.
public struct Histogram: Sendable {
  private static let maximumBuckets = 64 * 40
  private var counts: [UInt32] = []
  private var total: UInt64 = 0

  /// An empty histogram.
  public init() {}

  /// Counts one duration, in nanoseconds.
  public mutating func record(_ nanoseconds: UInt64) {
    let index = Self.index(nanoseconds)
    if index >= counts.count { grow(toHold: index) }
    counts[index] += 1
    total += 1
  }

  /// Adds the counts of another histogram.
  public mutating func add(_ other: Histogram) {
    if other.counts.count > counts.count { grow(toHold: other.counts.count - 1) }
    for index in other.counts.indices { counts[index] += other.counts[index] }
    total += other.total
  }

  /// Makes room for a bucket, and for those up to twice its duration.
  private mutating func grow(toHold index: Int) {
    counts += repeatElement(0, count: min(index + 64, Self.maximumBuckets) - counts.count)
  }

  /// The duration that `share` of all do not exceed, in microseconds.
  public func microseconds(atQuantile share: Double) -> Double {
    let wanted = UInt64((Double(total) * share).rounded(.up))
    var seen: UInt64 = 0
    for index in counts.indices {
      seen += UInt64(counts[index])
      if seen >= max(wanted, 1) { return Double(Self.value(index)) / 1000 }
    }
    return 0
  }

  private static func index(_ value: UInt64) -> Int {
    guard value >= 64 else { return Int(value) }
    let exponent = 63 - value.leadingZeroBitCount - 6
    return min((exponent + 1) * 64 + Int(value >> UInt64(exponent)) - 64, maximumBuckets - 1)
  }

  private static func value(_ index: Int) -> UInt64 {
    guard index >= 64 else { return UInt64(index) }
    return UInt64(index % 64 + 64) << UInt64(index / 64 - 1)
  }
}
