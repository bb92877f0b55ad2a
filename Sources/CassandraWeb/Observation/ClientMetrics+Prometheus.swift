public import Cassandra
public import CassandraHTTPServer

extension PrometheusText {
  /// Adds what a client of the database has done: attempts and their latencies by node and kind, failures by code, attempts
  /// beyond the first, statements that a node had forgotten; and how it stands: connections, and requests in flight,
  /// orphaned and waiting.
  public mutating func add(_ metrics: ClientMetrics) {
    let nodes = metrics.nodes.sorted { $0.key.description.utf8.lexicographicallyPrecedes($1.key.description.utf8) }
    family("cassandra_request_duration_seconds", .histogram, "Time from sending to the answer, of each attempt.")
    for (point, node) in nodes {
      for (kind, latencies) in [
        ("read", node.reads), ("write", node.writes), ("batch", node.batches), ("other", node.others),
      ] where latencies.count > 0 {
        histogram(
          ["node": point.description, "kind": kind], Self.counts(latencies),
          totalMicroseconds: latencies.totalMicroseconds)
      }
    }
    family("cassandra_request_failures_total", .counter, "Attempts that failed, by the code of their failure.")
    for (point, node) in nodes {
      for (code, count) in node.failures.sorted(by: { $0.key.description < $1.key.description }) {
        sample(["node": point.description, "code": code.description], count)
      }
    }
    for (name, help, value) in Self.counters {
      family(name, .counter, help)
      for (point, node) in nodes { sample(["node": point.description], node[keyPath: value]) }
    }
    for (name, help, value) in Self.gauges {
      family(name, .gauge, help)
      for (point, node) in nodes { sample(["node": point.description], UInt64(max(0, node[keyPath: value]))) }
    }
    family("cassandra_requests_waiting_for_connection", .gauge, "Requests that wait for a connection to any node.")
    sample(UInt64(max(0, metrics.waitingForConnection)))
    family("cassandra_prepared_statements", .gauge, "Statements that the client keeps prepared.")
    sample(UInt64(max(0, metrics.preparedStatements)))
  }

  private static var counters: [(name: String, help: String, value: KeyPath<NodeMetrics, UInt64>)] {
    [
      ("cassandra_unprepared_total", "Statements that the node did not know any more.", \.unprepared),
      ("cassandra_repreparations_total", "Statements that were prepared again.", \.repreparations),
      ("cassandra_retries_total", "Attempts after another of the same request had failed.", \.retries),
      ("cassandra_hedges_total", "Attempts beside another of the same request that was still open.", \.hedges),
    ]
  }

  private static var gauges: [(name: String, help: String, value: KeyPath<NodeMetrics, Int>)] {
    [
      ("cassandra_connections", "Connections that requests can be sent on.", \.connections),
      ("cassandra_requests_in_flight", "Requests that were sent and are waited for.", \.inFlight),
      ("cassandra_requests_orphaned", "Requests that were given up and not answered yet.", \.orphans),
      ("cassandra_requests_waiting", "Requests that wait for a place on a connection.", \.waiting),
    ]
  }

  /// The powers of two that the histogram is made of, so that its bounds stay the same from one look to the next: from
  /// 64 µs to 134 s.
  private static func counts(_ latencies: LatencyHistogram) -> [(upToMicroseconds: UInt64, count: UInt64)] {
    let ranges = latencies.ranges
    var next = ranges.startIndex
    return (6...27).map { power in
      let bound = UInt64(1) << UInt64(power)
      var count: UInt64 = 0
      while next < ranges.endIndex, ranges[next].upToMicroseconds <= bound {
        count += ranges[next].count
        next += 1
      }
      return (bound, count)
    }
  }
}

extension Routes where Context: CassandraContext {
  /// Adds `/metrics`, which tells Prometheus what the server and the client of the database have done. Requests are counted
  /// when `ServerConfiguration.countsRequests` is true.
  public mutating func metrics(at path: String = "/metrics") {
    metrics(at: path) { context, text in text.add(await context.cassandra.metrics) }
  }
}
