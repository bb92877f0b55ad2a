internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraJSON
public import CassandraReactor
public import CassandraTelemetry

/// Sends spans to a collector: OTLP over HTTP in JSON, in batches.
///
/// Nothing waits for it. When the collector is away or slow, spans are dropped and counted, and the log says so once in a
/// while.
public struct OTLPExporter: Sendable {
  /// Spans of a batch: 512.
  public static let batchSpans = 512
  /// How often spans are sent: 2 s.
  public static let interval: Duration = .seconds(2)
  /// How long the collector has to take a connection, and then to answer: 3 s.
  public static let timeout: Duration = .seconds(3)

  /// Where the spans come from.
  public let queue = SpanQueue()
  private let host: String
  private let port: Int
  /// How the collector is reached securely; nil for `http`.
  private let tls: TLSClient?
  private let path: String
  private let service: String
  private let loop: EventLoop
  private let logger: CassandraLogger

  /// Nil for an end point that is not of the form `http://host:port` or `https://host:port`, perhaps with a path;
  /// `/v1/traces` is put behind it. Without a port it is 4318 for `http`, and 443 for `https`.
  ///
  /// - Parameters:
  ///   - endpoint: The collector, such as `http://127.0.0.1:4318`.
  ///   - trust: Whose certificates a collector behind `https` may have; the system's authorities by default.
  ///   - service: What the spans say that they are of.
  ///   - loops: One of them sends.
  ///   - logger: Is told of spans that were dropped.
  public init?(
    endpoint: String, service: String, trust: TLSTrust = .system, loops: EventLoops = .shared,
    logger: CassandraLogger = .standardError
  ) {
    let isSecure = endpoint.hasPrefix(bytesOf: "https://")
    guard isSecure || endpoint.hasPrefix(bytesOf: "http://") else { return nil }
    let rest = endpoint.dropFirst(bytes: (isSecure ? "https://" : "http://").utf8.count)
    let place = rest.prefix(beforeASCII: "/")
    var folder = String(rest.dropFirst(bytes: place.utf8.count))
    while folder.hasSuffix(bytesOf: "/") { folder.removeLast() }
    var host = String(place)
    var port = isSecure ? 443 : 4318
    if let colon = place.lastIndex(ofASCII: ":"), !place.hasSuffix(bytesOf: "]") {
      guard let number = Int(place[place.index(after: colon)...]), 1...65_535 ~= number else { return nil }
      port = number
      host = String(place[..<colon])
    }
    if host.hasPrefix(bytesOf: "["), host.hasSuffix(bytesOf: "]") {
      host = String(host.dropFirst(bytes: 1).dropLast(bytes: 1))
    }
    guard !host.isEmpty else { return nil }
    if isSecure {
      guard let context = try? TLSClientContext(trust: trust) else { return nil }
      tls = context.client(verifying: host)
    } else {
      tls = nil
    }
    self.host = host
    self.port = port
    path = folder + "/v1/traces"
    self.service = service
    loop = loops[0]
    self.logger = logger.labelled("spans")
  }

  /// Sends spans until the task is cancelled, and then what is left, once.
  public func run() async {
    var told: UInt64 = 0
    while !Task.isCancelled {
      try? await loop.run { try await loop.sleep(for: Self.interval) }
      if Task.isCancelled {
        // What is left is sent although this task has been cancelled, which a task of its own does not know.
        await Task { await sendAll() }.value
      } else {
        await sendAll()
      }
      let dropped = queue.droppedCount
      if dropped > told {
        logger.warning(
          "spans were dropped", ["endpoint": .text("\(host):\(port)"), "spans": .integer(Int(dropped - told))])
        told = dropped
      }
    }
  }

  private func sendAll() async {
    while !queue.isEmpty {
      // Spans are made and written once there is somebody to take them.
      guard let collector = await loop.run({ await connect() }) else { return queue.drop(Self.batchSpans) }
      let spans = queue.take(Self.batchSpans)
      let body = Self.json(spans, service: service)
      let isSent = await loop.run { await send(body, on: collector.onLoop) }
      if !isSent { return queue.noteDropped(spans.count) }
      if spans.count < Self.batchSpans { return }
    }
  }

  /// A connection to the collector; nil when there is none to be had. On the loop.
  private func connect() async -> LoopBound<CollectorConnection>? {
    do {
      guard let address = try await loop.resolve(host, port: port).first else { return nil }
      var options = ConnectOptions()
      options.timeout = Self.timeout
      options.tls = tls
      let transport = try await Transport.connect(to: address, on: loop, options: options)
      let connection = CollectorConnection(transport)
      transport.startReading()
      return LoopBound(connection, on: loop)
    } catch { return nil }
  }

  /// Whether the collector took the body; on the loop.
  private func send(_ body: [UInt8], on connection: CollectorConnection) async -> Bool {
    defer { connection.transport.close() }
    var request: [UInt8] = []
    do throws(HTTPError) {
      try request.append(
        request: .post, target: path, host: "\(host.contains(ascii: ":") ? "[\(host)]" : host):\(port)")
    } catch { return false }
    request.append(field: .contentType, literal: "application/json")
    request.append(framing: .length(body.count))
    request.append(field: .connection, literal: "close")
    request.appendEndOfHead()
    request += body
    connection.transport.write { $0 += request }
    let deadline = loop.setDeadline(after: Self.timeout, handler: connection, token: 0)
    let status = await connection.status()
    loop.cancelDeadline(deadline)
    return status == 200 || status == 202
  }

  /// The body of an export request (opentelemetry-proto, `ExportTraceServiceRequest`).
  static func json(_ spans: [TraceSpan], service: String) -> [UInt8] {
    func attribute(_ name: String, _ value: LogValue) -> JSONValue {
      let typed: JSONValue =
        switch value {
        case .text(let text): ["stringValue": .string(text)]
        case .integer(let number): ["intValue": .string("\(number)")]
        case .number(let number): ["doubleValue": JSONNumber(number).map { .number($0) } ?? .null]
        case .flag(let flag): ["boolValue": .bool(flag)]
        }
      return ["key": .string(name), "value": typed]
    }
    let items = spans.map { span -> JSONValue in
      var members: [JSONValue.Member] = [
        .init("traceId", .string(hex(span.context.traceID.high) + hex(span.context.traceID.low))),
        .init("spanId", .string(hex(span.context.spanID))),
      ]
      if let parent = span.parentID { members.append(.init("parentSpanId", .string(hex(parent)))) }
      members += [
        .init("name", .string(span.name)), .init("kind", .number(JSONNumber(span.kind.rawValue))),
        .init("startTimeUnixNano", .string("\(span.end - span.duration)")),
        .init("endTimeUnixNano", .string("\(span.end)")),
        .init("attributes", .array(span.attributes.map { attribute($0.name, $0.value) })),
        .init("status", span.isFailure ? ["code": 2] : [:]),
      ]
      return .object(members)
    }
    let document: JSONValue = [
      "resourceSpans": [
        [
          "resource": ["attributes": [attribute("service.name", .text(service))]],
          "scopeSpans": [
            ["scope": ["name": "swift-cassandra", "version": .string(PackageVersion.text)], "spans": .array(items)]
          ],
        ]
      ]
    ]
    var bytes: [UInt8] = []
    document.writeJSON(to: &bytes)
    return bytes
  }

  private static func hex(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}

/// A connection to the collector, which waits for the head of its answer; it belongs to the loop.
private final class CollectorConnection: TransportDelegate, DeadlineHandler {
  let transport: Transport
  private var parser = ResponseParser()
  private var found: Int?
  private var isOver = false
  private var waiter: UnsafeContinuation<Void, Never>?

  init(_ transport: Transport) {
    self.transport = transport
    transport.delegate = self
  }

  /// The status; nil when there was none in time.
  func status() async -> Int? {
    while !isOver { await withUnsafeContinuation { waiter = $0 } }
    return found
  }

  private func end() {
    isOver = true
    let waiter = waiter.take()
    waiter?.resume()
  }

  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    guard !isOver else { return }
    var head = ResponseHead()
    var offset = 0
    do {
      while offset < bytes.count, try parser.parse(bytes, from: &offset, answering: .post, into: &head) {
        guard !head.isInterim else { continue }
        found = Int(head.status.code)
        return end()
      }
    } catch { end() }
  }

  func transportInputEnded(_ transport: Transport) { end() }
  func transportClosed(_ transport: Transport, error: ReactorError?) { end() }
  func deadlinePassed(token: UInt64) { end() }
}
