import CQLNode
import CassandraReactor
import CassandraTelemetry
import CassandraTesting
import CassandraWire
import Foundation
import Testing

/// Who may log in and do what, on a whole node.
@Suite(.timeLimit(.minutes(5))) struct RoleTests {
  private static let ann = NodeUser(name: "ann", password: Secret("a long secret"))

  /// Settings of a node with a superuser, which keeps its data in `folder`.
  private static func configuration(_ folder: String? = nil, user: NodeUser? = ann) -> NodeConfiguration {
    var configuration = EmbeddedNode.defaultConfiguration
    configuration.user = user
    configuration.hasRoles = true
    if let folder { configuration.storage = .directory(folder) }
    return configuration
  }

  private static func folder() -> String { NSTemporaryDirectory() + "cql-roles-\(UUID().uuidString)" }

  /// Runs statements that have to succeed.
  private static func run(_ client: WireClient, _ statements: String...) async throws {
    for text in statements {
      if case .error(let error) = try await client.query(text).message {
        throw WireClient.Failure(description: "\(text): \(error.message)")
      }
    }
  }

  private static func code(_ answer: WireClient.Answer) -> ErrorResponse.Code? {
    guard case .error(let error) = answer.message else { return nil }
    return error.code
  }

  private static func canLogIn(_ address: SocketAddress, _ name: String, _ password: String) async -> Bool {
    guard let client = try? await WireClient.ready(to: address, user: (name, password)) else { return false }
    client.close()
    return true
  }

  @Test func rolesAreKept() async throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await EmbeddedNode.withNode(Self.configuration(folder)) { node in
      try await WireClient.busyLoop.run {
        let ann = try await WireClient.ready(to: node.address, user: ("ann", "a long secret"))
        try await Self.run(
          ann, "CREATE ROLE bob WITH LOGIN = true AND PASSWORD = 'bob'", "CREATE ROLE \"g/x\"", "GRANT \"g/x\" TO bob",
          "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
          "CREATE TABLE k.t (k int PRIMARY KEY)", "GRANT SELECT ON k.t TO \"g/x\"", "CREATE ROLE gone", "DROP ROLE gone"
        )
        ann.close()
      }
    }
    // Nobody says which superuser there is: it is the one that was kept.
    try await EmbeddedNode.withNode(Self.configuration(folder, user: nil)) { node in
      try await WireClient.busyLoop.run {
        let bob = try await WireClient.ready(to: node.address, user: ("bob", "bob"))
        #expect(Self.code(try await bob.query("SELECT * FROM k.t")) == nil)
        #expect(Self.code(try await bob.query("INSERT INTO k.t (k) VALUES (1)")) == .unauthorized)
        #expect(await Self.canLogIn(node.address, "ann", "a long secret"))
        #expect(await !Self.canLogIn(node.address, "bob", "ann"))
        #expect(await !Self.canLogIn(node.address, "gone", ""))
        bob.close()
      }
    }
  }

  @Test func whoMayStartTheNodeMayDoEverything() async throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await EmbeddedNode.withNode(Self.configuration(folder)) { node in
      try await WireClient.busyLoop.run {
        let ann = try await WireClient.ready(to: node.address, user: ("ann", "a long secret"))
        try await Self.run(
          ann, "CREATE ROLE root WITH SUPERUSER = true AND LOGIN = true AND PASSWORD = 'root'",
          "ALTER ROLE ann WITH PASSWORD = 'another'")
        #expect(await !Self.canLogIn(node.address, "ann", "a long secret"))
        let root = try await WireClient.ready(to: node.address, user: ("root", "root"))
        try await Self.run(root, "ALTER ROLE ann WITH LOGIN = false AND SUPERUSER = false")
        #expect(await !Self.canLogIn(node.address, "ann", "another"))
        root.close()
        ann.close()
      }
    }
    let renewed = NodeUser(name: "ann", password: Secret("a new secret"))
    for _ in 0..<2 {
      try await EmbeddedNode.withNode(Self.configuration(folder, user: renewed)) { node in
        try await WireClient.busyLoop.run {
          let ann = try await WireClient.ready(to: node.address, user: ("ann", "a new secret"))
          try await Self.run(ann, "CREATE ROLE x", "DROP ROLE x")
          #expect(await !Self.canLogIn(node.address, "ann", "another"))
          #expect(await Self.canLogIn(node.address, "ann", "a new secret"))
          ann.close()
        }
      }
    }
    // The new password was kept in the place of the old one.
    try await EmbeddedNode.withNode(Self.configuration(folder, user: nil)) { node in
      await WireClient.busyLoop.run {
        #expect(await Self.canLogIn(node.address, "ann", "a new secret"))
        #expect(await !Self.canLogIn(node.address, "ann", "another"))
      }
    }
  }

  @Test func theFirstStartTellsAPasswordOnce() async throws {
    let folder = Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let told = Locked<[NodeUser]>([])
    for _ in 0..<2 {
      let loops = try EventLoops(count: 1)
      let server = try CQLServer(Self.configuration(folder, user: nil), loops: loops)
      try await server.run { _ in
        server.shutDown()
      } onFirstUser: { user in
        told.withLock { $0.append(user) }
      }
      await loops.shutDown()
    }
    let users = told.withLock { $0 }
    #expect(users.count == 1 && users.first?.name == "cassandra")
    let password = try #require(users.first?.password.reveal())
    #expect(password.count >= 26 && password != "cassandra")
    try await EmbeddedNode.withNode(Self.configuration(folder, user: nil)) { node in
      await WireClient.busyLoop.run {
        #expect(await Self.canLogIn(node.address, "cassandra", password))
        #expect(await !Self.canLogIn(node.address, "cassandra", "cassandra"))
      }
    }
  }

  /// When a change is acknowledged it is in force: on all loops, for open connections and for what was prepared before.
  @Test func aChangeIsInForceWhenItIsAcknowledged() async throws {
    try await EmbeddedNode.withNode(Self.configuration(), loops: 2) { node in
      try await WireClient.busyLoop.run {
        let ann = try await WireClient.ready(to: node.address, user: ("ann", "a long secret"))
        try await Self.run(
          ann, "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
          "CREATE TABLE k.t (k int PRIMARY KEY)", "CREATE ROLE g",
          "CREATE ROLE bob WITH LOGIN = true AND PASSWORD = 'bob'", "GRANT g TO bob")
        var bobs: [(WireClient, [UInt8], [UInt8]?)] = []
        for _ in 0..<6 {
          let bob = try await WireClient.ready(to: node.address, user: ("bob", "bob"))
          // What may not be run may be prepared, as in Cassandra.
          let answer = try await bob.ask(.prepare("SELECT k FROM k.t", keyspace: nil))
          guard case .result(.prepared(let prepared)) = answer.message else {
            Issue.record("\(answer.message)")
            return
          }
          bobs.append((bob, prepared.id, prepared.resultMetadataID))
        }
        let changes = [
          ("GRANT SELECT ON k.t TO g", true), ("REVOKE SELECT ON k.t FROM g", false),
          ("GRANT SELECT ON ALL KEYSPACES TO bob", true), ("REVOKE ALL ON ALL KEYSPACES FROM bob", false),
          ("ALTER ROLE g WITH SUPERUSER = true", true), ("REVOKE g FROM bob", false), ("GRANT g TO bob", true),
          ("DROP ROLE g", false), ("GRANT SELECT ON KEYSPACE k TO bob", true), ("DROP ROLE bob", false),
        ]
        for (text, isAllowed) in changes {
          try await Self.run(ann, text)
          for (bob, id, metadata) in bobs {
            let executed = try await bob.ask(
              .execute(id: id, resultMetadataID: metadata, QueryParameters(consistency: .one)))
            let queried = try await bob.query("SELECT k FROM k.t")
            #expect(Self.code(executed) == (isAllowed ? nil : .unauthorized), "\(text)")
            #expect(Self.code(queried) == (isAllowed ? nil : .unauthorized), "\(text)")
          }
        }
        for (bob, _, _) in bobs { bob.close() }
        ann.close()
      }
    }
  }

  @Test func changesAtTheSameTimeLoseNothing() async throws {
    let count = 12
    try await EmbeddedNode.withNode(Self.configuration(), loops: 2) { node in
      try await WireClient.busyLoop.run {
        let ann = try await WireClient.ready(to: node.address, user: ("ann", "a long secret"))
        var streams: [Int16] = []
        for number in 0..<count {
          streams.append(
            try ann.send(
              .query(
                "CREATE ROLE r\(number) WITH PASSWORD = 'p\(number)' AND LOGIN = true",
                QueryParameters(consistency: .one))))
          streams.append(
            try ann.send(
              .query(
                "CREATE KEYSPACE k\(number) WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
                QueryParameters(consistency: .one))))
        }
        for stream in streams { #expect(Self.code(try await ann.answer(on: stream)) == nil) }
        guard case .result(.rows(let roles)) = try await ann.query("LIST ROLES").message,
          // Four kinds of permission on a role, eight and five on a keyspace and its functions.
          case .result(.rows(let permissions)) = try await ann.query("LIST ALL PERMISSIONS OF ann").message
        else {
          Issue.record("there should be rows")
          return
        }
        #expect(roles.rowCount == count + 1)
        #expect(permissions.rowCount == count * (4 + 8 + 5))
        #expect(await Self.canLogIn(node.address, "r3", "p3"))
        ann.close()
      }
    }
  }

  /// A hash is made on another thread: who asks for something else on the same loop does not wait for it.
  @Test func aHashHoldsNobodyUp() async throws {
    try await EmbeddedNode.withNode(Self.configuration()) { node in
      try await WireClient.busyLoop.run {
        let ann = try await WireClient.ready(to: node.address, user: ("ann", "a long secret"))
        // 32 times as long as others: seconds.
        try await Self.run(
          ann,
          "CREATE ROLE slow WITH LOGIN = true AND HASHED PASSWORD = "
            + "'$2a$15$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'")
        let slow = try await WireClient(to: node.address, version: .v4)
        _ = try await slow.ask(.startup(["CQL_VERSION": "3.0.0"]))
        let stream = try slow.send(.authResponse([0] + Array("slow".utf8) + [0] + Array("wrong".utf8)))
        for _ in 0..<3 { #expect(Self.code(try await ann.query("SELECT key FROM system.local")) == nil) }
        #expect(!slow.hasAnswer(on: stream), "the others were answered while the password was hashed")
        #expect(Self.code(try await slow.answer(on: stream)) == .badCredentials)
        ann.close()
      }
    }
  }

  @Test func passwordsAreShownNowhere() async throws {
    let sink = Lines()
    let loops = try EventLoops(count: 1)
    let server = try CQLServer(
      Self.configuration(), loops: loops, logger: CassandraLogger(label: "test", level: .trace, sink: sink))
    let (addresses, report) = AsyncStream.makeStream(of: SocketAddress.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.run { report.yield($0) } }
      for await address in addresses {
        try await WireClient.busyLoop.run {
          let ann = try await WireClient.ready(to: address, user: ("ann", "a long secret"))
          let text = "CREATE ROLE bob WITH PASSWORD = 'hush hush'"
          for statement in [text, text + " bogus", "CREATE USER x WITH PASSWORD 'hush hush' x"] {
            let answer = try await ann.answer(
              on: try ann.send(.query(statement, QueryParameters(consistency: .one)), flags: .tracing))
            if case .error(let error) = answer.message { #expect(!error.message.contains("hush")) }
          }
          _ = try await ann.answer(on: try ann.send(.prepare(text, keyspace: nil), flags: .tracing))
          #expect(await !Self.canLogIn(address, "ann", "hush hush"))
          let tables = [
            "system_traces.sessions", "system_traces.events", "system.prepared_statements", "system_auth.roles",
            "system_views.settings",
          ]
          for table in tables {
            let answer = try await ann.query("SELECT * FROM \(table)")
            #expect(Self.code(answer) == nil)
            #expect(!String(decoding: answer.body, as: UTF8.self).contains("hush"), "\(table)")
            #expect(!String(decoding: answer.body, as: UTF8.self).contains("a long secret"), "\(table)")
          }
          ann.close()
        }
        server.shutDown()
        break
      }
      try await group.waitForAll()
    }
    await loops.shutDown()
    #expect(!sink.text.contains("hush") && !sink.text.contains("a long secret"))
    #expect(sink.text.contains("a login failed"))
  }

  @Test func guessingThePasswordOfARoleBecomesSlow() async throws {
    var configuration = Self.configuration()
    configuration.limits.waitingLoginsPerAddress = 2
    try await EmbeddedNode.withNode(configuration) { node in
      try await WireClient.busyLoop.run {
        let ann = try await WireClient.ready(to: node.address, user: ("ann", "a long secret"))
        try await Self.run(ann, "CREATE ROLE bob WITH PASSWORD = 'bob' AND LOGIN = true")
        for name in ["bob", "nobody"] { #expect(await !Self.canLogIn(node.address, name, "guess")) }
        #expect(await !Self.canLogIn(node.address, "bob", "guess"))
        let start = ContinuousClock.now
        #expect(await Self.canLogIn(node.address, "bob", "bob"))
        #expect(ContinuousClock.now - start >= .milliseconds(95))
        ann.close()
      }
    }
  }

  @Test func rolesAreNothingWhereNobodyLogsIn() async throws {
    try await EmbeddedNode.withNode { node in
      try await WireClient.busyLoop.run {
        let client = try await WireClient.ready(to: node.address)
        for text in ["CREATE ROLE x", "LIST ROLES", "LIST ALL PERMISSIONS", "GRANT SELECT ON ALL KEYSPACES TO x"] {
          #expect(Self.code(try await client.query(text)) == .unauthorized, "\(text)")
        }
        #expect(Self.code(try await client.query("SELECT * FROM system_auth.roles")) == nil)
        client.close()
      }
    }
  }

  /// Keeps log lines.
  private final class Lines: LogSink {
    private let lines = Locked<[String]>([])
    var text: String { lines.withLock { $0.joined(separator: "\n") } }
    func write(_ record: LogRecord) {
      lines.withLock { $0.append(record.message + record.fields.map { " \($0.name)=\($0.value)" }.joined()) }
    }
  }
}
