import CQLNode
import CassandraWire
import CassandraTesting
import CassandraReactor
import Testing

/// A proxy that is in TLS on either side.
@Suite(.timeLimit(.minutes(5))) struct FrameProxyTLSTests {
  private let authority = CertificateAuthority()

  /// A node that wants a certificate.
  private func withNode(_ body: (EmbeddedNode) async throws -> Void) async throws {
    var configuration = EmbeddedNode.defaultConfiguration
    configuration.tls = NodeTLS(
      identity: authority.issue(.init("node", alternativeNames: "DNS:node.test")),
      clientAuthorities: .authorities(pem: authority.pem))
    try await EmbeddedNode.withNode(configuration, body)
  }

  private func client(_ identity: TLSIdentity?) throws -> TLSClient {
    let context = try TLSClientContext(trust: .authorities(pem: authority.pem), identity: identity)
    return context.client(verifying: "node.test")
  }

  @Test func theNodeIsDialledByMutualTLS() async throws {
    try await withNode { node in
      let identity = authority.issue(.init("proxy"))
      try await FrameProxy.withProxy(to: node.address, tls: try client(identity)) { proxy in
        let address = proxy.address
        try await EventLoops.shared[0].run {
          let client = try await WireClient(to: address, version: .v5)
          #expect(try await client.ask(.startup(["CQL_VERSION": "3.0.0"])).message == .ready)
          #expect(try await client.query("SELECT cluster_name FROM system.local").page?.rowCount == 1)
          client.close()
        }
      }
    }
  }

  @Test func withoutACertificateTheNodeTurnsTheProxyAway() async throws {
    try await withNode { node in
      try await FrameProxy.withProxy(to: node.address, tls: try client(nil)) { proxy in
        let address = proxy.address
        await EventLoops.shared[0].run {
          let client = try? await WireClient(to: address, version: .v5)
          _ = await client?.untilEnd()
        }
        await proxy.frames.wait { $0.endedConnections == 1 }
      }
    }
  }

  @Test func driversMayComeByTLS() async throws {
    try await EmbeddedNode.withNode { node in
      let server = TLSServer(
        try TLSServerContext(
          identity: authority.issue(.init("proxy", alternativeNames: "DNS:node.test")),
          clientCertificates: .required(.authorities(pem: authority.pem))))
      try await FrameProxy.withProxy(to: node.address, serverTLS: server) { proxy in
        let (address, tls) = (proxy.address, try client(authority.issue(.init("driver"))))
        // The second session is resumed, and its first frame comes with the end of the handshake.
        for _ in 0..<2 {
          try await EventLoops.shared[0].run {
            let client = try await WireClient(to: address, tls: tls)
            #expect(try await client.ask(.startup(["CQL_VERSION": "3.0.0"])).message == .ready)
            #expect(try await client.query("SELECT cluster_name FROM system.local").page?.rowCount == 1)
            client.close()
          }
        }
      }
    }
  }
}
