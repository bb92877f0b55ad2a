internal import CassandraBytes
public import CassandraHTTP
public import CassandraReactor
internal import CassandraTelemetry

/// A request, for the handler that answers it.
///
/// It may be handed to functions, controllers and child tasks of the handler. It is good until the handler has returned;
/// whoever keeps it longer still reads the head, and finds no body any more.
public struct Request<Context: Sendable>: Sendable {
  // References only: however large the context is, a request is passed in registers and without reabstraction.
  private let shared: SharedContext<Context>
  private let arrival: Arrival
  var exchange: Exchange { arrival.exchange }

  @usableFromInline
  init(_ shared: SharedContext<Context>, _ arrival: Arrival) {
    self.shared = shared
    self.arrival = arrival
  }

  /// What the application shares with its handlers, such as the client of a database.
  public var context: Context { shared.context }
  /// The head as it was sent.
  public var head: RequestHead { exchange.head }
  /// The method.
  public var method: Method { exchange.head.method }
  /// The parameters of the path, by the names in the route's pattern.
  public var path: PathParameters { PathParameters(exchange) }
  /// The body, which arrives while the handler runs.
  public var body: RequestBody { RequestBody(arrival) }

  /// The value of the first item called `name` in the query, decoded; nil when there is none.
  ///
  /// - Throws: ``Problem`` with status 400 when the item is not well-formed percent-encoded UTF-8.
  public func query(_ name: String) throws(Problem) -> String? {
    guard let range = exchange.head.queryRange else { return nil }
    let bytes = exchange.head.bytes
    var items = FormItems(range)
    do throws(HTTPError) {
      while let item = items.next(in: bytes.span) {
        if try String(formDecoding: bytes.span.extracting(item.name)).hasSameBytes(as: name) {
          return try String(formDecoding: bytes.span.extracting(item.value))
        }
      }
    } catch { throw Problem(error) }
    return nil
  }

  /// What the server has done so far.
  var serverMetrics: ServerMetrics {
    get async { await arrival.channel.server.peers.metrics }
  }

  /// What is said of the routes, for the document of the API.
  var described: [DescribedRoute<Context>] { shared.described }

  /// What the routes have for the request; never an error.
  func answer() async -> Response { await arrival.channel.respond() }

  /// The answer to an error.
  func failed(_ error: any Error) -> Response { arrival.channel.failed(error) }

  /// The request's id: the client's own `X-Request-ID` when it sent one of 1 to 128 printable ASCII characters without
  /// blanks, else one that no other request of this process has. It stands in the log and in answers that tell of a
  /// problem.
  public var id: String { arrival.id }

  /// Who asks: the peer, or whom proxies name that ``AnswerOptions/trustedProxies`` holds; nil for a unix socket.
  public var client: SocketAddress? {
    exchange.client(trusting: arrival.configuration.answers.trustedProxies)
  }

  /// The pattern of the route that answers, such as `/plant/{genus}`; empty when there is none.
  public var route: String { exchange.pattern }

  /// The id of the trace that the request belongs to, 32 digits (W3C Trace Context); nil when the client sent none.
  public var traceID: String? { exchange.foundTrace?.trace }

  /// Whether the server has begun to end, so that nothing new should be sent to it. A readiness route says so first.
  public var isStopping: Bool { exchange.isStopping }
}

/// The context of an application, once for all of its requests.
@usableFromInline
final class SharedContext<Context: Sendable>: Sendable {
  let context: Context
  /// What is said of the routes.
  let described: [DescribedRoute<Context>]

  init(_ context: Context, described: [DescribedRoute<Context>]) {
    self.context = context
    self.described = described
  }
}

/// A request that has arrived, whatever the context is, and the channel it came on.
@usableFromInline
struct Arrival: @unchecked Sendable {
  // Sendable because the channel, which belongs to its loop, is handed out only after the check that this is the
  // loop's thread; everything else here is constant.
  let exchange: Exchange
  private let unchecked: RequestChannel

  init(exchange: Exchange, channel: RequestChannel) {
    self.exchange = exchange
    unchecked = channel
  }

  var loop: EventLoop { unchecked.server.loop }
  var configuration: ServerConfiguration { unchecked.server.configuration }

  /// The channel; traps on any other thread than its loop's.
  var channel: RequestChannel {
    loop.preconditionIsCurrent()
    return unchecked
  }

  /// Whether all of the body has come and was taken; false where the channel cannot be asked, on another thread.
  var isBodyOver: Bool { loop.isCurrent && unchecked.isBodyOver }

  /// The id of the request, on any thread.
  var id: String { loop.isCurrent ? unchecked.requestID : exchange.id(prefix: unchecked.server.idPrefix) }
}

/// One request. A connection uses it again for the next one, unless somebody has kept it.
final class Exchange: @unchecked Sendable {
  // Sendable because the connection fills it before the handler begins and touches that again only when it holds the one
  // reference that is left; while anybody else has it, it is only read. What changes while the handler runs is for the
  // connection alone, on its loop, and no `Request` reads it. So no access needs a watch either.

  /// The peer; nil for a unix socket.
  let peer: SocketAddress?
  @exclusivity(unchecked) var head = RequestHead()
  /// Whose path it is; nil when it is that of none.
  @exclusivity(unchecked) var endpoint: RouteTable.Endpoint?
  @exclusivity(unchecked) var parameterRanges = PathRanges()
  /// What is answered without asking the endpoint; nil when that answers, as it nearly always does.
  @exclusivity(unchecked) var ownAnswer: Response?
  /// Counts the requests of a loop.
  @exclusivity(unchecked) var number = 0
  /// Whether the server has begun to end.
  @exclusivity(unchecked) var isStopping = false
  /// The trace that the request belongs to, where the server asks for it.
  @exclusivity(unchecked) var trace: TraceParent?
  /// The request's span, where there are any, and the client's.
  @exclusivity(unchecked) var span: SpanContext?
  @exclusivity(unchecked) var parentSpan: UInt64?
  /// When the head was there, in microseconds, where that matters.
  @exclusivity(unchecked) var began: UInt64 = 0
  // For the connection alone.
  /// The id of the request, once it has been asked for on the loop.
  @exclusivity(unchecked) var cachedID: String?
  @exclusivity(unchecked) var status = Status.ok
  @exclusivity(unchecked) var bodyBytes = 0
  @exclusivity(unchecked) var isCut = false
  /// Whether the answer gets the request's id, and its trace, unless it has them.
  @exclusivity(unchecked) var sendsID = false

  /// The client that the request is counted for.
  @exclusivity(unchecked) var countedClient: [UInt8]?

  init(peer: SocketAddress?) { self.peer = peer }

  /// Begins anew with the head that is there.
  func reset(number: Int, isStopping: Bool, findsTrace: Bool, now: UInt64) {
    trace = findsTrace && !head.traceParentRange.isEmpty ? foundTrace : nil
    endpoint = nil
    if ownAnswer != nil { ownAnswer = nil }
    if cachedID != nil { cachedID = nil }
    self.number = number
    self.isStopping = isStopping
    began = now
    status = .ok
    bodyBytes = 0
    isCut = false
    sendsID = false
  }

  /// The pattern of the route; empty when there is none.
  var pattern: String { endpoint?.pattern ?? "" }
  /// The number of the endpoint; nil when there is none.
  var endpointNumber: Int? { endpoint?.number }

  /// The client's own id of the request when it is a usable one, else one of ours: `prefix` and the number.
  func id(prefix: [UInt8]) -> String { givenID ?? String(repairing: prefix.span) + String(number, radix: 36) }

  /// Who asks: the peer, or whom proxies that are trusted name.
  func client(trusting proxies: [AddressRange]) -> SocketAddress? {
    ClientAddress.find(head, peer: peer, trusted: proxies)
  }

  /// Bytes that the body announces; nil when it comes in chunks.
  var announcedBodyBytes: Int? {
    switch head.framing {
    case .none: 0
    case .length(let count): count
    case .chunked, .untilClose: nil
    }
  }

  /// The trace that the head names.
  var foundTrace: TraceParent? {
    let bytes = head.bytes
    return TraceParent(bytes.span.extracting(head.traceParentRange))
  }

  /// The client's own id, when it is a usable one.
  private var givenID: String? { givenIDRange.map { String(decoding: head.bytes[$0], as: UTF8.self) } }

  /// Where the client's own id stands, when it is one that may stand in a log: 1 to 128 printable ASCII characters without
  /// blanks.
  var givenIDRange: Range<Int>? {
    let range = head.requestIDRange
    guard 1...128 ~= range.count else { return nil }
    let bytes = head.bytes
    for index in range where !(0x21...0x7e ~= bytes[index]) { return nil }
    return range
  }

  /// Whether the head says that the body is JSON.
  var isJSON: Bool {
    guard let range = head.contentTypeRange else { return false }
    let type = head.bytes.span.extracting(range)
    // Nearly every client writes it in this one way, which needs no parsing.
    if type.isEqual(to: "application/json") { return true }
    guard let media = MediaType(parsing: type) else { return false }
    // JSON is UTF-8 (RFC 8259, section 8.1); who says otherwise means it.
    if let charset = media.parameter("charset"), !charset.isUTF8Name { return false }
    return media.matches("application", "json") || media.subtype.hasSuffix(bytesOf: "+json")
  }
}

extension String {
  /// Whether it is `utf-8`, or `us-ascii`, which is a part of it, in any case.
  fileprivate var isUTF8Name: Bool {
    guard utf8.count <= 8 else { return false }
    let lowercase = String(decoding: utf8.map { 0x41...0x5a ~= $0 ? $0 | 0x20 : $0 }, as: UTF8.self)
    return ["utf-8", "utf8", "us-ascii"].contains { lowercase.hasSameBytes(as: $0) }
  }
}

/// The parameters of a path: `genus` of the pattern `/plant/{genus}`.
public struct PathParameters: Sendable {
  private let exchange: Exchange

  init(_ exchange: Exchange) { self.exchange = exchange }

  /// The value of a parameter, percent-decoded. Traps when the route's pattern has no parameter of that name; what the
  /// client sent has been checked before the handler began.
  public subscript(name: String) -> String {
    guard let index = exchange.endpoint?.index(ofParameter: name) else {
      preconditionFailure("the route has no path parameter named \(name)")
    }
    let span = exchange.head.bytes.span
    guard let text = try? String(percentDecoding: span.extracting(exchange.parameterRanges[index])) else {
      preconditionFailure("a path parameter is checked when its route is found")
    }
    return text
  }
}

/// Where the parameters of a path stand; the first four in place, so that hardly a request allocates for them.
struct PathRanges: Sendable {
  private var first: (Range<Int>, Range<Int>, Range<Int>, Range<Int>) = (0..<0, 0..<0, 0..<0, 0..<0)
  private var more: [Range<Int>] = []
  private(set) var count = 0

  mutating func append(_ range: Range<Int>) {
    switch count {
    case 0: first.0 = range
    case 1: first.1 = range
    case 2: first.2 = range
    case 3: first.3 = range
    default: more.append(range)
    }
    count += 1
  }

  mutating func removeAll() {
    if count > 4 { more = [] }
    count = 0
  }

  mutating func removeLast() {
    count -= 1
    if count >= 4 { more.removeLast() }
  }

  subscript(index: Int) -> Range<Int> {
    switch index {
    case 0: first.0
    case 1: first.1
    case 2: first.2
    case 3: first.3
    default: more[index - 4]
    }
  }
}
