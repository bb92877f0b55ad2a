import CassandraHTTP
import CassandraReactor
import Synchronization
import CassandraTelemetry
import Testing
import CassandraHTTPServer
import CassandraWebTesting

/// Who leaves in the middle, and what becomes of the other.
@Suite(.timeLimit(.minutes(5))) struct LeavingTests {
  /// A handler that waits until it is cancelled, or until it may go on.
  private func waiting(
    _ begun: Promise<Void>, _ cancelled: Promise<Void>, _ mayGoOn: Promise<Void> = Promise()
  ) -> Routes<Void> {
    var routes = plainRoutes()
    routes.get("/wait") { _ in
      begun.send()
      await withTaskCancellationHandler {
        await mayGoOn.value
      } onCancel: {
        cancelled.send()
        mayGoOn.send()
      }
      try Task.checkCancellation()
      return "went on"
    }
    routes.get("/fail") { _ -> String in
      begun.send()
      await withTaskCancellationHandler {
        await mayGoOn.value
      } onCancel: {
        cancelled.send()
        mayGoOn.send()
      }
      throw Failure()
    }
    return routes
  }

  private struct Failure: Error {}

  @Test(arguments: ["/wait", "/fail"], [true, false])
  func aHandlerIsCancelledWhenItsClientLeaves(_ path: String, byReset: Bool) async throws {
    let (begun, cancelled) = (Promise<Void>(), Promise<Void>())
    let log = Log()
    try await serving(waiting(begun, cancelled), log: log) {
      $0.allowsHalfClose = false
    } body: { server in
      let client = try await server.client()
      client.request("GET \(path)")
      await begun.value
      if byReset { client.reset() } else { client.end() }
      await cancelled.value
      if !byReset {
        // Who has only ended its half is told, and served no further.
        let reply = try await client.reply()
        #expect(reply.status == 503)
        #expect(reply["connection"] == "close")
        #expect(await client.ending().isEmpty)
      }
    }
    #expect(log.failures.isEmpty)
  }

  @Test func aClientMayEndItsHalf() async throws {
    let (begun, cancelled, mayGoOn) = (Promise<Void>(), Promise<Void>(), Promise<Void>())
    try await serving(waiting(begun, cancelled, mayGoOn)) { server in
      let client = try await server.client()
      client.request("GET /wait")
      client.request("GET /ok")
      client.end()
      await begun.value
      mayGoOn.send()
      #expect(try await client.reply().text == "went on")
      #expect(try await client.reply().text == "OK")
      #expect(await client.ending().isEmpty)
      #expect(!cancelled.hasHappened)
    }
  }

  @Test func aStreamIsCancelledWhenItsClientLeaves() async throws {
    let ended = Promise<Void>()
    var routes = Routes<Void>()
    routes.get("/endless") { _ in
      Response(contentType: .octets) { writer in
        defer { ended.send() }
        while true { try await writer.write([UInt8](repeating: 1, count: 1000)) }
      }
    }
    let log = Log()
    try await serving(routes, log: log) { server in
      let client = try await server.client()
      client.request("GET /endless")
      #expect(try await client.head().status == 200)
      client.reset()
      await ended.value
    }
    #expect(log.failures.isEmpty)
  }

  @Test func aBodyThatStopsInTheMiddleEndsItsHandler() async throws {
    let outcome = Promise<String>()
    var routes = Routes<Void>()
    routes.post("/read") { request in
      do {
        _ = try await request.body.collect()
        outcome.send("whole")
      } catch let problem as Problem {
        outcome.send(problem.code)
        throw problem
      }
      return "read"
    }
    let log = Log()
    try await serving(routes, log: log) { server in
      let client = try await server.client()
      client.request("POST /read", "Content-Length: 10", body: "half")
      client.end()
      #expect(await outcome.value == "unexpectedEnd")
      #expect(try await client.reply().status == 400)
    }
    #expect(log.failures.isEmpty)
  }

  @Test(arguments: [0, 1]) func anErrorInTheMiddleCutsTheAnswer(_ minorVersion: Int) async throws {
    var routes = Routes<Void>()
    routes.get("/half") { _ in
      Response(contentType: .json) { writer in
        try await writer.write("[1,2")
        try await writer.flush()
        throw Failure()
      }
    }
    let log = Log()
    try await serving(routes, log: log) { server in
      let socket = try PlainSocket(port: server.address.port)
      let (bytes, ending) = await socket.exchange(
        "GET /half HTTP/1.\(minorVersion)\r\nHost: test\r\nX-Request-Id: half\r\n\r\n")
      // Without chunks only the reset tells that this is not all; with them there is no last one, too.
      #expect(ending == .reset)
      #expect(!String(decoding: bytes, as: UTF8.self).hasSuffix("0\r\n\r\n"))
    }
    let failure = try #require(log.records.first { $0.level == .error })
    #expect(failure.message == "an answer was cut because its rest could not be made")
    #expect(failure.fields.contains { $0.name == "request" && $0.value == .text("half") })
  }

  @Test func stoppingLetsRequestsInFlightFinish() async throws {
    let (begun, cancelled, mayGoOn) = (Promise<Void>(), Promise<Void>(), Promise<Void>())
    let log = Log()
    try await serving(waiting(begun, cancelled, mayGoOn), log: log) { server in
      let busy = try await server.client()
      let idle = try await server.client()
      idle.request("GET /ok")
      #expect(try await idle.reply().status == 200)
      busy.request("GET /wait")
      busy.request("GET /ok")
      await begun.value
      server.server.shutDown()
      #expect(await idle.ending().isEmpty)
      await #expect(throws: ReactorError.self) { try await server.client() }
      mayGoOn.send()
      let reply = try await busy.reply()
      #expect(reply.text == "went on")
      #expect(reply["connection"] == "close")
      #expect(await busy.ending().isEmpty)
      #expect(!cancelled.hasHappened)
    }
    #expect(log.failures.isEmpty)
  }

  @Test func stoppingCutsWhatTakesTooLong() async throws {
    let (begun, cancelled) = (Promise<Void>(), Promise<Void>())
    let log = Log()
    try await serving(waiting(begun, cancelled), log: log) {
      $0.shutdownTimeout = .milliseconds(50)
    } body: { server in
      let client = try await server.client()
      client.request("GET /wait")
      await begun.value
      server.server.shutDown()
      await cancelled.value
      #expect(await client.ending().isEmpty)
    }
    #expect(log.failures == ["requests were cut at the end"])
  }
}
