/// What a client has done so far: counters and latencies of each node, added up over all event loops.
///
/// An attempt's latency is from the moment that it could be sent until its answer was there. Attempts that are given up
/// because another node has answered first are failures of the code `cancelled`. They are kept by each loop for itself,
/// without a lock, and read by ``CassandraClient/metrics``.
public struct ClientMetrics: Sendable, Hashable {
  /// Nodes that have left the cluster and are still told of one by one: 64 of each loop, those that were connected last.
  public static let departedNodes = 64

  /// Of each node by its end point, those that have left lately among them.
  public internal(set) var nodes: [EndPoint: NodeMetrics] = [:]
  /// Of all nodes together that have left and are not told of one by one any more: a cluster whose nodes get new addresses
  /// again and again must not make the metrics grow without end.
  public internal(set) var departed = NodeMetrics()
  /// Requests that wait for a connection to any node, at this moment.
  public internal(set) var waitingForConnection = 0
  /// Statements that the client keeps prepared, at this moment.
  public internal(set) var preparedStatements = 0

  /// Adds what another loop of the same client has done.
  mutating func add(_ other: ClientMetrics) {
    for (endPoint, node) in other.nodes { nodes[endPoint, default: NodeMetrics()].add(node) }
    departed.add(other.departed)
    waitingForConnection += other.waitingForConnection
    // The loops share it.
    preparedStatements = max(preparedStatements, other.preparedStatements)
  }

  /// All nodes together, those among them that have left.
  public var total: NodeMetrics {
    nodes.values.reduce(into: departed) { $0.add($1) }
  }
}

/// What a client has asked of one node.
public struct NodeMetrics: Sendable, Hashable {
  /// Latencies of what was answered: SELECT.
  public internal(set) var reads = LatencyHistogram()
  /// Of INSERT, UPDATE and DELETE.
  public internal(set) var writes = LatencyHistogram()
  /// Of batches.
  public internal(set) var batches = LatencyHistogram()
  /// Of everything else, such as changes of the schema.
  public internal(set) var others = LatencyHistogram()
  /// Attempts that failed, by the code of their failure. An answer that is an error is one of them.
  public internal(set) var failures: [CassandraError.Code: UInt64] = [:]
  /// Statements that the node did not know any more when they were sent by their id.
  public internal(set) var unprepared: UInt64 = 0
  /// Statements that were prepared again there: forgotten ones, and such that may take other values than before.
  public internal(set) var repreparations: UInt64 = 0
  /// Attempts there after another attempt of the same request had failed.
  public internal(set) var retries: UInt64 = 0
  /// Attempts there beside another of the same request that had not been answered yet.
  public internal(set) var hedges: UInt64 = 0
  /// Connections that requests can be sent on, at this moment.
  public internal(set) var connections = 0
  /// Requests that were sent and are waited for, at this moment.
  public internal(set) var inFlight = 0
  /// Requests that were given up and whose answers have not come, at this moment.
  public internal(set) var orphans = 0
  /// Requests that wait for a place on a connection, at this moment.
  public internal(set) var waiting = 0

  mutating func add(_ other: NodeMetrics) {
    reads.add(other.reads)
    writes.add(other.writes)
    batches.add(other.batches)
    others.add(other.others)
    failures.merge(other.failures, uniquingKeysWith: +)
    unprepared += other.unprepared
    repreparations += other.repreparations
    retries += other.retries
    hedges += other.hedges
    connections += other.connections
    inFlight += other.inFlight
    orphans += other.orphans
    waiting += other.waiting
  }
}

/// How often a latency was in which range: 112 ranges from a microsecond to 134 s, each a quarter of a power of two wide,
/// so that a value is known to 25 % or better.
public struct LatencyHistogram: Sendable, Hashable {
  /// Ranges for each power of two.
  private static let steps = 4
  /// Powers of two.
  private static let powers = 28

  /// How many latencies there were.
  public private(set) var count: UInt64 = 0
  /// All of them together, in microseconds.
  public private(set) var totalMicroseconds: UInt64 = 0
  /// The longest, in microseconds.
  public private(set) var maximumMicroseconds: UInt64 = 0
  private var counts: [UInt64]

  /// A histogram of nothing.
  public init() { counts = Array(repeating: 0, count: Self.steps * Self.powers) }

  /// Adds a latency.
  @inline(__always)
  mutating func record(microseconds: UInt64) {
    count &+= 1
    totalMicroseconds &+= microseconds
    if microseconds > maximumMicroseconds { maximumMicroseconds = microseconds }
    counts[Self.index(of: microseconds)] &+= 1
  }

  mutating func add(_ other: LatencyHistogram) {
    count &+= other.count
    totalMicroseconds &+= other.totalMicroseconds
    maximumMicroseconds = max(maximumMicroseconds, other.maximumMicroseconds)
    for index in counts.indices { counts[index] &+= other.counts[index] }
  }

  /// What has come since an earlier state of the same histogram. Its longest is the end of a range.
  func since(_ earlier: LatencyHistogram) -> LatencyHistogram {
    var since = LatencyHistogram()
    since.count = count &- earlier.count
    since.totalMicroseconds = totalMicroseconds &- earlier.totalMicroseconds
    for index in counts.indices {
      since.counts[index] = counts[index] &- earlier.counts[index]
      if since.counts[index] > 0 { since.maximumMicroseconds = Self.upperBound(of: index) }
    }
    return since
  }

  @inline(__always)
  static func index(of microseconds: UInt64) -> Int {
    let value = max(1, microseconds)
    let power = 63 - value.leadingZeroBitCount
    let step = power >= 2 ? Int((value >> UInt64(power - 2)) & 3) : Int((value << UInt64(2 - power)) & 3)
    return min(power * steps + step, steps * powers - 1)
  }

  /// The first latency that is above the range at `index`, in microseconds.
  static func upperBound(of index: Int) -> UInt64 {
    let (power, step) = index.quotientAndRemainder(dividingBy: steps)
    let bound = UInt64(steps + step + 1) << UInt64(power)
    return (bound + 3) / 4
  }

  /// The ranges that any latency was in, from the shortest: up to how many microseconds, and how many there were.
  public var ranges: [(upToMicroseconds: UInt64, count: UInt64)] {
    counts.indices.filter { counts[$0] > 0 }.map { (Self.upperBound(of: $0), counts[$0]) }
  }

  /// A latency that so large a share of all is not above, from 0 to 1, in microseconds: 0.5 for the median; 0 when there
  /// is none. It is the upper end of a range, and never above the longest.
  public func percentile(_ share: Double) -> UInt64 {
    guard count > 0 else { return 0 }
    let wanted = UInt64((Double(count) * min(max(share, 0), 1)).rounded(.up))
    var seen: UInt64 = 0
    for index in counts.indices {
      seen += counts[index]
      if seen >= max(wanted, 1) { return min(Self.upperBound(of: index), maximumMicroseconds) }
    }
    return maximumMicroseconds
  }
}
