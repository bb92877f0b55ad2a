internal import CassandraBytes
internal import CassandraHTTP
public import CassandraHTTPServer
internal import CassandraReactor

/// Asks routes without a server that listens: the requests go through everything that a server does with them, and no
/// socket is opened.
///
/// ```swift
/// try await routes.test(context: context) { client in
///   let answer = try await client.get("/plant/Plantago?limit=2")
///   #expect(answer.status == .ok)
///   #expect(try answer.json()[0]?["species"] == "afra")
/// }
/// ```
/// Each request has a connection of its own. The client may be used by several tasks at once.
public struct TestClient: Sendable {
  private let server: MemoryServer
  /// What every request is sent with, besides its own fields.
  public var fields: [FieldLine] = []

  init(_ server: MemoryServer) { self.server = server }

  /// Sends a request.
  ///
  /// - Parameters:
  ///   - method: Any but one without a name.
  ///   - target: The path and query, percent-encoded.
  ///   - fields: Fields of the request; `Host`, `Content-Length` and `Connection` are seen to.
  ///   - body: The body.
  /// - Throws: `HTTPError` for a target that is none, and ``TestAnswer/Cut`` when the answer was cut.
  public func send(
    _ method: Method, _ target: String, fields: [FieldLine] = [], body: [UInt8] = []
  ) async throws -> TestAnswer {
    var request: [UInt8] = []
    try request.append(request: method, target: target, host: "test")
    for field in self.fields + fields { request.append(field) }
    if !body.isEmpty || method == .post || method == .put || method == .patch {
      request.append(framing: .length(body.count))
    }
    request.append(field: .connection, literal: "close")
    request.appendEndOfHead()
    request += body
    let bytes = request
    let (answer, isWhole) = try await server.loop.run { try await server.exchange(bytes) }
    return try TestAnswer(answer, to: method, isWhole: isWhole)
  }

  /// Sends a body of JSON.
  ///
  /// - Throws: What ``send(_:_:fields:body:)`` throws.
  public func send(
    _ method: Method, _ target: String, fields: [FieldLine] = [], json: String
  ) async throws -> TestAnswer {
    try await send(method, target, fields: fields + [.json], body: Array(json.utf8))
  }

  /// Asks with GET.
  public func get(_ target: String, fields: [FieldLine] = []) async throws -> TestAnswer {
    try await send(.get, target, fields: fields)
  }

  /// Posts JSON.
  public func post(_ target: String, fields: [FieldLine] = [], json: String) async throws -> TestAnswer {
    try await send(.post, target, fields: fields, json: json)
  }

  /// Puts JSON.
  public func put(_ target: String, fields: [FieldLine] = [], json: String) async throws -> TestAnswer {
    try await send(.put, target, fields: fields, json: json)
  }

  /// Patches with JSON.
  public func patch(_ target: String, fields: [FieldLine] = [], json: String) async throws -> TestAnswer {
    try await send(.patch, target, fields: fields, json: json)
  }

  /// Deletes.
  public func delete(_ target: String, fields: [FieldLine] = []) async throws -> TestAnswer {
    try await send(.delete, target, fields: fields)
  }
}

extension Routes {
  /// Serves the routes in the process while `body` asks them.
  ///
  /// - Parameters:
  ///   - context: What the handlers share.
  ///   - configuration: Its limits and ``CassandraHTTPServer/ServerConfiguration/answers`` hold; where it listens is not
  ///     looked at.
  ///   - loops: The first of them serves.
  ///   - logger: Is told of requests that could not be answered.
  ///   - body: Asks.
  /// - Returns: What `body` returns.
  /// - Throws: What `body` throws.
  public func test<Result: Sendable>(
    context: Context, configuration: ServerConfiguration = ServerConfiguration(), loops: EventLoops = .shared,
    logger: CassandraLogger = .silent, _ body: (TestClient) async throws -> Result
  ) async throws -> Result {
    let server = MemoryServer(
      routes: self, context: context, configuration: configuration, loop: loops[0], logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await server.run() }
      let outcome: Swift.Result<Result, any Error>
      do { outcome = .success(try await body(TestClient(server))) } catch { outcome = .failure(error) }
      await server.stop()
      try await group.waitForAll()
      return try outcome.get()
    }
  }
}

extension Routes where Context == Void {
  /// The same for routes without a context.
  ///
  /// - Throws: What `body` throws.
  public func test<Result: Sendable>(
    configuration: ServerConfiguration = ServerConfiguration(), loops: EventLoops = .shared,
    logger: CassandraLogger = .silent, _ body: (TestClient) async throws -> Result
  ) async throws -> Result {
    try await test(context: (), configuration: configuration, loops: loops, logger: logger, body)
  }
}
