internal import CassandraBytes
internal import CassandraReactor

/// Which node a request goes to.
///
/// The default: a node of the local data centre that has the partition, of two such the one with fewer requests under
/// way; then the other local nodes. A node that owes answers and has been silent for ``silence`` comes after the others.
/// Other data centres are not used.
public struct RoutingPolicy: Sendable {
  /// A node with requests under way that has said nothing for so long comes last: 200 ms by default.
  public var silence: Duration = .milliseconds(200)
  /// Whether nodes that have the partition come first: true by default.
  public var isTokenAware = true
  /// Nodes of this rack come first among equals; nil, the default, for no difference.
  public var preferredRack: String?
  /// Nodes of each other data centre that take requests when no local node can be had: 0 by default. Connections are
  /// made to as many as the client's own policy or that of a profile says; more in the options of a call does nothing.
  public var remoteNodesPerDatacenter = 0
  /// An order of one's own: the places of the candidates, the best first; those that are left out are not used. The
  /// candidates come in the order that the rest of the policy gives them. Nil, the default, for that order.
  ///
  /// It is called for every request, on the request's loop, and allocates; it may not block.
  public var order: (@Sendable ([RoutingCandidate]) -> [Int])?

  /// The default.
  public init() {}
}

/// A policy as requests read it.
struct RoutingRules: Sendable {
  /// In milliseconds.
  var silence: UInt64
  var isTokenAware: Bool
  var rack: ByteText?
  var usesRemote: Bool
  var order: (@Sendable ([RoutingCandidate]) -> [Int])?

  init(_ policy: RoutingPolicy) {
    silence = policy.silence.wholeMilliseconds
    isTokenAware = policy.isTokenAware
    rack = policy.preferredRack.map { ByteText($0) }
    usesRemote = policy.remoteNodesPerDatacenter > 0
    order = policy.order
  }
}

/// A node that a request may go to, as a ``RoutingPolicy/order`` sees it.
public struct RoutingCandidate: Sendable {
  /// Where it is reached.
  public var endPoint: EndPoint
  /// The data centre that it is in.
  public var datacenter: String?
  /// The rack that it is in.
  public var rack: String?
  /// Whether it has the partition.
  public var isReplica: Bool
  /// Whether it is in the local data centre.
  public var isLocal: Bool
  /// Requests of this loop that are under way to it.
  public var requestsInFlight: Int
  /// Whether it owes answers and has been silent for ``RoutingPolicy/silence``.
  public var isSilent: Bool
}
