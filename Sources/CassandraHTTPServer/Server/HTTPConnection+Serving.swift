internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor
internal import CassandraTelemetry

extension HTTPConnection {
  /// Answers requests until the connection ends.
  func serve() async {
    task = .current
    while await serveNext() { guard await letClientCatchUp() else { break } }
    task = nil
    if !isParked { finishConnection() }
  }

  /// Answers one request; false when the connection has to end.
  private func serveNext() async -> Bool {
    let next = await next()
    requestNumber = nil
    self.exchange.number = server.nextRequestNumber()
    switch next {
    case .end: return false
    case .refused(let problem):
      write(problem, answering: .get, isLast: true)
      return false
    case .request: break
    }
    let exchange = exchange
    let outcome: Result<Response, any Error>
    do {
      if server.isOverloaded { throw Problem.overloaded }
      switch try match(exchange.head) {
      case .found(let endpoint, let ranges):
        exchange.parameterNames = endpoint.names
        exchange.parameterRanges = ranges
        outcome = .success(try await endpoint.handler(Arrival(exchange: exchange, connection: self)))
      case .otherMethods(let methods): outcome = .success(try options(methods, for: exchange.head))
      case .unknown: outcome = .success(try options(nil, for: exchange.head))
      }
    } catch { outcome = .failure(error) }
    guard phase == .handling, transport.isOpen else {
      if case .failure = outcome { logGivenUp() }
      return false
    }
    switch outcome {
    case .success(let response):
      guard case .stream(let length, let write) = response.body else { return answer(response, to: exchange) }
      return await stream(response, length: length, write, to: exchange)
    case .failure(let error): return answer(error, to: exchange)
    }
  }

  /// The answer to OPTIONS; any other method is refused. `methods` is nil when no route leads to the path.
  private func options(_ methods: [Method]?, for head: RequestHead) throws(Problem) -> Response {
    if let methods, head.method == .options { return Response(.noContent, fields: [allow(methods)]) }
    if head.targetForm == .asterisk { return Response(.noContent, fields: [allow([])]) }
    guard let methods else { throw Problem.notFound("No route leads to this path.") }
    throw Problem(
      .methodNotAllowed, code: "methodNotAllowed", detail: "This path does not know the method.",
      fields: [allow(methods)])
  }

  private func match(_ head: RequestHead) throws(Problem) -> RouteTable.Match {
    switch head.method {
    case .other, .connect:
      throw Problem(.notImplemented, code: "methodNotImplemented", detail: "The server does not know the method.")
    case .get, .head, .post, .put, .delete, .patch, .options, .trace: break
    }
    do throws(HTTPError) { return try server.match(head) } catch { throw Problem(error) }
  }

  private func allow(_ methods: [Method]) -> FieldLine {
    var names = methods.map { "\($0.name)" }
    if names.isEmpty { names = ["GET", "POST", "PUT", "PATCH", "DELETE"] }
    if names.contains("GET") { names.append("HEAD") }
    names.append("OPTIONS")
    guard let line = try? FieldLine("Allow", names.sorted().joined(separator: ", ")) else {
      preconditionFailure("the names of methods are valid in a field")
    }
    return line
  }

  /// The id of the request that is being answered.
  var requestID: String {
    if let requestNumber { return requestNumber }
    let id = exchange.id(prefix: server.idPrefix)
    requestNumber = id
    return id
  }
}

// MARK: - Answers

extension HTTPConnection {
  /// Writes an answer that is there; false when the connection has to end with it.
  private func answer(_ response: Response, to exchange: Exchange) -> Bool {
    if case .bytes(let bytes) = response.body { return answer(response, bytes: bytes, to: exchange) }
    return answer(response, bytes: [], to: exchange)
  }

  private func answer(_ response: Response, bytes: [UInt8], to exchange: Exchange) -> Bool {
    let isLast = isLastAnswer(to: exchange)
    let hasBody = response.status.allowsBody(answering: exchange.head.method)
    let framing: BodyFraming = response.status.allowsContentLength ? .length(bytes.count) : .none
    writeHead(response.status, response.contentType, response.fields, framing, isLast: isLast) { output in
      if hasBody { output += bytes }
    }
    if !isLast { finishRequest() }
    return !isLast
  }

  /// Whether the connection ends with the answer to `head`: the client or the server wants it, or the rest of the
  /// request's body would have to be read first.
  private func isLastAnswer(to exchange: Exchange) -> Bool {
    !exchange.head.keepsAlive || server.isStopping || owesContinueStill || !bodyIsComplete()
  }

  @inline(__always)
  private func writeHead(
    _ status: Status, _ contentType: FieldLine?, _ fields: [FieldLine], _ framing: BodyFraming, isLast: Bool,
    _ body: (inout [UInt8]) -> Void
  ) {
    var output = transport.takeOutput()
    output.append(status: status)
    output.append(server.dateLine)
    if let contentType { output.append(contentType) }
    for field in fields { output.append(field) }
    output.append(framing: framing)
    if isLast { output.append("Connection: close\r\n") }
    output.appendEndOfHead()
    body(&output)
    transport.putBack(output)
  }

  private func stream(
    _ response: Response, length: Int?, _ write: (inout BodyWriter) async throws -> Void, to exchange: Exchange
  ) async -> Bool {
    guard server.beginStream() else { return answer(Problem.overloaded, to: exchange) }
    defer { server.endStream() }
    let hasBody = response.status.allowsBody(answering: exchange.head.method)
    // HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
    let framing: BodyFraming = length.map { .length($0) } ?? (exchange.head.minorVersion == 0 ? .untilClose : .chunked)
    // Whether the request's body is read by then is known at the end only, so a handler that answers before has to
    // read on.
    let isLast = !exchange.head.keepsAlive || server.isStopping
    writeHead(response.status, response.contentType, response.fields, framing, isLast: isLast) { _ in }
    guard hasBody else {
      let ends = isLast || !bodyIsComplete()
      if !ends { finishRequest() }
      return !ends
    }
    do {
      var writer = BodyWriter(self, framing: framing, isSuppressed: false)
      try await write(&writer)
      try writer.finish()
    } catch {
      cut(error)
      return false
    }
    let ends = isLast || !bodyIsComplete()
    if !ends { finishRequest() }
    return !ends
  }

  /// Ends a connection in the middle of an answer, so that it cannot be taken for a whole one.
  private func cut(_ error: any Error) {
    guard phase == .handling else { return }
    if Task.isCancelled || !transport.isOpen {
      logGivenUp()
    } else {
      server.logger.error(
        "an answer was cut because its rest could not be made",
        ["request": .text(requestID), "path": .text(exchange.head.path), "error": .text(String(reflecting: error))])
    }
    transport.abort()
  }

  /// Writes what an error tells; false when the connection has to end with it.
  private func answer(_ error: any Error, to exchange: Exchange) -> Bool {
    let problem: Problem
    switch error {
    case let error as Problem: problem = error
    case _ where Task.isCancelled:
      // The client has gone, or the server ends: whatever the handler made of that, it is no failure. A client that has
      // only ended its half is told, and as the task stays cancelled, nothing more is served here.
      logGivenUp()
      write(.cancelled, answering: exchange.head.method, isLast: true)
      return false
    case let error as any ProblemConvertible: problem = error.problem
    default:
      problem = Problem(.internalServerError, code: "internal", detail: "Something went wrong here.", cause: error)
    }
    let isLast = isLastAnswer(to: exchange)
    write(problem, answering: exchange.head.method, isLast: isLast)
    if !isLast { finishRequest() }
    return !isLast
  }

  private func logGivenUp() {
    server.logger.debug(
      "a request was given up, because its client has gone or the server ends",
      ["request": .text(requestID), "path": .text(exchange.head.path)])
  }

  private func write(_ problem: Problem, answering method: Method, isLast: Bool) {
    guard phase != .closed else { return }
    let id = requestID
    if problem.isFailure {
      server.logger.error(
        "a request could not be answered",
        [
          "request": .text(id), "status": .integer(Int(problem.status.code)), "code": .text(problem.code),
          "path": .text(exchange.head.path),
          "cause": .text(problem.cause.map { String(reflecting: $0) } ?? problem.detail),
        ])
    }
    var body: [UInt8] = []
    problem.appendJSON(to: &body, id: id)
    var fields = problem.fields
    if let line = try? FieldLine("X-Request-Id", id) { fields.append(line) }
    writeHead(problem.status, .problemJSON, fields, .length(body.count), isLast: isLast) { output in
      if problem.status.allowsBody(answering: method) { output += body }
    }
  }
}

extension Problem {
  /// Whether somebody has to look at it: the server's own failures, but not what a client asks for in vain.
  fileprivate var isFailure: Bool {
    switch code {
    case Self.cancelled.code: false
    default: status.code >= 500 && status != .notImplemented && status != .httpVersionNotSupported
    }
  }

  static let cancelled = Problem(
    .serviceUnavailable, code: "cancelled", detail: "The client ended the connection's input, or the server stops.")

  static let overloaded = Problem(
    .serviceUnavailable, code: "overloaded", detail: "The server has too much to do; try again.",
    fields: (try? FieldLine("Retry-After", "1")).map { [$0] } ?? [])
}
