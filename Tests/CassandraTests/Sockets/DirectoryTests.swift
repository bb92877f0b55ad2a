import CassandraWire
import CassandraTesting
import CassandraReactor
import CassandraTelemetry
import Testing

@testable import Cassandra

/// A directory that answers what the test has set.
private final class FakeDirectory: ClusterDirectory {
  struct State {
    var answer: Result<[EndPoint], CassandraError>
    var questions = 0
    var underWay = 0
    var mostUnderWay = 0
  }

  let tls: TLSClientContext
  let credentials = Credentials(username: "scripted", password: Secret("password"))
  let newestVersion = ProtocolVersion.v4
  private let state: Locked<State>

  init(_ endPoints: [EndPoint], trusting authority: CertificateAuthority) throws {
    tls = try TLSClientContext(trust: .authorities(pem: authority.pem))
    state = Locked(State(answer: .success(endPoints)))
  }

  var description: String { "a directory" }
  var questions: Int { state.withLock { $0.questions } }
  var mostUnderWay: Int { state.withLock { $0.mostUnderWay } }
  func set(_ answer: Result<[EndPoint], CassandraError>) { state.withLock { $0.answer = answer } }

  nonisolated(nonsending) func locateNodes(on loop: EventLoop) async throws(CassandraError) -> ClusterMap {
    state.withLock {
      $0.questions += 1
      $0.underWay += 1
      $0.mostUnderWay = max($0.mostUnderWay, $0.underWay)
    }
    await Task.yield()
    let answer = state.withLock { state in
      state.underWay -= 1
      return state.answer
    }
    return ClusterMap(endPoints: try answer.get(), localDatacenter: "scripted")
  }

  func explain(_ failure: CassandraError, at endPoint: EndPoint) -> CassandraError {
    CassandraError(failure.code, "explained", isRetrySafe: failure.isRetrySafe, cause: failure)
  }
}

@Suite(.timeLimit(.minutes(5))) struct DirectoryTests {
  private static let ids = [
    "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222",
    "33333333-3333-4333-8333-333333333333",
  ]

  private func endPoint(_ node: ScriptedNode, _ id: Int) -> EndPoint {
    EndPoint(host: "127.0.0.1", port: Int(node.address.port), serverName: Self.ids[id])
  }

  /// Runs `body` with two nodes that ask for a password in TLS, and a client of a directory that lists the first.
  private func withDirectory(
    loops count: Int = 1, logger: CassandraLogger = .silent,
    _ body: (CassandraClient, FakeDirectory, [ScriptedNode]) async throws -> Void
  ) async throws {
    let authority = CertificateAuthority()
    let identity = authority.issue(.init("proxy", alternativeNames: "IP:127.0.0.1"))
    var options = ScriptedNode.Options()
    options.credentials = ("scripted", "password")
    options.tls = TLSServer(try TLSServerContext(identity: identity))
    let loops = try EventLoops(count: count)
    let nodeLoops = try EventLoops(count: 1)
    var nodes: [ScriptedNode] = []
    for _ in 0..<2 {
      let node = try await ScriptedNode(on: nodeLoops[0], options: options)
      Known.define(on: node)
      nodes.append(node)
    }
    let directory = try FakeDirectory([endPoint(nodes[0], 0)], trusting: authority)
    var configuration = ClientConfiguration(.directory(directory))
    configuration.reconnection = ReconnectionPolicy(first: .milliseconds(1), longest: .milliseconds(20))
    configuration.limits.drainTimeout = .milliseconds(50)
    let result: Result<Void, any Error>
    do {
      let theNodes = nodes
      result = .success(
        try await CassandraClient.withClient(configuration, loops: loops, logger: logger) {
          try await body($0, directory, theNodes)
        })
    } catch { result = .failure(error) }
    for node in nodes { await node.close() }
    while await loops.openHandles + nodeLoops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
    await nodeLoops.shutDown()
    try result.get()
  }

  @Test(arguments: [1, 2]) func requestsWaitForTheFirstAnswer(_ loops: Int) async throws {
    try await withDirectory(loops: loops) { (client, directory, nodes) async throws in
      #expect(try await client.texts(Known.select) == ["one"])
      #expect(directory.questions == 1)
      // It says the newest version, and v5 was not tried.
      #expect(nodes[0].observed.requests.allSatisfy { $0.version == 4 })
    }
  }

  @Test func replacedNodesAreFoundWithoutARestart() async throws {
    try await withDirectory(loops: 2) { (client, directory, nodes) async throws in
      #expect(try await client.texts(Known.select) == ["one"])
      directory.set(.success([endPoint(nodes[1], 1), endPoint(nodes[1], 2)]))
      await nodes[0].refuse()
      await nodes[0].cutConnections()
      // A request may fail in between, and at once.
      while (try? await client.texts(Known.other)) != ["other"] { await Task.yield() }
      #expect(nodes[1].observed.count(.execute, text: Known.other) == 1)
      #expect(directory.mostUnderWay == 1)
    }
  }

  @Test func nodesThatAreListedAnewKeepTheirConnections() async throws {
    try await withDirectory { (client, directory, nodes) async throws in
      directory.set(.success([endPoint(nodes[0], 0), endPoint(nodes[1], 1)]))
      await nodes[0].refuse()
      await nodes[0].cutConnections()
      while nodes[1].observed.connections == 0 { await Task.yield() }
      await client.untilConnected()
      try await nodes[0].listen()
      // The first one is the same node as before: it comes back by itself, and the other's connection stays.
      while nodes[0].observed.connections - nodes[0].observed.endedConnections == 0 { await Task.yield() }
      #expect(nodes[1].observed.connections == 1)
      #expect(nodes[1].observed.endedConnections == 0)
    }
  }

  @Test func aDirectoryThatFailsIsTheReasonUntilItAnswers() async throws {
    let sink = RecordingSink()
    try await withDirectory(logger: CassandraLogger(label: "test", level: .trace, sink: sink)) {
      (client, directory, nodes) async throws in
      #expect(try await client.texts(Known.select) == ["one"])
      directory.set(.failure(CassandraError(.noNodeAvailable, "The database is asleep.")))
      await nodes[0].refuse()
      await nodes[0].cutConnections()
      while true {
        let error = try await failure { while true { _ = try await client.texts(Known.select) } }
        if error.description == "The database is asleep." { break }
      }
      directory.set(.success([endPoint(nodes[1], 1)]))
      while (try? await client.texts(Known.other)) != ["other"] { await Task.yield() }
      #expect(sink.messages.contains("the nodes of the database cannot be found out; trying again"))
    }
  }

  @Test func failuresAreExplained() async throws {
    try await withDirectory { (client, _, nodes) async throws in
      _ = try await client.texts(Known.select)
      nodes[0].when(.init(.execute, times: 1), .error(.invalid))
      let refused = try await failure { _ = try await client.texts(Known.select) }
      #expect(refused.code == .invalid && refused.description == "explained")
    }
  }

  @Test func accessIsNotSetTwice() throws {
    let authority = CertificateAuthority()
    let directory = try FakeDirectory([], trusting: authority)
    var tls = ClientConfiguration(.directory(directory))
    tls.tls = directory.tls
    var credentials = ClientConfiguration(.directory(directory))
    credentials.credentials = directory.credentials
    for configuration in [tls, credentials] {
      #expect { try CassandraClient(configuration) } throws: {
        ($0 as? CassandraError)?.code == .configuration
      }
    }
  }
}
