import CassandraTesting
import CassandraHTTP
import CassandraReactor
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@Suite(.timeLimit(.minutes(2))) struct ListeningTests {
  @Test(arguments: ["127.0.0.1", "::1"]) func addressesOfBothKinds(_ host: String) async throws {
    let address = try SocketAddress(host, port: 0)
    try await serving(plainRoutes()) {
      $0.address = address
    } body: { server in
      #expect(server.address.host == host)
      #expect(server.address.port != 0)
      let reply = try await server.reply(to: "GET /ok HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")
      #expect(reply.text == "OK")
    }
  }

  @Test func anAddressThatIsTakenIsAnError() async throws {
    try await serving(plainRoutes()) { server in
      var configuration = ServerConfiguration()
      configuration.address = server.address
      let loops = try EventLoops(count: 2)
      let second = Server(routes: plainRoutes(), context: (), configuration: configuration, loops: loops)
      let error = await #expect(throws: ReactorError.self) { try await second.run() }
      #expect(error?.code == .addressInUse)
      #expect(await loops.openHandles == 0)
      await loops.shutDown()
    }
  }

  @Test(arguments: [ListenerGroup.Spreading.kernel, .firstLoop])
  func everyLoopServes(_ spreading: ListenerGroup.Spreading) async throws {
    var routes = Routes<Void>()
    routes.get("/loop") { _ in "\(EventLoop.current?.index ?? -1)" }
    try await serving(routes, loops: 3) {
      $0.spreading = spreading
    } body: { server in
      var seen: Set<String> = []
      var clients: [RawClient] = []
      while seen.count < 3 {
        let client = try await server.client()
        clients.append(client)
        client.request("GET /loop")
        seen.insert(try await client.reply().text)
      }
      #expect(seen == ["0", "1", "2"])
      for client in clients { client.close() }
    }
  }

  @Test func secureConnections() async throws {
    let authority = CertificateAuthority()
    let context = try TLSServerContext(
      identity: authority.issue(.init("api", alternativeNames: "DNS:localhost")), applicationProtocols: ["http/1.1"])
    let trust = try TLSClientContext(trust: .authorities(pem: authority.pem), applicationProtocols: ["http/1.1"])
    try await serving(plainRoutes()) {
      $0.tls = TLSServer(context)
    } body: { server in
      let client = try await RawClient.connect(to: server.address, tls: trust.client(verifying: "localhost"))
      for _ in 0..<2 {
        client.request("GET /stream")
        #expect(try await client.reply().text == "one,two")
      }
      let body = [UInt8](repeating: 65, count: 300_000)
      client.request("POST /collect", "Content-Length: \(body.count)")
      client.send(body)
      #expect(try await client.reply().body == body)
      // Somebody who speaks plainly is not answered, and does not disturb the others.
      let plain = try await server.client()
      plain.request("GET /ok")
      await #expect(throws: RawClient.Failure.self) { try await plain.reply() }
      client.request("GET /ok", "Connection: close")
      #expect(try await client.reply().text == "OK")
      #expect(await client.ending().isEmpty)
    }
  }

  @Test func aServerThatWasStoppedBeforeItRanEnds() async throws {
    let loops = try EventLoops(count: 2)
    var configuration = ServerConfiguration()
    configuration.address = .loopback(port: 0)
    let server = Server(routes: plainRoutes(), context: (), configuration: configuration, loops: loops)
    server.shutDown()
    try await server.run()
    #expect(await loops.openHandles == 0)
    await loops.shutDown()
  }
}
