import CassandraWire
import Testing

@testable import Cassandra

/// What leaves for a statement is read back with the wire's own decoder.
@Suite struct ExecuteEncodingTests {
  private func prepared(
    _ text: String, _ parameters: [(String, CQLType)], _ version: ProtocolVersion
  ) throws -> PreparedStatement {
    let columns = parameters.map { ColumnSpecification(keyspace: "k", table: "t", name: $0.0, type: $0.1) }
    return try PreparedStatement(
      key: StatementKey(text), kind: StatementKind(text),
      result: PreparedResult(
        id: [1, 2], resultMetadataID: version >= .v5 ? [3] : nil, parameters: PreparedMetadata(columns: columns),
        result: ResultMetadata(columnCount: 0)), version: version)
  }

  private func parameters(
    of statement: Statement, _ types: [(String, CQLType)], _ version: ProtocolVersion = .v5,
    options: QueryOptions = QueryOptions(), timestamp: Int64? = nil, pageState: [UInt8]? = nil
  ) throws -> QueryParameters {
    let prepared = try prepared(statement.text, types, version)
    var bytes: [UInt8] = []
    let resolved = try ResolvedOptions(options)
    try statement.bound.encodeExecute(
      prepared, resolved, timestamp: timestamp, pageState: pageState, pageSize: resolved.pageSize, into: &bytes)
    guard
      case .execute(let id, let metadataID, let parameters) =
        try RequestMessage(opcode: .execute, body: bytes, version: version)
    else { throw CassandraError(.protocolViolation, "no EXECUTE") }
    #expect(id == [1, 2])
    #expect(metadataID == (version >= .v5 ? [3] : nil))
    return parameters
  }

  private func bytes(_ values: BoundValues) -> [String] {
    guard case .positional(let values) = values else { return [] }
    return values.map { value in
      switch value {
      case .null: "null"
      case .unset: "unset"
      case .bytes(let bytes): bytes.map { String($0, radix: 16) }.joined(separator: " ")
      }
    }
  }

  @Test(arguments: [ProtocolVersion.v4, .v5]) func aSelect(_ version: ProtocolVersion) throws {
    let read = try parameters(
      of: "SELECT a FROM t WHERE k = \("ab")", [("k", .text)], version,
      options: QueryOptions(consistency: .one, pageSize: 7), pageState: [9])
    // On v4 the columns are always asked for: a server could leave out that they have changed.
    #expect(
      read
        == QueryParameters(
          consistency: .one, values: .positional([.bytes([0x61, 0x62])]), skipsMetadata: version >= .v5, pageSize: 7,
          pageState: [9]))
  }

  @Test(arguments: [ProtocolVersion.v4, .v5]) func aWrite(_ version: ProtocolVersion) throws {
    let write = try parameters(
      of: "INSERT INTO t (k) VALUES (\(1))", [("k", .int)], version, timestamp: 1234)
    #expect(write.consistency == .localQuorum)
    #expect(write.defaultTimestamp == 1234)
    #expect(write.serialConsistency == nil)
    #expect(write.pageSize == nil)
  }

  @Test func aConditionalStatementHasASerialConsistency() throws {
    let write = try parameters(
      of: "INSERT INTO t (k) VALUES (\(1)) IF NOT EXISTS", [("k", .int)],
      options: QueryOptions(serialConsistency: .serial))
    #expect(write.serialConsistency == .serial)
    #expect(write.defaultTimestamp == nil)
  }

  /// The commonest types are written without being boxed, and have the bytes that any value of theirs has.
  @Test func whatIsNotBoxedHasTheSameBytes() throws {
    let (texts, none): ([String], [String]) = (["a", "", "e\u{301}"], [])
    let types: [(String, CQLType)] = [
      ("a", .list(.text)), ("b", .set(.text)), ("c", .list(.text)), ("d", .float), ("e", .double),
      ("in(f)", .list(.text)),
    ]
    let number: Float = 0.12
    let plain: Statement = """
      UPDATE t SET a = \(texts), b = \(texts), c = \(none), d = \(number), e = \(number) IF f IN \(texts)
      """
    let boxed = Statement(unsafeCQL: plain.text, [texts, texts, none, number, number, texts])
    let expected = try bytes(parameters(of: boxed, types).values)
    #expect(try bytes(parameters(of: plain, types).values) == expected)
    #expect(expected[0] == "0 0 0 3 0 0 0 1 61 0 0 0 0 0 0 0 3 65 cc 81")
    #expect(expected[2] == "0 0 0 0")
    #expect(expected[3] == "3d f5 c2 8f")
  }

  @Test(arguments: [CQLType.text, .list(.int), .int]) func aListOfTextsGoesNowhereElse(_ type: CQLType) throws {
    #expect(throws: CassandraError.self) { try parameters(of: "UPDATE t SET a = \(["a"])", [("a", type)]) }
  }

  @Test func integersTakeTheTypeOfTheirMarker() throws {
    let statement: Statement = "INSERT INTO t (a, b, c, d) VALUES (\(258), \(258), \(258), \(-1))"
    let types: [(String, CQLType)] = [("a", .int), ("b", .bigint), ("c", .varint), ("d", .tinyint)]
    #expect(
      bytes(try parameters(of: statement, types).values) == ["0 0 1 2", "0 0 0 0 0 0 1 2", "1 2", "ff"])
  }

  @Test func nullAndUnset() throws {
    let statement: Statement =
      "INSERT INTO t (a, b, c, d) VALUES (\(String?.none), \(CQLUnset()), \(Int?.none), \(CQLValue.unset))"
    let types: [(String, CQLType)] = [("a", .text), ("b", .text), ("c", .int), ("d", .blob)]
    #expect(bytes(try parameters(of: statement, types).values) == ["null", "unset", "null", "unset"])
  }

  @Test func whatDoesNotFitIsRefused() {
    func code(_ statement: Statement, _ types: [(String, CQLType)]) -> CassandraError.Code? {
      do {
        _ = try parameters(of: statement, types)
        return nil
      } catch let error as CassandraError {
        #expect(error.isRetrySafe)
        // The description tells a stranger neither names nor values.
        #expect(!error.description.contains("secret"))
        return error.code
      } catch { return .otherServerError }
    }
    #expect(code("x \(1 << 40)", [("secret", .int)]) == .invalidValue)
    #expect(code("x \("secret")", [("secret", .int)]) == .invalidValue)
    #expect(code("x \(1)", [("secret", .text)]) == .invalidValue)
    #expect(code("x \(300)", [("secret", .tinyint)]) == .invalidValue)
    #expect(code("x", [("secret", .tinyint)]) == .invalidValue)
    #expect(code("x \(1) \(2)", [("secret", .int)]) == .invalidValue)
  }

  @Test func valuesToCompareWithMayBeNull() throws {
    let statement: Statement = "UPDATE t SET a = 1 WHERE k = 1 IF a IN \([1, nil] as [Int?])"
    let types: [(String, CQLType)] = [("in(a)", .list(.int))]
    let expected = ["0 0 0 2 0 0 0 4 0 0 0 1 ff ff ff ff"]
    #expect(bytes(try parameters(of: statement, types).values) == expected)
    let value: Statement = "UPDATE t SET a = 1 WHERE k = 1 IF a IN \(CQLValue.list([.int(1), .null]))"
    #expect(bytes(try parameters(of: value, types).values) == expected)
    let none: Statement = "UPDATE t SET a = 1 WHERE k = 1 IF a IN \([Int]?.none)"
    #expect(bytes(try parameters(of: none, types).values) == ["null"])
    // A list that is stored has no nulls.
    #expect(throws: CassandraError.self) { try parameters(of: statement, [("a", .list(.int))]) }
    let wrong: Statement = "UPDATE t SET a = 1 WHERE k = 1 IF a IN \(["x", nil] as [String?])"
    #expect(throws: CassandraError.self) { try parameters(of: wrong, types) }
  }

  @Test func namedValuesFindTheirMarkers() throws {
    let types: [(String, CQLType)] = [("k", .text), ("n", .int), ("k", .text)]
    let statement = Statement("SELECT :k, :n, :k", named: ["n": 1, "k": "a"])
    #expect(bytes(try parameters(of: statement, types).values) == ["61", "0 0 0 1", "61"])
    let missing = #expect(throws: CassandraError.self) {
      try parameters(of: Statement("SELECT :k, :n, :k", named: ["n": 1]), types)
    }
    #expect(missing?.code == .invalidValue)
    #expect(missing?.debugDescription.contains(":k") == true)
    let unknown = #expect(throws: CassandraError.self) {
      try parameters(of: Statement("SELECT :k, :n, :k", named: ["n": 1, "k": "a", "other": 1]), types)
    }
    #expect(unknown?.code == .invalidValue)
    let canonicallyEqual = #expect(throws: CassandraError.self) {
      try parameters(of: Statement("SELECT :e", named: ["e\u{301}": 1]), [("\u{e9}", .int)])
    }
    #expect(canonicallyEqual?.code == .invalidValue)
  }
}
