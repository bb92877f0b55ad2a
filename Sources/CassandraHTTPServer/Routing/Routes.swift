public import CassandraHTTP

/// Which handler answers which method and path.
///
/// ```swift
/// var routes = Routes<AppContext>()
/// routes.get("/plant/{genus}") { request in
///   try await storage.plants(ofGenus: request.path["genus"], in: request.cassandra)
/// }
/// ```
/// A pattern is a path whose segments are texts or parameters in braces; a last segment `{name...}` takes all that is
/// left, slashes included. A text goes before a parameter. HEAD is answered by the handler of GET, OPTIONS by the routes
/// themselves. A path that is known with another method is 405 and says which methods there are.
public struct Routes<Context: Sendable> {
  /// Answers a request.
  public typealias Handler = @Sendable (Request<Context>) async throws -> Response
  /// Answers a request, or lets `next` answer it and looks at what comes back.
  public typealias Middleware = @Sendable (Request<Context>, _ next: Handler) async throws -> Response

  @usableFromInline
  struct Route {
    var method: Method
    var pattern: RoutePattern
    /// Whether it answers even when the server sheds load.
    var isAlwaysAnswered: Bool
    /// What the document of the API says of it; nil for a route that it leaves out.
    var description: RouteDescription<Context>?
    /// Makes the handler for a context.
    var bind: @Sendable (SharedContext<Context>) -> BoundHandler
  }

  private(set) var routes: [Route] = []
  /// Around every answer.
  private var middleware: [Middleware] = []
  /// Around the handlers that are added at present.
  @usableFromInline private(set) var layers: [Middleware] = []
  private var addsAlwaysAnswered = false
  @usableFromInline private(set) var errorMapping: (@Sendable (any Error) -> any Error)?

  /// No routes.
  public init() {}

  /// Adds a handler.
  ///
  /// Traps when the pattern is not of the form that ``Routes`` tells, or when there is a handler for it already: both are
  /// mistakes in the program.
  ///
  /// - Parameters:
  ///   - method: The method.
  ///   - pattern: The pattern of the path.
  ///   - description: What ``document(_:version:)`` says of it; without one it says nothing.
  ///   - handler: The handler.
  @inlinable
  public mutating func on<Answer: ResponseConvertible>(
    _ method: Method, _ pattern: RoutePattern, about description: RouteDescription<Context>? = nil,
    _ handler: @escaping @Sendable (Request<Context>) async throws -> Answer
  ) {
    let layers = layers
    let mapped = errorMapping ?? { $0 }
    if layers.isEmpty {
      // Every function that waits costs a look at the executor when it goes on, so here there is but one.
      add(method, pattern, description) { shared in
        { arrival in
          do { return try await handler(Request(shared, arrival)).response() } catch { throw mapped(error) }
        }
      }
      return
    }
    var answer: Handler = { request in
      do { return try await handler(request).response() } catch { throw mapped(error) }
    }
    for layer in layers.reversed() {
      let next = answer
      answer = { request in try await layer(request, next) }
    }
    let outermost = answer
    add(method, pattern, description) { shared in
      { arrival in try await outermost(Request(shared, arrival)) }
    }
  }

  @usableFromInline
  mutating func add(
    _ method: Method, _ pattern: RoutePattern, _ description: RouteDescription<Context>?,
    _ bind: @escaping @Sendable (SharedContext<Context>) -> BoundHandler
  ) {
    precondition(!has(method, pattern), "there are two routes for \(method.name) \(pattern)")
    routes.append(
      Route(
        method: method, pattern: pattern, isAlwaysAnswered: addsAlwaysAnswered, description: description, bind: bind))
  }

  /// Turns errors that handlers throw into others, such as a ``Problem`` that says what to do, before anybody else sees
  /// them. It holds for the handlers that are added after it, and takes the place of the mapping before.
  public mutating func mapErrors(_ mapping: @escaping @Sendable (any Error) -> any Error) { errorMapping = mapping }

  /// Adds a handler for GET, and so for HEAD.
  @inlinable
  public mutating func get<Answer: ResponseConvertible>(
    _ pattern: RoutePattern, about description: RouteDescription<Context>? = nil,
    _ handler: @escaping @Sendable (Request<Context>) async throws -> Answer
  ) { on(.get, pattern, about: description, handler) }

  /// Adds a handler for POST.
  @inlinable
  public mutating func post<Answer: ResponseConvertible>(
    _ pattern: RoutePattern, about description: RouteDescription<Context>? = nil,
    _ handler: @escaping @Sendable (Request<Context>) async throws -> Answer
  ) { on(.post, pattern, about: description, handler) }

  /// Adds a handler for PUT.
  @inlinable
  public mutating func put<Answer: ResponseConvertible>(
    _ pattern: RoutePattern, about description: RouteDescription<Context>? = nil,
    _ handler: @escaping @Sendable (Request<Context>) async throws -> Answer
  ) { on(.put, pattern, about: description, handler) }

  /// Adds a handler for PATCH.
  @inlinable
  public mutating func patch<Answer: ResponseConvertible>(
    _ pattern: RoutePattern, about description: RouteDescription<Context>? = nil,
    _ handler: @escaping @Sendable (Request<Context>) async throws -> Answer
  ) { on(.patch, pattern, about: description, handler) }

  /// Adds a handler for DELETE.
  @inlinable
  public mutating func delete<Answer: ResponseConvertible>(
    _ pattern: RoutePattern, about description: RouteDescription<Context>? = nil,
    _ handler: @escaping @Sendable (Request<Context>) async throws -> Answer
  ) { on(.delete, pattern, about: description, handler) }

  /// Adds middleware around every answer, whatever made it: a handler, an error, 404 and 405, OPTIONS, or the refusal of a
  /// message that was no HTTP, for which the request has an empty head. What is added first is the outermost.
  ///
  /// Errors are answers by the time that `next` returns. What the middleware throws itself is made an answer for the
  /// layers around it.
  public mutating func use(_ layer: @escaping Middleware) { middleware.append(layer) }

  /// Adds handlers with a layer around them and around nothing else, such as a check of who asks.
  ///
  /// ```swift
  /// routes.within(requireToken) { routes in
  ///   routes.delete("/animal/{genus}") { … }
  /// }
  /// ```
  /// Unlike middleware it sees what a handler throws as an error, and what it throws goes on as one.
  public mutating func within(_ layer: @escaping Middleware, _ add: (inout Routes) -> Void) {
    layers.append(layer)
    add(&self)
    layers.removeLast()
  }

  /// Adds handlers that answer even when the server sheds load, such as those that tell whether the process lives.
  public mutating func always(_ add: (inout Routes) -> Void) {
    let before = addsAlwaysAnswered
    addsAlwaysAnswered = true
    add(&self)
    addsAlwaysAnswered = before
  }

  /// Whether there is a handler for the method and the pattern.
  func has(_ method: Method, _ pattern: RoutePattern) -> Bool {
    routes.contains { $0.method == method && $0.pattern.takesSamePaths(as: pattern) }
  }

  /// What is said of the routes, in the order in which they were added.
  var described: [DescribedRoute<Context>] {
    routes.compactMap { route in
      route.description.map { DescribedRoute(method: route.method, pattern: route.pattern, description: $0) }
    }
  }

  /// The middleware with whatever answers inside; nil when there is none.
  func bindMiddleware(_ shared: SharedContext<Context>) -> BoundHandler? {
    guard !middleware.isEmpty else { return nil }
    var answer: Handler = { request in await request.answer() }
    for layer in middleware.reversed() {
      let next = answer
      answer = { request in
        do { return try await layer(request, next) } catch { return request.failed(error) }
      }
    }
    let outermost = answer
    return { arrival in try await outermost(Request(shared, arrival)) }
  }
}

/// Answers a request of any context.
@usableFromInline
typealias BoundHandler = @Sendable (Arrival) async throws -> Response

/// The pattern of a path.
public struct RoutePattern: Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  enum Segment: Sendable, Equatable {
    case text([UInt8])
    case parameter(String)
    case rest(String)
  }

  let segments: [Segment]
  /// The pattern as it was written.
  public let description: String

  /// Reads a pattern; traps when it does not begin with a slash, has a parameter without a name or one named twice, or
  /// has something behind `{name...}`.
  public init(stringLiteral text: String) { self.init(text) }

  /// Reads a pattern; traps when it does not begin with a slash, has a parameter without a name or one named twice, or
  /// has something behind `{name...}`.
  public init(_ text: String) {
    precondition(text.hasPrefix("/"), "a route's pattern begins with a slash: \(text)")
    var segments: [Segment] = []
    for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      if case .rest = segments.last {
        preconditionFailure("nothing follows a parameter for the rest of a path: \(text)")
      }
      guard part.hasPrefix("{"), part.hasSuffix("}") else {
        segments.append(.text(Array(part.utf8)))
        continue
      }
      let name = part.dropFirst().dropLast()
      let isRest = name.hasSuffix("...")
      let bare = String(isRest ? name.dropLast(3) : name)
      precondition(!bare.isEmpty, "a parameter of a path has a name: \(text)")
      segments.append(isRest ? .rest(bare) : .parameter(bare))
    }
    self.segments = segments
    description = text
    precondition(Set(parameterNames).count == parameterNames.count, "a parameter is named twice: \(text)")
  }

  var parameterNames: [String] {
    segments.compactMap { segment in
      switch segment {
      case .text: nil
      case .parameter(let name), .rest(let name): name
      }
    }
  }

  /// Whether both take the same paths, whatever their parameters are called.
  func takesSamePaths(as other: RoutePattern) -> Bool {
    segments.count == other.segments.count
      && zip(segments, other.segments).allSatisfy { pair in
        switch pair {
        case (.text(let left), .text(let right)): left == right
        case (.parameter, .parameter), (.rest, .rest): true
        case (.text, _), (.parameter, _), (.rest, _): false
        }
      }
  }
}
