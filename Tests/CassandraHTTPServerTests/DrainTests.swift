import CassandraHTTP
import CassandraReactor
import CassandraTesting
import Testing
import CassandraHTTPServer
import CassandraWebTesting

/// The steps of the end, and what it costs those who use the server meanwhile.
@Suite(.timeLimit(.minutes(5))) struct DrainTests {
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

  /// Passes on between a client and the server what comes, from when it is told to.
  private final class Relay: TransportDelegate {
    private var ends: [Transport] = []

    func join(_ near: Transport, _ far: Transport) {
      ends = [near, far]
      for end in ends { end.delegate = self }
    }

    func begin() { for end in ends { end.startReading() } }

    private func other(_ end: Transport) -> Transport? { ends.first { $0 !== end } }
    func transport(_ transport: Transport, received bytes: Span<UInt8>) {
      other(transport)?.write { output in bytes.withUnsafeBufferPointer { output += $0 } }
    }
    func transportInputEnded(_ transport: Transport) { other(transport)?.finishOutput() }
    func transportClosed(_ transport: Transport, error: ReactorError?) { other(transport)?.close() }
  }

  /// Whoever has connected before nobody listens any more is answered, also when it still has to agree on TLS.
  @Test func handshakesMayEnd() async throws {
    let authority = CertificateAuthority()
    let context = try TLSServerContext(
      identity: authority.issue(.init("api", alternativeNames: "DNS:localhost")), applicationProtocols: ["http/1.1"])
    let trust = try TLSClientContext(trust: .authorities(pem: authority.pem), applicationProtocols: ["http/1.1"])
    try await serving(routes(), loops: 1) {
      $0.tls = TLSServer(context)
      $0.lastAnswersTimeout = .seconds(60)
    } body: { server in
      let loop = EventLoops.shared[0]
      let relay = Relay()
      let far = try await Transport.connect(to: server.address, on: loop)
      // The server has taken the connection before it is asked to end.
      while await server.loops.openHandles <= server.loops.count { try await Task.sleep(for: .milliseconds(2)) }
      let listener = try Listener(at: .loopback(port: 0), on: loop) { near in
        relay.join(near, far)
        server.server.shutDown()
      }
      let address = listener.address
      async let answer = Self.answer(of: address, trust)
      // Until nobody listens.
      while let probe = try? await server.client() {
        probe.close()
        try await Task.sleep(for: .milliseconds(2))
      }
      relay.begin()
      #expect(try await answer == ["OK", "close"])
      listener.close()
    }
  }

  private static func answer(of address: SocketAddress, _ trust: TLSClientContext) async throws -> [String?] {
    let client = try await RawClient.connect(to: address, tls: trust.client(verifying: "localhost"))
    client.request("GET /ok")
    let reply = try await client.reply()
    _ = await client.ending()
    return [reply.text, reply["connection"]]
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
