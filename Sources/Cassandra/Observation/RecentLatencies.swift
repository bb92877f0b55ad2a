/// What a node's answers of one kind have taken lately, by how far its histogram has come: counting costs nothing more.
///
/// A value without I/O; times are microseconds of one clock.
struct RecentLatencies {
  /// What counts as lately begins anew after this time: a second,
  static let period: UInt64 = 1_000_000
  /// and not before so many answers: 100.
  static let leastCount: UInt64 = 100

  /// The histogram when the present period began.
  private var before = LatencyHistogram()
  private var began: UInt64 = 0
  /// The answers of the period before; nil while there have not been enough.
  private var last: LatencyHistogram?
  private var known: (share: Double, latency: UInt64)?

  /// The latency that so large a share of the answers is not above; nil while there have not been enough.
  mutating func percentile(_ share: Double, of histogram: LatencyHistogram, now: UInt64) -> UInt64? {
    if now >= began &+ Self.period, histogram.count &- before.count >= Self.leastCount {
      last = histogram.since(before)
      before = histogram
      began = now
      known = nil
    }
    guard let last else { return nil }
    if let known, known.share == share { return known.latency }
    let latency = last.percentile(share)
    known = (share, latency)
    return latency
  }
}
