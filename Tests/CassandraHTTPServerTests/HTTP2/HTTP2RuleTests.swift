import CassandraHTTP
import CassandraHTTPServer
import CassandraReactor
import CassandraWebTesting
import Testing

/// The rules of RFC 9113 that a client can break, each with what has to become of it.
@Suite(.timeLimit(.minutes(5))) struct HTTP2RuleTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var outcome: FrameClient.Outcome
    var send: @Sendable (FrameClient) -> Void

    init(_ name: String, _ outcome: FrameClient.Outcome, _ send: @escaping @Sendable (FrameClient) -> Void) {
      testDescription = name
      self.outcome = outcome
      self.send = send
    }
  }

  private static let protocolError = 1
  private static let flowControlError = 3
  private static let streamClosed = 5
  private static let frameSizeError = 6
  private static let compressionError = 9

  private static func fields(_ fields: [(String, String)]) -> @Sendable (FrameClient) -> Void {
    { $0.headers(1, fields, ends: true) }
  }

  private static let base = FrameClient.fields("GET", "/ok")

  static let fieldCases: [Case] = [
    Case("a name in upper case", .reset(protocolError), fields(base + [("X-Test", "1")])),
    Case("an unknown pseudo-field", .reset(protocolError), fields(base + [(":test", "1")])),
    Case("a pseudo-field of answers", .reset(protocolError), fields(base + [(":status", "200")])),
    Case("a pseudo-field behind a field", .reset(protocolError), fields([("x", "1")] + base)),
    Case("no method", .reset(protocolError), fields(base.filter { $0.0 != ":method" })),
    Case("no scheme", .reset(protocolError), fields(base.filter { $0.0 != ":scheme" })),
    Case("no path", .reset(protocolError), fields(base.filter { $0.0 != ":path" })),
    Case("an empty path", .reset(protocolError), fields(base.map { ($0.0, $0.0 == ":path" ? "" : $0.1) })),
    Case("no authority", .reset(protocolError), fields(base.filter { $0.0 != ":authority" })),
    Case("two methods", .reset(protocolError), fields([(":method", "GET")] + base)),
    Case("two paths", .reset(protocolError), fields([(":path", "/ok")] + base)),
    Case("connection", .reset(protocolError), fields(base + [("connection", "keep-alive")])),
    Case("transfer-encoding", .reset(protocolError), fields(base + [("transfer-encoding", "chunked")])),
    Case("upgrade", .reset(protocolError), fields(base + [("upgrade", "h2c")])),
    Case("te that is not trailers", .reset(protocolError), fields(base + [("te", "gzip")])),
    Case("te: trailers", .status(200), fields(base + [("te", "trailers")])),
    Case("a field with a line's end", .reset(protocolError), fields(base + [("x", "a\r\ny: b")])),
    Case("a path with a blank", .reset(protocolError), fields(FrameClient.fields("GET", "/a b"))),
    Case("a host that is not the authority", .status(400), fields(base + [("host", "other")])),
    Case("a host that is the authority", .status(200), fields(base + [("host", "test")])),
    Case(
      "host in the place of the authority", .status(200), fields(base.filter { $0.0 != ":authority" } + [("host", "t")])
    ),
    Case("two lengths", .reset(protocolError), fields(base + [("content-length", "0"), ("content-length", "0")])),
    Case("a method that nobody knows", .status(501), fields(FrameClient.fields("BREW", "/ok"))),
    Case("connect", .status(501), fields([(":method", "CONNECT"), (":authority", "test:443")])),
    Case("options of everything", .status(204), fields(FrameClient.fields("OPTIONS", "*"))),
    Case("a head that is too large", .status(431), fields(base + [("x", String(repeating: "y", count: 17_000))])),
    Case("too many fields", .status(431), fields(base + Array(repeating: ("x", "y"), count: 101))),
    Case(
      "a target that is too long", .status(414),
      fields(FrameClient.fields("GET", "/" + String(repeating: "y", count: 9_000)))),
  ]

  static let frameCases: [Case] = [
    Case("a body that is longer than told", .reset(protocolError)) {
      $0.request(1, "POST", "/collect", [("content-length", "1")], body: [1, 2])
    },
    Case("a body that is shorter than told", .reset(protocolError)) {
      $0.request(1, "POST", "/collect", [("content-length", "3")], body: [1, 2])
    },
    Case("a length without a body", .reset(protocolError)) {
      $0.request(1, "POST", "/collect", [("content-length", "3")])
    },
    Case("DATA on no stream", .goAway(protocolError)) { $0.data(0, [1], ends: false) },
    Case("DATA on an idle stream", .goAway(protocolError)) { $0.data(1, [1], ends: true) },
    Case("HEADERS on no stream", .goAway(protocolError)) { $0.headers(0, base, ends: true) },
    Case("HEADERS on a stream of the server", .goAway(protocolError)) { $0.headers(2, base, ends: true) },
    Case("a stream that is lower than the last", .goAway(protocolError)) {
      $0.headers(5, base, ends: true)
      $0.headers(3, base, ends: true)
    },
    Case("HEADERS within HEADERS", .goAway(protocolError)) {
      $0.send(FrameClient.headers, flags: FrameClient.endStream, stream: 1, payload: FrameClient.block(base))
      $0.headers(3, base, ends: true)
    },
    Case("CONTINUATION without HEADERS", .goAway(protocolError)) {
      $0.send(FrameClient.continuation, flags: FrameClient.endHeaders, stream: 1, payload: FrameClient.block(base))
    },
    Case("CONTINUATION of another stream", .goAway(protocolError)) {
      $0.send(FrameClient.headers, flags: FrameClient.endStream, stream: 1, payload: FrameClient.block(base))
      $0.send(FrameClient.continuation, flags: FrameClient.endHeaders, stream: 3)
    },
    Case("a head in two frames", .status(200)) {
      let block = FrameClient.block(base)
      $0.send(FrameClient.headers, flags: FrameClient.endStream, stream: 1, payload: Array(block.prefix(7)))
      $0.send(FrameClient.continuation, flags: FrameClient.endHeaders, stream: 1, payload: Array(block.dropFirst(7)))
    },
    Case("a frame that is too large", .goAway(frameSizeError)) {
      $0.headers(1, FrameClient.fields("POST", "/collect"), ends: false)
      $0.data(1, [UInt8](repeating: 0, count: 16_385), ends: true)
    },
    Case("padding that is longer than its frame", .goAway(protocolError)) {
      $0.headers(1, FrameClient.fields("POST", "/collect"), ends: false)
      $0.send(FrameClient.data, flags: 8 | FrameClient.endStream, stream: 1, payload: [9, 1])
    },
    Case("PING of a wrong size", .goAway(frameSizeError)) { $0.send(FrameClient.ping, payload: [1]) },
    Case("PING on a stream", .goAway(protocolError)) {
      $0.send(FrameClient.ping, stream: 1, payload: [UInt8](repeating: 0, count: 8))
    },
    Case("SETTINGS of a wrong size", .goAway(frameSizeError)) { $0.send(FrameClient.settings, payload: [0, 1, 0]) },
    Case("SETTINGS on a stream", .goAway(protocolError)) { $0.send(FrameClient.settings, stream: 1) },
    Case("an acknowledgement with settings", .goAway(frameSizeError)) {
      $0.send(FrameClient.settings, flags: 1, payload: [0, 1, 0, 0, 0, 0])
    },
    Case("a window that is too large by SETTINGS", .goAway(flowControlError)) {
      $0.send(FrameClient.settings, payload: [0, 4, 0x80, 0, 0, 0])
    },
    Case("a frame size that is too small by SETTINGS", .goAway(protocolError)) {
      $0.send(FrameClient.settings, payload: [0, 5, 0, 0, 0, 1])
    },
    Case("RST_STREAM of an idle stream", .goAway(protocolError)) {
      $0.send(FrameClient.reset, stream: 1, payload: [0, 0, 0, 0])
    },
    Case("RST_STREAM of a wrong size", .goAway(frameSizeError)) {
      // A request whose answer waits for its body, so that it cannot come before the frame.
      $0.headers(1, FrameClient.fields("POST", "/collect"), ends: false)
      $0.send(FrameClient.reset, stream: 1, payload: [0])
    },
    Case("WINDOW_UPDATE of nothing", .goAway(protocolError)) { $0.openWindow(0, by: 0) },
    Case("WINDOW_UPDATE of an idle stream", .goAway(protocolError)) { $0.openWindow(1, by: 1) },
    Case("a window of the connection that overflows", .goAway(flowControlError)) { $0.openWindow(0, by: 0x7fff_ffff) },
    Case("a window of a stream that overflows", .reset(flowControlError)) {
      $0.headers(1, FrameClient.fields("POST", "/collect"), ends: false)
      $0.openWindow(1, by: 0x7fff_ffff)
    },
    Case("PUSH_PROMISE", .goAway(protocolError)) {
      $0.send(5, flags: FrameClient.endHeaders, stream: 1, payload: [0, 0, 0, 2] + FrameClient.block(base))
    },
    Case("HPACK with an index that is not there", .goAway(compressionError)) {
      $0.send(
        FrameClient.headers, flags: FrameClient.endHeaders | FrameClient.endStream, stream: 1,
        payload: [0xff, 0x80, 0x01])
    },
    Case("HPACK that is cut", .goAway(compressionError)) {
      $0.send(
        FrameClient.headers, flags: FrameClient.endHeaders | FrameClient.endStream, stream: 1,
        payload: Array(FrameClient.block(base).dropLast(2)))
    },
    Case("a table that is larger than allowed", .goAway(compressionError)) {
      $0.send(
        FrameClient.headers, flags: FrameClient.endHeaders | FrameClient.endStream, stream: 1,
        payload: [0x3f, 0xe2, 0x1f] + FrameClient.block(base))
    },
    Case("a frame of an unknown type", .status(200)) {
      $0.send(0x16, stream: 0, payload: [1, 2, 3])
      $0.headers(1, base, ends: true)
    },
    Case("a field before the settings are acknowledged", .status(200)) { $0.headers(1, base, ends: true) },
  ]

  @Test(arguments: fieldCases) func fieldsHaveRules(_ rule: Case) async throws { try await check(rule) }
  @Test(arguments: frameCases) func framesHaveRules(_ rule: Case) async throws { try await check(rule) }

  private func check(_ rule: Case) async throws {
    try await serving(plainRoutes(), loops: 1) { server in
      let client = try await FrameClient.connect(to: server)
      rule.send(client)
      #expect(try await client.outcome(1) == rule.outcome)
      client.client.close()
      // Nobody else has noticed.
      #expect(try await server.reply(to: "GET /ok HTTP/1.1\r\nHost: t\r\n\r\n").status == 200)
    }
  }

  @Test func theOrderOfFramesHasRules() async throws {
    try await serving(plainRoutes(), loops: 1) { server in
      // A frame behind the end of its stream.
      let client = try await FrameClient.connect(to: server)
      client.headers(1, Self.base, ends: true)
      client.data(1, [1], ends: true)
      let outcome = try await client.outcome(1)
      #expect(outcome == .goAway(Self.streamClosed) || outcome == .reset(Self.streamClosed) || outcome == .status(200))
      client.client.close()
      // Something else than the preface, and than the settings behind it.
      let other = FrameClient(try await server.client())
      other.client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
      other.headers(1, Self.base, ends: true)
      #expect(try await other.outcome(1) == .goAway(Self.protocolError))
    }
  }

  private static let emptyPriority: [UInt8] = [0, 0, 0, 0, 1]

  /// What comes for a stream that the client itself has ended ends the connection, and what may still come does not.
  static let closedCases: [Case] = [
    Case("DATA behind an answered request", .goAway(streamClosed)) { $0.data(1, [1], ends: true) },
    Case("HEADERS behind an answered request", .goAway(streamClosed)) { $0.headers(1, base, ends: true) },
    Case("CONTINUATION behind an answered request", .goAway(protocolError)) {
      $0.send(FrameClient.continuation, flags: FrameClient.endHeaders, stream: 1)
    },
    Case("WINDOW_UPDATE, PRIORITY and RST_STREAM behind an answered request", .status(200)) {
      $0.openWindow(1, by: 1)
      $0.send(FrameClient.priority, stream: 1, payload: emptyPriority)
      $0.send(FrameClient.reset, stream: 1, payload: [0, 0, 0, 8])
      $0.headers(3, base, ends: true)
    },
    Case("DATA behind RST_STREAM", .goAway(streamClosed)) {
      $0.headers(3, FrameClient.fields("POST", "/collect"), ends: false)
      $0.send(FrameClient.reset, stream: 3, payload: [0, 0, 0, 8])
      $0.data(3, [1], ends: true)
    },
    Case("HEADERS behind RST_STREAM", .goAway(streamClosed)) {
      $0.headers(3, FrameClient.fields("POST", "/collect"), ends: false)
      $0.send(FrameClient.reset, stream: 3, payload: [0, 0, 0, 8])
      $0.headers(3, base, ends: true)
    },
    Case("PRIORITY on no stream", .goAway(protocolError)) { $0.send(FrameClient.priority, payload: emptyPriority) },
  ]

  @Test(arguments: closedCases) func whatIsOverHasRules(_ rule: Case) async throws {
    try await serving(plainRoutes(), loops: 1) { server in
      let client = try await FrameClient.connect(to: server)
      client.headers(1, Self.base, ends: true)
      #expect(try await client.reply(1).status == 200)
      rule.send(client)
      #expect(try await client.outcome(3) == rule.outcome)
      client.client.close()
    }
  }

  /// What a client sends on while its stream was ended here, it could not know.
  @Test func whatIsOnItsWayIsNobodysFault() async throws {
    try await serving(plainRoutes(), loops: 1) { server in
      let client = try await FrameClient.connect(to: server)
      // One that was answered before its body had come, and one that was no request.
      client.headers(1, FrameClient.fields("POST", "/ignore"), ends: false)
      #expect(try await client.reply(1).text == "ignored")
      #expect(try await client.frame(of: FrameClient.reset).number(at: 0) == 0)
      client.headers(3, FrameClient.fields("POST", "/collect", [("connection", "close")]), ends: false)
      #expect(try await client.outcome(3) == .reset(Self.protocolError))
      for stream in [1, 3] {
        client.data(stream, [1, 2, 3], ends: false)
        client.headers(stream, [("x-sum", "1")], ends: true)
      }
      client.headers(5, Self.base, ends: true)
      #expect(try await client.reply(5).status == 200)
      client.client.close()
    }
  }

  @Test func aClientsWindowIsObeyed() async throws {
    try await serving(plainRoutes(), loops: 1) { server in
      // Windows of nothing: the head comes, and the body when there is room, to the byte.
      let client = try await FrameClient.connect(to: server, settings: [(4, 0)])
      client.request(1, "GET", "/known")
      let head = try await client.frame(of: FrameClient.headers)
      #expect(!head.endsStream)
      client.openWindow(1, by: 2)
      #expect(try await client.frame(of: FrameClient.data).payload == Array("si".utf8))
      client.openWindow(1, by: 100)
      let rest = try await client.frame(of: FrameClient.data)
      #expect(rest.payload == Array("xsix".utf8))
      client.client.close()
    }
  }
}
