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

  /// Those of the node of a connection.
  @inline(__always)
  func node(of connection: NodeConnection) -> Node {
    if let known = connection.metrics { return known }
    return attach(connection)
  }

  @inline(never)
  private func attach(_ connection: NodeConnection) -> Node {
    let node = nodes[connection.endPoint] ?? Node()
    nodes[connection.endPoint] = node
    connection.metrics = node
    return node
  }

  /// What there is so far.
  var snapshot: ClientMetrics { ClientMetrics(nodes: nodes.mapValues(\.metrics)) }

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
