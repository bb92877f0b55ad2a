import CassandraBytes
import CassandraWire
import Testing

/// Responses of a real Cassandra 5.0, and others that its own code encoded.
@Suite struct ResponseTests {
  /// What is decoded is encoded to the same bytes again.
  @Test func roundTrip() throws {
    let recordings = try Recording.responses()
    #expect(recordings.count > 350)
    for recording in recordings {
      let (prefix, response, start) = try recording.response()
      var encoded: [UInt8] = []
      try prefix.encode(into: &encoded)
      #expect(prefix.flags == recording.flags)
      try response.encode(into: &encoded, version: recording.version)
      if case .result(.rows(let rows)) = response {
        // Cassandra says that all columns are of one table also where it leaves them out.
        if rows.metadata.columns == nil { encoded[start + 7] |= recording.body[start + 7] & 1 }
        encoded += recording.body[(start + rows.content.lowerBound)..<(start + rows.content.upperBound)]
      }
      var expected = recording.body
      switch response {
      case .event(.schemaChange(let change)), .result(.schemaChange(let change)):
        // For a function Cassandra tells clients of v3 of an update of the keyspace, and leaves an empty name behind it.
        if recording.version == .v3, change == SchemaChange(.updated, keyspace: change.keyspace) {
          expected = Array(expected.prefix(encoded.count))
        }
      // The server's own order of the options is another one.
      case .supported: continue
      case .error(let error):
        // Our own time-out of a conditional statement always has the contentions that the specification asks for.
        if case .writeTimeout(_, _, _, .cas, nil) = error.detail, recording.version >= .v5 { expected += [0, 0] }
      default: break
      }
      #expect(encoded == expected, "\(recording): \(digits(encoded)) instead of \(digits(expected))")
    }
  }

  private func response(
    _ name: String, _ version: ProtocolVersion = .v5, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> ResponseMessage {
    let recording = try #require(
      try Recording.responses().first { $0.name == name && $0.version == version }, sourceLocation: sourceLocation)
    return try recording.response().1
  }

  private func detail(_ name: String, _ version: ProtocolVersion = .v5) throws -> ErrorResponse.Detail {
    guard case .error(let error) = try response(name, version) else { return .none }
    return error.detail
  }

  @Test func errors() throws {
    let tombstones = ErrorResponse.ReplicaFailure(endpoint: try #require(CQLInet("2001:db8::1")), reason: 1)
    let timeout = ErrorResponse.ReplicaFailure(endpoint: try #require(CQLInet("192.0.2.1")), reason: 2)
    #expect(try detail("error-unavailable") == .unavailable(.three, required: 3, alive: 1))
    #expect(
      try detail("error-write-timeout-batch_log")
        == .writeTimeout(.quorum, received: 1, blockFor: 2, .batchLog, contentions: nil))
    #expect(
      try detail("error-cas-timeout") == .writeTimeout(.serial, received: 1, blockFor: 2, .cas, contentions: 517))
    #expect(
      try detail("error-cas-timeout", .v4) == .writeTimeout(.serial, received: 1, blockFor: 2, .cas, contentions: nil))
    #expect(try detail("error-cas-unknown") == .casWriteUnknown(.localSerial, received: 1, blockFor: 2))
    #expect(
      try detail("error-cas-unknown", .v4)
        == .writeTimeout(.localSerial, received: 1, blockFor: 2, .cas, contentions: nil))
    #expect(try detail("error-read-timeout-data") == .readTimeout(.quorum, received: 1, blockFor: 2, dataPresent: true))
    #expect(
      try detail("error-read-failure")
        == .readFailure(.quorum, received: 1, blockFor: 2, .reasons([timeout, tombstones]), dataPresent: true))
    #expect(
      try detail("error-read-failure", .v4)
        == .readFailure(.quorum, received: 1, blockFor: 2, .count(2), dataPresent: true))
    #expect(
      try detail("error-write-failure")
        == .writeFailure(.quorum, received: 0, blockFor: 2, .reasons([timeout]), .batchLog))
    #expect(
      try detail("error-function")
        == .functionFailure(keyspace: "wire_record", function: "fail", argumentTypes: ["int", "map<text, int>"]))
    #expect(try detail("error-keyspace-exists") == .alreadyExists(keyspace: "wire_record", table: ""))
    #expect(try detail("error-table-exists") == .alreadyExists(keyspace: "wire_record", table: "pairs"))
    #expect(try detail("error-unprepared") == .unprepared(id: Array(0..<16)))
    #expect(try response("error-overloaded") == .error(ErrorResponse(.overloaded, "much")))
    #expect(try response("error-cdc") == .error(ErrorResponse(.cdcWriteFailure, "full")))
    guard case .error(let unauthorized) = try response("error-unauthorized") else { return }
    #expect(unauthorized.code == .unauthorized)
  }

  @Test func handshake() throws {
    guard case .supported(let options) = try response("supported") else { return }
    #expect(options["CQL_VERSION"] == ["3.4.7"])
    #expect(options["COMPRESSION"]?.contains("lz4") == true)
    #expect(options["PROTOCOL_VERSIONS"]?.contains("5/v5") == true)
    #expect(try response("ready") == .ready)
    #expect(try response("registered") == .ready)
    #expect(
      try response("authenticate")
        == .authenticate(authenticator: "org.apache.cassandra.auth.PasswordAuthenticator"))
    #expect(try response("challenge") == .authChallenge([1, 2]))
    #expect(try response("success-null") == .authSuccess(nil))
  }

  @Test func events() throws {
    let node = NodeAddress(address: .v4(0xc000_0207), port: 9042)
    let other = NodeAddress(address: try #require(CQLInet("2001:db8::7")), port: 65_535)
    #expect(try response("event-new") == .event(.topologyChange(.newNode, node)))
    #expect(try response("event-removed") == .event(.topologyChange(.removedNode, other)))
    #expect(try response("event-up") == .event(.statusChange(.up, node)))
    #expect(try response("event-down") == .event(.statusChange(.down, other)))
    let types = ["int", "map<text, int>"]
    #expect(
      try response("event-function-dropped")
        == .event(.schemaChange(.init(.dropped, keyspace: "ks", .function("name", argumentTypes: types)))))
    #expect(
      try response("event-type") == .event(.schemaChange(.init(.created, keyspace: "wire_record", .type("address")))))
    #expect(try response("schema-keyspace") == .result(.schemaChange(.init(.created, keyspace: "wire_record"))))
    #expect(
      try response("schema-dropped")
        == .result(.schemaChange(.init(.dropped, keyspace: "wire_record", .aggregate("total", argumentTypes: ["int"]))))
    )
  }

  @Test func prepared() throws {
    guard case .result(.prepared(let select)) = try response("prepared-select") else { return }
    #expect(select.parameters.partitionKeyIndexes == [0, 1])
    #expect(select.parameters.columns.map(\.name) == ["a", "b", "c"])
    #expect(select.parameters.columns.map(\.type) == [.int, .text, .int])
    #expect(select.result.columns?.map(\.name) == ["b", "c"])
    #expect(select.resultMetadataID?.count == 16)
    guard case .result(.prepared(let insert)) = try response("prepared-insert", .v4) else { return }
    #expect(insert.parameters.partitionKeyIndexes == [2, 1])
    #expect(insert.result == ResultMetadata(columnCount: 0))
    #expect(insert.resultMetadataID == nil)
  }

  /// A statement whose columns have changed since it was prepared.
  @Test func changedMetadata() throws {
    guard case .result(.prepared(let again)) = try response("prepared-star-again"),
      case .result(.rows(let rows)) = try response("rows-changed")
    else {
      Issue.record("unexpected messages")
      return
    }
    #expect(rows.metadata.newMetadataID == again.resultMetadataID)
    #expect(rows.metadata.columns == again.result.columns)
    #expect(rows.metadata.pageState != nil)
    // Before v5 the server skips the metadata as it was asked to, though they have changed; only their number tells.
    guard case .result(.rows(let old)) = try response("rows-changed", .v4) else { return }
    #expect(old.metadata.columns == nil)
    #expect(old.metadata.columnCount == 5)
  }

  /// One row with a value of every type and one with nulls.
  @Test func everyType() throws {
    for version in ProtocolVersion.allCases {
      let recording = try #require(
        try Recording.responses().first { $0.name == "rows-everything" && $0.version == version })
      guard case .result(.rows(let rows)) = try recording.response().1 else { return }
      #expect(rows.rowCount == 2)
      let columns = try #require(rows.metadata.columns)
      var position = rows.content.lowerBound
      var values: [String: CQLValue] = [:]
      for column in columns {
        let range = try recording.body.span.readBytes(&position)
        values[column.name] = try CQLValue.decode(range, of: recording.body.span, as: column.type)
      }
      for column in columns {
        let range = try recording.body.span.readBytes(&position)
        #expect((range == nil) == (column.name != "k"))
      }
      #expect(position == rows.content.upperBound)
      let texts = (0..<29).map { values["c\($0)"]?.description }
      #expect(
        texts == [
          "'a'", "-5", "0x00ff", "true", "'2024-02-29'", "-12.50", "10000000000.0", "1mo2d3ns", "4.8", "'192.0.2.1'",
          "7", "-7", "'é'", "'08:30:00.000000000'", "'2023-11-14T22:13:20.123Z'",
          "00112233-4455-1677-8899-aabbccddeeff", "127", "00112233-4455-4677-8899-aabbccddeeff",
          "1000000000000000000000", "['a', 'b']", "{1, 2}", "{'a': 1}", "[{1}, {}]", "(1, null)",
          "{street: 'x', number: 5, zone: null, note: null}", "{street: 'x', number: null, zone: null, note: null}",
          "[1.0, 2.0, 3.0]", "['a', 'bc']", "[[1]]",
        ])
    }
  }

  @Test func prefixes() throws {
    for recording in try Recording.responses() where recording.name == "warned-traced" && recording.version == .v5 {
      let (prefix, _, _) = try recording.response()
      #expect(prefix.tracingID?.version == 1)
      #expect(prefix.warnings == ["Aggregation query used without partition key"])
      #expect(prefix.customPayload == nil)
    }
    var body: [UInt8] = []
    let prefix = ResponsePrefix(
      tracingID: CQLUUID(high: 1, low: 2), warnings: ["a", "b"], customPayload: ["k": [1], "none": nil])
    try prefix.encode(into: &body)
    var position = 0
    #expect(try ResponsePrefix(reading: body.span, at: &position, flags: prefix.flags) == prefix)
    #expect(position == body.count)
    #expect(ResponsePrefix.isEmpty([.compressed, .useBeta]))
    #expect(!ResponsePrefix.isEmpty(.warning))
  }

  /// An error must not fail to be sent because of its message.
  @Test func longMessagesAreCut() throws {
    let message = String(repeating: "é", count: 40_000)
    var body: [UInt8] = []
    try ResponseMessage.error(ErrorResponse(.invalid, "x" + message)).encode(into: &body, version: .v4)
    guard case .error(let error) = try ResponseMessage(opcode: .error, body: body.span, version: .v4) else { return }
    #expect(error.message.utf8.count == 65_535)
    #expect(("x" + message).hasPrefix(error.message))
  }
}
