import CassandraHTTP
import CassandraHTTPServer
import CassandraReactor
import CassandraTelemetry
import CassandraTesting
import CassandraWebTesting
import Testing

/// What a client of HTTP/2 gets: the same as one of HTTP/1.1.
@Suite(.timeLimit(.minutes(5))) struct HTTP2Tests {
  private func with(
    _ routes: Routes<Void> = plainRoutes(), log: Log? = nil,
    _ configure: (inout ServerConfiguration) -> Void = { _ in },
    body: @escaping @Sendable (Running) async throws -> Void
  ) async throws {
    try await serving(routes, loops: 1, log: log, configure, body: body)
  }

  @Test func answersAreTheSame() async throws {
    try await with { server in
      let client = try await FrameClient.connect(to: server)
      client.request(1, "GET", "/ok")
      let reply = try await client.reply(1)
      #expect(reply.status == 200 && reply.text == "OK")
      #expect(reply["content-type"] == "text/plain; charset=utf-8")
      #expect(reply["content-length"] == "2")
      #expect(reply["date"]?.hasSuffix(" GMT") == true)
      #expect(reply["connection"] == nil)
      client.request(3, "HEAD", "/ok")
      let head = try await client.reply(3)
      #expect(head["content-length"] == "2" && head.body.isEmpty)
      client.request(5, "GET", "/empty")
      let empty = try await client.reply(5)
      #expect(empty.status == 204 && empty["content-length"] == nil)
      client.request(7, "GET", "/stream")
      #expect(try await client.reply(7).text == "one,two")
      client.request(9, "GET", "/known")
      let known = try await client.reply(9)
      #expect(known["content-length"] == "6" && known.text == "sixsix")
      client.request(11, "GET", "/nothing")
      let missing = try await client.reply(11)
      #expect(missing.status == 404 && missing["content-type"] == "application/problem+json")
      client.request(13, "DELETE", "/ok")
      #expect(try await client.reply(13)["allow"] == "GET, HEAD, OPTIONS, PUT")
      client.request(15, "GET", "/query?q=a%20b", [("cookie", "a=1"), ("cookie", "b=2")])
      #expect(try await client.reply(15).text == "a b")
      client.client.close()
    }
  }

  /// What served a request serves the next: nothing of the one is left for the other, however the one ended.
  @Test func requestsFollowEachOther() async throws {
    var routes = Routes<Void>()
    let kept = Locked<[Request<Void>]>([])
    routes.post("/all/{name}") { request in
      let bytes = try await request.body.collect()
      let fields = request.head.fields.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
      return "\(request.path["name"]) \(try request.query("q") ?? "-") \(fields) \(bytes.count) \(request.id)"
    }
    routes.get("/kept/{name}") { request in
      kept.withLock { $0.append(request) }
      return request.path["name"]
    }
    routes.get("/never") { _ in
      try await Task.sleep(for: .seconds(3600))
      return "never"
    }
    try await with(routes) { server in
      let client = try await FrameClient.connect(to: server)
      var stream = 1
      for round in 0..<40 {
        let name = "n\(round)"
        client.headers(
          stream,
          FrameClient.fields("POST", "/all/\(name)?q=\(round)", [("x-request-id", "id\(round)"), ("x-only", name)]),
          ends: false)
        client.data(stream, [UInt8](repeating: 1, count: round), ends: true)
        #expect(
          try await client.reply(stream).text
            == "\(name) \(round) host=test;x-request-id=id\(round);x-only=\(name) \(round) id\(round)")
        // One that its client gives up, one whose head is kept, one that is refused.
        client.request(stream + 2, "GET", "/never")
        client.send(FrameClient.reset, stream: stream + 2, payload: [0, 0, 0, 8])
        client.request(stream + 4, "GET", "/kept/\(round)")
        #expect(try await client.reply(stream + 4).text == "\(round)")
        client.request(stream + 6, "GET", "/kept/%zz")
        #expect(try await client.reply(stream + 6).status == 400)
        client.request(stream + 8, "GET", "/nothing", [("x-long", String(repeating: "l", count: round * 100))])
        #expect(try await client.reply(stream + 8).status == 404)
        stream += 10
      }
      client.client.close()
    }
    #expect(kept.withLock { $0.map { $0.path["name"] } } == (0..<40).map { "\($0)" })
  }

  @Test func bodiesArriveAndLeave() async throws {
    try await with { server in
      let client = try await FrameClient.connect(to: server)
      let body = (0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &>> 3) }
      client.headers(1, FrameClient.fields("POST", "/collect", [("content-length", "\(body.count)")]), ends: false)
      // As much as the windows allow, until they open.
      var sent = 0
      var (window, streamWindow) = (65_535, 65_535)
      while sent < body.count {
        let count = min(16_384, window, streamWindow, body.count - sent)
        if count > 0 {
          client.data(1, Array(body[sent..<sent + count]), ends: sent + count == body.count)
          sent += count
          window -= count
          streamWindow -= count
          continue
        }
        let frame = try await client.frame()
        switch frame.type {
        case FrameClient.windowUpdate where frame.stream == 0: window += frame.number(at: 0)
        case FrameClient.windowUpdate: streamWindow += frame.number(at: 0)
        case FrameClient.settings where frame.flags == 0:
          for start in stride(from: 0, to: frame.payload.count, by: 6)
          where frame.payload[start + 1] == 4 { streamWindow += frame.number(at: start + 2) - 65_535 }
          client.send(FrameClient.settings, flags: 1)
        default: break
        }
      }
      #expect(try await client.reply(1).body == body)
      client.client.close()
    }
  }

  @Test func streamsDoNotWaitForEachOther() async throws {
    let held = Promise<Void>()
    var routes = plainRoutes()
    routes.get("/held") { _ in
      await held.value
      return "held"
    }
    try await with(routes) { server in
      let client = try await FrameClient.connect(to: server)
      client.request(1, "GET", "/held")
      for stream in stride(from: 3, to: 41, by: 2) { client.request(stream, "GET", "/echo/\(stream)") }
      for stream in stride(from: 3, to: 41, by: 2) { #expect(try await client.reply(stream).text == "\(stream)") }
      held.send()
      #expect(try await client.reply(1).text == "held")
      client.client.close()
    }
  }

  @Test func thePrefaceMayComeInPieces() async throws {
    try await with { server in
      let client = FrameClient(try await server.client())
      for byte in "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8 { client.client.send([byte]) }
      client.send(FrameClient.settings)
      client.request(1, "GET", "/ok")
      #expect(try await client.reply(1).text == "OK")
      client.client.close()
      // What only begins like it is HTTP/1.1.
      for (text, status) in [
        ("PROPFIND /ok HTTP/1.1\r\nHost: t\r\n\r\n", 405), ("PUT /ok HTTP/1.1\r\nHost: t\r\n\r\n", 200),
        ("PRI * HTTP/1.1\r\nHost: t\r\n\r\n", 400),
      ] {
        let plain = try await server.client()
        for byte in text.utf8 { plain.send([byte]) }
        #expect(try await plain.reply().status == status, "\(text)")
        plain.close()
      }
      let cut = try await server.client()
      cut.send("PRI * HT")
      cut.end()
      _ = await cut.ending()
    }
  }

  @Test func whoDoesNotWantItSaysSo() async throws {
    try await with {
      $0.http2 = nil
    } body: { server in
      let reply = try await server.reply(to: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
      #expect(reply.status == 505)
    }
  }

  @Test func secureConnectionsChoose() async throws {
    let authority = CertificateAuthority()
    let context = try TLSServerContext(
      identity: authority.issue(.init("api", alternativeNames: "DNS:localhost")),
      applicationProtocols: ServerConfiguration().applicationProtocols)
    try await with {
      $0.tls = TLSServer(context)
    } body: { server in
      for protocols in [["h2"], ["http/1.1", "h2"]] {
        let trust = try TLSClientContext(trust: .authorities(pem: authority.pem), applicationProtocols: protocols)
        let client = try await FrameClient.connect(to: server, tls: trust.client(verifying: "localhost"))
        client.request(1, "GET", "/stream")
        #expect(try await client.reply(1).text == "one,two")
        client.client.close()
      }
      for protocols in [["http/1.1"], []] {
        let trust = try TLSClientContext(trust: .authorities(pem: authority.pem), applicationProtocols: protocols)
        let client = try await RawClient.connect(to: server.address, tls: trust.client(verifying: "localhost"))
        client.request("GET /ok")
        #expect(try await client.reply().text == "OK")
        client.close()
      }
    }
  }

  @Test func whoWaitsToBeAskedForHisBodyIsAsked() async throws {
    try await with { server in
      let client = try await FrameClient.connect(to: server)
      client.headers(1, FrameClient.fields("POST", "/collect", [("expect", "100-continue")]), ends: false)
      let interim = try await client.frame(of: FrameClient.headers)
      #expect(client.fields(interim.payload).first?.value == "100" && !interim.endsStream)
      client.data(1, Array("body".utf8), ends: true)
      #expect(try await client.reply(1).text == "body")
      client.client.close()
    }
  }

  @Test func trailersEndABody() async throws {
    try await with { server in
      let client = try await FrameClient.connect(to: server)
      client.headers(1, FrameClient.fields("POST", "/collect"), ends: false)
      client.data(1, Array("body".utf8), ends: false)
      client.headers(1, [("x-sum", "1")], ends: true)
      #expect(try await client.reply(1).text == "body")
      // What only a head may have ends the stream.
      client.headers(3, FrameClient.fields("POST", "/collect"), ends: false)
      client.headers(3, [(":path", "/")], ends: true)
      #expect(try await client.outcome(3) == .reset(1))
      client.client.close()
    }
  }

  /// An answer that comes before its body was read ends the stream, and others go on.
  @Test func whatNobodyReadsIsNotWaitedFor() async throws {
    try await with { server in
      let client = try await FrameClient.connect(to: server)
      for stream in stride(from: 1, to: 81, by: 2) {
        client.headers(stream, FrameClient.fields("POST", "/ignore"), ends: false)
        client.data(stream, [UInt8](repeating: 1, count: 10_000), ends: false)
        #expect(try await client.reply(stream).text == "ignored")
        let reset = try await client.frame(of: FrameClient.reset)
        #expect(reset.number(at: 0) == 0)
      }
      client.client.close()
    }
  }

  @Test func whatIsAroundEveryAnswerIsAroundThese() async throws {
    let log = Log()
    try await with(log: log) {
      $0.answers.logsAccess = true
      $0.answers.sendsRequestIDs = true
      $0.answers.compresses = true
      $0.countsRequests = true
    } body: { server in
      let client = try await FrameClient.connect(to: server)
      client.request(
        1, "GET", "/echo/\(String(repeating: "a", count: 3000))",
        [("x-request-id", "mine"), ("accept-encoding", "gzip")])
      let reply = try await client.reply(1)
      #expect(reply["x-request-id"] == "mine" && reply["content-encoding"] == "gzip")
      client.request(3, "GET", "/bad%zz")
      #expect(try await client.reply(3).status == 400)
      let metrics = await server.server.metrics
      #expect(metrics.refusals[.invalid] == 1)
      #expect(metrics.routes.contains { $0.route == "/echo/{text}" && $0.statuses[200] == 1 })
      client.client.close()
      #expect(log.records.filter { $0.message == "request" }.count == 2)
    }
  }

  // MARK: The end

  @Test func theEndIsSaidBeforeItComes() async throws {
    let held = Promise<Void>()
    let begun = Promise<Void>()
    var routes = plainRoutes()
    routes.get("/held") { _ in
      begun.send()
      await held.value
      return "held"
    }
    try await with(routes) {
      $0.lastAnswersTimeout = .milliseconds(300)
    } body: { server in
      let client = try await FrameClient.connect(to: server)
      client.request(1, "GET", "/held")
      await begun.value
      server.server.shutDown()
      let notice = try await client.frame(of: FrameClient.goAway)
      #expect(notice.number(at: 0) == 0x7fff_ffff && notice.number(at: 4) == 0)
      // Who has not read that yet is still served.
      client.request(3, "GET", "/ok")
      #expect(try await client.reply(3).text == "OK")
      let last = try await client.frame(of: FrameClient.goAway)
      #expect(last.number(at: 0) == 3 && last.number(at: 4) == 0)
      held.send()
      #expect(try await client.reply(1).text == "held")
      _ = await client.client.ending()
    }
  }

  /// Who connects while the server ends is told so with an answer and not before: nobody may begin a request after that.
  @Test func whoComesWhileItEndsIsAnswered() async throws {
    try await with {
      $0.lastAnswersTimeout = .seconds(60)
    } body: { server in
      let first = try await FrameClient.connect(to: server)
      first.request(1, "GET", "/ok")
      #expect(try await first.reply(1).text == "OK")
      server.server.shutDown()
      _ = try await first.frame(of: FrameClient.goAway)
      let second = try await FrameClient.connect(to: server)
      second.send(FrameClient.ping, payload: [UInt8](repeating: 1, count: 8))
      var frame = try await second.frame()
      while frame.type != FrameClient.ping {
        #expect(frame.type != FrameClient.goAway)
        frame = try await second.frame()
      }
      second.request(1, "GET", "/ok")
      second.request(3, "GET", "/ok")
      for stream in [1, 3] { #expect(try await second.reply(stream).text == "OK") }
      second.client.close()
      first.client.close()
    }
  }

  @Test func idleConnectionsEnd() async throws {
    try await with {
      // Long enough for the preface to come on a busy machine.
      $0.idleTimeout = .seconds(2)
    } body: { server in
      let client = try await FrameClient.connect(to: server)
      let last = try await client.frame(of: FrameClient.goAway)
      #expect(last.number(at: 4) == 0)
      _ = await client.client.ending()
    }
  }
}
