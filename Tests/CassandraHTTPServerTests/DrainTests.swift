import CassandraHTTP
import CassandraReactor
import Testing
import CassandraHTTPServer
import CassandraWebTesting

/// The steps of the end, and what it costs those who use the server meanwhile.
@Suite(.timeLimit(.minutes(2))) struct DrainTests {
  private func routes() -> Routes<Void> {
    var routes = plainRoutes()
    routes.always { routes in
      routes.get("/ready") { request in
        if request.isStopping { throw Problem.stopping }
        return "ready"
      }
    }
    return routes
  }

  @Test func readinessFailsFirst() async throws {
    try await serving(routes()) {
      $0.shutdownDelay = .milliseconds(200)
      $0.lastAnswersTimeout = .seconds(60)
    } body: { server in
      let (watcher, user) = (try await server.client(), try await server.client())
      watcher.request("GET /ready")
      #expect(try await watcher.reply().status == 200)
      server.server.shutDown()
      var reply: Reply
      repeat {
        watcher.request("GET /ready")
        reply = try await watcher.reply()
      } while reply.status == 200
      #expect(reply.status == 503 && reply.text.contains("stopping"))
      // Nobody else notices, until answers say that they are the last.
      repeat {
        user.request("GET /ok")
        reply = try await user.reply()
        #expect(reply.text == "OK")
      } while reply["connection"] == nil
      #expect(await user.ending().isEmpty)
      // Who comes now is still answered.
      #expect(try await server.reply(to: "GET /ok HTTP/1.1\r\nHost: t\r\n\r\n").text == "OK")
      // It has kept the server waiting.
      watcher.close()
    }
  }

  /// Clients that keep their connections busy lose nothing: each request that was sent is answered.
  @Test func nothingIsLost() async throws {
    try await serving(routes()) {
      $0.lastAnswersTimeout = .seconds(60)
    } body: { server in
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<20 {
          group.addTask(executorPreference: EventLoops.shared[0]) {
            let client = try await server.client()
            var count = 0
            while true {
              client.request("GET /ok")
              let reply = try await client.reply()
              count += 1
              if count == 20 { server.server.shutDown() }
              if reply["connection"] != nil { break }
            }
            _ = await client.ending()
            return count
          }
        }
        var sum = 0
        for try await count in group { sum += count }
        #expect(sum >= 20)
      }
    }
  }
}
