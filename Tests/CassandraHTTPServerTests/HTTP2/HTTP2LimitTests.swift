import CassandraHTTP
import CassandraHTTPServer
import CassandraReactor
import CassandraWebTesting
import Synchronization
import Testing

/// What a client may not do too much of, and what becomes of those beside it.
@Suite(.timeLimit(.minutes(5))) struct HTTP2LimitTests {
  private static let calm = 11
  private static let refused = 7

  private func with(
    _ routes: Routes<Void> = plainRoutes(), log: Log? = nil,
    _ configure: (inout ServerConfiguration) -> Void = { _ in },
    body: @escaping @Sendable (Running) async throws -> Void
  ) async throws {
    try await serving(routes, loops: 1, log: log, configure, body: body)
  }

  /// Routes with a handler that waits until it is told to go on, whether its client is there or not.
  private func held(_ held: Promise<Void>, _ running: Atomic<Int>.Box = .init()) -> Routes<Void> {
    var routes = plainRoutes()
    routes.get("/held") { _ in
      running.value.add(1, ordering: .relaxed)
      await held.value
      running.value.subtract(1, ordering: .relaxed)
      return "held"
    }
    return routes
  }

  @Test func streamsAreBounded() async throws {
    let hold = Promise<Void>()
    try await with(held(hold)) {
      $0.http2?.maximumStreams = 3
    } body: { server in
      let client = try await FrameClient.connect(to: server)
      for stream in [1, 3, 5, 7] { client.request(stream, "GET", "/held") }
      #expect(try await client.outcome(7) == .reset(Self.refused))
      hold.send()
      for stream in [1, 3, 5] { #expect(try await client.reply(stream).text == "held") }
      client.request(9, "GET", "/ok")
      #expect(try await client.reply(9).status == 200)
      client.client.close()
    }
  }

  /// Whoever resets what it has just asked for does not get more work done than others.
  @Test func rapidResetsEndTheConnection() async throws {
    let hold = Promise<Void>()
    let running = Atomic<Int>.Box()
    try await with(held(hold, running)) {
      $0.http2?.maximumResets = 50
      $0.http2?.maximumStreams = 10
    } body: { server in
      let client = try await FrameClient.connect(to: server)
      for stream in stride(from: 1, to: 401, by: 2) {
        client.request(stream, "GET", "/held")
        client.send(FrameClient.reset, stream: stream, payload: [0, 0, 0, 8])
      }
      var code = -1
      while code <= 0 { code = try await client.frame(of: FrameClient.goAway).number(at: 4) }
      #expect(code == Self.calm)
      #expect(running.value.load(ordering: .relaxed) <= 10)
      _ = await client.client.ending()
      hold.send()
      #expect(await server.server.metrics.refusals[.flood] == 1)
    }
  }

  static let floods: [HTTP2RuleTests.Case] = [
    .init("PING", .goAway(calm)) { client in
      for _ in 0..<2000 { client.send(FrameClient.ping, payload: [UInt8](repeating: 1, count: 8)) }
    },
    .init("SETTINGS", .goAway(calm)) { client in for _ in 0..<2000 { client.send(FrameClient.settings) } },
    .init("PRIORITY", .goAway(calm)) { client in
      for index in 0..<2000 {
        client.send(FrameClient.priority, stream: index * 2 + 1, payload: [0, 0, 0, 0, 16])
      }
    },
    .init("DATA that is empty", .goAway(calm)) { client in
      client.headers(1, FrameClient.fields("POST", "/collect"), ends: false)
      for _ in 0..<2000 { client.data(1, [], ends: false) }
    },
    .init("an unknown type", .goAway(calm)) { client in for _ in 0..<2000 { client.send(0x17, payload: [1]) } },
    .init("CONTINUATION that is empty", .goAway(calm)) { client in
      client.send(FrameClient.headers, stream: 1, payload: FrameClient.block(FrameClient.fields("GET", "/ok")))
      for _ in 0..<20_000 { client.send(FrameClient.continuation, stream: 1) }
    },
    .init("CONTINUATION without an end", .goAway(calm)) { client in
      client.send(FrameClient.headers, stream: 1, payload: FrameClient.block(FrameClient.fields("GET", "/ok")))
      for _ in 0..<200 {
        client.send(
          FrameClient.continuation, stream: 1, payload: FrameClient.block([("x", String(repeating: "y", count: 1000))]))
      }
    },
    .init("streams that are wrong", .goAway(calm)) { client in
      for index in 0..<400 { client.headers(index * 2 + 1, [(":method", "GET")], ends: true) }
    },
    .init("a head of few bytes that is a large one", .goAway(calm)) { client in
      // A field of 3,000 bytes goes into the table, and each byte of what follows stands for it.
      client.send(
        FrameClient.headers, flags: 5, stream: 1,
        payload: FrameClient.indexed("large", String(repeating: "v", count: 3000))
          + [UInt8](repeating: 0xbe, count: 10_000))
    },
    .init("trailers of few bytes that are large ones", .goAway(calm)) { client in
      client.headers(1, FrameClient.fields("POST", "/collect"), ends: false)
      client.send(
        FrameClient.headers, flags: 5, stream: 1,
        payload: FrameClient.indexed("large", String(repeating: "v", count: 3000))
          + [UInt8](repeating: 0xbe, count: 10_000))
    },
    .init("SETTINGS with too many entries", .goAway(calm)) { client in
      client.send(FrameClient.settings, payload: (0..<40).flatMap { _ in [0, 9, 0, 0, 0, 0] as [UInt8] })
    },
  ]

  @Test(arguments: floods) func floodsEndTheConnection(_ flood: HTTP2RuleTests.Case) async throws {
    try await with { server in
      let client = try await FrameClient.connect(to: server)
      flood.send(client)
      var outcome = FrameClient.Outcome.status(0)
      do {
        while true {
          let frame = try await client.frame()
          guard frame.type == FrameClient.goAway else { continue }
          outcome = .goAway(frame.number(at: 4))
          break
        }
      } catch { outcome = .closed }
      #expect(outcome == flood.outcome)
      client.client.close()
      await server.connectionsEnded()
      #expect(await server.server.metrics.refusals[.flood] == 1)
      #expect(try await server.reply(to: "GET /ok HTTP/1.1\r\nHost: t\r\n\r\n").status == 200)
    }
  }

  /// A client that has its streams reset by the server, with bodies of another length than it has told, gets no more work done
  /// than one that resets them itself (CVE-2025-8671).
  @Test(arguments: [(told: "1", sent: 2), (told: "9", sent: 1)])
  func bodiesOfAnotherLengthEndTheConnection(_ told: String, _ sent: Int) async throws {
    try await with { server in
      let client = try await FrameClient.connect(to: server)
      var stream = 1
      var code = 0
      while code == 0 && stream < 2000 {
        for _ in 0..<20 {
          client.headers(stream, FrameClient.fields("POST", "/collect", [("content-length", told)]), ends: false)
          client.data(stream, [UInt8](repeating: 1, count: sent), ends: true)
          stream += 2
        }
        // What was reset is told before this is answered.
        client.send(FrameClient.ping, payload: [UInt8](repeating: 1, count: 8))
        var frame = try await client.frame()
        while frame.type != FrameClient.ping && frame.type != FrameClient.goAway { frame = try await client.frame() }
        if frame.type == FrameClient.goAway { code = frame.number(at: 4) }
      }
      #expect(code == Self.calm)
      client.client.close()
    }
  }

  /// Windows of any size do not help a client that does not read.
  @Test func aConnectionThatIsNotReadIsCut() async throws {
    let log = Log()
    try await with(flood(), log: log) {
      $0.writeTimeout = .milliseconds(300)
      $0.slowestReaderBytesPerSecond = 1 << 30
    } body: { server in
      let client = FrameClient(try await server.client(reads: false))
      client.client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
      client.send(FrameClient.settings, payload: [0, 4, 0x7f, 0xff, 0xff, 0xff])
      client.openWindow(0, by: 0x7fff_0000 - 65_535)
      for stream in [1, 3, 5] { client.request(stream, "GET", "/flood") }
      while !log.failures.contains("a client was cut because it did not take its answer") {
        try await Task.sleep(for: .milliseconds(5))
      }
      await server.connectionsEnded()
    }
  }

  private func flood() -> Routes<Void> {
    var routes = plainRoutes()
    routes.get("/flood") { _ in
      Response(contentType: .octets) { writer in
        while true {
          try await writer.write([UInt8](repeating: 7, count: 32 << 10))
          try await writer.flush()
        }
      }
    }
    return routes
  }

  /// A stream whose window is closed waits alone, and is cut in the end.
  @Test func aWindowOfNothingHoldsUpNobodyElse() async throws {
    let log = Log()
    try await with(flood(), log: log) {
      $0.writeTimeout = .milliseconds(600)
      $0.slowestReaderBytesPerSecond = 1 << 30
    } body: { server in
      let client = try await FrameClient.connect(to: server, settings: [(4, 1000)])
      client.openWindow(0, by: 1 << 20)
      client.request(1, "GET", "/flood")
      var stream = 3
      var replies = 0
      var reset: FrameClient.Frame?
      while reset == nil {
        client.request(stream, "GET", "/echo/\(stream)")
        var isAnswered = false
        while !isAnswered {
          let frame = try await client.frame()
          if frame.type == FrameClient.reset && frame.stream == 1 { reset = frame }
          if frame.stream == stream && frame.endsStream && frame.type == FrameClient.data {
            isAnswered = true
            replies += 1
          }
        }
        stream += 2
      }
      #expect(reset?.number(at: 0) == 8)
      #expect(replies > 1)
      client.request(stream, "GET", "/ok")
      while try await client.frame().stream != stream {}
      client.client.close()
      #expect(log.failures.contains("a client was cut because it did not take its answer"))
    }
  }

  /// Bodies that nobody reads are kept up to a bound, for each stream and for the connection.
  @Test func unreadBodiesAreBounded() async throws {
    let hold = Promise<Void>()
    var routes = plainRoutes()
    routes.post("/held") { request in
      await hold.value
      return "\(try await request.body.collect().count)"
    }
    try await with(routes) { server in
      let client = try await FrameClient.connect(to: server)
      // The settings of the server tell the window.
      let settings = try await client.frame(of: FrameClient.settings)
      var window = 65_535
      for start in stride(from: 0, to: settings.payload.count, by: 6) where settings.payload[start + 1] == 4 {
        window = settings.number(at: start + 2)
      }
      #expect(window == 64 << 10)
      client.send(FrameClient.settings, flags: 1)
      client.headers(1, FrameClient.fields("POST", "/held"), ends: false)
      for _ in 0..<(window / 16_384) { client.data(1, [UInt8](repeating: 1, count: 16_384), ends: false) }
      // One byte more than the window is an error of the stream or of the connection.
      client.data(1, [1], ends: false)
      let outcome = try await client.outcome(1)
      #expect(outcome == .goAway(3) || outcome == .reset(3))
      hold.send()
      client.client.close()
    }
  }

  @Test func slowHeadsAndBodiesAreRefused() async throws {
    try await with {
      $0.headTimeout = .milliseconds(50)
      $0.bodyTimeout = .milliseconds(50)
    } body: { server in
      let slow = try await FrameClient.connect(to: server)
      slow.headers(1, FrameClient.fields("POST", "/collect"), ends: false)
      slow.data(1, [1], ends: false)
      let reply = try await slow.reply(1)
      #expect(reply.status == 408)
      slow.send(FrameClient.headers, stream: 3, payload: FrameClient.block(FrameClient.fields("GET", "/ok")))
      #expect(try await slow.frame(of: FrameClient.goAway).number(at: 4) == 0)
      _ = await slow.client.ending()
    }
  }

  /// A handler whose client gives the request up is cancelled, and so are all when the connection is lost.
  @Test func whoLeavesCancels() async throws {
    let begun = Promise<Void>()
    let (first, second) = (Promise<Bool>(), Promise<Bool>())
    var routes = plainRoutes()
    routes.get("/wait/{which}") { request in
      let promise = request.path["which"] == "first" ? first : second
      begun.send()
      try? await Task.sleep(for: .seconds(600))
      promise.send(Task.isCancelled)
      return "late"
    }
    try await with(routes) { server in
      let client = try await FrameClient.connect(to: server)
      client.request(1, "GET", "/wait/first")
      client.request(3, "GET", "/wait/second")
      await begun.value
      client.send(FrameClient.reset, stream: 1, payload: [0, 0, 0, 8])
      #expect(await first.value == true)
      client.client.reset()
      #expect(await second.value == true)
    }
  }
}
