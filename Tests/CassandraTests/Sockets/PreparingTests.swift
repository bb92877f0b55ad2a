import CassandraWire
import Cassandra
import CassandraTesting
import Testing

@Suite(.timeLimit(.minutes(5))) struct PreparingTests {
  @Test func oneLoopOrTwoAStatementIsPreparedOnce() async throws {
    try await withScriptedNode(loops: 2) { (client, node) async throws in
      await client.untilConnected()
      let gate = Gate()
      node.when(.init(.prepare), .after(gate, .ordinary))
      let all = try await withThrowingTaskGroup(of: [String].self) { group in
        for _ in 0..<100 { group.addTask { try await client.texts(Known.select) } }
        await node.wait(for: 1, .prepare)
        gate.open()
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(all == Array(repeating: "one", count: 100))
      #expect(node.observed.count(.prepare) == 1)
      #expect(node.observed.count(.execute) == 100)
      #expect(Set(node.observed.requests(.execute).map(\.connection)) == [1, 2])
    }
  }

  @Test(arguments: bothVersions) func aForgottenStatementIsPreparedAgainOnce(_ version: ProtocolVersion) async throws {
    // On one connection all refusals come before the answer to the preparation.
    try await withScriptedNode(version) { (client, node) async throws in
      #expect(try await client.texts(Known.select) == ["one"])
      node.forgetPrepared()
      let gate = Gate()
      node.when(.init(.prepare), .after(gate, .ordinary))
      let all = try await withThrowingTaskGroup(of: [String].self) { group in
        for _ in 0..<50 { group.addTask { try await client.texts(Known.select) } }
        await node.wait(for: 51, .execute)
        gate.open()
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(all == Array(repeating: "one", count: 50))
      #expect(node.observed.count(.prepare) == 2)
      #expect(node.observed.count(.execute) == 101)
    }
  }

  @Test(arguments: bothVersions) func aNodeThatForgetsAlwaysIsSentTheTextWithItsValues(
    _ version: ProtocolVersion
  ) async throws {
    let log = RecordingSink()
    try await withScriptedNode(version, logger: CassandraLogger(label: "test", sink: log)) {
      (client, node) async throws in
      let conditional = "INSERT INTO t (a, n) VALUES (?, ?) IF NOT EXISTS"
      node.define(.init(conditional, parameters: Known.columns))
      for text in [Known.insert, conditional] {
        try await client.query(Statement(unsafeCQL: text, ["x", 1]))
        let id = node.observed.requests(.execute, text: text)[0].statementID
        node.when(.init(.execute, text: text), .error(.unprepared, "forgotten", .unprepared(id: id)))
        try await client.query(Statement(unsafeCQL: text, ["y", 2]), options: QueryOptions(timestamp: 7))
      }
      #expect(node.observed.count(.prepare, text: Known.insert) == 4)
      let sent = node.observed.requests(.query).compactMap { request -> QueryParameters? in
        if case .query(let text, let parameters) = request.message, text.hasPrefix("INSERT") { parameters } else { nil }
      }
      #expect(
        sent.map(\.values) == [
          .positional([.bytes([0x79]), .bytes([0, 0, 0, 2])]), .positional([.bytes([0x79]), .bytes([0, 0, 0, 2])]),
        ])
      #expect(sent.map(\.defaultTimestamp) == [7, 7])
      #expect(sent.map(\.serialConsistency) == [nil, .localSerial])
      #expect(sent.map(\.pageSize) == [nil, nil])
      // It is said once.
      #expect(log.messages.filter { $0.contains("forgets prepared statements") }.count == 1)
    }
  }

  @Test func aSelectIsReadAsTextFromPageToPage() async throws {
    try await withScriptedNode { (client, node) async throws in
      let id = ScriptedNode.Statement(Known.paged)
      node.when(.init(.execute, text: Known.paged), .error(.unprepared, "forgotten", .unprepared(id: id.preparedID)))
      #expect(try await client.texts(Known.paged).count == 8)
      #expect(
        node.observed.requests(.query, text: Known.paged).compactMap(\.parameters?.pageState?.first) == [1, 2, 3])
    }
  }

  @Test func anotherNodeMayHaveMoreRoom() async throws {
    try await withScriptedNodes(2) { (client, nodes) async throws in
      while await client.topology.nodes.count(where: { $0.state == .up }) < 2 { await Task.yield() }
      let id = ScriptedNode.Statement(Known.select).preparedID
      nodes[0].when(.init(.execute), .error(.unprepared, "forgotten", .unprepared(id: id)))
      while nodes.contains(where: { $0.observed.count(.execute) < 8 }) {
        #expect(try await client.texts(Known.select) == ["one"])
      }
      #expect(nodes.allSatisfy { $0.observed.count(.query, text: Known.select) == 0 })
    }
  }

  @Test func aBatchSendsAsTextWhatIsForgotten() async throws {
    try await withScriptedNode { (client, node) async throws in
      let second = "UPDATE t SET n = 1"
      node.define(.init(second))
      let id = ScriptedNode.Statement(Known.insert).preparedID
      node.when(.init(.batch, times: 5), .error(.unprepared, "forgotten", .unprepared(id: id)))
      try await client.batch {
        $0.add("INSERT INTO t (a, n) VALUES (\("x"), \(1))")
        $0.add(Statement(unsafeCQL: second))
        $0.add("INSERT INTO t (a, n) VALUES (\("y"), \(2))")
      }
      guard case .batch(let batch)? = node.observed.requests(.batch).last?.message else {
        Issue.record("no batch")
        return
      }
      #expect(
        batch.statements.map(\.text) == [
          .query(Known.insert), .prepared(id: ScriptedNode.Statement(second).preparedID), .query(Known.insert),
        ])
      #expect(batch.statements.map(\.values.count) == [2, 0, 2])
    }
  }

  /// As in a cluster whose nodes make ids in two ways while it is being upgraded.
  @Test func anotherIdForTheSameTextIsTakenOver() async throws {
    try await withScriptedNode { (client, node) async throws in
      _ = try await client.texts(Known.select)
      node.forgetPrepared()
      let columns = Known.columns.map { ColumnSpecification(keyspace: "scripted", table: "t", name: $0.0, type: $0.1) }
      let other = PreparedResult(
        id: [9], resultMetadataID: [9], parameters: PreparedMetadata(columns: []),
        result: ResultMetadata(columns: columns))
      node.when(.init(.prepare), .answer(.result(.prepared(other))))
      node.when(.init(.execute, skipping: 1), .rows(columns, [Known.row("nine", 9)]))
      #expect(try await client.texts(Known.select) == ["nine"])
      #expect(node.observed.requests(.execute).last?.statementID == [9])
    }
  }

  @Test func aStatementThatTheServerRefusesIsRefusedToAll() async throws {
    try await withScriptedNode { (client, node) async throws in
      let gate = Gate()
      node.when(.init(.prepare), .after(gate, .error(.syntaxError)))
      await withTaskGroup(of: CassandraError.Code?.self) { group in
        for _ in 0..<10 {
          group.addTask { try? await failure { _ = try await client.texts("SELEC") }.code }
        }
        await node.wait { $0.connections == 1 }
        gate.open()
        // A text that is no statement we know is sent as it is.
        for await code in group { #expect(code == .invalid) }
      }
      #expect(try await failure { _ = try await client.texts("SELECT nonsense") }.code == .syntaxError)
    }
  }

  @Test func batchesPrepareWhatWasForgotten() async throws {
    try await withScriptedNode { (client, node) async throws in
      let second = "UPDATE t SET n = 1"
      node.define(.init(second))
      func send() async throws {
        try await client.batch {
          $0.add("INSERT INTO t (a, n) VALUES (\("x"), \(1))")
          $0.add(Statement(unsafeCQL: second))
        }
      }
      try await send()
      #expect(node.observed.count(.prepare) == 2)
      node.forgetPrepared()
      try await send()
      #expect(node.observed.count(.prepare) == 4)
      #expect(node.observed.count(.batch) == 4)
    }
  }

  @Test func batchesAreBoundedAndTakeWritesOnly() async throws {
    try await withScriptedNode { (client, _) async throws in
      #expect(try await failure { try await client.batch { _ in } }.code == .invalidStatement)
      #expect(
        try await failure { try await client.batch { $0.add(Statement(unsafeCQL: Known.select)) } }.code
          == .invalidStatement)
      #expect(try await failure { try await client.batch { $0.add("USE k") } }.code == .invalidStatement)
      let insert: Statement = "INSERT INTO t (a, n) VALUES (\("x"), \(1))"
      let tooMany = try await failure { try await client.batch { for _ in 0..<65_536 { $0.add(insert) } } }
      #expect(tooMany.code == .invalidStatement)
      try await client.batch(.unlogged, options: QueryOptions(timeout: .seconds(50))) {
        for _ in 0..<65_535 { $0.add(insert) }
      }
    }
  }

  @Test func aBatchSaysWhatItIs() async throws {
    try await withScriptedNode { (client, node) async throws in
      let conditional = "INSERT INTO t (a, n) VALUES (?, ?) IF NOT EXISTS"
      node.define(.init(conditional, parameters: Known.columns))
      let insert: Statement = "INSERT INTO t (a, n) VALUES (\("x"), \(1))"
      try await client.batch(options: QueryOptions(consistency: .quorum, timestamp: 5)) { $0.add(insert) }
      try await client.batch(.counter) { $0.add(insert) }
      try await client.batch(.unlogged, options: QueryOptions(serialConsistency: .serial)) {
        $0.add(Statement(unsafeCQL: conditional, ["x", 1]))
        $0.add(insert)
      }
      try await client.batch { $0.add(insert) }
      let batches = node.observed.requests(.batch).compactMap { request -> Batch? in
        if case .batch(let batch) = request.message { batch } else { nil }
      }
      #expect(batches.map(\.kind) == [.logged, .counter, .unlogged, .logged])
      #expect(batches.map(\.statements.count) == [1, 1, 2, 1])
      #expect(batches[0].statements[0].values == [.bytes([UInt8(ascii: "x")]), .bytes([0, 0, 0, 1])])
      #expect(batches.map(\.parameters.consistency) == [.quorum, .localQuorum, .localQuorum, .localQuorum])
      #expect(batches[0].parameters.defaultTimestamp == 5)
      #expect(batches[1].parameters.defaultTimestamp == nil)
      #expect(batches[2].parameters.defaultTimestamp == nil)
      #expect(batches[2].parameters.serialConsistency == .serial)
      #expect(batches[3].parameters.defaultTimestamp != nil)
    }
  }

  // MARK: - Changes of the schema

  struct Row: Decodable, Equatable {
    var a: String
    var n: Int
  }

  @Test(arguments: bothVersions) func aChangedTableNeverShiftsColumns(_ version: ProtocolVersion) async throws {
    try await withScriptedNode(version, loops: 2) { (client, node) async throws in
      let all = "SELECT * FROM t"
      node.define(.init(all, columns: Known.columns, pages: [[Known.row("one", 1)]]))
      for _ in 0..<4 {
        #expect(try await client.query("SELECT * FROM t").collect(Row.self) == [Row(a: "one", n: 1)])
      }
      // A column was added that comes before the others, and of a type that could be taken for the old first one.
      node.define(
        .init(
          all, columns: [("_added", .text)] + Known.columns, pages: [[[.text("added")] + Known.row("one", 1)]]))
      for _ in 0..<4 {
        let rows = try await client.query("SELECT * FROM t")
        #expect(rows.columns.map(\.name) == ["_added", "a", "n"])
        #expect(try await rows.collect(Row.self) == [Row(a: "one", n: 1)])
      }
      // A tuple has an element for each column, so it does not go with the row any more, and says so.
      let error = try await failure { _ = try await client.query("SELECT * FROM t").first((String, Int).self) }
      #expect(error.code == .undecodableRow)
      node.define(.init(all, columns: [("a", .text)], pages: [[[.text("one")]]]))
      #expect(try await client.query("SELECT * FROM t").first(String.self) == "one")
      #expect(node.observed.count(.prepare) == 1)
    }
  }

  @Test func theNewIdOfTheColumnsIsUsedFromThenOn() async throws {
    try await withScriptedNode(.v5) { (client, node) async throws in
      let all = "SELECT * FROM t"
      node.define(.init(all, columns: Known.columns, pages: [[Known.row("one", 1)]]))
      _ = try await client.query("SELECT * FROM t")
      node.define(.init(all, columns: Known.columns + [("c", .int)], pages: [[Known.row("one", 1) + [.int(3)]]]))
      for _ in 0..<3 {
        #expect(try await client.query("SELECT * FROM t").first((String, Int, Int).self)?.2 == 3)
      }
      let ids = node.observed.requests(.execute).map(\.metadataID)
      #expect(ids.count == 4)
      #expect(ids[0] == ids[1])
      #expect(ids[1] != ids[2])
      #expect(ids[2] == ids[3])
    }
  }

  @Test(arguments: bothVersions) func aTableThatChangesBetweenPages(_ version: ProtocolVersion) async throws {
    try await withScriptedNode(version) { (client, node) async throws in
      let all = "SELECT * FROM t"
      let gate = Gate()
      node.define(.init(all, columns: Known.columns, pages: [[Known.row("one", 1)], [Known.row("two", 2)]]))
      node.when(.init(.execute, skipping: 1), .after(gate, .ordinary))
      let rows = try await client.query("SELECT * FROM t")
      node.define(
        .init(
          all, columns: [("_added", .text)] + Known.columns,
          pages: [[[.text("x")] + Known.row("one", 1)], [[.text("x")] + Known.row("two", 2)]]))
      gate.open()
      #expect(try await rows.collect(Row.self) == [Row(a: "one", n: 1), Row(a: "two", n: 2)])
    }
  }

  @Test func nodesOfTwoVersionsShareAStatement() async throws {
    let options = ScriptedNode.Options()
    try await withScriptedNodes(2, options: options) { (client, nodes) async throws in
      // The first node is older: it refuses v5 and is asked again with v4.
      nodes[0].when(.init(.options, times: 1), .error(.protocolError, "Invalid or unsupported protocol version (5)"))
      await nodes[0].cutConnections()
      await nodes[0].wait { observed in
        observed.requests(.startup).contains { $0.version == 4 }
      }
      while true {
        #expect(try await client.texts(Known.select) == ["one"])
        try await client.insert()
        if nodes.allSatisfy({ $0.observed.count(.execute) >= 10 }) { break }
      }
      #expect(Set(nodes[0].observed.requests(.execute).filter { $0.connection > 1 }.map(\.version)) == [4])
      #expect(Set(nodes[1].observed.requests(.execute).map(\.version)) == [5])
    }
  }
}

extension ScriptedNode.Request {
  var statementID: [UInt8] { if case .execute(let id, _, _) = message { id } else { [] } }
  var metadataID: [UInt8]? { if case .execute(_, let id, _) = message { id } else { nil } }
}
