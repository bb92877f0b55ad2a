import Testing

@testable import Cassandra

/// What is told of nodes that come and go.
@Suite struct LoopMetricsTests {
  private func point(_ number: Int) -> EndPoint { EndPoint(host: "10.0.\(number / 256).\(number % 256)") }

  /// A cluster whose nodes get other addresses again and again does not make the metrics grow without end, and nothing that
  /// was counted is lost.
  @Test func nodesThatHaveLeftAreBounded() {
    let metrics = LoopMetrics()
    for generation in 0..<50 {
      let present = (0..<30).map { point(generation * 30 + $0) }
      for point in present { metrics.node(at: point).answered(.select, took: 100) }
      metrics.keep(Set(present))
      let told = metrics.snapshot
      #expect(told.nodes.count <= 30 + ClientMetrics.departedNodes)
      #expect(present.allSatisfy { told.nodes[$0]?.reads.count == 1 })
      #expect(told.total.reads.count == UInt64((generation + 1) * 30))
    }
    // The last that have left are told of one by one.
    let told = metrics.snapshot
    #expect(told.nodes.count == 30 + ClientMetrics.departedNodes)
    #expect(told.nodes[point(49 * 30 - 1)] != nil && told.nodes[point(0)] == nil)
    #expect(told.departed.reads.count == UInt64(50 * 30 - told.nodes.count))
  }

  @Test func aNodeThatComesBackGoesOn() {
    let metrics = LoopMetrics()
    metrics.node(at: point(1)).answered(.modify, took: 100)
    metrics.keep([])
    metrics.node(at: point(1)).answered(.modify, took: 100)
    metrics.keep([point(1)])
    #expect(metrics.snapshot.nodes[point(1)]?.writes.count == 2)
    #expect(metrics.snapshot.departed.writes.count == 0)
  }
}
