import Cassandra
import CassandraTesting
import CassandraWire
import Testing

/// What options say on the wire.
@Suite(.timeLimit(.minutes(5))) struct RequestOptionTests {
  @Test func aStatementHasAKeyspaceOfItsOwn() async throws {
    try await withScriptedNode(.v5) { (client, node) async throws in
      for keyspace in ["a", "b", nil, "a"] {
        try await client.query("SELECT a, n FROM t", options: QueryOptions(keyspace: keyspace))
      }
      let keyspaces = node.observed.requests(.prepare).map { request in
        if case .prepare(_, let keyspace) = request.message { keyspace } else { String?.none }
      }
      #expect(keyspaces == ["a", "b", nil])
      node.define(.init("TRUNCATE t"))
      try await client.query("TRUNCATE t", options: QueryOptions(keyspace: "a"))
      #expect(node.observed.requests(.query, text: "TRUNCATE t").map(\.parameters?.keyspace) == ["a"])
    }
  }

  @Test func whatTheProtocolCannotSayIsRefused() async throws {
    try await withScriptedNode(.v4) { (client, node) async throws in
      for options in [QueryOptions(keyspace: "a"), QueryOptions(nowInSeconds: 5)] {
        let error = try await failure { _ = try await client.texts(Known.select, options: options) }
        #expect(error.code == .invalidStatement)
        #expect(error.description.contains("5"))
        let batch = try await failure {
          try await client.batch(options: options) { $0.add("INSERT INTO t (a, n) VALUES (\("x"), \(1))") }
        }
        #expect(batch.code == .invalidStatement)
      }
      #expect(try await client.texts(Known.select) == ["one"])
    }
  }

  @Test func nowIsWhatTheCallSays() async throws {
    try await withScriptedNode(.v5) { (client, node) async throws in
      let options = QueryOptions(nowInSeconds: 1_900_000_000)
      _ = try await client.texts(Known.select, options: options)
      try await client.insert(options)
      try await client.batch(options: options) { $0.add("INSERT INTO t (a, n) VALUES (\("x"), \(1))") }
      #expect(node.observed.requests(.execute).map(\.parameters?.nowInSeconds) == [1_900_000_000, 1_900_000_000])
      guard case .batch(let batch)? = node.observed.requests(.batch).last?.message else {
        Issue.record("no batch")
        return
      }
      #expect(batch.parameters.nowInSeconds == 1_900_000_000)
    }
  }

  @Test(arguments: bothVersions) func aPayloadStandsBeforeEveryMessage(_ version: ProtocolVersion) async throws {
    try await withScriptedNode(version) { (client, node) async throws in
      let options = QueryOptions(customPayload: ["key": [1, 2, 3], "nothing": nil])
      #expect(try await client.texts(Known.select, options: options) == ["one"])
      try await client.insert(options)
      try await client.batch(options: options) { $0.add("INSERT INTO t (a, n) VALUES (\("x"), \(1))") }
      let sent = node.observed.requests(.execute) + node.observed.requests(.batch)
      #expect(sent.count == 3)
      #expect(sent.allSatisfy { $0.flags.contains(.customPayload) && $0.message != nil })
    }
  }

  @Test func timesOfWritesComeFromWhereTheSettingsSay() async throws {
    func times(_ source: TimestampSource) async throws -> [Int64?] {
      var times: [Int64?] = []
      try await withScriptedNode(configure: { $0.timestamps = source }) { (client, node) async throws in
        for _ in 0..<2 { try await client.insert() }
        try await client.insert(QueryOptions(timestamp: 9))
        try await client.batch { $0.add("INSERT INTO t (a, n) VALUES (\("x"), \(1))") }
        times = node.observed.requests(.execute).map(\.parameters?.defaultTimestamp)
        if case .batch(let batch)? = node.observed.requests(.batch).last?.message {
          times.append(batch.parameters.defaultTimestamp)
        }
      }
      return times
    }
    #expect(try await times(.server) == [nil, nil, 9, nil])
    #expect(try await times(.custom { 42 }) == [42, 42, 9, 42])
    let own = try await times(.clientClock).compactMap { $0 }
    #expect(own.count == 4)
    #expect(own[0] < own[1])
  }
}
