import CassandraBytes
import CassandraReactor
import CassandraWire
import Testing

@testable import Cassandra

/// User types within user types, which take as many steps to go over as they have copies of each other.
@Suite(.timeLimit(.minutes(5))) struct TypesOfTypesTests {
  private static func rows(_ columns: [(String, CQLType)], _ values: [[CQLValue]]) throws -> [Row] {
    var body: [UInt8] = []
    let specifications = columns.map {
      ColumnSpecification(keyspace: "system_schema", table: "t", name: $0.0, type: $0.1)
    }
    try RowsResult(metadata: ResultMetadata(columns: specifications), rowCount: values.count)
      .encode(into: &body, version: .v4)
    for row in values {
      for (value, column) in zip(row, columns) { try body.append(value: value, as: column.1) }
    }
    return Array(try Page(body: body, at: 4, version: .v4, layout: nil))
  }

  private static func reader(_ types: [(name: String, fields: [String])], column: String) throws -> SchemaReader {
    var reader = SchemaReader()
    reader.keyspaces = try rows(
      [("keyspace_name", .text), ("replication", .map(key: .text, value: .text)), ("durable_writes", .boolean)],
      [[.text("k"), .map([]), .boolean(true)]])
    reader.types = try rows(
      [
        ("keyspace_name", .text), ("type_name", .text), ("field_names", .list(.text)), ("field_types", .list(.text)),
      ],
      types.map { type in
        [
          .text("k"), .text(type.name), .list(type.fields.indices.map { .text("f\($0)") }),
          .list(type.fields.map { .text($0) }),
        ]
      })
    reader.tables = try rows(
      [("keyspace_name", .text), ("table_name", .text), ("comment", .text)], [[.text("k"), .text("t"), .text("")]])
    reader.columns = try rows(
      [
        ("keyspace_name", .text), ("table_name", .text), ("column_name", .text), ("kind", .text), ("position", .int),
        ("type", .text), ("clustering_order", .text),
      ],
      [[.text("k"), .text("t"), .text("c"), .text("regular"), .int(-1), .text(column), .text("DESC")]])
    return reader
  }

  @Test func eachTwiceInTheNext() async throws {
    let types = (0..<60).map { level in
      (name: "t\(level)", fields: level == 0 ? ["int", "text"] : Array(repeating: "frozen<t\(level - 1)>", count: 2))
    }
    let reader = try Self.reader(types, column: "frozen<t59>")
    var slices = WorkSlices(on: nil, of: 1)
    let schema = try await reader.schema(&slices)
    // Two that were read apart share nothing, so every part is compared.
    let again = try await reader.schema(&slices)
    #expect(again == schema)
    let keyspace = try #require(schema.keyspace("k"))
    #expect(keyspace.type("t3") != nil)
    // What is too large is left out, and fields of such a type stay their texts.
    #expect(keyspace.types.count < 60)
    #expect(
      keyspace.types.contains { type in type.fields.contains { if case .custom = $0.type { true } else { false } } })
    #expect(keyspace.table("t")?.column("c")?.isDescending == true)
    for type in keyspace.types {
      var bytes = 0
      #expect(CQLType.udt(type).addExtent(to: &bytes, limit: SchemaReader.maximumTypeBytes))
    }
  }

  @Test func eachWithinItself() async throws {
    let types = [(name: "t", fields: Array(repeating: "frozen<t>", count: 3)), (name: "u", fields: ["int"])]
    var slices = WorkSlices(on: nil, of: 1)
    let schema = try await Self.reader(types, column: "frozen<u>").schema(&slices)
    let itself = try #require(schema.keyspace("k")?.type("t"))
    var bytes = 0
    #expect(CQLType.udt(itself).addExtent(to: &bytes, limit: SchemaReader.maximumTypeBytes))
    #expect(
      schema.keyspace("k")?.table("t")?.column("c")?.type
        == .udt(UserDefinedType(keyspace: "k", name: "u", fields: [.init("f0", .int)])))
  }

  /// A large schema is read in pieces, between which the loop looks at its sockets.
  @Test func manyTablesLeaveTurnsToOthers() async throws {
    let loops = try EventLoops(count: 1)
    let loop = loops[0]
    let turns = try await loop.run {
      var reader = try Self.reader([], column: "int")
      reader.tables = try Self.rows(
        [("keyspace_name", .text), ("table_name", .text), ("comment", .text)],
        (0..<5_000).map { [.text("k"), .text("t\($0 * 7_919 % 5_000)"), .text("")] })
      let before = loop.turnNumber
      var slices = WorkSlices(on: .current, of: SchemaReader.workAtOnce)
      let schema = try await reader.schema(&slices)
      let names = schema.keyspace("k")?.tables.map { ByteText($0.name) } ?? []
      #expect(names.count == 5_000 && names == names.sorted())
      return loop.turnNumber - before
    }
    #expect(turns >= 10)
    await loops.shutDown()
  }
}
