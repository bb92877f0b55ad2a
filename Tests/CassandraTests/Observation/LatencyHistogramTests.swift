import Testing

@testable import Cassandra

@Suite struct LatencyHistogramTests {
  /// Each range begins where the one before ends, and a value is in the one that its bounds say.
  @Test func everyValueIsWithinItsRange() {
    for value in Array(1...5000 as ClosedRange<UInt64>) + (12..<27).flatMap({ [1 << $0 - 1, 1 << $0, 1 << $0 + 1] }) {
      let index = LatencyHistogram.index(of: value)
      #expect(value < LatencyHistogram.upperBound(of: index))
      if index > 8 { #expect(value >= LatencyHistogram.upperBound(of: index - 1)) }
      if value > 8 { #expect(LatencyHistogram.upperBound(of: index) <= value + value / 3 + 1) }
    }
    #expect(LatencyHistogram.index(of: 0) == LatencyHistogram.index(of: 1))
    #expect(LatencyHistogram.index(of: .max) == LatencyHistogram.index(of: 1 << 40))
  }

  @Test func percentilesAreUpperEndsOfRanges() {
    var histogram = LatencyHistogram()
    #expect(histogram.percentile(0.5) == 0)
    for value in 1...1000 as ClosedRange<UInt64> { histogram.record(microseconds: value) }
    #expect(histogram.count == 1000)
    #expect(histogram.totalMicroseconds == 500_500)
    #expect((500...640).contains(histogram.percentile(0.5)))
    #expect((990...1000).contains(histogram.percentile(0.99)))
    #expect(histogram.percentile(1) == 1000)
    #expect(histogram.percentile(7) == 1000)
    #expect((1...2).contains(histogram.percentile(0)))
    #expect(histogram.ranges.reduce(0) { $0 + $1.count } == 1000)
    var other = LatencyHistogram()
    other.record(microseconds: 1 << 30)
    other.add(histogram)
    #expect(other.count == 1001)
    // The last range has no upper end of its own.
    #expect(other.percentile(1) <= 1 << 30)
    #expect(other.percentile(1) >= 1 << 27)
    #expect(other.maximumMicroseconds == 1 << 30)
  }
}
