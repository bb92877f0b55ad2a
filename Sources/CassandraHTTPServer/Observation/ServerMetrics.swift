internal import CassandraBytes
internal import CassandraReactor
internal import CassandraTelemetry

/// What a server has done so far, added up over its loops. Each loop counts for itself, without a lock; where nothing is
/// counted (``ServerConfiguration/countsRequests``), only what the server knows anyway is there.
public struct ServerMetrics: Sendable {
  /// Why a request or a connection was refused or cut.
  public enum Refusal: String, Sendable, CaseIterable {
    /// What came was no HTTP, or no HTTP that the server takes.
    case invalid
    /// The server had too much to do.
    case overloaded
    /// Too many streamed answers were under way.
    case streams
    /// The client asked for more than it may.
    case clientLimit = "client_limit"
    /// The client did not take its answer.
    case slowClient = "slow_client"
    /// The client sent so much that serves nobody that its HTTP/2 connection was ended.
    case flood
  }

  /// The requests of one route and method.
  public struct RouteMetrics: Sendable {
    /// The method; `-` for requests without a route.
    public internal(set) var method: String
    /// The route's pattern; `-` for requests without one.
    public internal(set) var route: String
    /// How many answers there were of each status.
    public internal(set) var statuses: [UInt16: UInt64] = [:]
    /// Bytes of their bodies.
    public internal(set) var bodyBytes: UInt64 = 0
    /// How many took at most the time of ``ServerMetrics/bounds`` at the same place, and not at most the one before; the
    /// last is of those above all bounds.
    public internal(set) var durations: [UInt64]
    /// All durations together, in microseconds.
    public internal(set) var totalMicroseconds: UInt64 = 0

    init(method: String, route: String) {
      self.method = method
      self.route = route
      durations = Array(repeating: 0, count: ServerMetrics.bounds.count + 1)
    }

    mutating func add(_ other: RouteMetrics) {
      statuses.merge(other.statuses, uniquingKeysWith: &+)
      bodyBytes &+= other.bodyBytes
      for index in durations.indices { durations[index] &+= other.durations[index] }
      totalMicroseconds &+= other.totalMicroseconds
    }
  }

  /// The bounds of the durations, in microseconds: from 0.5 ms to 10 s.
  public static let bounds: [UInt64] = [
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000,
  ]

  /// Of each route and method that was asked for.
  public internal(set) var routes: [RouteMetrics] = []
  /// What was refused or cut.
  public internal(set) var refusals: [Refusal: UInt64] = [:]
  /// Connections that were accepted.
  public internal(set) var acceptedConnections: UInt64 = 0
  /// Connections that are open.
  public internal(set) var connections = 0
  /// Requests that are being answered.
  public internal(set) var requestsInFlight = 0
  /// Streamed answers that are under way.
  public internal(set) var streams = 0
  /// Bytes that wait for slow clients.
  public internal(set) var waitingBytes = 0
  /// Spans that were dropped, because the collector did not take them.
  public internal(set) var droppedSpans: UInt64 = 0

  mutating func add(_ other: ServerMetrics) {
    for route in other.routes {
      if let index = routes.firstIndex(where: { $0.method == route.method && $0.route.hasSameBytes(as: route.route) }) {
        routes[index].add(route)
      } else {
        routes.append(route)
      }
    }
    refusals.merge(other.refusals, uniquingKeysWith: &+)
    acceptedConnections &+= other.acceptedConnections
    connections += other.connections
    requestsInFlight += other.requestsInFlight
    streams += other.streams
    waitingBytes += other.waitingBytes
    // The loops share what takes them.
    droppedSpans = max(droppedSpans, other.droppedSpans)
  }
}

/// Counts the requests of one loop; touched on its thread only.
final class LoopCounts {
  /// Of one route and method, as small as counting needs.
  private struct Route {
    var statuses: [(code: UInt16, count: UInt64)] = []
    var bodyBytes: UInt64 = 0
    var durations = [UInt64](repeating: 0, count: ServerMetrics.bounds.count + 1)
    var totalMicroseconds: UInt64 = 0
  }

  private let names: [(method: String, route: String)]
  @exclusivity(unchecked) private var routes: [Route]

  /// Counts for routes in the order of their numbers, and for what has none, behind them.
  init(_ table: RouteTable) {
    names = table.endpointNames + [("-", "-")]
    routes = Array(repeating: Route(), count: names.count)
  }

  /// A request has been answered.
  func ended(_ exchange: Exchange, microseconds: UInt64) {
    let index = exchange.endpointNumber ?? names.count - 1
    routes[index].bodyBytes &+= UInt64(exchange.bodyBytes)
    routes[index].totalMicroseconds &+= microseconds
    var place = 0
    while place < ServerMetrics.bounds.count, microseconds > ServerMetrics.bounds[place] { place += 1 }
    routes[index].durations[place] &+= 1
    let code = exchange.status.code
    for status in routes[index].statuses.indices where routes[index].statuses[status].code == code {
      routes[index].statuses[status].count &+= 1
      return
    }
    routes[index].statuses.append((code, 1))
  }

  var snapshot: [ServerMetrics.RouteMetrics] {
    zip(names, routes).compactMap { name, route in
      guard !route.statuses.isEmpty else { return nil }
      var metrics = ServerMetrics.RouteMetrics(method: name.method, route: name.route)
      metrics.statuses = Dictionary(route.statuses.map { ($0.code, $0.count) }, uniquingKeysWith: &+)
      metrics.bodyBytes = route.bodyBytes
      metrics.durations = route.durations
      metrics.totalMicroseconds = route.totalMicroseconds
      return metrics
    }
  }
}

/// The loops of one server, so that each can be asked about all.
final class ServerPeers: Sendable {
  private let peers = Locked<[LoopBound<LoopServer>]>([])

  func set(_ servers: [LoopBound<LoopServer>]) { peers.withLock { $0 = servers } }

  var metrics: ServerMetrics {
    get async {
      var all = ServerMetrics()
      for peer in peers.withLock({ $0 }) { all.add(await peer.loop.run { peer.withValue { $0.metrics } }) }
      return all
    }
  }
}
