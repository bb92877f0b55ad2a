import CassandraReactor
import CassandraTelemetry
import CassandraTesting
import CassandraWire
import Foundation
import Testing

@testable import Cassandra

/// Certificates of single nodes, and certificates that are replaced.
@Suite(.timeLimit(.minutes(5))) struct NodeTLSTests {
  private let authority = CertificateAuthority()

  private func options(
    _ identity: TLSIdentity, _ clients: TLSServerContext.ClientCertificates = .notAsked
  ) throws -> ScriptedNode.Options {
    var options = ScriptedNode.Options()
    options.tls = TLSServer(try TLSServerContext(identity: identity, clientCertificates: clients))
    return options
  }

  /// Runs `body` with a node; afterwards nothing of it is left open.
  private func withNode(
    _ options: ScriptedNode.Options, _ body: (ScriptedNode, EventLoops) async throws -> Void
  ) async throws {
    let loops = try EventLoops(count: 1)
    let node = try await ScriptedNode(on: loops[0], options: options)
    Known.define(on: node)
    let result: Result<Void, any Error>
    do { result = .success(try await body(node, loops)) } catch { result = .failure(error) }
    await node.close()
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
    try result.get()
  }

  @Test func aContactPointWithACertificateOfAnotherName() async throws {
    let identity = authority.issue(.init("node", alternativeNames: "DNS:node7.test"))
    let context = try TLSClientContext(trust: .authorities(pem: authority.pem))
    try await withNode(try options(identity)) { (node, loops) async throws in
      let port = Int(node.address.port)
      for (name, isRight) in [("node7.test", true), ("node8.test", false)] {
        let endPoint = EndPoint(host: "127.0.0.1", port: port, serverName: name, certificateName: name)
        var configuration = ClientConfiguration(try .nodes(at: [endPoint]), tls: context)
        configuration.limits.drainTimeout = .milliseconds(50)
        try await CassandraClient.withClient(configuration, loops: loops) { (client) async throws in
          if isRight {
            #expect(try await client.texts(Known.select) == ["one"])
          } else {
            #expect(try await failure { _ = try await client.texts(Known.select) }.code == .noNodeAvailable)
          }
        }
      }
    }
  }

  @Test func eachNodeHasItsOwnContext() async throws {
    let loops = try EventLoops(count: 1)
    let authorities = [authority, CertificateAuthority(name: "another")]
    var nodes: [ScriptedNode] = []
    for authority in authorities {
      let identity = authority.issue(.init("node", alternativeNames: "IP:127.0.0.1"))
      let node = try await ScriptedNode(on: loops[0], options: try options(identity))
      Known.define(on: node)
      nodes.append(node)
    }
    ScriptedNode.join(nodes)
    let contexts = try authorities.map { try TLSClientContext(trust: .authorities(pem: $0.pem)) }
    var configuration = ClientConfiguration(try .nodes([nodes[0].contactPoint]))
    configuration.limits.drainTimeout = .milliseconds(50)
    let second = nodes[1].contactPoint
    configuration.nodeTLS = { $0.description == second ? contexts[1] : contexts[0] }
    try await CassandraClient.withClient(configuration, loops: loops) { (client) async throws in
      while await client.topology.nodes.count(where: { $0.state == .up }) < 2 { await Task.yield() }
      for _ in 0..<4 { #expect(try await client.texts(Known.select) == ["one"]) }
    }
    for node in nodes { await node.close() }
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
  }

  @Test func whatTheHookThrowsIsTold() async throws {
    struct Unreadable: Error {}
    let identity = authority.issue(.init("node", alternativeNames: "IP:127.0.0.1"))
    try await withNode(try options(identity)) { (node, loops) async throws in
      var configuration = ClientConfiguration(try .nodes([node.contactPoint]))
      configuration.nodeTLS = { _ in throw Unreadable() }
      try await CassandraClient.withClient(configuration, loops: loops) { (client) async throws in
        let error = try await failure { _ = try await client.texts(Known.select) }
        #expect(error.code == .noNodeAvailable)
        #expect(error.debugDescription.contains("Unreadable"))
      }
    }
  }

  @Test func certificatesAreReadAgain() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appending(path: name).path() }
    func write(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: folder.appending(path: name)) }
    func write(_ identity: TLSIdentity) throws {
      try write(identity.certificateChain, "client.pem")
      try write(identity.privateKey, "client.key")
    }
    let stranger = CertificateAuthority(name: "Stranger")
    try write(authority.pem, "ca.pem")
    // Of an authority that the node does not know.
    try write(stranger.issue(.init("client")))
    let files = try TLSClientFiles(
      authorities: path("ca.pem"), certificate: path("client.pem"), privateKey: path("client.key"))
    let identity = authority.issue(.init("node", alternativeNames: "IP:127.0.0.1"))
    try await withNode(try options(identity, .required(.authorities(pem: authority.pem)))) {
      (node, loops) async throws in
      var configuration = ClientConfiguration(try .nodes([node.contactPoint]))
      configuration.reconnection = ReconnectionPolicy(first: .milliseconds(1), longest: .milliseconds(20))
      configuration.limits.drainTimeout = .milliseconds(50)
      configuration.nodeTLS = { _ in await files.context() }
      try await CassandraClient.withClient(configuration, loops: loops) { (client) async throws in
        #expect(try await failure { _ = try await client.texts(Known.select) }.code == .noNodeAvailable)
        try write(authority.issue(.init("client")))
        while (try? await client.texts(Known.select)) != ["one"] { await Task.yield() }
      }
    }
    // The same contents are the same context, and what cannot be used changes nothing.
    let context = await files.context()
    #expect(await files.context() === context)
    try write(Array("no certificate".utf8), "client.pem")
    #expect(await files.context() === context)
    try FileManager.default.removeItem(at: folder.appending(path: "client.pem"))
    #expect(await files.context() === context)
    for (certificate, key) in [("client.pem", "client.key"), ("", "client.key"), ("client.key", "client.key")] {
      #expect(throws: ReactorError.self) {
        try TLSClientFiles(authorities: path("ca.pem"), certificate: path(certificate), privateKey: path(key))
      }
    }
  }

  /// The certificate that a client shows may have expired since it was made: the log says so, and which file it is in.
  @Test func aClientsCertificateThatHasExpiredIsWarnedOf() async throws {
    final class Lines: LogSink {
      let lines = Locked<[String]>([])
      func write(_ record: LogRecord) {
        guard record.level >= .warning else { return }
        lines.withLock { $0.append("\(record.message) \(record.fields.map { "\($0.0)=\($0.1)" })") }
      }
    }
    var request = CertificateAuthority.Request("client")
    (request.validFrom, request.validUntil) = (-2 * 86_400, -86_400)
    var expired = authority.issue(request)
    expired.file = "client.pem"
    let trust = TLSTrust.authorities(pem: authority.pem)
    let context = try TLSClientContext(trust: trust, identity: expired)
    let identity = authority.issue(.init("node", alternativeNames: "IP:127.0.0.1"))
    let lines = Lines()
    try await withNode(try options(identity)) { (node, loops) async throws in
      var configuration = ClientConfiguration(try .nodes([node.contactPoint]))
      configuration.limits.drainTimeout = .milliseconds(50)
      configuration.nodeTLS = { _ in context }
      let logger = CassandraLogger(label: "test", level: .info, sink: lines)
      try await CassandraClient.withClient(configuration, loops: loops, logger: logger) { (client) async throws in
        #expect(try await client.texts(Known.select) == ["one"])
        await node.cutConnections()
        while (try? await client.texts(Known.select)) != ["one"] { await Task.yield() }
      }
    }
    let warnings = lines.lines.withLock { $0 }.filter { $0.contains("has expired") }
    #expect(warnings.count == 1 && warnings[0].contains("client.pem") && warnings[0].contains("not_after"))
  }

  @Test func anIntermediateAuthorityIsAnAnchorWhereAsked() async throws {
    let intermediate = CertificateAuthority(name: "Intermediate", signedBy: authority)
    let identity = intermediate.issue(.init("node", alternativeNames: "IP:127.0.0.1"))
    let trust = TLSTrust.authorities(pem: intermediate.pem)
    try await withNode(try options(identity)) { (node, loops) async throws in
      for isAnchor in [false, true] {
        var configuration = ClientConfiguration(
          try .nodes([node.contactPoint]), tls: try TLSClientContext(trust: trust, trustsIntermediates: isAnchor))
        configuration.limits.drainTimeout = .milliseconds(50)
        try await CassandraClient.withClient(configuration, loops: loops) { (client) async throws in
          if isAnchor {
            #expect(try await client.texts(Known.select) == ["one"])
          } else {
            #expect(try await failure { _ = try await client.texts(Known.select) }.code == .noNodeAvailable)
          }
        }
      }
    }
  }

  @Test func theHookGoesWithNoDatabaseThatBringsItsOwn() throws {
    var configuration = ClientConfiguration(.directory(NoDirectory()))
    configuration.nodeTLS = { _ in throw CancellationError() }
    #expect(throws: CassandraError.self) { try CassandraClient(configuration) }
  }

  private struct NoDirectory: ClusterDirectory {
    var description: String { "none" }
    var tls: TLSClientContext { preconditionFailure("nobody connects") }
    var credentials: Credentials { Credentials(username: "", password: Secret("")) }
    var newestVersion: ProtocolVersion { .v4 }
    func locateNodes(on loop: EventLoop) async throws(CassandraError) -> ClusterMap {
      .init(endPoints: [], localDatacenter: "")
    }
    func explain(_ failure: CassandraError, at endPoint: EndPoint) -> CassandraError { failure }
  }
}
