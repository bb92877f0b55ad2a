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
///
/// All numbers stand in one array, a row for each route: a request adds to four of them.
final class LoopCounts {
  /// The places of a row.
  private enum Place {
    static let bodyBytes = 0
    static let totalMicroseconds = 1
    static let durations = 2
    static let statuses = durations + ServerMetrics.bounds.count + 1
    static let end = statuses + statusCount

    /// Different statuses of a route that have a place: 8. More than a few are rare.
    static let statusCount = 8
  }

  /// A status and how many answers had it, in one number, which is 0 where there is none.
  private enum StatusCount {
    private static let codeShift: UInt64 = 48

    @inline(__always)
    static func code(_ word: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: word >> codeShift) }
    static func count(_ word: UInt64) -> UInt64 { word & (1 << codeShift - 1) }
    static func first(_ code: UInt16) -> UInt64 { UInt64(code) << codeShift | 1 }
  }

  private let names: [(method: String, route: String)]
  private let bounds = ServerMetrics.bounds
  // `@exclusivity(unchecked)`: no access lasts while other code runs.
  @exclusivity(unchecked) private var numbers: [UInt64]
  /// Answers whose status had no place any more, by the number of the route.
  private var further: [Int: [UInt16: UInt64]] = [:]

  /// Counts for routes in the order of their numbers, and for what has none, behind them.
  init(_ table: RouteTable) {
    names = table.endpoints.map { ("\($0.method.name)", $0.route) } + [("-", "-")]
    numbers = Array(repeating: 0, count: names.count * Place.end)
  }

  /// A request has been answered.
  func ended(_ exchange: Exchange, microseconds: UInt64) {
    let index = exchange.endpointNumber ?? names.count - 1
    let bodyBytes = UInt64(exchange.bodyBytes)
    let code = exchange.status.code
    var duration = 0
    while duration < bounds.count, microseconds > bounds[duration] { duration += 1 }
    let isCounted = Self.count(
      in: &numbers, from: index * Place.end, bodyBytes, microseconds, duration: duration, code)
    if !isCounted { further[index, default: [:]][code, default: 0] &+= 1 }
  }

  /// False when there is no place for the status.
  @inline(__always)
  private static func count(
    in numbers: inout [UInt64], from start: Int, _ bodyBytes: UInt64, _ microseconds: UInt64, duration: Int,
    _ code: UInt16
  ) -> Bool {
    var numbers = numbers.mutableSpan
    numbers[start + Place.bodyBytes] &+= bodyBytes
    numbers[start + Place.totalMicroseconds] &+= microseconds
    numbers[start + Place.durations + duration] &+= 1
    for place in start + Place.statuses..<start + Place.end {
      let word = numbers[place]
      if StatusCount.code(word) == code {
        numbers[place] = word &+ 1
        return true
      }
      if word == 0 {
        numbers[place] = StatusCount.first(code)
        return true
      }
    }
    return false
  }

  var snapshot: [ServerMetrics.RouteMetrics] {
    names.indices.compactMap { index in
      let row = numbers[index * Place.end..<(index + 1) * Place.end]
      let start = row.startIndex
      var statuses = further[index] ?? [:]
      for word in row[(start + Place.statuses)...] where word != 0 {
        statuses[StatusCount.code(word)] = StatusCount.count(word)
      }
      guard !statuses.isEmpty else { return nil }
      var metrics = ServerMetrics.RouteMetrics(method: names[index].method, route: names[index].route)
      metrics.statuses = statuses
      metrics.bodyBytes = row[start + Place.bodyBytes]
      metrics.durations = Array(row[start + Place.durations..<start + Place.statuses])
      metrics.totalMicroseconds = row[start + Place.totalMicroseconds]
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
