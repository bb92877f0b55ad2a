import CassandraWire
import CCassandraZip
import CassandraTesting
import Foundation
import CassandraHTTP
import CassandraJSON
import CassandraReactor
import Testing

/// The bundle, the metadata service and the proxy of the emulator, seen by a client without a driver.
@Suite(.timeLimit(.minutes(5))) struct AstraServiceTests {
  /// The failure of what is to fail.
  static func failure(_ body: () async throws -> Void) async -> ReactorError.Code? {
    do { try await body() } catch let error as ReactorError { return error.code } catch let error as WireClient.Ended {
      return error.cause?.code ?? .connectionClosed
    } catch {}
    return nil
  }

  @Test func theBundleIsAZipOfItsFiles() async throws {
    try await Emulated.run(nodes: 1) { emulated in
      let emulator = emulated.emulator
      let bytes = emulator.bundle
      #expect(Array(bytes.prefix(4)) == [0x50, 0x4b, 3, 4])
      var error = zip_error_t()
      let count = bytes.withUnsafeBytes { bytes in
        let source = zip_source_buffer_create(bytes.baseAddress, zip_uint64_t(bytes.count), 0, &error)
        let archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error)
        defer { zip_discard(archive) }
        return zip_get_num_entries(archive, 0)
      }
      #expect(count == 4)
      let files = emulator.bundleFiles()
      #expect(Set(files.keys) == ["config.json", "ca.crt", "cert", "key"])
      let settings = try JSONValue(parsing: files["config.json"] ?? [])
      #expect(settings["host"] == "localhost")
      #expect(String(decoding: files["key"] ?? [], as: UTF8.self).hasPrefix("-----BEGIN RSA PRIVATE KEY-----"))
      #expect(Set(emulator.bundleFiles(.missing).keys) == ["config.json", "ca.crt"])
    }
  }

  @Test func theBundleIsWrittenForItsOwnerOnly() async throws {
    try await Emulated.run(nodes: 1) { emulated in
      let folder = FileManager.default.temporaryDirectory.appendingPathComponent("emulator-\(UUID())")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
      defer { try? FileManager.default.removeItem(at: folder) }
      let (zip, files) = (folder.appendingPathComponent("bundle.zip"), folder.appendingPathComponent("bundle"))
      try emulated.emulator.writeBundle(to: zip.path)
      try emulated.emulator.writeBundle(to: files.path, asFolder: true)
      #expect(try Data(contentsOf: zip).prefix(2) == Data("PK".utf8))
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: files.path).sorted() == [
          "ca.crt", "cert", "config.json", "key",
        ])
      for path in [zip.path, files.appendingPathComponent("key").path] {
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
      }
      #expect(throws: ReactorError.self) { try emulated.emulator.writeBundle(to: files.path, asFolder: true) }
      #expect(throws: ReactorError.self) { try emulated.emulator.writeBundle(to: folder.path + "/no/such") }
    }
  }

  @Test func theMetadataServiceNamesTheNodes() async throws {
    try await Emulated.run { emulated in
      let emulator = emulated.emulator
      let (status, text) = try await emulated.metadata()
      #expect(status == 200)
      for id in emulator.hostIDs.values { #expect(text.contains("\"\(id)\"")) }
      #expect(text.contains("\"sni_proxy_address\":\"localhost:\(emulator.proxyAddress.port)\""))
      #expect(text.contains("\"local_dc\":\"datacenter1\""))
      #expect(emulator.observed.metadataCalls == 1)
      // Who names another host is in the wrong place.
      #expect(try await emulated.metadata(host: "127.0.0.1").status == 400)
    }
  }

  @Test func bothServicesWantTheCertificateOfTheBundle() async throws {
    try await Emulated.run(nodes: 1) { emulated in
      for certificate in [AstraEmulator.BundleCertificate.missing, .expired, .foreign] {
        let files = emulated.emulator.bundleFiles(certificate)
        let identity: TLSIdentity? = files["cert"].map {
          TLSIdentity(certificateChain: $0, privateKey: files["key"] ?? [])
        }
        let refusal = await Self.failure { _ = try await emulated.metadata(identity: .some(identity)) }
        #expect(refusal == .tlsClientCertificate, "\(certificate)")
        let second = await Self.failure {
          let client = try await emulated.connect(identity: .some(identity))
          _ = try await client.ask(.options)
        }
        #expect(second == .tlsClientCertificate, "\(certificate)")
      }
      #expect(emulated.emulator.observed.metadataCalls == 0)
      #expect(emulated.emulator.observed.connections == 0)
    }
  }

  @Test(arguments: [
    (AstraFaults.Certificate.otherAuthority, ReactorError.Code.tlsCertificate), (.expired, .tlsCertificateExpired),
    (.otherName, .tlsCertificateName),
  ])
  func aServiceMayShowAWrongCertificate(
    _ certificate: AstraFaults.Certificate, _ code: ReactorError.Code
  ) async throws {
    try await Emulated.run(nodes: 1) { emulated in
      let context = try emulated.context(identity: emulated.emulator.clientIdentity)
      let name = emulated.emulator.hostIDs[0]?.description
      func node() async throws {
        // With the tickets of the connections before.
        let tls = context.client(verifying: "localhost", serverName: name)
        let client = try await WireClient(to: emulated.emulator.proxyAddress, tls: tls)
        _ = try await client.ask(.options)
        client.close()
      }
      try await node()
      try await emulated.emulator.change { $0.metadataCertificate = certificate }
      #expect(await Self.failure { _ = try await emulated.metadata() } == code)
      try await node()
      try await emulated.emulator.change { $0.proxyCertificate = certificate }
      #expect(await Self.failure { try await node() } == code)
      try await emulated.emulator.heal()
      #expect(try await emulated.metadata().status == 200)
      try await node()
    }
  }

  @Test func theMetadataServiceMayAnswerAnything() async throws {
    try await Emulated.run { emulated in
      let emulator = emulated.emulator
      func answer(_ answer: AstraFaults.MetadataAnswer) async throws -> (status: Int, text: String) {
        try await emulator.change { $0.metadata = answer }
        return try await emulated.metadata()
      }
      for status: UInt16 in [400, 401, 404, 503] { #expect(try await answer(.status(status)).status == Int(status)) }
      #expect(try await answer(.html).text.contains("<html>"))
      #expect(try await answer(.chunked).text.contains("Transfer-Encoding: chunked"))
      #expect(try await answer(.withoutPort).text.contains("\"sni_proxy_address\":\"localhost\""))
      #expect(try await answer(.emptyList).text.contains("\"contact_points\":[]"))
      #expect(try await answer(.body("nonsense")).text.hasSuffix("\r\n\r\nnonsense"))
      let redirect = try await answer(.redirect("https://localhost/elsewhere"))
      #expect(redirect.status == 302 && redirect.text.contains("Location: https://localhost/elsewhere"))
      let whole = try await answer(.ordinary).text.utf8.count
      #expect(try await answer(.truncated).text.utf8.count < whole)
      let failure = await Self.failure { _ = try await answer(.reset) }
      // libuv tells of a reset that comes with data as of an end, which TLS does not take for one.
      #expect(failure == .connectionReset || failure == .tlsTruncated)
    }
  }

  @Test func theMetadataServiceMayNeverAnswer() async throws {
    try await Emulated.run(nodes: 1) { emulated in
      let emulator = emulated.emulator
      try await emulator.change { $0.metadata = .never }
      let context = try emulated.context(identity: emulator.clientIdentity)
      let client = try await TextClient(to: emulator.metadataAddress, tls: context.client(verifying: "localhost"))
      client.send("GET /metadata HTTP/1.1\r\nHost: localhost:\(emulator.metadataAddress.port)\r\n\r\n")
      await emulator.wait { $0.metadataCalls == 1 }
      #expect(client.received == [])
      client.close()
    }
  }

  @Test func aNodeIsItsHostID() async throws {
    try await Emulated.run { emulated in
      let emulator = emulated.emulator
      for name in ["00000000-0000-4000-8000-000000000000", "localhost", nil] {
        let failure = await Self.failure {
          let client: WireClient
          if let name {
            client = try await emulated.connect(name: name)
          } else {
            let context = try emulated.context(identity: emulator.clientIdentity)
            // An address is never sent as a name.
            let tls = context.client(verifying: "localhost", serverName: "127.0.0.1")
            client = try await WireClient(to: emulator.proxyAddress, tls: tls)
          }
          _ = try await client.ask(.options)
        }
        #expect(failure != nil, "\(name ?? "no name")")
      }
      #expect(emulator.observed.unknownNames == 3)
      #expect(emulator.observed.connections == 0)
      let upper = emulator.hostIDs[0]?.description.uppercased()
      #expect(await Self.failure { _ = try await emulated.connect(name: upper) } != nil)
    }
  }

  @Test func nodesComeAndGo() async throws {
    try await Emulated.run { emulated in
      let emulator = emulated.emulator
      let before = emulator.hostIDs
      let first = try await emulated.logIn(0)
      let second = try await emulated.logIn(1)
      #expect(try await second.ask(.register([.statusChange, .topologyChange])).message == .ready)
      await emulator.kill(0)
      _ = await first.untilEnd()
      #expect(await Self.failure { _ = try await emulated.logIn(0) } != nil)
      #expect(emulator.observed.refusedConnections == 1)
      await emulator.restore(0)
      _ = try await emulated.logIn(0)
      let place = await emulator.addNode(.embedded(emulated.node.address))
      _ = try await emulated.logIn(place)
      let address = NodeAddress(address: .v4(0xac1e_0001), port: 9042)
      let added = NodeAddress(address: .v4(0xac1e_0004), port: 9042)
      #expect(
        try await second.events(4) == [
          .statusChange(.down, address), .statusChange(.up, address), .topologyChange(.newNode, added),
          .statusChange(.up, added),
        ])
      await emulator.rotateIDs()
      _ = await second.untilEnd()
      #expect(Set(emulator.hostIDs.values).isDisjoint(with: before.values))
      #expect(await Self.failure { _ = try await emulated.connect(name: before[1]?.description) } != nil)
      _ = try await emulated.logIn(1)
      try await emulator.change { $0.idsRotateAtCall = 2 }
      let ids = emulator.hostIDs
      _ = try await emulated.metadata()
      #expect(emulator.hostIDs == ids)
      _ = try await emulated.metadata()
      #expect(Set(emulator.hostIDs.values).isDisjoint(with: ids.values))
    }
  }

  #if os(Linux)
    @Test func theProxyMayMove() async throws {
      try await Emulated.run(nodes: 1) { emulated in
        let emulator = emulated.emulator
        let client = try await emulated.logIn()
        let (port, resolve) = (Int(emulator.proxyAddress.port), emulator.resolver)
        let loop = EventLoops.shared[0]
        #expect(try await resolve("localhost", port, loop) == [emulator.proxyAddress])
        try await emulator.moveProxy(to: "127.0.0.2")
        _ = await client.untilEnd()
        #expect(emulator.proxyAddress.description == "127.0.0.2:\(port)")
        #expect(try await resolve("localhost", port, loop) == [emulator.proxyAddress])
        #expect(try await resolve("localhost", Int(emulator.metadataAddress.port), loop)[0].host == "127.0.0.1")
        _ = try await emulated.logIn()
        let old = SocketAddress.loopback(port: UInt16(port))
        #expect(await Self.failure { _ = try await WireClient(to: old) } == .connectionRefused)
        try await emulator.change { $0.hidesNames = true }
        #expect(await Self.failure { _ = try await resolve("localhost", port, loop) } == .nameNotFound)
      }
    }
  #endif
}
