import Testing

@testable import CQLLanguage

@Suite struct SchemaTests {
  @Test func keyspaces() throws {
    let replication = Property(
      "replication",
      .map([
        .init(Constant(.string, "class"), Constant(.string, "SimpleStrategy")),
        .init(Constant(.string, "replication_factor"), Constant(.integer, "1")),
      ]))
    let durable = Property("durable_writes", .constant(Constant(.boolean, "true")))
    #expect(
      try parse(
        """
        CREATE KEYSPACE IF NOT EXISTS k WITH REPLICATION = {'class': 'SimpleStrategy', 'replication_factor': 1}
        AND durable_writes = true
        """)
        == .createKeyspace(
          CreateKeyspaceStatement(keyspace: "k", ifNotExists: true, properties: [replication, durable])))
    #expect(
      try parse("ALTER KEYSPACE IF EXISTS k WITH durable_writes = true")
        == .alterKeyspace(AlterKeyspaceStatement(keyspace: "k", ifExists: true, properties: [durable])))
    #expect(
      try parse("DROP KEYSPACE \"K\"") == .drop(DropStatement(kind: .keyspace, name: QualifiedName("K"))))
    #expect(try parse("USE \"K\"") == .use("K"))
  }

  @Test func createTable() throws {
    var expected = CreateTableStatement(table: QualifiedName("t", in: "ks"), ifNotExists: true)
    expected.columns = [
      ColumnDefinition(name: "a", type: .native(.int)),
      ColumnDefinition(name: "b", type: .frozen(.map(key: .native(.text), value: .userDefined(QualifiedName("u"))))),
      ColumnDefinition(name: "c", type: .native(.text), isStatic: true, mask: ColumnMask()),
      ColumnDefinition(
        name: "d", type: .vector(element: .native(.float), dimension: 3),
        mask: ColumnMask(function: QualifiedName("f"), arguments: [.integer("1")])),
    ]
    expected.primaryKeys = [PrimaryKeyDefinition(partition: ["a"], clustering: ["b"])]
    expected.options = [
      .clusteringOrder([ClusteringOrder(column: "b", isDescending: true)]),
      .property(Property("comment", .constant(Constant(.string, "x")))),
      .property(Property("memtable", .keyword("default"))),
      .compactStorage,
    ]
    #expect(
      try parse(
        """
        CREATE TABLE IF NOT EXISTS ks.t (a int, b frozen<map<text, u>>, c text STATIC MASKED WITH DEFAULT,
          d vector<float, 3> MASKED WITH f(1), PRIMARY KEY ((a), b),)
        WITH CLUSTERING ORDER BY (b DESC) AND comment = 'x' AND memtable = default AND COMPACT STORAGE
        """) == .createTable(expected))
    #expect(
      try parse("CREATE TABLE t (a int PRIMARY KEY)")
        == .createTable(
          CreateTableStatement(
            table: QualifiedName("t"),
            columns: [ColumnDefinition(name: "a", type: .native(.int), isPrimaryKey: true)])))
  }

  @Test func alterTable() throws {
    func change(_ text: String) throws -> AlterTableStatement.Change? {
      guard case .alterTable(let statement) = try parse("ALTER TABLE t \(text)") else { return nil }
      return statement.change
    }
    let column = ColumnDefinition(name: "b", type: .native(.int), isStatic: true)
    #expect(try change("ADD IF NOT EXISTS b int STATIC") == .add([column], ifNotExists: true))
    #expect(try change("ADD (b int STATIC)") == .add([column], ifNotExists: false))
    #expect(try change("DROP IF EXISTS b") == .drop(["b"], ifExists: true, timestamp: nil))
    #expect(try change("DROP (b, c) USING TIMESTAMP 5") == .drop(["b", "c"], ifExists: false, timestamp: 5))
    #expect(try change("DROP COMPACT STORAGE") == .dropCompactStorage)
    #expect(
      try change("RENAME a TO b AND c TO d")
        == .rename([Renaming(from: "a", to: "b"), Renaming(from: "c", to: "d")], ifExists: false))
    #expect(try change("ALTER a TYPE text") == .alterType("a", .native(.text)))
    #expect(try change("ALTER a MASKED WITH DEFAULT") == .mask("a", ColumnMask(), ifExists: false))
    #expect(try change("ALTER IF EXISTS a DROP MASKED") == .mask("a", nil, ifExists: true))
    #expect(try change("WITH cdc = true") == .properties([Property("cdc", .constant(Constant(.boolean, "true")))]))
  }

  @Test func types() throws {
    #expect(
      try parse("CREATE TYPE ks.u (a int, b list<text>)")
        == .createType(
          CreateTypeStatement(
            type: QualifiedName("u", in: "ks"),
            fields: [.init(name: "a", type: .native(.int)), .init(name: "b", type: .list(.native(.text)))])))
    #expect(
      try parse("ALTER TYPE u ADD IF NOT EXISTS a tuple<int, 'Int32Type'>")
        == .alterType(
          AlterTypeStatement(
            type: QualifiedName("u"),
            change: .add("a", .tuple([.native(.int), .custom(className: "Int32Type")]), ifNotExists: true))))
    #expect(
      try parse("DROP TYPE IF EXISTS u")
        == .drop(DropStatement(kind: .type, name: QualifiedName("u"), ifExists: true)))
  }

  @Test func indexesAndViews() throws {
    #expect(
      try parse("CREATE CUSTOM INDEX IF NOT EXISTS i ON ks.t (keys(a), values) USING 'sai' WITH OPTIONS = {'a': 1}")
        == .createIndex(
          CreateIndexStatement(
            isCustom: true, ifNotExists: true, name: "i", table: QualifiedName("t", in: "ks"),
            targets: [.init(column: "a", part: .keys), .init(column: "values")], implementation: "sai",
            properties: [Property("options", .map([.init(Constant(.string, "a"), Constant(.integer, "1"))]))])))
    #expect(
      try parse("DROP INDEX ks.i") == .drop(DropStatement(kind: .index, name: QualifiedName("i", in: "ks"))))
    #expect(
      try parse("CREATE MATERIALIZED VIEW v AS SELECT a FROM t WHERE a IS NOT NULL PRIMARY KEY ((a, b), c) WITH x = 1")
        == .createView(
          CreateViewStatement(
            view: QualifiedName("v"), selection: .selectors([.init(.column("a"))]), table: QualifiedName("t"),
            relations: [Relation(.isNotNull("a"))],
            primaryKey: PrimaryKeyDefinition(partition: ["a", "b"], clustering: ["c"]),
            options: [.property(Property("x", .constant(Constant(.integer, "1"))))])))
  }

  @Test func functionsAndTriggers() throws {
    #expect(
      try parse("CREATE OR REPLACE FUNCTION f (a int) CALLED ON NULL INPUT RETURNS text LANGUAGE Java AS $$ a; 'b' $$")
        == .createFunction(
          CreateFunctionStatement(
            function: QualifiedName("f"), orReplace: true, arguments: [.init(name: "a", type: .native(.int))],
            isCalledOnNullInput: true, returnType: .native(.text), language: "java", body: " a; 'b' ")))
    #expect(
      try parse("CREATE AGGREGATE ks.a (int) SFUNC f STYPE int FINALFUNC g INITCOND 0")
        == .createAggregate(
          CreateAggregateStatement(
            aggregate: QualifiedName("a", in: "ks"), arguments: [.native(.int)], stateFunction: "f",
            stateType: .native(.int), finalFunction: "g", initialCondition: .integer("0"))))
    #expect(
      try parse("DROP FUNCTION f (int)")
        == .dropFunction(
          DropFunctionStatement(isAggregate: false, function: QualifiedName("f"), arguments: [.native(.int)])))
    #expect(
      try parse("CREATE TRIGGER r ON t USING 'x'")
        == .createTrigger(CreateTriggerStatement(trigger: "r", table: QualifiedName("t"), className: "x")))
  }

  @Test func namesForRefusals() throws {
    #expect(
      try parse("CREATE MATERIALIZED VIEW v AS SELECT a FROM t PRIMARY KEY (a)").name == "CREATE MATERIALIZED VIEW")
    #expect(try parse("DROP MATERIALIZED VIEW v").name == "DROP MATERIALIZED VIEW")
    #expect(try parse("LIST ROLES").name == "LIST ROLES")
    #expect(try parse("CREATE CUSTOM INDEX ON t (a)").name == "CREATE CUSTOM INDEX")
  }
}
