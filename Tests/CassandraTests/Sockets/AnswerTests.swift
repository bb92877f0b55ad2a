import CassandraWire
import Cassandra
import CassandraTesting
import CassandraReactor
import CassandraTelemetry
import Testing

@Suite(.timeLimit(.minutes(5))) struct AnswerTests {
  @Test func useIsRefused() async throws {
    try await withScriptedNode { client, node in
      for text in ["USE scripted", "use \"scripted\"", "/* x */ USE scripted -- y"] {
        let error = try await failure { try await client.query(Statement(unsafeCQL: text)) }
        #expect(error.code == .invalidStatement)
        #expect(error.description.contains("keyspace"))
      }
      #expect(node.observed.requests(.query).allSatisfy { $0.text?.contains("FROM system") == true })
    }
  }

  @Test func whatDefinesIsNeverPreparedAndTakesNoValues() async throws {
    try await withScriptedNode { client, node in
      let change = SchemaChange(.created, keyspace: "scripted", .table("t"))
      node.when(.init(.query, text: "CREATE TABLE t (a int PRIMARY KEY)"), .answer(.result(.schemaChange(change))))
      let rows = try await client.query("CREATE TABLE t (a int PRIMARY KEY)")
      #expect(rows.schemaChange == change)
      #expect(rows.isSchemaAgreed == true)
      #expect(node.observed.count(.prepare) == 0)
      let error = try await failure { try await client.query("CREATE TABLE \("t") (a int PRIMARY KEY)") }
      #expect(error.code == .invalidStatement)
      #expect(error.description.contains("Identifier"))
    }
  }

  @Test func nodesThatDoNotAgreeOnTheSchema() async throws {
    let sink = RecordingSink()
    let logger = CassandraLogger(label: "test", sink: sink)
    try await withScriptedNodes(
      2, logger: logger, configure: { $0.limits.schemaAgreementTimeout = .milliseconds(20) }
    ) { client, nodes in
      for node in nodes { await node.wait { $0.count(.startup) == 1 } }
      while await client.topology.nodes.contains(where: { $0.state != .up }) { await Task.yield() }
      let node = nodes[0]
      nodes[1].when(.init(.query, text: "DROP KEYSPACE x"), .error(.overloaded))
      let again = QueryOptions(isIdempotent: true)
      let change = SchemaChange(.dropped, keyspace: "scripted")
      node.when(.init(.query, text: "DROP KEYSPACE x"), .answer(.result(.schemaChange(change))))
      let peers = "SELECT host_id, schema_version FROM system.peers"
      let columns = [
        ColumnSpecification(keyspace: "system", table: "peers", name: "host_id", type: .uuid),
        ColumnSpecification(keyspace: "system", table: "peers", name: "schema_version", type: .uuid),
      ]
      let id = ScriptedNode.Member(nodes[1], number: 1, of: 2).hostID
      let other: [CQLValue] = [.uuid(id), .uuid(CQLUUID(high: 9, low: 9))]
      node.when(.init(.query, text: peers), .rows(columns, [other]))
      #expect(try await client.query("DROP KEYSPACE x", options: again).isSchemaAgreed == false)
      #expect(sink.messages.contains("the nodes do not agree on the schema"))
      // It is asked again until they do.
      node.removeRules()
      node.when(.init(.query, text: "DROP KEYSPACE x"), .answer(.result(.schemaChange(change))))
      node.when(.init(.query, text: peers, times: 1), .rows(columns, [other]))
      let patient = try await client.query("DROP KEYSPACE x", options: again)
      #expect(patient.isSchemaAgreed != nil)
      // A node that does not tell does not count as agreeing.
      node.when(.init(.query, text: peers), .error(.unauthorized))
      #expect(try await client.query("DROP KEYSPACE x", options: again).isSchemaAgreed == false)
    }
  }

  @Test(arguments: bothVersions) func whatStandsBeforeAnAnswer(_ version: ProtocolVersion) async throws {
    let sink = RecordingSink()
    let logger = CassandraLogger(label: "test", sink: sink)
    try await withScriptedNode(version, logger: logger) { client, node in
      let prefix = ResponsePrefix(
        tracingID: CQLUUID(high: 1, low: 2), warnings: ["too large"], customPayload: ["k": [1]])
      for text in [Known.select, Known.insert] { node.when(.init(.execute, text: text), .prefixed(prefix, .ordinary)) }
      let rows = try await client.query(Statement(unsafeCQL: Known.select), options: QueryOptions(tracing: true))
      #expect(rows.tracingID == CQLUUID(high: 1, low: 2))
      #expect(rows.warnings == ["too large"])
      #expect(rows.customPayload == ["k": [1]])
      #expect(try await rows.collect(String.self) == ["one"])
      #expect(node.observed.requests(.execute)[0].flags.contains(.tracing))
      let written = try await client.query("INSERT INTO t (a, n) VALUES (\("x"), \(1))")
      #expect(written.warnings == ["too large"])
      #expect(!node.observed.requests(.execute)[1].flags.contains(.tracing))
      // On the shortest way, too, and without a warning nothing is there.
      for _ in 0..<2 { #expect(try await client.query("SELECT a, n FROM t").warnings == ["too large"]) }
      #expect(try await client.query(Statement(unsafeCQL: Known.other)).warnings == [])
      #expect(sink.records.filter { $0.message == "the database warns" }.count == 4)
    }
  }

  @Test(arguments: bothVersions) func optionsReachTheNode(_ version: ProtocolVersion) async throws {
    try await withScriptedNode(
      version,
      configure: { $0.defaults = QueryOptions(consistency: .localOne, pageSize: 10, tracing: true) }
    ) { client, node in
      func last() throws -> ScriptedNode.Request { try #require(node.observed.requests(.execute).last) }
      for _ in 0..<2 {
        _ = try await client.query("SELECT a, n FROM t")
        #expect(try last().parameters?.consistency == .localOne)
        #expect(try last().parameters?.pageSize == 10)
        #expect(try last().flags.contains(.tracing))
      }
      _ = try await client.query(
        "SELECT a, n FROM t", options: QueryOptions(consistency: .quorum, pageSize: 20, tracing: false))
      #expect(try last().parameters?.consistency == .quorum)
      #expect(try last().parameters?.pageSize == 20)
      #expect(try !last().flags.contains(.tracing))
      try await client.insert()
      let first = try #require(try last().parameters?.defaultTimestamp)
      try await client.insert()
      #expect(try #require(try last().parameters?.defaultTimestamp) > first)
      try await client.insert(QueryOptions(timestamp: 42))
      #expect(try last().parameters?.defaultTimestamp == 42)
    }
  }

  @Test func defaultsOfTheClientHoldForTheShortestWay() async throws {
    try await withScriptedNode(configure: { $0.defaults = QueryOptions(isIdempotent: true, tracing: true) }) {
      (client, node) async throws in
      for _ in 0..<2 { try await client.insert() }
      #expect(node.observed.requests(.execute).allSatisfy { $0.flags.contains(.tracing) })
      node.when(.init(.execute, times: 1), .error(.overloaded))
      try await client.insert()
      #expect(node.observed.count(.execute) == 4)
    }
  }

  @Test func aConditionalStatementTellsWhetherItWasApplied() async throws {
    try await withScriptedNode { client, node in
      let text = "INSERT INTO t (a, n) VALUES (?, ?) IF NOT EXISTS"
      let columns: [(String, CQLType)] = [("[applied]", .boolean)] + Known.columns
      node.define(
        .init(text, parameters: Known.columns, columns: columns, pages: [[[.boolean(false)] + Known.row("there", 1)]]))
      let rows = try await client.query("INSERT INTO t (a, n) VALUES (\("x"), \(1)) IF NOT EXISTS")
      #expect(try rows.isApplied == false)
      #expect(try await rows.first()?.decode(String.self, "a") == "there")
      let parameters = node.observed.requests(.execute)[0].parameters
      #expect(parameters?.serialConsistency == .localSerial)
      #expect(parameters?.defaultTimestamp == nil)
      #expect(try await client.query(Statement(unsafeCQL: Known.select)).isApplied == nil)
      #expect(try await client.query("INSERT INTO t (a, n) VALUES (\("x"), \(1))").isApplied == nil)
    }
  }

  @Test func whatANodeSaysReachesTheCaller() async throws {
    try await withScriptedNode { client, node in
      node.when(
        .init(.execute), .error(.unavailable, "secret", .unavailable(.quorum, required: 2, alive: 1)))
      let error = try await failure { try await client.insert() }
      #expect(error.code == .unavailable)
      #expect(error.isRetrySafe)
      #expect(error.server?.detail == .unavailable(.quorum, required: 2, alive: 1))
      #expect(error.coordinator?.description == node.contactPoint)
      #expect(!error.description.contains("secret"))
      #expect(node.observed.count(.execute) == 2)
    }
  }

  // MARK: - Handshakes over the wire

  @Test(arguments: bothVersions) func aPasswordIsGiven(_ version: ProtocolVersion) async throws {
    var options = ScriptedNode.Options()
    options.credentials = ("anna", "secret")
    try await withScriptedNode(
      version, options: options,
      configure: { $0.credentials = Credentials(username: "anna", password: Secret("secret")) }
    ) { (client, _) async throws in
      #expect(try await client.texts(Known.select) == ["one"])
    }
    try await withScriptedNode(
      version, options: options,
      configure: { $0.credentials = Credentials(username: "anna", password: Secret("guess")) }
    ) { client, _ in
      let error = try await failure { try await client.insert() }
      #expect(error.code == .badCredentials)
      #expect(error.description.contains("credentials"))
      #expect(!error.debugDescription.contains("guess"))
    }
    try await withScriptedNode(version, options: options) { client, _ in
      let error = try await failure { try await client.insert() }
      #expect(error.code == .credentialsMissing)
    }
  }

  @Test func aServerOfV4() async throws {
    var options = ScriptedNode.Options()
    options.versions = [.v4]
    try await withScriptedNode(options: options) { (client, node) async throws in
      #expect(try await client.texts(Known.paged).count == 8)
      #expect(node.observed.connections == 2)
      #expect(node.observed.requests(.startup).map(\.version) == [4])
      // It is not asked for v5 again.
      await node.cutConnections()
      #expect(try await client.texts(Known.select) == ["one"])
      #expect(node.observed.connections == 3)
    }
  }

  @Test(arguments: bothVersions) func compression(_ version: ProtocolVersion) async throws {
    var options = ScriptedNode.Options()
    options.compression = true
    try await withScriptedNode(version, options: options, configure: { $0.compression = true }) { client, node in
      let long = String(repeating: "long ", count: 100_000)
      node.define(.init("SELECT long FROM t", columns: Known.columns, pages: [[Known.row(long, 1)]]))
      #expect(try await client.texts("SELECT long FROM t") == [long])
      try await client.query("INSERT INTO t (a, n) VALUES (\(long), \(1))")
      guard case .positional(let values) = node.observed.requests(.execute)[1].parameters?.values else {
        Issue.record("no values")
        return
      }
      #expect(values.first == .bytes(Array(long.utf8)))
    }
  }

  @Test func keyspaces() async throws {
    try await withScriptedNode(configure: { $0.keyspace = "scripted" }) { (client, node) async throws in
      #expect(try await client.texts(Known.select) == ["one"])
      let texts = node.observed.requests(.query).compactMap(\.text).filter { !$0.contains("FROM system") }
      #expect(texts == ["USE \"scripted\""])
    }
    try await withScriptedNode(configure: { $0.keyspace = "missing" }) { (client, _) async throws in
      #expect(try await failure { try await client.insert() }.code == .keyspaceMissing)
    }
  }

  @Test func aKeyspaceThatMayBeMissing() async throws {
    var options = ScriptedNode.Options()
    options.keyspaces = []
    func configure(_ configuration: inout ClientConfiguration) {
      configuration.keyspace = "scripted"
      configuration.keyspaceMayBeMissing = true
    }
    let use = ScriptedNode.Match(.query, text: "USE \"scripted\"")
    try await withScriptedNode(options: options, configure: configure) { (client, node) async throws in
      // The connection is of use.
      #expect(try await client.texts(Known.select) == ["one"])
      node.when(.init(.execute), .error(.invalid))
      #expect(try await failure { try await client.insert() }.code == .keyspaceMissing)
      node.removeRules()
      node.when(use, .answer(.result(.setKeyspace("scripted"))))
      // Another keyspace is of no interest.
      await node.tell(.schemaChange(SchemaChange(.created, keyspace: "other")))
      #expect(try await client.texts(Known.select) == ["one"])
      #expect(node.observed.connections == 1)
      await node.tell(.schemaChange(SchemaChange(.created, keyspace: "scripted")))
      await node.wait { $0.connections == 2 }
      #expect(try await client.texts(Known.select) == ["one"])
      node.when(.init(.execute), .error(.invalid))
      #expect(try await failure { try await client.insert() }.code == .invalid)
    }
    // It is made after it was missed, and before the server was asked to tell of that.
    let loops = try EventLoops(count: 1)
    let node = try await ScriptedNode(on: loops[0], options: options)
    Known.define(on: node)
    node.when(use, .answer(.result(.setKeyspace("scripted"))))
    node.when(.init(.query, text: "USE \"scripted\"", times: 1), .error(.invalid))
    var configuration = ClientConfiguration(try .nodes([node.contactPoint]))
    configure(&configuration)
    try await CassandraClient.withClient(configuration, loops: loops) { (client) async throws in
      #expect(try await client.texts(Known.select) == ["one"])
      node.when(.init(.execute), .error(.invalid))
      #expect(try await failure { try await client.insert() }.code == .invalid)
      #expect(node.observed.connections == 1)
    }
    await node.close()
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
  }

  @Test func certificates() async throws {
    let authority = CertificateAuthority()
    let trust = TLSTrust.authorities(pem: authority.pem)
    func attempt(
      server name: String, clients: TLSServerContext.ClientCertificates = .notAsked, trust: TLSTrust,
      identity: TLSIdentity? = nil
    ) async throws -> CassandraError? {
      var options = ScriptedNode.Options()
      options.tls = TLSServer(
        try TLSServerContext(
          identity: authority.issue(.init("server", alternativeNames: name)), clientCertificates: clients))
      let context = try TLSClientContext(trust: trust, identity: identity)
      var result: CassandraError?
      try await withScriptedNode(options: options, configure: { $0.tls = context }) { client, _ in
        do throws(CassandraError) { try await client.query(Statement(unsafeCQL: Known.select)) } catch {
          result = error
        }
      }
      return result
    }
    #expect(try await attempt(server: "IP:127.0.0.1", trust: trust) == nil)
    #expect(
      try await attempt(
        server: "IP:127.0.0.1", clients: .required(trust), trust: trust, identity: authority.issue(.init("client")))
        == nil)
    let wrongName = try await attempt(server: "DNS:other.test", trust: trust)
    #expect(wrongName?.code == .noNodeAvailable)
    #expect(wrongName?.description.contains("another name") == true, "\(wrongName?.description ?? "")")
    let stranger = CertificateAuthority(name: "Stranger")
    let wrongAuthority = try await attempt(server: "IP:127.0.0.1", trust: .authorities(pem: stranger.pem))
    #expect(wrongAuthority?.code == .noNodeAvailable)
    #expect(wrongAuthority?.description.contains("authority") == true, "\(wrongAuthority?.description ?? "")")
    let noCertificate = try await attempt(server: "IP:127.0.0.1", clients: .required(trust), trust: trust)
    #expect(noCertificate?.code == .noNodeAvailable)
    #expect(noCertificate?.description.contains("certificate") == true, "\(noCertificate?.description ?? "")")
  }
}

extension Optional where Wrapped == CassandraError {
  fileprivate static func == (left: CassandraError?, right: _OptionalNilComparisonType) -> Bool {
    if case .none = left { true } else { false }
  }
}
