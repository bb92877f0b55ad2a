import CassandraBytes
import CassandraWire
import Foundation
import Testing

/// Responses as we encode them, which the driver for Python has decoded.
///
/// The file is checked by `Scripts/check_with_driver.py`; this test holds our encoder to the file. With
/// `CQLWIRE_PRINT_RESPONSES=1` it prints what the file should have.
@Suite struct OurResponseTests {
  /// Every kind of response, with names that the script knows.
  private static func responses(_ version: ProtocolVersion) -> [(String, ResponseMessage, [UInt8])] {
    let id = [UInt8](0..<16)
    let metadataID = version >= .v5 ? [UInt8](16..<32) : nil
    let pair = UserDefinedType(keyspace: "ks", name: "pair", fields: [.init("a", .int), .init("b", .list(.text))])
    let types: [CQLType] = [
      .ascii, .bigint, .blob, .boolean, .counter, .decimal, .double, .float, .int, .timestamp, .uuid, .text, .varint,
      .timeuuid, .inet, .date, .time, .smallint, .tinyint, .duration, .list(.int), .set(.text),
      .map(key: .text, value: .int), .udt(pair), .tuple([.int, .text]), .vector(.float, dimensions: 2),
    ]
    let values: [CQLValue] = [
      .ascii("a"), .bigint(-5), .blob([0, 255]), .boolean(true), .counter(9),
      .decimal(.init(unscaled: -1250, scale: 2)),
      .double(4.8), .float(4.75), .int(7), .timestamp(.init(milliseconds: 1_700_000_000_123)),
      .uuid(CQLUUID(high: 0x0011_2233_4455_4677, low: 0x8899_aabb_ccdd_eeff)), .text("é"),
      .varint(CQLVarint("1000000000000000000000") ?? 0),
      .timeuuid(CQLUUID(high: 0x0011_2233_4455_1677, low: 0x8899_aabb_ccdd_eeff)), .inet(.v4(0xc000_0201)),
      .date(CQLDate(daysSinceEpoch: 19_782)), .time(CQLTime("08:30") ?? CQLTime(nanoseconds: 0)!), .smallint(-7),
      .tinyint(127), .duration(.init(months: 1, days: 2, nanoseconds: 3)), .list([.int(1), .int(2)]),
      .set([.text("a")]),
      .map([.init(.text("k"), .int(1))]), .udt([.init("a", .int(1)), .init("b", .list([.text("x")]))]),
      .tuple([.int(1), .null]), .vector([.float(1), .float(2.5)]),
    ]
    let columns = types.enumerated().map {
      ColumnSpecification(keyspace: "ks", table: "t", name: "c\($0)", type: $1)
    }
    let mixed = [
      ColumnSpecification(keyspace: "ks", table: "t", name: "a", type: .int),
      ColumnSpecification(keyspace: "ks", table: "u", name: "b", type: .text),
    ]
    var row: [UInt8] = []
    for (value, type) in zip(values, types) { try? row.append(value: value, as: type) }
    let nulls = types.flatMap { _ in [0xff, 0xff, 0xff, 0xff] as [UInt8] }
    let two: [UInt8] = bytes("0000000400000007" + "0000000178")
    let rows = { (metadata: ResultMetadata, count: Int) in
      ResponseMessage.result(.rows(.init(metadata: metadata, rowCount: count)))
    }
    let node = NodeAddress(address: .v4(0xc000_0207), port: 9042)
    let node6 = NodeAddress(address: .v6(high: 0x2001_0db8_0000_0000, low: 7), port: 65_535)
    let failures = ErrorResponse.Failures.reasons([
      .init(endpoint: .v4(0xc000_0201), reason: 2), .init(endpoint: node6.address, reason: 1),
    ])
    func error(_ code: ErrorResponse.Code, _ detail: ErrorResponse.Detail = .none) -> ResponseMessage {
      .error(ErrorResponse(code, "message", detail: detail))
    }
    func change(_ target: SchemaChange.Target, _ change: SchemaChange.Change) -> SchemaChange {
      SchemaChange(change, keyspace: "ks", target)
    }
    var all: [(String, ResponseMessage, [UInt8])] = [
      ("ready", .ready, []), ("authenticate", .authenticate(authenticator: "x.Y"), []),
      ("supported", .supported(["CQL_VERSION": ["3.4.7"], "COMPRESSION": ["lz4", "snappy"]]), []),
      ("challenge", .authChallenge([1, 2]), []), ("success", .authSuccess([3]), []),
      ("void", .result(.void), []), ("set-keyspace", .result(.setKeyspace("ks")), []),
      ("rows", rows(ResultMetadata(columns: columns, pageState: [1, 2, 3]), 2), row + nulls),
      ("rows-two-tables", rows(ResultMetadata(columns: mixed), 1), two),
      ("rows-none", rows(ResultMetadata(columns: mixed), 0), []),
      ("rows-changed", rows(ResultMetadata(columns: mixed, newMetadataID: metadataID), 1), two),
      (
        "prepared",
        .result(
          .prepared(
            PreparedResult(
              id: id, resultMetadataID: metadataID,
              parameters: PreparedMetadata(
                columns: Array(columns.prefix(3)), partitionKeyIndexes: version >= .v4 ? [2, 0] : []),
              result: ResultMetadata(columns: mixed)))), []
      ),
      (
        "prepared-write",
        .result(
          .prepared(
            PreparedResult(
              id: id, resultMetadataID: metadataID, parameters: PreparedMetadata(columns: []),
              result: ResultMetadata(columnCount: 0)))), []
      ),
      ("schema-table", .result(.schemaChange(change(.table("t"), .updated))), []),
      ("event-schema-keyspace", .event(.schemaChange(change(.keyspace, .created))), []),
      ("event-schema-type", .event(.schemaChange(change(.type("p"), .dropped))), []),
      ("event-topology", .event(.topologyChange(.newNode, node)), []),
      ("event-status", .event(.statusChange(.down, node6)), []),
      ("error-server", error(.serverError), []), ("error-protocol", error(.protocolError), []),
      ("error-credentials", error(.badCredentials), []), ("error-overloaded", error(.overloaded), []),
      ("error-bootstrapping", error(.isBootstrapping), []), ("error-truncate", error(.truncateError), []),
      ("error-syntax", error(.syntaxError), []), ("error-unauthorized", error(.unauthorized), []),
      ("error-invalid", error(.invalid), []), ("error-config", error(.configError), []),
      ("error-unavailable", error(.unavailable, .unavailable(.quorum, required: 2, alive: 1)), []),
      (
        "error-write-timeout",
        error(.writeTimeout, .writeTimeout(.localQuorum, received: 1, blockFor: 2, .batchLog, contentions: nil)), []
      ),
      ("error-read-timeout", error(.readTimeout, .readTimeout(.one, received: 0, blockFor: 1, dataPresent: true)), []),
      ("error-exists", error(.alreadyExists, .alreadyExists(keyspace: "ks", table: "t")), []),
      ("error-unprepared", error(.unprepared, .unprepared(id: id)), []),
    ]
    guard version >= .v4 else { return all }
    all += [
      (
        "event-schema-function",
        .event(.schemaChange(change(.function("f", argumentTypes: ["int", "text"]), .created))),
        []
      ),
      ("event-schema-aggregate", .event(.schemaChange(change(.aggregate("g", argumentTypes: []), .dropped))), []),
      (
        "error-read-failure",
        error(.readFailure, .readFailure(.all, received: 1, blockFor: 3, failures, dataPresent: false)), []
      ),
      (
        "error-write-failure",
        error(.writeFailure, .writeFailure(.all, received: 1, blockFor: 3, failures, .simple)), []
      ),
      (
        "error-function",
        error(.functionFailure, .functionFailure(keyspace: "ks", function: "f", argumentTypes: ["int", "text"])), []
      ),
      ("error-cdc", error(.cdcWriteFailure), []),
    ]
    return all
  }

  @Test func areTheFile() throws {
    let prefix = ResponsePrefix(
      tracingID: CQLUUID(high: 0x0011_2233_4455_1677, low: 0x8899_aabb_ccdd_eeff), warnings: ["careful", "é"],
      customPayload: ["k": [1, 2]])
    var lines: [String] = []
    for version in ProtocolVersion.allCases {
      for (name, response, content) in Self.responses(version) {
        var body: [UInt8] = []
        try response.encode(into: &body, version: version)
        lines.append("\(name) \(version.rawValue) \(response.opcode.rawValue) 0 \(digits(body + content))")
      }
      guard version >= .v4 else { continue }
      var body: [UInt8] = []
      try prefix.encode(into: &body)
      try ResponseMessage.result(.void).encode(into: &body, version: version)
      lines.append("prefix \(version.rawValue) \(Opcode.result.rawValue) \(prefix.flags.rawValue) \(digits(body))")
    }
    if ProcessInfo.processInfo.environment["CQLWIRE_PRINT_RESPONSES"] != nil {
      print("# Made by OurResponseTests; checked by Scripts/check_with_driver.py.")
      for line in lines { print(line) }
    }
    #expect(lines == (try fixture("our-responses.txt")))
  }
}
