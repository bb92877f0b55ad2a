internal import CassandraBytes
public import CassandraHTTP
public import CassandraJSON
internal import CassandraReactor

/// A request, for the handler that answers it.
///
/// It may be handed to functions, controllers and child tasks of the handler. It is good until the handler has returned;
/// whoever keeps it longer still reads the head, and finds no body any more.
public struct Request<Context: Sendable>: Sendable {
  // References only: however large the context is, a request is passed in registers and without reabstraction.
  private let shared: SharedContext<Context>
  private let arrival: Arrival
  private var exchange: Exchange { arrival.exchange }

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

  /// The request's id: the client's own `X-Request-Id` when it sent one of 1 to 64 letters, digits, `-`, `_` or `.`,
  /// else one that no other request of this process has. It stands in the log and in answers that tell of a problem.
  public var id: String { arrival.id }
}

/// The context of an application, once for all of its requests.
@usableFromInline
final class SharedContext<Context: Sendable>: Sendable {
  let context: Context

  init(_ context: Context) { self.context = context }
}

/// A request that has arrived, whatever the context is, and the connection it came on.
@usableFromInline
struct Arrival: @unchecked Sendable {
  // Sendable because the connection, which belongs to its loop, is handed out only after the check that this is the
  // loop's thread; everything else here is constant.
  let exchange: Exchange
  private let unchecked: HTTPConnection

  init(exchange: Exchange, connection: HTTPConnection) {
    self.exchange = exchange
    unchecked = connection
  }

  var loop: EventLoop { unchecked.server.loop }
  var configuration: ServerConfiguration { unchecked.server.configuration }

  /// The connection; traps on any other thread than its loop's.
  var connection: HTTPConnection {
    loop.preconditionIsCurrent()
    return unchecked
  }

  /// The id of the request, on any thread.
  var id: String { loop.isCurrent ? unchecked.requestID : exchange.id(prefix: unchecked.server.idPrefix) }
}

/// One request. A connection uses it again for the next one, unless somebody has kept it.
final class Exchange: @unchecked Sendable {
  // Sendable because the connection fills it before the handler begins and touches it again only when it holds the one
  // reference that is left; while anybody else has it, it is only read. So its access needs no watch either.
  @exclusivity(unchecked) var head = RequestHead()
  @exclusivity(unchecked) var parameterNames: [String] = []
  @exclusivity(unchecked) var parameterRanges = PathRanges()
  /// Counts the requests of a loop.
  @exclusivity(unchecked) var number = 0

  /// The client's own id of the request when it is a usable one, else one of ours: `prefix` and the number.
  func id(prefix: String) -> String {
    let given = head.first("X-Request-Id") ?? ""
    let isUsable =
      (1...64).contains(given.utf8.count)
      && given.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
          true
        default: false
        }
      }
    return isUsable ? given : prefix + String(number, radix: 36)
  }

  /// Bytes that the body announces; nil when it comes in chunks.
  var announcedBodyBytes: Int? {
    switch head.framing {
    case .none: 0
    case .length(let count): count
    case .chunked, .untilClose: nil
    }
  }

  /// Whether the head says that the body is JSON.
  var isJSON: Bool {
    guard let range = head.fields.range(of: .contentType) else { return false }
    let type = head.bytes.span.extracting(range)
    // Nearly every client writes it in this one way, which needs no parsing.
    if type.isEqual(to: "application/json") { return true }
    guard let media = MediaType(parsing: type) else { return false }
    return media.matches("application", "json") || media.subtype.hasSuffix("+json")
  }
}

/// The parameters of a path: `genus` of the pattern `/plant/{genus}`.
public struct PathParameters: Sendable {
  private let exchange: Exchange

  init(_ exchange: Exchange) { self.exchange = exchange }

  /// The value of a parameter, percent-decoded. Traps when the route's pattern has no parameter of that name; what the
  /// client sent has been checked before the handler began.
  public subscript(name: String) -> String {
    guard let index = exchange.parameterNames.firstIndex(of: name) else {
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

/// The body of a request, piece by piece as it arrives.
public struct RequestBody: Sendable {
  private let arrival: Arrival

  init(_ arrival: Arrival) { self.arrival = arrival }

  /// The next piece, at most as much as has arrived; nil at the end. Until it is asked for, the client has to wait once
  /// ``ServerConfiguration/maximumUnreadBytes`` are there.
  ///
  /// - Throws: ``Problem`` when the body breaks the rules of HTTP or does not come; `CancellationError` when the client
  ///   has gone.
  public func next() async throws -> [UInt8]? {
    try await arrival.loop.run { [arrival] in try await arrival.connection.nextBodyPiece() }
  }

  /// The whole body.
  ///
  /// - Parameter limit: The most bytes it may have; ``ServerConfiguration/maximumBodyBytes`` when it is nil.
  /// - Throws: ``Problem`` with status 413 when it is longer, and what ``next()`` throws.
  public func collect(limit: Int? = nil) async throws -> [UInt8] {
    let limit = limit ?? arrival.configuration.maximumBodyBytes
    let tooLarge = Problem(
      .contentTooLarge, code: "bodyTooLarge", detail: "The body may have \(limit) bytes at most.")
    if let announced = arrival.exchange.announcedBodyBytes, announced > limit { throw tooLarge }
    guard var bytes = try await next() else { return [] }
    while bytes.count <= limit {
      guard let piece = try await next() else { return bytes }
      bytes += piece
    }
    throw tooLarge
  }
}

extension Request {
  /// The body as JSON.
  ///
  /// - Throws: ``Problem``: 415 when the body does not say that it is JSON, 400 with line and column when it is not, 413
  ///   when it is too long.
  public func json() async throws -> JSONValue {
    guard exchange.isJSON else {
      throw Problem(
        .unsupportedMediaType, code: "notJSON", detail: "The body has to be JSON: send Content-Type: application/json.")
    }
    let bytes = try await body.collect()
    do throws(JSONError) { return try JSONValue(parsing: bytes) } catch {
      throw Problem(.badRequest, code: "malformedJSON", detail: "The body is not valid JSON: \(error)")
    }
  }
}
