#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The metrics of one loop: touched on its thread only.
final class LoopMetrics {
  /// Of one node; connections to it share it.
  final class Node {
    @exclusivity(unchecked) var metrics = NodeMetrics()
    /// Grows with each connection: whose is largest was connected last.
    fileprivate(set) var attached = 0
    private var reads = RecentLatencies()
    private var writes = RecentLatencies()
    private var batches = RecentLatencies()
    private var others = RecentLatencies()

    /// The latency in microseconds that so large a share of the answers of a kind has not been above lately; nil while
    /// there have not been enough. The verb of a batch is nil.
    func recentLatency(of verb: StatementKind.Verb?, _ share: Double, now: UInt64) -> UInt64? {
      switch verb {
      case .select: reads.percentile(share, of: metrics.reads, now: now)
      case .modify: writes.percentile(share, of: metrics.writes, now: now)
      case nil: batches.percentile(share, of: metrics.batches, now: now)
      case .define, .use, .other: others.percentile(share, of: metrics.others, now: now)
      }
    }
  }

  private var nodes: [EndPoint: Node] = [:]
  /// Of those that are forgotten.
  private var departed = NodeMetrics()
  private var attachments = 0

  /// Those of the node of a connection.
  @inline(__always)
  func node(of connection: NodeConnection) -> Node {
    if let known = connection.metrics { return known }
    return attach(connection)
  }

  @inline(never)
  private func attach(_ connection: NodeConnection) -> Node {
    let node = node(at: connection.endPoint)
    connection.metrics = node
    return node
  }

  /// Those of the node that is reached there, which has just been connected.
  func node(at endPoint: EndPoint) -> Node {
    let node = nodes[endPoint] ?? Node()
    nodes[endPoint] = node
    attachments += 1
    node.attached = attachments
    return node
  }

  /// The cluster has these nodes now. Of those that have left only the last are kept, each for itself.
  func keep(_ present: Set<EndPoint>) {
    guard nodes.count > ClientMetrics.departedNodes else { return }
    let gone = nodes.filter { !present.contains($0.key) }
    guard gone.count > ClientMetrics.departedNodes else { return }
    let newestFirst = gone.sorted { $0.value.attached > $1.value.attached }
    for (endPoint, node) in newestFirst.dropFirst(ClientMetrics.departedNodes) {
      departed.add(node.metrics)
      nodes[endPoint] = nil
    }
  }

  /// What there is so far.
  var snapshot: ClientMetrics { ClientMetrics(nodes: nodes.mapValues(\.metrics), departed: departed) }

  /// Microseconds of a clock that only goes on.
  @inline(__always)
  static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000 &+ UInt64(time.tv_nsec) / 1000
  }

  /// An attempt has ended that took so many microseconds; the verb of a batch is nil.
  func attemptEnded(_ reply: Reply, on connection: NodeConnection, _ verb: StatementKind.Verb?, took: UInt64) {
    let node = node(of: connection)
    switch reply {
    case .done, .page, .prepared: node.answered(verb, took: took)
    case .unprepared: node.metrics.unprepared &+= 1
    case .failure(let error): node.metrics.failures[error.code, default: 0] &+= 1
    }
  }
}

extension LoopMetrics.Node {
  /// An answer has come to what was sent then; nil is a batch.
  @inline(__always)
  func answered(_ verb: StatementKind.Verb?, since began: UInt64) {
    answered(verb, took: LoopMetrics.now &- began)
  }

  /// An answer has come after so many microseconds; nil is a batch.
  @inline(__always)
  func answered(_ verb: StatementKind.Verb?, took microseconds: UInt64) {
    switch verb {
    case .select: metrics.reads.record(microseconds: microseconds)
    case .modify: metrics.writes.record(microseconds: microseconds)
    case nil: metrics.batches.record(microseconds: microseconds)
    case .define, .use, .other: metrics.others.record(microseconds: microseconds)
    }
  }
}
