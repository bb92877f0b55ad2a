import CassandraReactor
import CassandraTesting
import Testing

/// Routes that are asked without a socket.
@Suite(.timeLimit(.minutes(5))) struct TestClientTests {
  private struct Context: Sendable { var greeting: String }

  private func routes() -> Routes<Context> {
    var routes = Routes<Context>()
    routes.use { request, next in
      var response = try await next(request)
      response.fields.append(try FieldLine("X-Route", request.route))
      return response
    }
    routes.get("/greeting/{name}") { request in "\(request.context.greeting), \(request.path["name"])" }
    routes.post("/echo") { request in Response(contentType: .octets, bytes: try await request.body.collect()) }
    routes.put("/thing") { request in try await Response.json(request.json()) }
    routes.get("/long") { _ in
      Response(contentType: .plainText) { writer in
        for number in 0..<100_000 { try await writer.write("\(number)\n") }
      }
    }
    routes.get("/cut") { _ in
      Response(contentType: .plainText) { writer in
        try await writer.write("some")
        try await writer.flush()
        throw CancellationError()
      }
    }
    return routes
  }

  @Test func itIsAnsweredAsByAServer() async throws {
    let loops = try EventLoops(count: 1)
    try await routes().test(context: Context(greeting: "Hello"), loops: loops) { client in
      let answer = try await client.get("/greeting/J%C3%B6rg")
      #expect(answer.status == .ok && answer.text == "Hello, Jörg")
      #expect(answer["x-route"] == "/greeting/{name}" && answer["content-length"] == "12")
      let head = try await client.send(.head, "/greeting/you")
      #expect(head.status == .ok && head.body.isEmpty && head["content-length"] == "10")
      let missing = try await client.get("/nowhere")
      #expect(missing.status == .notFound && missing["x-route"] == "")
      #expect(try missing.json()["code"] == "notFound")
      #expect(try await client.delete("/echo").status == .methodNotAllowed)
      let thing = try await client.put("/thing", json: #"{"a":[1,2.50]}"#)
      #expect(thing.text == #"{"a":[1,2.50]}"#)
      await #expect(throws: (any Error).self) { try await client.get("no path") }
    }
    #expect(await loops.openHandles == 0)
    await loops.shutDown()
  }

  @Test func bodiesOfAnySize() async throws {
    try await routes().test(context: Context(greeting: "")) { client in
      // More than a connection keeps for a handler that does not read yet.
      let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
      let answer = try await client.send(.post, "/echo", body: body)
      #expect(answer.body == body)
      let long = try await client.get("/long")
      #expect(long.text == (0..<100_000).map { "\($0)\n" }.joined() && long["transfer-encoding"] == "chunked")
      let large = try await client.send(.post, "/echo", body: [UInt8](repeating: 0, count: 2 << 20))
      #expect(large.status == .contentTooLarge)
    }
  }

  @Test func aStreamThatFailsIsNoAnswer() async throws {
    try await routes().test(context: Context(greeting: "")) { client in
      let cut = await #expect(throws: TestAnswer.Cut.self) { try await client.get("/cut") }
      #expect(cut?.bodyBytes == 4)
    }
  }

  @Test func manyAtOnce() async throws {
    try await routes().test(context: Context(greeting: "Hi")) { client in
      try await withThrowingTaskGroup(of: String.self) { group in
        for number in 0..<50 { group.addTask { try await client.get("/greeting/\(number)").text } }
        var texts: Set<String> = []
        for try await text in group { texts.insert(text) }
        #expect(texts == Set((0..<50).map { "Hi, \($0)" }))
      }
    }
  }

  @Test func routesWithoutAContextAndSettings() async throws {
    var routes = Routes<Void>()
    routes.get("/") { _ in "root" }
    var configuration = ServerConfiguration()
    configuration.answers.sendsRequestIDs = true
    let id = try await routes.test(configuration: configuration) { client in
      var client = client
      client.fields = [try FieldLine("X-Request-ID", "mine")]
      return try await client.get("/")["x-request-id"]
    }
    #expect(id == "mine")
  }
}
