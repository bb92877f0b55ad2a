import CassandraTesting
import Foundation
import CassandraHTTP
import CassandraReactor
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@Suite(.timeLimit(.minutes(5))) struct ListeningTests {
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
      let error = await #expect(throws: ReactorError.self) { try await second.run(.part) }
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

  @Test func aRenewedCertificateIsForNewConnections() async throws {
    let (old, new) = (CertificateAuthority(), CertificateAuthority())
    func context(_ authority: CertificateAuthority) throws -> TLSServerContext {
      try TLSServerContext(identity: authority.issue(.init("api", alternativeNames: "DNS:localhost")))
    }
    let tls = TLSServer(try context(old))
    let renewed = try context(new)
    let trusts = try [old, new].map { try TLSClientContext(trust: .authorities(pem: $0.pem)) }
    try await serving(plainRoutes()) {
      $0.tls = tls
    } body: { server in
      let first = try await RawClient.connect(to: server.address, tls: trusts[0].client(verifying: "localhost"))
      first.request("GET /ok")
      #expect(try await first.reply().text == "OK")
      tls.renew(renewed)
      await #expect(throws: ReactorError.self) {
        try await RawClient.connect(to: server.address, tls: trusts[0].client(verifying: "localhost"))
      }
      let second = try await RawClient.connect(to: server.address, tls: trusts[1].client(verifying: "localhost"))
      second.request("GET /ok")
      #expect(try await second.reply().text == "OK")
      second.close()
      // Who was there before stays.
      first.request("GET /ok")
      #expect(try await first.reply().text == "OK")
      first.close()
    }
  }

  /// A session that was begun where no certificate is asked for is not resumed where one is.
  @Test func sessionsDoNotCrossServers() async throws {
    let authority = CertificateAuthority()
    let open = try TLSServerContext(identity: authority.issue(.init("open", alternativeNames: "DNS:open.test")))
    let closed = try TLSServerContext(
      identity: authority.issue(.init("closed", alternativeNames: "DNS:open.test,DNS:closed.test")),
      clientCertificates: .required(.authorities(pem: authority.pem)))
    let trust = try TLSClientContext(trust: .authorities(pem: authority.pem))
    try await serving(plainRoutes(), loops: 1) {
      $0.tls = TLSServer(open) { name in name == "closed.test" ? closed : open }
    } body: { server in
      // The key of the client's cache has the verified name and the asked one in it; a client that means harm would keep
      // sessions by itself, so here both connections use the same place.
      for name in ["open.test", "open.test", "closed.test"] {
        let client = try await RawClient.connect(
          to: server.address, tls: trust.client(verifying: "open.test", serverName: name, keepingSessionsAs: "one"))
        client.request("GET /ok")
        if name == "open.test" {
          #expect(try await client.reply().text == "OK")
          client.close()
        } else {
          await #expect(throws: RawClient.Failure.self) { try await client.reply() }
        }
      }
    }
  }

  @Test func aUnixSocketServes() async throws {
    let path = NSTemporaryDirectory() + "/\(UUID().uuidString.prefix(8)).sock"
    let address = try SocketAddress(unixPath: path)
    try await serving(plainRoutes()) {
      $0.address = address
    } body: { server in
      #expect(server.address == address)
      let socket = try PlainSocket(path: path)
      let (bytes, _) = await socket.exchange("GET /ok HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
      #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("OK"))
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func aServerThatWasStoppedBeforeItRanEnds() async throws {
    let loops = try EventLoops(count: 2)
    var configuration = ServerConfiguration()
    configuration.address = .loopback(port: 0)
    let server = Server(routes: plainRoutes(), context: (), configuration: configuration, loops: loops)
    server.shutDown()
    try await server.run(.part)
    #expect(await loops.openHandles == 0)
    await loops.shutDown()
  }
}
