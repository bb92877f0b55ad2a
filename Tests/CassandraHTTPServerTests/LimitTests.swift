import CassandraHTTP
import CassandraReactor
import Synchronization
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@Suite(.timeLimit(.minutes(5))) struct LimitTests {
  /// Routes that answer more than any kernel keeps.
  private func floods(_ begun: Promise<Void> = Promise(), _ written: Atomic<Int>.Box = .init()) -> Routes<Void> {
    var routes = plainRoutes()
    routes.get("/flood") { _ in
      Response(contentType: .octets) { writer in
        let piece = [UInt8](repeating: 7, count: 64 << 10)
        for _ in 0..<4096 {
          begun.send()
          try await writer.write(piece)
          written.value.add(piece.count, ordering: .relaxed)
        }
      }
    }
    routes.get("/large") { _ in
      begun.send()
      return Response(contentType: .octets, bytes: [UInt8](repeating: 7, count: 1 << 20))
    }
    return routes
  }

  @Test func headsAreBounded() async throws {
    try await serving(plainRoutes()) {
      $0.messageLimits.requestLineBytes = 100
      $0.messageLimits.headBytes = 300
      $0.messageLimits.fieldCount = 5
    } body: { server in
      let path = String(repeating: "x", count: 100)
      for (request, status) in [
        ("GET /\(path) HTTP/1.1\r\nHost: t\r\n\r\n", 414), ("GET /\(path)", 414),
        ("GET /ok HTTP/1.1\r\nHost: t\r\nX: \(path)\(path)\(path)\r\n\r\n", 431),
        ("GET /ok HTTP/1.1\r\nHost: t\r\nX: \(path)\(path)\(path)", 431),
        ("GET /ok HTTP/1.1\r\nHost: t\r\n\(String(repeating: "X: y\r\n", count: 5))\r\n", 431),
        ("GET /ok HTTP/1.1\r\nHost: t\r\n\(String(repeating: "X: y\r\n", count: 4))\r\n", 200),
      ] {
        let reply = try await server.reply(to: request)
        #expect(reply.status == status)
        #expect((reply["connection"] == "close") == (status != 200))
      }
    }
  }

  @Test func trailersAreBounded() async throws {
    try await serving(plainRoutes()) {
      $0.messageLimits.trailerBytes = 50
    } body: { server in
      let trailer = "X: \(String(repeating: "y", count: 60))\r\n"
      let reply = try await server.reply(
        to: "POST /collect HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\(trailer)\r\n")
      #expect(reply.status == 431)
    }
  }

  @Test func aSlowHeadIsRefused() async throws {
    try await serving(plainRoutes()) {
      $0.headTimeout = .milliseconds(50)
    } body: { server in
      let client = try await server.client()
      client.send("GET /ok HTTP/1.1\r\nHo")
      #expect(try await client.reply().status == 408)
      #expect(await client.ending().isEmpty)
    }
  }

  @Test func aSlowBodyIsRefused() async throws {
    try await serving(plainRoutes()) {
      $0.bodyTimeout = .milliseconds(50)
    } body: { server in
      let client = try await server.client()
      client.request("POST /collect", "Content-Length: 10", body: "four")
      let reply = try await client.reply()
      #expect(reply.status == 408)
      #expect(reply["connection"] == "close")
    }
  }

  @Test func anIdleConnectionIsClosedWithoutAWord() async throws {
    try await serving(plainRoutes()) {
      $0.idleTimeout = .milliseconds(50)
    } body: { server in
      let fresh = try await server.client()
      #expect(await fresh.ending().isEmpty)
      // One that has had its answer is closed, too; when the machine is busy, it may be before it asks.
      var status: Int?
      while status == nil {
        let used = try await server.client()
        used.request("GET /ok")
        status = (try? await used.reply())?.status
        #expect(await used.ending().isEmpty)
      }
      #expect(status == 200)
    }
  }

  /// A connection that is idle for long has no task any more, and gets one again for whatever comes.
  @Test func whoWasIdleForLongIsServedAgain() async throws {
    try await serving(plainRoutes()) {
      $0.headTimeout = .milliseconds(1500)
    } body: { server in
      var idle: [RawClient] = []
      for _ in 0..<5 {
        let client = try await server.client()
        client.request("GET /ok")
        #expect(try await client.reply().text == "OK")
        idle.append(client)
      }
      let fresh = try await server.client()
      // By the time that a slow head is refused, the others have been idle for longer than memory is kept for them.
      let slow = try await server.client()
      slow.send("GET /ok HT")
      #expect(try await slow.reply().status == 408)
      idle[0].request("GET /echo/again")
      #expect(try await idle[0].reply().text == "again")
      idle[0].request("POST /collect", "Content-Length: 4", body: "body")
      #expect(try await idle[0].reply().text == "body")
      fresh.request("GET /echo/first")
      #expect(try await fresh.reply().text == "first")
      idle[1].send("nonsense\r\n\r\n")
      #expect(try await idle[1].reply().status == 400)
      idle[2].end()
      #expect(await idle[2].ending().isEmpty)
      idle[3].reset()
      server.server.shutDown()
      #expect(await idle[4].ending().isEmpty)
    }
  }

  @Test func connectionsWaitForAPlace() async throws {
    try await serving(plainRoutes(), loops: 1) {
      $0.maximumConnections = 1
    } body: { server in
      let first = try await server.client()
      first.request("GET /ok")
      #expect(try await first.reply().status == 200)
      // The kernel has connected the second one, and nobody reads it before the first has gone.
      let second = try await server.client()
      second.request("GET /echo/second")
      first.request("GET /echo/first")
      #expect(try await first.reply().text == "first")
      first.close()
      #expect(try await second.reply().text == "second")
    }
  }

  @Test func aClientThatTakesNothingIsCut() async throws {
    let (begun, written) = (Promise<Void>(), Atomic<Int>.Box())
    let log = Log()
    try await serving(floods(begun, written), log: log) {
      $0.writeTimeout = .milliseconds(100)
      $0.slowestReaderBytesPerSecond = 1 << 30
    } body: { server in
      let client = try await server.client(reads: false)
      client.request("GET /flood")
      // The answer begins, the kernels' buffers fill up, the handler waits, and the time is over; what the client then
      // reads ends in the middle.
      await begun.value
      await server.connectionsEnded()
      client.startReading()
      #expect(await client.ending().count < 64 << 20)
    }
    // Of 256 MiB only what the kernels keep was made.
    #expect(written.value.load(ordering: .relaxed) < 64 << 20)
    #expect(log.failures == ["a client was cut because it did not take its answer"])
  }

  @Test func aClientThatAsksAndDoesNotReadIsCut() async throws {
    let begun = Promise<Void>()
    try await serving(floods(begun)) {
      $0.writeTimeout = .milliseconds(100)
      $0.slowestReaderBytesPerSecond = 1 << 30
    } body: { server in
      let client = try await server.client(reads: false)
      for _ in 0..<200 { client.request("GET /large") }
      await begun.value
      await server.connectionsEnded()
      client.startReading()
      // Of 200 MiB of answers only what the kernels keep was made.
      #expect(await client.ending().count < 64 << 20)
    }
  }

  @Test func aSlowReaderOfALastAnswerGetsAllOfIt() async throws {
    var routes = Routes<Void>()
    routes.get("/large") { _ in Response(contentType: .octets, bytes: [UInt8](repeating: 7, count: 32 << 20)) }
    try await serving(routes) {
      $0.lingerTimeout = .milliseconds(1)
    } body: { server in
      let client = try await server.client(reads: false)
      client.request("GET /large", "Connection: close")
      // Another connection lives and dies meanwhile, so the time to linger has passed for certain.
      let other = try await server.client()
      other.request("GET /missing", "Connection: close")
      #expect(try await other.reply().status == 404)
      #expect(await other.ending().isEmpty)
      client.startReading()
      #expect(try await client.reply().body.count == 32 << 20)
    }
  }

  @Test func streamsAreBounded() async throws {
    let begun = Promise<Void>()
    let mayEnd = Promise<Void>()
    var routes = plainRoutes()
    routes.get("/slow") { _ in
      Response(contentType: .plainText) { writer in
        begun.send()
        await mayEnd.value
        try await writer.write("done")
      }
    }
    try await serving(routes, loops: 1) {
      $0.maximumStreams = 1
    } body: { server in
      let first = try await server.client()
      first.request("GET /slow")
      await begun.value
      let refused = try await server.reply(to: "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n")
      #expect(refused.status == 503)
      #expect(refused["retry-after"] == "1")
      // What is no stream is answered all the same.
      #expect(try await server.reply(to: "GET /ok HTTP/1.1\r\nHost: test\r\n\r\n").status == 200)
      mayEnd.send()
      #expect(try await first.reply().text == "done")
      #expect(try await server.reply(to: "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n").status == 200)
    }
  }

  @Test func whenTooMuchWaitsRequestsAreTurnedAway() async throws {
    try await serving(floods(), loops: 1) {
      $0.maximumWaitingBytes = 1
    } body: { server in
      let slow = try await server.client(reads: false)
      slow.request("GET /flood")
      let other = try await server.client()
      var status = 200
      while status == 200 {
        other.request("GET /ok")
        let reply = try await other.reply()
        status = reply.status
        if status != 200 { #expect(reply["retry-after"] == "1") }
      }
      #expect(status == 503)
      slow.reset()
      while status == 503 {
        other.request("GET /ok")
        status = try await other.reply().status
      }
      #expect(status == 200)
    }
  }

  @Test func aBodyThatNobodyReadsWaits() async throws {
    let mayRead = Promise<Void>()
    let begun = Promise<Void>()
    var routes = Routes<Void>()
    routes.post("/late") { request in
      begun.send()
      await mayRead.value
      var count = 0
      while let piece = try await request.body.next() { count += piece.count }
      return "\(count)"
    }
    try await serving(routes) {
      $0.maximumUnreadBytes = 1000
    } body: { server in
      let client = try await server.client()
      let size = 32 << 20
      client.request("POST /late", "Content-Length: \(size)")
      client.send([UInt8](repeating: 1, count: size))
      await begun.value
      // What the server has not taken waits here: it keeps a thousand bytes and a read's worth, the kernels the rest.
      #expect(client.waitingBytes > 8 << 20)
      mayRead.send()
      #expect(try await client.reply().text == "\(size)")
    }
  }
}

extension Atomic<Int> {
  /// An atomic number that closures share.
  final class Box: Sendable {
    let value = Atomic<Int>(0)
  }
}
