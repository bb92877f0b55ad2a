internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor
internal import CassandraTelemetry

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What one loop tells of its requests: counts, the access log, spans, and which were slow. A request is timed once for all
/// of them. It belongs to the loop.
final class LoopObservation {
  private let loop: EventLoop
  private let counts: LoopCounts?
  private let log: AccessLog?
  private let spans: LoopSpans?
  /// What the spans of a route's requests say alike, by the number of its endpoint.
  private let spanParts: [(method: Method, part: SpanPart)]
  private let scheme: String
  private let slowMicroseconds: UInt64?
  private let logger: CassandraLogger
  // `@exclusivity(unchecked)`: these are touched on the loop's thread only, and no access lasts while other code runs.
  @exclusivity(unchecked) private var clock = WallClock()
  /// Whether something waits for the end of this turn.
  @exclusivity(unchecked) private var endsTurn = false

  /// Nil when nothing is to be told.
  init?(_ configuration: ServerConfiguration, _ routes: RouteTable, on loop: EventLoop, logger: CassandraLogger) {
    guard
      configuration.answers.logsAccess || configuration.countsRequests || configuration.spans != nil
        || configuration.slowRequestThreshold != nil
    else { return nil }
    self.loop = loop
    counts = configuration.countsRequests ? LoopCounts(routes) : nil
    log = configuration.answers.logsAccess ? AccessLog(logger, routes) : nil
    spans = configuration.spans.map { LoopSpans($0) }
    let scheme = configuration.tls == nil ? "http" : "https"
    self.scheme = scheme
    spanParts =
      configuration.spans == nil
      ? []
      : routes.endpoints.map { endpoint in
        (endpoint.method, Self.spanPart("\(endpoint.method.name)", scheme: scheme, route: endpoint.route))
      }
    slowMicroseconds = configuration.slowRequestThreshold.map { $0.wholeMicroseconds }
    self.logger = logger
  }

  /// Microseconds of a clock that only goes forward.
  static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000 &+ UInt64(time.tv_nsec) / 1000
  }

  /// What each route was asked for.
  var countsByRoute: [ServerMetrics.RouteMetrics] { counts?.snapshot ?? [] }
  /// Whether spans are recorded.
  var hasSpans: Bool { spans != nil }
  /// Spans that nobody took.
  var droppedSpans: UInt64 { spans?.droppedCount ?? 0 }

  /// Gives away what has come together in this turn.
  func flush() {
    log?.flush()
    spans?.flush()
  }

  /// An answer has been given, or was cut.
  func ended(_ exchange: Exchange, on channel: RequestChannel) {
    let now = Self.now
    let microseconds = now &- exchange.began
    if let counts { counts.ended(exchange, microseconds: microseconds) }
    if !endsTurn, log != nil || spans != nil {
      endsTurn = true
      loop.atEndOfTurn(self)
    }
    let time = clock.nanoseconds(at: now)
    if let log { log.write(exchange, on: channel, microseconds: microseconds, at: time) }
    if let spans, let context = exchange.span {
      record(exchange, as: context, on: channel, microseconds: microseconds, at: time, in: spans)
    }
    if let slowMicroseconds, microseconds > slowMicroseconds { tellOfSlow(exchange, on: channel, microseconds) }
  }

  private func tellOfSlow(_ exchange: Exchange, on channel: RequestChannel, _ microseconds: UInt64) {
    let head = exchange.head
    logger.warning(
      "a slow request",
      [
        "method": .text(head.methodText), "path": .text(head.path),
        "route": .text(exchange.pattern), "status": .integer(Int(exchange.status.code)),
        "us": .integer(Int(clamping: microseconds)), "id": .text(channel.requestID),
      ])
  }
}

extension LoopObservation: TurnEnding {
  func turnEnds() {
    endsTurn = false
    flush()
  }
}

// MARK: - Spans

extension LoopObservation {
  /// Begins the span of a request; nil where there are none, and where the client wants none of this trace: who does not
  /// record its own part does not want ours, nor those of what we ask for it.
  func beginSpan(of exchange: Exchange) -> SpanContext? {
    guard let spans else { return nil }
    guard let trace = exchange.trace else {
      exchange.parentSpan = nil
      exchange.span = spans.newTrace()
      return exchange.span
    }
    exchange.parentSpan = trace.context.spanID
    exchange.span = trace.isSampled ? spans.child(of: trace.context) : nil
    return exchange.span
  }

  /// Records the span of a request, by the names of OpenTelemetry's conventions for HTTP.
  private func record(
    _ exchange: Exchange, as context: SpanContext, on channel: RequestChannel, microseconds: UInt64, at end: Int64,
    in spans: LoopSpans
  ) {
    let status = Int(exchange.status.code)
    let facts = SpanFacts(
      context, parent: exchange.parentSpan, kind: .server, end: end, duration: Int64(clamping: microseconds) &* 1000,
      isFailure: status >= 500)
    let bytes = exchange.head.bytes
    let host = channel.hasPlainHost ? channel.transport.peerHost : Array(channel.clientHost.utf8)
    spans.record(
      request: facts, spanPart(of: exchange), path: bytes.span.extracting(exchange.head.pathRange), status: status,
      bodyBytes: exchange.bodyBytes, client: host.span)
  }

  private func spanPart(of exchange: Exchange) -> SpanPart {
    if let number = exchange.endpointNumber, spanParts[number].method == exchange.head.method {
      return spanParts[number].part
    }
    return Self.spanPart(exchange.head.methodText, scheme: scheme, route: exchange.pattern)
  }

  private static func spanPart(_ method: String, scheme: String, route: String) -> SpanPart {
    SpanPart { span in
      span.name(route.isEmpty ? method : "\(method) \(route)")
      span.add(.requestMethod, method)
      span.add(.scheme, scheme)
      if !route.isEmpty { span.add(.route, route) }
    }
  }
}

extension Duration {
  fileprivate var wholeMicroseconds: UInt64 {
    let (seconds, attoseconds) = components
    return UInt64(clamping: max(0, seconds)) * 1_000_000 + UInt64(clamping: max(0, attoseconds / 1_000_000_000_000))
  }
}
