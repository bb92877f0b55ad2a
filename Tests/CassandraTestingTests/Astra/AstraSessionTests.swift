import CQLNode
import CassandraWire
import CassandraTesting
import CassandraReactor
import CassandraTelemetry
import Testing

/// What the emulator says and refuses in the native protocol, seen by a client without a driver.
@Suite(.timeLimit(.minutes(5))) struct AstraSessionTests {
  private static let keyspace =
    "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}"
  private static let insert = "INSERT INTO k.t (k, v) VALUES (1, 'one')"

  /// A keyspace and a table, made at the node itself.
  private static func prepare(_ node: EmbeddedNode) async throws {
    let client = try await WireClient(to: node.address)
    defer { client.close() }
    #expect(try await client.logIn("", "") == .ready)
    for statement in [Self.keyspace, "CREATE TABLE k.t (k int PRIMARY KEY, v text)"] {
      #expect(try await client.query(statement).message.errorCode == nil)
    }
  }

  @Test(arguments: AstraFaults.Authenticator.allCases)
  func everyAuthenticatorTakesTheToken(_ authenticator: AstraFaults.Authenticator) async throws {
    try await Emulated.run(nodes: 1) { emulated in
      let emulator = emulated.emulator
      try await emulator.change { $0.authenticator = authenticator }
      let token = emulator.configuration.token.reveal()
      let client = try await emulated.connect()
      #expect(
        try await client.ask(.startup(["CQL_VERSION": "3.0.0"])).message
          == .authenticate(authenticator: authenticator.rawValue))
      let asked = try await client.ask(.authResponse(Array("PLAIN".utf8))).message
      if authenticator == .dse {
        #expect(asked == .authChallenge(Array("PLAIN-START".utf8)))
      } else {
        #expect(asked.errorCode == .badCredentials)
      }
      let answer = try await client.ask(.authResponse([0] + Array("token".utf8) + [0] + Array(token.utf8)))
      #expect(answer.message == .authSuccess(nil))
      #expect(try await client.query("SELECT cluster_name FROM system.local").page?.rowCount == 1)
    }
  }

  @Test func wrongCredentialsAreRefused() async throws {
    try await Emulated.run(nodes: 1) { emulated in
      let configuration = emulated.emulator.configuration
      let (token, secret) = (configuration.token.reveal(), configuration.clientSecret.reveal())
      // Cassandra's hash would not see what is behind the 72nd byte.
      let wrong = [
        ("token", String(token.dropLast()) + "!"), ("token", token + "0"), ("token", String(token.prefix(72))),
        ("Token", token), (token, token), ("token", ""), (configuration.clientID, token), ("token", secret),
      ]
      for (user, password) in wrong {
        let client = try await emulated.connect()
        #expect(try await client.logIn(user, password).errorCode == .badCredentials)
        client.close()
      }
      let client = try await emulated.connect()
      #expect(try await client.logIn(configuration.clientID, secret) == .authSuccess(nil))
      #expect(emulated.emulator.observed.logins == 1)
      #expect(emulated.emulator.observed.refusedLogins == wrong.count)
      try await emulated.emulator.change { $0.refusesCredentials = true }
      #expect(try await emulated.connect().logIn("token", token).errorCode == .badCredentials)
    }
  }

  @Test func nothingIsDoneBeforeTheLogin() async throws {
    try await Emulated.run(nodes: 1) { emulated in
      let client = try await emulated.connect()
      #expect(try await client.query("SELECT cluster_name FROM system.local").message.errorCode == .protocolError)
      #expect(try await client.ask(.startup([:])).message.errorCode == nil)
      #expect(try await client.query("SELECT cluster_name FROM system.local").message.errorCode == .protocolError)
    }
  }

  @Test func aNodeWithAPasswordIsLoggedInto() async throws {
    var configuration = EmbeddedNode.defaultConfiguration
    configuration.user = NodeUser(name: "token", password: Secret("AstraCS:inner"))
    try await EmbeddedNode.withNode(configuration) { node in
      var target = AstraTarget.embedded(node.address)
      target.credentials = ("token", Secret("AstraCS:inner"))
      let wrong = AstraTarget.embedded(node.address)
      try await AstraEmulator.withEmulator(AstraConfiguration(nodes: [target, wrong])) { emulator in
        try await EventLoops.shared[0].run {
          let emulated = Emulated(emulator: emulator, node: node)
          let client = try await emulated.logIn(0)
          #expect(try await client.query("SELECT cluster_name FROM system.local").page?.rowCount == 1)
          let token = emulator.configuration.token.reveal()
          #expect(try await emulated.connect(1).logIn("token", token).errorCode == .serverError)
        }
      }
    }
  }

  @Test func version5IsRefused() async throws {
    try await Emulated.run(nodes: 1) { emulated in
      let client = try await emulated.connect(version: .v5)
      let answer = try await client.ask(.startup(["CQL_VERSION": "3.0.0"]))
      #expect(answer.message.errorCode == .protocolError && answer.version == 4)
      let supported = try await emulated.connect().ask(.options).message
      guard case .supported(let options) = supported else {
        Issue.record("\(supported)")
        return
      }
      #expect(options["PRODUCT_TYPE"] == ["DATASTAX_APOLLO"])
      #expect(options["PROTOCOL_VERSIONS"]?.contains { $0.hasPrefix("5") } == false)
      try await emulated.emulator.change { $0.refusesV5 = false }
      let newer = try await emulated.logIn(version: .v5)
      #expect(try await newer.query("SELECT cluster_name FROM system.local").page?.rowCount == 1)
    }
  }

  @Test(arguments: [[:], ["COMPRESSION": "lz4"]])
  func weakWritesAreRefused(_ options: [String: String]) async throws {
    try await Emulated.run(nodes: 1) { emulated in
      try await Self.prepare(emulated.node)
      let client = try await emulated.logIn(options: options)
      guard case .result(.prepared(let write)) = try await client.ask(.prepare(Self.insert, keyspace: nil)).message,
        case .result(.prepared(let read)) = try await client.ask(.prepare("SELECT v FROM k.t", keyspace: nil)).message
      else {
        Issue.record("nothing was prepared")
        return
      }
      for level in Consistency.allCases where level != .nodeLocal && !level.isSerial {
        let parameters = QueryParameters(consistency: level)
        let batch = Batch(.unlogged, [.init(.query(Self.insert))], parameters: parameters)
        let isWeak = [.any, .one, .localOne].contains(level)
        for request: RequestMessage in [
          .query(Self.insert, parameters), .execute(id: write.id, resultMetadataID: nil, parameters), .batch(batch),
        ] {
          let message = try await client.ask(request).message
          #expect((message.errorCode == .invalid) == isWeak, "\(level) \(request.opcode)")
          let text =
            "Provided value \(level) is not allowed for Write Consistency Level "
            + "(disallowed values are: [ANY, ONE, LOCAL_ONE])"
          if isWeak { #expect(message.errorText == text) }
        }
        guard [.one, .localOne, .quorum, .localQuorum, .all].contains(level) else { continue }
        let answer = try await client.ask(.execute(id: read.id, resultMetadataID: nil, parameters))
        #expect(answer.message.errorCode == nil, "\(level)")
      }
      try await emulated.emulator.change { $0.refusesWeakWrites = false }
      #expect(try await client.query(Self.insert, .one).message.errorCode == nil)
    }
  }

  @Test func keyspacesComeFromThePortal() async throws {
    try await Emulated.run(nodes: 1) { emulated in
      try await Self.prepare(emulated.node)
      let client = try await emulated.logIn()
      for statement in [
        Self.keyspace, "ALTER KEYSPACE k WITH durable_writes = false", "DROP KEYSPACE k",
        "CREATE MATERIALIZED VIEW k.w AS SELECT k, v FROM k.t WHERE k IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k)",
        "DROP FUNCTION k.f",
      ] {
        #expect(try await client.query(statement).message.errorCode == .unauthorized, "\(statement)")
        #expect(try await client.ask(.prepare(statement, keyspace: nil)).message.errorCode == .unauthorized)
      }
      #expect(try await client.query("DROP TABLE k.t").message.errorCode == nil)
    }
  }

  @Test func optionsOfTablesAreIgnoredWithAWarning() async throws {
    try await Emulated.run(nodes: 1) { emulated in
      try await Self.prepare(emulated.node)
      let client = try await emulated.logIn()
      let made = try await client.query(
        """
        CREATE TABLE k.o (k int, "with" text, c int, PRIMARY KEY (k, c)) WITH comment = 'WITH ''care''' \
        AND CLUSTERING ORDER BY (c DESC) AND gc_grace_seconds = 5 AND default_time_to_live = 60
        """)
      #expect(made.message.errorCode == nil, "\(made.message)")
      #expect(made.warnings.count == 1 && made.warnings[0].contains("[comment, gc_grace_seconds]"))
      let row = try await client.query(
        "SELECT comment, default_time_to_live, gc_grace_seconds FROM system_schema.tables "
          + "WHERE keyspace_name = 'k' AND table_name = 'o'")
      let values = try row.page?.first { _ in true }?.decode((String, Int, Int).self)
      #expect(values?.0 == "" && values?.1 == 60 && values?.2 == 864_000)
      let altered = try await client.query("ALTER TABLE k.o WITH comment = 'x'")
      #expect(altered.message == .result(.void) && altered.warnings.count == 1)
      let plain = try await client.query("CREATE TABLE k.p (k int PRIMARY KEY) WITH default_time_to_live = 5")
      #expect(plain.message.errorCode == nil && plain.warnings == [])
    }
  }

  /// A peer as a driver reads it.
  private struct Peer: Hashable {
    var id: CQLUUID
    var address: CQLInet
    var datacenter: String
  }

  private static func peers(_ client: WireClient, _ table: String, _ column: String) async throws -> [Peer] {
    let page = try await client.query("SELECT * FROM system.\(table)").page
    return try (page ?? Page(emptyWith: RowLayout(columns: []))).map { row in
      Peer(
        id: try row.decode(CQLUUID.self, "host_id"), address: try row.decode(CQLInet.self, column),
        datacenter: try row.decode(String.self, "data_center"))
    }
  }

  @Test func eachNodeKnowsItselfAndTheOthers() async throws {
    try await Emulated.run { emulated in
      let emulator = emulated.emulator
      let ids = emulator.hostIDs
      var tokens: Set<String> = []
      for place in 0..<3 {
        let client = try await emulated.logIn(place)
        let local = try await client.query("SELECT host_id, rpc_address, tokens, schema_version FROM system.local").page
        let row = try #require(local?.first { _ in true })
        #expect(try row.decode(CQLUUID.self, "host_id") == ids[place])
        #expect(try row.decode(CQLInet.self, "rpc_address") == .v4(0xac1e_0001 + UInt32(place)))
        tokens.formUnion(try row.decode([String].self, "tokens"))
        for (table, column) in [("peers", "rpc_address"), ("peers_v2", "native_address")] {
          let peers = try await Self.peers(client, table, column)
          #expect(Set(peers.map(\.id)) == Set(ids.filter { $0.key != place }.values))
          #expect(peers.allSatisfy { $0.datacenter == "datacenter1" && $0.address != .v4(0xac1e_0001 + UInt32(place)) })
        }
        client.close()
      }
      #expect(tokens.count == 3)
    }
  }

  @Test func whatNodesSayOfThemselvesMayBeOdd() async throws {
    try await Emulated.run { emulated in
      let emulator = emulated.emulator
      let client = try await emulated.logIn(0)
      try await emulator.change { $0.secondDatacenter = "dc2" }
      let peers = try await Self.peers(client, "peers", "rpc_address")
      #expect(peers.map(\.datacenter).sorted() == ["datacenter1", "datacenter1", "dc2"])
      try await emulator.change { $0.hasPeersV2 = false }
      #expect(try await client.query("SELECT * FROM system.peers_v2").message.errorCode == .invalid)
      #expect(
        try await client.ask(.prepare("SELECT * FROM system.peers_v2", keyspace: nil)).message.errorCode == .invalid)
      try await emulator.change { $0.reportsPrivateAddresses = false }
      #expect(try await Self.peers(client, "peers", "rpc_address").map(\.address).contains(.v4(0x7f00_0002)))
      try await emulator.change { $0.dialsByOtherIDs = true }
      let text = try await emulated.metadata().text
      for id in emulator.hostIDs.values { #expect(!text.contains(id.description)) }
      let alias = try #require(text.split(separator: "\"").first { $0.utf8.count == 36 && $0.contains("-4") })
      let other = try await emulated.connect(name: String(alias))
      #expect(try await other.logIn("token", emulator.configuration.token.reveal()) == .authSuccess(nil))
      let local = try await other.query("SELECT host_id FROM system.local").page
      #expect(try local?.first { _ in true }?.decode(CQLUUID.self, "host_id").description != String(alias))
    }
  }

  @Test func preparedReadsOfTheNodesAreRewrittenToo() async throws {
    try await Emulated.run { emulated in
      let client = try await emulated.logIn(1)
      guard
        case .result(.prepared(let prepared)) = try await client.ask(
          .prepare("SELECT host_id FROM system.local", keyspace: nil)
        ).message
      else {
        Issue.record("nothing was prepared")
        return
      }
      let parameters = QueryParameters(consistency: .one)
      let answer = try await client.ask(.execute(id: prepared.id, resultMetadataID: nil, parameters))
      let id = try answer.page?.first { _ in true }?.decode(CQLUUID.self, "host_id")
      #expect(id == emulated.emulator.hostIDs[1])
    }
  }

  @Test func framesFailByRuleBehindTheProxy() async throws {
    try await Emulated.run(nodes: 1) { emulated in
      let frames = emulated.emulator.frames
      let client = try await emulated.logIn()
      let rule = frames.add(
        FrameMatch(.toNode, .query, text: "cluster_name", times: 1),
        .forge(.error(ErrorResponse(.overloaded, "as told"))))
      let text = "SELECT cluster_name FROM system.local"
      #expect(try await client.query(text).message.errorCode == .overloaded)
      #expect(try await client.query(text).page?.rowCount == 1)
      #expect(frames.matches(of: rule) == 1)
    }
  }
}
