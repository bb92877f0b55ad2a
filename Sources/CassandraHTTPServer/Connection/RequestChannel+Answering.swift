internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor
internal import CassandraTelemetry

extension RequestChannel {
  /// Begins with the request that is in the exchange, or with the reason why it is refused.
  @inline(__always)
  final func begin(refusing reason: ServerMachine.Refusal? = nil) {
    exchange.reset(
      number: server.nextRequestNumber(), isStopping: server.isAnnounced, findsTrace: server.findsTraces,
      now: server.observation == nil ? 0 : LoopObservation.now)
    if let reason {
      server.count(.invalid)
      exchange.ownAnswer = failed(Problem(reason))
    } else if let answer = route() {
      exchange.ownAnswer = answer
    }
  }

  /// Answers the request that has begun; false when nothing may follow it.
  @inline(__always)
  final func answerExchange() async -> Bool {
    let exchange = exchange
    defer { server.wrapper?.release(exchange) }
    if let spanBinding { spanBinding.begin(server.observation?.beginSpan(of: exchange)) }
    return await answer(exchange)
  }

  /// Answers the request; false when the connection has to end.
  @inline(__always)
  private func answer(_ exchange: Exchange) async -> Bool {
    var response: Response
    if let wrapped = server.routes.wrapped {
      do { response = try await wrapped(Arrival(exchange: exchange, channel: self)) } catch {
        response = failed(error)
      }
    } else if let answer = exchange.ownAnswer {
      response = answer
    } else if let endpoint = exchange.endpoint {
      do { response = try await endpoint.handler(Arrival(exchange: exchange, channel: self)) } catch {
        response = failed(error)
      }
    } else {
      preconditionFailure("a request has an endpoint or an answer")
    }
    guard isOpen else {
      logGivenUp()
      return false
    }
    let givenFields = response.fields.count
    server.wrapper?.finish(&response, of: exchange, on: self)
    guard case .stream(let length, let write) = response.body else {
      if case .bytes(let bytes) = response.body { answerWhole(response, bytes) } else { answerWhole(response, []) }
      return endExchange()
    }
    return await stream(response, givenFields, length: length, write)
  }

  /// What the routes have for the request: never an error, so that whoever is around it sees an answer of everything.
  func respond() async -> Response {
    if let answer = exchange.ownAnswer { return answer }
    guard let endpoint = exchange.endpoint else { preconditionFailure("a request has an endpoint or an answer") }
    do { return try await endpoint.handler(Arrival(exchange: exchange, channel: self)) } catch {
      return failed(error)
    }
  }

  /// Finds the endpoint of the request; the answer to it when that is not to be asked.
  private func route() -> Response? {
    let exchange = exchange
    if let answer = server.wrapper?.preflight(exchange) { return answer }
    do throws(Problem) {
      switch exchange.head.method {
      case .other where exchange.head.hasRegisteredMethod: break
      case .other, .connect:
        throw Problem(.notImplemented, code: "methodNotImplemented", detail: "The server does not support this method.")
      case .get, .head, .post, .put, .delete, .patch, .options, .trace: break
      }
      let match: RouteTable.Match
      do throws(HTTPError) {
        match = try server.routes.match(
          exchange.head.method, exchange.head.bytes, exchange.head.pathRange, &exchange.parameterRanges)
      } catch { throw Problem(error) }
      switch match {
      case .found(let endpoint):
        exchange.endpoint = endpoint
        return server.admission(of: exchange, to: endpoint, on: self)
      case .otherMethods(let methods):
        guard exchange.head.method != .options else { return Response(.noContent, fields: [.allow(methods)]) }
        throw Problem(
          .methodNotAllowed, code: "methodNotAllowed", detail: "This path does not support this method.",
          fields: [.allow(methods)])
      case .unknown:
        if exchange.head.targetForm == .asterisk { return Response(.noContent, fields: [.allow([])]) }
        throw Problem.notFound("There is no route for this path.")
      }
    } catch { return failed(error) }
  }

  /// Who asks: the peer, or whom proxies that are trusted name; nil for the peer of a unix socket.
  var client: SocketAddress? { exchange.client(trusting: server.configuration.answers.trustedProxies) }

  /// The same for logs; `unix` for the peer of a unix socket.
  var clientHost: String {
    if server.configuration.answers.trustedProxies.isEmpty {
      return String(decoding: transport.peerHost, as: UTF8.self)
    }
    return client?.host ?? "unix"
  }

  /// Whether that is the peer, as it nearly always is, and can stand in a line of JSON as it is.
  var hasPlainHost: Bool { server.configuration.answers.trustedProxies.isEmpty }

  /// Appends the id of the request that is being answered.
  func appendID(to output: inout OutputSpan<UInt8>) {
    if let given = exchange.givenIDRange {
      let bytes = exchange.head.bytes
      output.append(copying: bytes.span.extracting(given))
    } else {
      server.appendID(exchange.number, to: &output)
    }
  }

  /// Bytes of the id at most.
  var idRoom: Int { max(exchange.head.requestIDRange.count, server.idPrefix.count + 13) }

  /// The id of the request that is being answered.
  var requestID: String {
    if let id = exchange.cachedID { return id }
    let id = exchange.id(prefix: server.idPrefix)
    exchange.cachedID = id
    return id
  }
}

extension RequestHead {
  /// The method for logs and spans, nearly always without a copy.
  var methodText: String {
    switch method {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .patch: "PATCH"
    case .options: "OPTIONS"
    case .connect: "CONNECT"
    case .trace: "TRACE"
    case .other: methodName
    }
  }

  /// Methods that are registered (IANA, HTTP Method Registry) and that no route is for: who uses one on a path that is known
  /// is told which methods it has, and not that the method is unheard of.
  private static let registeredMethods: Set<ByteText> = [
    "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK", "MERGE", "MKACTIVITY",
    "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "ORDERPATCH", "PROPFIND", "PROPPATCH", "QUERY",
    "REBIND", "REPORT", "SEARCH", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
  ]

  fileprivate var hasRegisteredMethod: Bool { Self.registeredMethods.contains(ByteText(methodName)) }
}

extension FieldLine {
  /// `Allow`, each method once.
  fileprivate static func allow(_ methods: [Method]) -> FieldLine {
    var names = Set(methods.map { "\($0.name)" })
    if names.isEmpty { names = ["GET", "POST", "PUT", "PATCH", "DELETE"] }
    if names.contains("GET") { names.insert("HEAD") }
    names.insert("OPTIONS")
    guard let line = try? FieldLine(.allow, names.sorted().joined(separator: ", ")) else {
      preconditionFailure("the names of methods are valid in a field")
    }
    return line
  }
}

// MARK: - Answers

extension RequestChannel {
  /// Writes an answer in pieces; `givenFields` of its fields are the handler's and middleware's, and not ours.
  private func stream(
    _ response: Response, _ givenFields: Int, length: Int?, _ write: (inout BodyWriter) async throws -> Void
  ) async -> Bool {
    guard server.beginStream() else {
      server.count(.streams)
      answerProblem(Problem.overloaded, insteadOf: response, givenFields)
      return endExchange()
    }
    defer { server.endStream() }
    guard response.status.allowsBody(answering: exchange.head.method) else {
      // What is compressed has another length than was announced, and nobody knows it.
      _ = beginStream(response, length: response.isCompressed ? nil : length)
      return endExchange()
    }
    do {
      var writer = BodyWriter(
        self, response, length: length, compressor: try server.wrapper?.compressor(for: response))
      try await write(&writer)
      try writer.finish()
    } catch {
      guard isOpen, !hasBegunAnswer else {
        cut(error)
        return false
      }
      // Nothing has left yet, so it has an answer of its own.
      answerProblem(error, insteadOf: response, givenFields)
    }
    return endExchange()
  }

  /// Writes what an error tells in the place of an answer that has not begun, with the fields that middleware has added. What
  /// every answer has this one gets for itself: how it is coded is another matter.
  private func answerProblem(_ error: any Error, insteadOf response: Response, _ givenFields: Int) {
    var problem = failed(error)
    problem.fields += response.fields.prefix(givenFields).dropFirst(response.ownFields)
    exchange.bodyBytes = 0
    server.wrapper?.finish(&problem, of: exchange, on: self)
    if case .bytes(let bytes) = problem.body { answerWhole(problem, bytes) } else { answerWhole(problem, []) }
  }

  /// Ends an answer; false when nothing may follow it.
  private func endExchange() -> Bool {
    server.ended(exchange, on: self)
    return endAnswer()
  }

  /// Ends an answer in its middle, so that it cannot be taken for a whole one.
  private func cut(_ error: any Error) {
    exchange.isCut = true
    server.ended(exchange, on: self)
    guard !isClosed else { return }
    if Task.isCancelled || !isOpen {
      logGivenUp()
    } else {
      server.logger.error(
        "an answer was cut because its rest could not be made",
        ["request": .text(requestID), "path": .text(exchange.head.path), "error": .text(String(reflecting: error))])
    }
    abort()
  }

  /// The answer to an error; what nobody outside may know goes to the log.
  func failed(_ error: any Error) -> Response {
    let problem: Problem
    switch error {
    case let error as Problem: problem = error
    case _ where Task.isCancelled:
      // The client has gone, or the server ends: whatever the handler made of that, it is no failure. As the task stays
      // cancelled, nothing more is served here.
      logGivenUp()
      problem = .cancelled
      endAfterAnswer()
    case let error as any ProblemConvertible: problem = error.problem
    default:
      problem =
        Problem(clientsFault: error)
        ?? Problem(.internalServerError, code: "internal", detail: "Something went wrong here.", cause: error)
    }
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
    return problem.response(id: id)
  }

  private func logGivenUp() {
    server.logger.debug(
      "a request was given up, because its client has gone or the server ends",
      ["request": .text(requestID), "path": .text(exchange.head.path)])
  }
}

extension Problem {
  /// Whether somebody has to look at it: the server's own failures, but not what a client asks for in vain.
  fileprivate var isFailure: Bool {
    switch code {
    case Self.cancelled.code, Self.stopping.code: false
    default: status.code >= 500 && status != .notImplemented && status != .httpVersionNotSupported
    }
  }

  /// The answer that tells it.
  func response(id: String) -> Response {
    var body: [UInt8] = []
    appendJSON(to: &body, id: id)
    var response = Response(status, contentType: .problemJSON, bytes: body, fields: fields)
    if let line = try? FieldLine(.requestID, id) { response.fields.append(line) }
    response.ownFields = response.fields.count
    return response
  }

  static let cancelled = Problem(
    .serviceUnavailable, code: "cancelled",
    detail: "The client closed its side of the connection, or the server is shutting down.")

  static let overloaded = Problem(
    .serviceUnavailable, code: "overloaded", detail: "The server is overloaded; try again.",
    fields: (try? FieldLine(.retryAfter, "1")).map { [$0] } ?? [])

  /// 503: the server ends soon, so nothing new should be sent to it; what ``Request/isStopping`` is for.
  public static let stopping = Problem(
    .serviceUnavailable, code: "stopping", detail: "The server is shutting down.",
    fields: (try? FieldLine(.retryAfter, "1")).map { [$0] } ?? [])

  /// What is refused before a handler sees it, or while it reads the body.
  init(_ reason: ServerMachine.Refusal) {
    switch reason {
    case .invalid(let error): self.init(error)
    case .headTimedOut:
      self.init(.requestTimeout, code: "requestTimeout", detail: "The request did not arrive in time.")
    case .bodyTimedOut: self.init(.requestTimeout, code: "requestTimeout", detail: "The body did not arrive in time.")
    case .bodyCutShort:
      self.init(.badRequest, code: "unexpectedEnd", detail: "The connection ended within the body.")
    case .gone: self = .cancelled
    }
  }
}
