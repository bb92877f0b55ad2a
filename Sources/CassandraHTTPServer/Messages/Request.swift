internal import CassandraBytes
public import CassandraHTTP
public import CassandraJSON
internal import CassandraReactor

/// A request, for the handler that answers it.
///
/// It belongs to the loop of its connection and to the task that runs the handler; child tasks get what they need of it,
/// such as the context.
public struct Request<Context: Sendable> {
  // References only: however large the context is, a request is passed in registers and without reabstraction.
  private let shared: SharedContext<Context>
  private let arrival: Arrival
  private var exchange: Exchange { arrival.exchange }
  private var connection: HTTPConnection { arrival.connection }

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
  public var body: RequestBody { RequestBody(connection) }

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
  public var id: String { connection.requestID }
}

/// The context of an application, once for all of its requests.
@usableFromInline
final class SharedContext<Context: Sendable>: Sendable {
  let context: Context

  init(_ context: Context) { self.context = context }
}

/// A request that has arrived, whatever the context is, and the connection it came on.
@usableFromInline
struct Arrival {
  let exchange: Exchange
  let connection: HTTPConnection
}

/// One request. A connection uses it again for the next one, unless somebody has kept it.
final class Exchange {
  // Filled by the connection before the handler begins, and only read afterwards, so its access needs no watch.
  @exclusivity(unchecked) var head = RequestHead()
  @exclusivity(unchecked) var parameterNames: [String] = []
  @exclusivity(unchecked) var parameterRanges = PathRanges()

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
public struct PathParameters {
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
struct PathRanges {
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
public struct RequestBody {
  private let connection: HTTPConnection

  init(_ connection: HTTPConnection) { self.connection = connection }

  /// The next piece, at most as much as has arrived; nil at the end. Until it is asked for, the client has to wait once
  /// ``ServerConfiguration/maximumUnreadBytes`` are there.
  ///
  /// - Throws: ``Problem`` when the body breaks the rules of HTTP or does not come; `CancellationError` when the client
  ///   has gone.
  public func next() async throws -> [UInt8]? { try await connection.nextBodyPiece() }

  /// The whole body.
  ///
  /// - Parameter limit: The most bytes it may have; ``ServerConfiguration/maximumBodyBytes`` when it is nil.
  /// - Throws: ``Problem`` with status 413 when it is longer, and what ``next()`` throws.
  public func collect(limit: Int? = nil) async throws -> [UInt8] {
    let limit = limit ?? connection.server.configuration.maximumBodyBytes
    let tooLarge = Problem(
      .contentTooLarge, code: "bodyTooLarge", detail: "The body may have \(limit) bytes at most.")
    if let announced = connection.announcedBodyBytes, announced > limit { throw tooLarge }
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
