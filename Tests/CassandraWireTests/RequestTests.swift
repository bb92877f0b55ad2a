import CassandraBytes
import CassandraWire
import Testing

/// Requests as the driver for Python encodes them.
@Suite struct RequestTests {
  private static let id: [UInt8] = Array(0..<16)
  private static let metadataID: [UInt8] = Array(16..<32)

  /// What each request in the fixture says.
  private static func expected(_ name: String, _ version: ProtocolVersion) -> RequestMessage? {
    let metadataID = version >= .v5 ? metadataID : nil
    func execute(_ values: [BoundValue], _ parameters: QueryParameters) -> RequestMessage {
      var parameters = parameters
      parameters.values = .positional(values)
      return .execute(id: id, resultMetadataID: metadataID, parameters)
    }
    func batch(_ kind: Batch.Kind) -> RequestMessage {
      .batch(
        Batch(
          kind,
          [
            .init(.query("INSERT a"), values: [.bytes([0x78]), .null]),
            .init(.prepared(id: id), values: [.bytes([0x79])]),
            .init(.prepared(id: id)),
          ], parameters: QueryParameters(consistency: .localQuorum)))
    }
    switch name {
    case "startup":
      return .startup(["CQL_VERSION": "3.0.0", "COMPRESSION": "lz4", "DRIVER_NAME": "x", "DRIVER_VERSION": "1"])
    case "options": return .options
    case "auth-response": return .authResponse(Array("\0cassandra\0secret".utf8))
    case "register": return .register([.topologyChange, .statusChange, .schemaChange])
    case "prepare": return .prepare("SELECT é FROM t", keyspace: nil)
    case "prepare-keyspace": return .prepare("SELECT * FROM t", keyspace: "ks")
    case "query", "query-payload-tracing": return .query("SELECT * FROM t", QueryParameters(consistency: .one))
    case "query-full":
      return .query(
        "SELECT * FROM t",
        QueryParameters(
          consistency: .localQuorum, pageSize: 5_000, pageState: [1, 2, 3], serialConsistency: .localSerial,
          defaultTimestamp: 1_700_000_000_123_456))
    case "query-keyspace": return .query("SELECT * FROM t", QueryParameters(consistency: .one, keyspace: "ks"))
    case "execute": return execute([], QueryParameters(consistency: .one))
    case "execute-values":
      return execute(
        [.bytes([0x61]), .bytes([]), .null, .bytes([UInt8](repeating: 0, count: 300))],
        QueryParameters(consistency: .localQuorum, pageSize: 100))
    case "execute-unset": return execute([.bytes([0x61]), .unset, .null], QueryParameters(consistency: .one))
    case "execute-full":
      return execute(
        [.bytes([0x61])],
        QueryParameters(
          consistency: .eachQuorum, pageSize: 1, pageState: [UInt8](repeating: 0, count: 70),
          serialConsistency: .serial, defaultTimestamp: 1))
    case "batch-logged": return batch(.logged)
    case "batch-unlogged": return batch(.unlogged)
    case "batch-counter": return batch(.counter)
    case "batch-none": return .batch(Batch(.logged, [], parameters: QueryParameters(consistency: .one)))
    case "batch-full":
      return .batch(
        Batch(
          .logged, [.init(.prepared(id: id), values: [.bytes([0x79]), .bytes([])])],
          parameters: QueryParameters(consistency: .one, serialConsistency: .serial, defaultTimestamp: 7)))
    case "batch-unset":
      return .batch(
        Batch(.logged, [.init(.prepared(id: id), values: [.unset])], parameters: QueryParameters(consistency: .one)))
    case "batch-keyspace":
      return .batch(
        Batch(.logged, [.init(.query("INSERT a"))], parameters: QueryParameters(consistency: .one, keyspace: "ks")))
    default: return nil
    }
  }

  @Test func areWhatTheDriverSays() throws {
    let recordings = try Recording.all("driver-requests.txt")
    #expect(recordings.count > 50)
    for recording in recordings {
      var position = 0
      let prefix = try RequestPrefix(reading: recording.body.span, at: &position, flags: recording.flags)
      let request = try RequestMessage(
        opcode: recording.opcode, body: recording.body[position...], version: recording.version)
      #expect(request == Self.expected(recording.name, recording.version), "\(recording)")
      #expect(request.opcode == recording.opcode)
      var encoded: [UInt8] = []
      try prefix.encode(into: &encoded)
      try request.encode(into: &encoded, version: recording.version)
      switch recording.name {
      case "startup", "query-payload-tracing":
        // The driver keeps the order of its maps, ours are sorted.
        #expect(encoded.count == recording.body.count)
      case "execute":
        // The driver says that there are no values, ours says nothing of values.
        #expect(encoded.count == recording.body.count - 2)
      default: #expect(encoded == recording.body, "\(recording)")
      }
      if recording.name == "query-payload-tracing" {
        #expect(prefix.customPayload == ["key": Array("value".utf8), "null": nil, "empty": []])
        #expect(recording.flags == [.customPayload, .tracing])
      }
    }
  }

  /// A driver writes its values straight into the buffer; the bytes are the same.
  @Test(arguments: ProtocolVersion.allCases)
  func streaming(_ version: ProtocolVersion) throws {
    let parameters = QueryParameters(consistency: .quorum, skipsMetadata: true, pageSize: 10, defaultTimestamp: 5)
    var streamed: [UInt8] = [1, 2, 3]
    try RequestMessage.beginExecute(
      Self.id.span, resultMetadataID: Self.metadataID, parameters: parameters, valueCount: 3, into: &streamed,
      version: version)
    try streamed.append(value: "text", as: .text)
    try streamed.append(value: 7, as: .int)
    try streamed.append(value: Int?.none, as: .int)
    try parameters.encodeTail(into: &streamed, version: version)

    var whole = parameters
    whole.values = .positional([.bytes(Array("text".utf8)), .bytes([0, 0, 0, 7]), .null])
    var encoded: [UInt8] = [1, 2, 3]
    try RequestMessage.execute(id: Self.id, resultMetadataID: Self.metadataID, whole).encode(
      into: &encoded, version: version)
    #expect(streamed == encoded)
  }

  @Test func namedValuesAndNow() throws {
    let values = BoundValues.named([("a", .bytes([1])), ("b", .null)])
    let query = RequestMessage.query(
      "x", QueryParameters(consistency: .one, values: values, keyspace: "ks", nowInSeconds: -1))
    var body: [UInt8] = []
    try query.encode(into: &body, version: .v5)
    #expect(try RequestMessage(opcode: .query, body: body, version: .v5) == query)
    #expect(throws: WireError.self) { try query.encode(into: &body, version: .v4) }
  }

  /// The values of a decoded request are parts of its body, whatever the body is a part of.
  @Test func valuesAreSlices() throws {
    var body: [UInt8] = [9, 9, 9]
    let request = RequestMessage.query("x", QueryParameters(consistency: .one, values: .positional([.bytes([5, 6])])))
    try request.encode(into: &body, version: .v4)
    guard case .query(_, let parameters) = try RequestMessage(opcode: .query, body: body[3...], version: .v4),
      case .positional(let values) = parameters.values, case .bytes(let slice) = values[0]
    else { return }
    #expect(slice == [5, 6])
    #expect(slice.startIndex == body.count - 2)
  }

  /// What Cassandra takes is taken: bytes behind the message, unknown flags, null for any negative length before v4.
  @Test func toleratesWhatCassandraTolerates() throws {
    var body: [UInt8] = []
    let query = RequestMessage.query("x", QueryParameters(consistency: .one))
    try query.encode(into: &body, version: .v5)
    #expect(try RequestMessage(opcode: .query, body: body + [1, 2, 3], version: .v5) == query)
    body[body.count - 4] = 0x80
    #expect(try RequestMessage(opcode: .query, body: body, version: .v5) == query)
    let unset = bytes("00000001" + "78" + "0001" + "01" + "0001" + "fffffffe")
    guard case .query(_, let v3) = try RequestMessage(opcode: .query, body: unset, version: .v3),
      case .query(_, let v4) = try RequestMessage(opcode: .query, body: unset, version: .v4)
    else { return }
    #expect(v3.values == .positional([.null]))
    #expect(v4.values == .positional([.unset]))
    #expect(throws: WireError.self) {
      try RequestMessage(
        opcode: .query, body: bytes("00000001" + "78" + "0001" + "01" + "0001" + "fffffffd"), version: .v4)
    }
  }

  @Test func refusesResponses() {
    for opcode in Opcode.allCases {
      do throws(WireError) {
        _ = try RequestMessage(opcode: opcode, body: [], version: .v4)
        #expect(opcode == .options)
      } catch {
        #expect(error.code == (opcode.isRequest ? .truncated : .unexpectedOpcode))
      }
    }
  }
}
