import CassandraDice
@testable import CQLEngine
import CQLLanguage
import CassandraWire
import Synchronization
import Testing

@Suite("The schema", .timeLimit(.minutes(10)))
struct SchemaTests {
  @Test("is the same after a restart, and so are rows and page states")
  func restart() async throws {
    let directory = Scratch()
    let definitions = [
      "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TYPE ks.inner (a int, b frozen<list<text>>)",
      "CREATE TYPE ks.outer (i frozen<inner>, t tuple<int, text>)",
      """
      CREATE TABLE ks.t (k int, c text, s int static, o frozen<outer>, m map<text, frozen<inner>>, v vector<float, 3>,
        x int, PRIMARY KEY (k, c)) WITH CLUSTERING ORDER BY (c DESC) AND comment = 'it''s' AND gc_grace_seconds = 7
      """,
      "CREATE INDEX ON ks.t (x)", "CREATE INDEX mk ON ks.t (keys(m))", "ALTER TABLE ks.t ADD y int",
      "ALTER TABLE ks.t DROP y", "ALTER TYPE ks.inner ADD z boolean",
      "CREATE TABLE ks.m (k int PRIMARY KEY, v text MASKED WITH mask_inner(1, null, '#'), n int MASKED WITH DEFAULT)",
      "CREATE TABLE ks.c (k int, c int, v int, PRIMARY KEY (k, c)) WITH COMPACT STORAGE",
    ]
    var described = ""
    var version = ""
    var state: [UInt8]?
    do {
      let node = try await TestNode(location: .directory(directory.path))
      for definition in definitions { try await node.run(definition) }
      for row in 1...3 { try await node.run("INSERT INTO ks.t (k, c, x) VALUES (1, 'c\(row)', 5)") }
      described = try await node.run("DESCRIBE SCHEMA WITH INTERNALS")
      version = try await node.run("SELECT schema_version, host_id FROM system.local")
      state = try await node.page("SELECT c FROM ks.t", pageSize: 2).state
      await node.engine.close()
    }
    let node = try await TestNode(location: .directory(directory.path))
    #expect(described.contains("CREATE TABLE ks.t"))
    #expect(described.contains("v text MASKED WITH system.mask_inner(1, null, ''#'')"))
    #expect(described.contains("COMPACT STORAGE"))
    #expect(try await node.run("DESCRIBE SCHEMA WITH INTERNALS") == described)
    #expect(try await node.run("SELECT schema_version, host_id FROM system.local") == version)
    #expect(try await node.page("SELECT c FROM ks.t", pageSize: 2, state: state).text == "'c1'")
    #expect(try await node.run("SELECT c FROM ks.t WHERE x = 5") == "'c3'\n'c2'\n'c1'")
    await node.engine.close()
  }

  @Test("tells of each change, and gives each a version")
  func changes() async throws {
    let node = try await TestNode.withKeyspace()
    let seen = Mutex<[SchemaChange]>([])
    node.engine.onSchemaChange { change in seen.withLock { $0.append(change) } }
    var versions: Set<String> = []
    for statement in [
      "CREATE TABLE t (k int PRIMARY KEY)", "CREATE TABLE IF NOT EXISTS t (k int PRIMARY KEY)",
      "ALTER TABLE t ADD v int", "CREATE INDEX ON t (v)", "CREATE TYPE u (a int)", "DROP TYPE u", "DROP TABLE t",
      "DROP KEYSPACE ks",
    ] {
      try await node.run(statement)
      versions.insert(try await node.run("SELECT schema_version FROM system.local"))
    }
    #expect(
      seen.withLock { $0 } == [
        SchemaChange(.created, keyspace: "ks", .table("t")), SchemaChange(.updated, keyspace: "ks", .table("t")),
        SchemaChange(.updated, keyspace: "ks", .table("t")), SchemaChange(.created, keyspace: "ks", .type("u")),
        SchemaChange(.dropped, keyspace: "ks", .type("u")), SchemaChange(.dropped, keyspace: "ks", .table("t")),
        SchemaChange(.dropped, keyspace: "ks"),
      ])
    #expect(versions.count == 7)
  }

  @Test("brings no old cells back with a column that is dropped and added anew")
  func columns() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, v int, w int)")
    try await node.run("INSERT INTO t (k, v, w) VALUES (1, 2, 3)")
    try await node.run("ALTER TABLE t DROP v")
    try await node.run("ALTER TABLE t ADD v int")
    #expect(try await node.run("SELECT * FROM t") == "1 null 3")
  }

  @Test("gives a field to values that were written before it")
  func fields() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TYPE u (a int)")
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, f frozen<u>, n u)")
    try await node.run("INSERT INTO t (k, f, n) VALUES (1, {a: 1}, {a: 2})")
    try await node.run("ALTER TYPE u ADD b text")
    try await node.run("UPDATE t SET n.b = 'x' WHERE k = 1")
    let row = try await node.run("SELECT f, n, n.b, f.b FROM t")
    #expect(row == "{a: 1} {a: 2, b: 'x'} 'x' null")
  }

  @Test("is told to clients before v5 with the rows when they cannot know it")
  func oldClients() async throws {
    let node = try await TestNode.withKeyspace(version: .v4)
    try await node.run("CREATE TABLE t (k int PRIMARY KEY)")
    try await node.run("INSERT INTO t (k) VALUES (1)")
    let select = try node.prepare("SELECT * FROM t")
    #expect(try await node.execute(select, [], skipsMetadata: true).metadata.columns == nil)
    try await node.run("ALTER TABLE t ADD v int")
    await #expect(throws: EngineFailure.self) { try await node.execute(select, [], skipsMetadata: true) }
    // Another client has prepared the statement anew, and this one has not.
    _ = try node.prepare("SELECT * FROM t")
    #expect(try await node.execute(select, [], skipsMetadata: true).metadata.columns?.count == 2)
  }

  @Test("is refused when its bytes are damaged", arguments: 0..<40 as Range<UInt64>)
  func damage(_ seed: UInt64) async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, v frozen<map<text, int>>)")
    try await node.run("CREATE TYPE u (a int, b frozen<list<int>>)")
    try await node.run(
      "CREATE TABLE m (k int PRIMARY KEY, v text MASKED WITH mask_inner(1, null)) WITH COMPACT STORAGE")
    try await node.run(
      "CREATE MATERIALIZED VIEW w AS SELECT k, v FROM t WHERE k > 1 AND v IS NOT NULL PRIMARY KEY (v, k)")
    try await node.run("CREATE FUNCTION f (a int, b u) CALLED ON NULL INPUT RETURNS int LANGUAGE java AS 'return a;'")
    try await node.run("CREATE AGGREGATE g (u) SFUNC f STYPE int INITCOND 5")
    var entries = SchemaDocument.changes(from: nil, to: node.engine.schema)
    var generator = Dice(seed: seed)
    let index = Int.random(in: 0..<entries.count, using: &generator)
    var bytes = try #require(entries[index].value)
    bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
    bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
    entries[index].value = bytes
    let first = entries.removeFirst().value ?? []
    // Whether it still is a schema depends on the byte; it must not trap.
    _ = SchemaDocument.schema(first, entries, adding: [])
    #expect(SchemaDocument.schema(Array(first.prefix(4)), entries, adding: []) == nil)
  }

  @Test("writes what it changes, however many tables there are")
  func changesAreSmall() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE KEYSPACE other WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    for number in 0..<40 {
      try await node.run("CREATE TABLE t\(number) (k int PRIMARY KEY, v int)")
      try await node.run("CREATE TYPE u\(number) (a int)")
    }
    for statement in [
      "CREATE TABLE new (k int PRIMARY KEY)", "ALTER TABLE t1 ADD w int", "DROP TABLE t2", "TRUNCATE t3",
      "CREATE INDEX ON t4 (v)", "CREATE TYPE v (a int)", "DROP TYPE u5", "ALTER TYPE u6 ADD b int",
      "ALTER KEYSPACE ks WITH durable_writes = false", "DROP KEYSPACE other",
      "CREATE MATERIALIZED VIEW w AS SELECT * FROM t7 WHERE k IS NOT NULL AND v IS NOT NULL PRIMARY KEY (v, k)",
      "ALTER MATERIALIZED VIEW w WITH comment = 'x'", "TRUNCATE t7", "DROP MATERIALIZED VIEW w",
      "CREATE FUNCTION f (a int) CALLED ON NULL INPUT RETURNS int LANGUAGE java AS 'return a;'", "DROP FUNCTION f",
    ] {
      let old = node.engine.schema
      try await node.run(statement)
      // The schema's version, and what the statement names.
      #expect(SchemaDocument.changes(from: old, to: node.engine.schema).count == 2, "\(statement)")
    }
  }

  @Test("is what it was after a restart, and when it was written by an older version", arguments: [false, true])
  func restart(_ isOld: Bool) async throws {
    let scratch = Scratch()
    defer { withExtendedLifetime(scratch) {} }
    let node = try await TestNode(location: .directory(scratch.path))
    for statement in [
      "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TYPE ks.inner (a int, b frozen<list<text>>)", "CREATE TYPE ks.outer (i frozen<inner>)",
      "CREATE TABLE ks.t (k int, c text, s int static, v frozen<outer>, w int, PRIMARY KEY (k, c)) "
        + "WITH CLUSTERING ORDER BY (c DESC) AND comment = 'x'", "CREATE INDEX ON ks.t (w)",
      "ALTER TABLE ks.t ADD x int", "ALTER TABLE ks.t DROP x", "CREATE TABLE ks.gone (k int PRIMARY KEY)",
      "DROP TABLE ks.gone",
    ] { try await node.run(statement) }
    let description = try await node.run("DESCRIBE KEYSPACE ks")
    let schema = node.engine.schema
    if isOld { try await node.engine.store.commit(meta: Self.oldEntries(schema)) }
    await node.engine.close()
    let again = try await TestNode(location: .directory(scratch.path))
    #expect(try await again.run("DESCRIBE KEYSPACE ks") == description)
    #expect(again.engine.schema.version == schema.version)
    #expect(again.engine.schema.keyspaces["ks"]?.tables["t"]?.definition.dropped["x"]?.id != nil)
    let kept = try again.engine.store.makeReader().meta(beginningWith: SchemaDocument.prefix)
    #expect(kept.count == 4, "a keyspace, two types, a table")
    await again.engine.close()
  }

  /// The schema as format 2 has it: one value, and nothing beside it.
  private static func oldEntries(_ schema: Schema) -> [SchemaDocument.Entry] {
    var writer = DocumentWriter()
    writer.write(UInt32(2))
    writer.write(schema.version.high)
    writer.write(schema.version.low)
    writer.write(schema.sortedKeyspaces.filter { !$0.isSystem }) { writer, keyspace in
      writer.write(keyspace.name)
      writer.write(keyspace.replication)
      writer.write(keyspace.durableWrites)
      writer.write(keyspace.sortedTypes) { writer, type in
        writer.write(type.name)
        writer.write(type.fields) { writer, field in
          writer.write(field.name)
          writer.write(field.type.name)
        }
      }
      writer.write(keyspace.sortedTables) { $0.write($1.definition) }
    }
    let removed = SchemaDocument.changes(from: nil, to: schema).dropFirst().map { ($0.name, nil as [UInt8]?) }
    return [(SchemaDocument.metaName, writer.bytes)] + removed
  }
}

@Suite("A write that is older than an index", .timeLimit(.minutes(10)))
struct LateWriteTests {
  @Test("is found by it all the same")
  func lateWrite() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, v int)")
    let before = try #require(node.engine.schema.keyspaces["ks"]?.tables["t"])
    try await node.run("CREATE INDEX ON t (v)")
    // As a loop does that has bound its write with the schema before the index.
    var record = RecordBuilder()
    record.setMarker(timestamp: 1)
    let column = try #require(before.column("v"))
    let five: [UInt8] = [0, 0, 0, 5]
    record.addCell(column.id, value: five.span, timestamp: 1)
    let mutation = PartitionMutation(
      table: before.handle, partition: try ReadRanges.partition([five[...]]),
      rows: [RowMutation(clustering: [], record: record.finish())])
    try await node.engine.store.apply([mutation])
    #expect(try await node.run("SELECT k FROM t WHERE v = 5") == "5")
  }
}
