import Testing

@testable import CQLLanguage

@Suite struct WriteTests {
  /// The only value of an INSERT.
  private func term(_ text: String) throws -> Term.Kind {
    guard case .insert(let statement) = try parse("INSERT INTO t (a) VALUES (\(text))"),
      case .values(_, let values) = statement.source
    else { throw CQLSyntaxError(message: "not an INSERT") }
    #expect(values.count == 1)
    return values[0].kind
  }

  /// What happens to column `a`.
  private func operation(_ text: String) throws -> UpdateStatement.Operation {
    guard case .update(let statement) = try parse("UPDATE t SET \(text) WHERE k = 1") else {
      throw CQLSyntaxError(message: "not an UPDATE")
    }
    #expect(statement.assignments.map(\.column) == ["a"])
    return statement.assignments[0].operation
  }

  /// The condition of an UPDATE.
  private func condition(_ text: String) throws -> Condition? {
    guard case .update(let statement) = try parse("UPDATE t SET a = 1 WHERE k = 1 IF \(text)") else { return nil }
    return statement.condition
  }

  @Test func insert() throws {
    var expected = InsertStatement(
      into: QualifiedName("t", in: "ks"), .values(columns: ["a", "B"], values: [.marker(0), .integer("1")]))
    expected.ifNotExists = true
    expected.using = UsingClause(timestamp: .integer("3"), timeToLive: .marker(1))
    #expect(
      try parse(#"INSERT INTO ks.t (a, "B") VALUES (?, 1) IF NOT EXISTS USING TTL ? AND TIMESTAMP 3"#)
        == .insert(expected))
  }

  @Test func insertJSON() throws {
    #expect(
      try parse("INSERT INTO t JSON '{}' DEFAULT UNSET")
        == .insert(InsertStatement(into: QualifiedName("t"), .json(.text("{}"), defaultsToUnset: true))))
    #expect(
      try parse("INSERT INTO t JSON ? DEFAULT NULL")
        == .insert(
          InsertStatement(into: QualifiedName("t"), .json(.marker(BindMarker(index: 0)), defaultsToUnset: false))))
  }

  @Test func terms() throws {
    #expect(try term("TRUE") == .constant(Constant(.boolean, "true")))
    #expect(try term("-nan") == .constant(Constant(.float, "NaN")))
    #expect(try term("-infinity") == .constant(Constant(.float, "-Infinity")))
    #expect(try term("0xCaFe") == .constant(Constant(.blob, "0xCaFe")))
    #expect(try term("$$it's$$") == .constant(Constant(.string, "it's")))
    #expect(try term("[1, [2]]") == .list([.integer("1"), Term(.list([.integer("2")]))]))
    #expect(try term("{}") == .set([]))
    #expect(try term("{1, 2}") == .set([.integer("1"), .integer("2")]))
    #expect(
      try term("{1: ?, :k: 2}") == .map([.init(.integer("1"), .marker(0)), .init(.marker(1, "k"), .integer("2"))]))
    #expect(try term("{a: 1, \"B\": 2}") == .userType([.init("a", .integer("1")), .init("B", .integer("2"))]))
    #expect(try term("(1, 2)") == .tuple([.integer("1"), .integer("2")]))
    #expect(try term("now()") == .call(function: QualifiedName("now"), arguments: []))
    #expect(
      try term("(ks.u){a: 1}")
        == .typeHint(
          .userDefined(QualifiedName("u", in: "ks")), Term(.userType([.init("a", .integer("1"))]))))
    #expect(try term("CAST(? AS bigint)") == .cast(.marker(0), .bigint))
    #expect(try term("- ?") == .negation(.marker(0)))
    #expect(
      try term("1 + 2 % 3")
        == .arithmetic(
          .integer("1"), .plus, Term(.arithmetic(.integer("2"), .modulo, .integer("3")))))
  }

  @Test func assignments() throws {
    #expect(try operation("a = NULL") == .set(Term(.null)))
    #expect(try operation("a = a + 1") == .add(.integer("1")))
    #expect(try operation("a += 1") == .add(.integer("1")))
    #expect(try operation("a = a - 1") == .subtract(.integer("1")))
    #expect(try operation("a -= 1") == .subtract(.integer("1")))
    #expect(try operation("a = a -1") == .add(.integer("-1")))
    #expect(try operation("a = [1] + a") == .prepend(Term(.list([.integer("1")]))))
    #expect(try operation("a['k'] = 1") == .setElement(key: .string("k"), .integer("1")))
    #expect(try operation("a.f = 1") == .setField("f", .integer("1")))
    #expect(
      try operation("a = 1 + f(2)")
        == .set(
          Term(
            .arithmetic(
              .integer("1"), .plus, Term(.call(function: QualifiedName("f"), arguments: [.integer("2")]))))))
  }

  @Test func update() throws {
    var expected = UpdateStatement(
      QualifiedName("t"), [.init("a", .set(.marker(1)))],
      where: [Relation(.column("k", .equal, .marker(2)))])
    expected.using = UsingClause(timeToLive: .marker(0))
    expected.condition = .exists
    #expect(try parse("UPDATE t USING TTL ? SET a = ? WHERE k = ? IF EXISTS") == .update(expected))
  }

  @Test func conditions() throws {
    #expect(
      try condition("a = 1 AND b[?] != 2")
        == .columns([
          ColumnCondition("a", .compares(.equal, .integer("1"))),
          ColumnCondition("b", part: .element(.marker(0)), .compares(.notEqual, .integer("2"))),
        ]))
    #expect(
      try condition("a.f IN (1)")
        == .columns([
          ColumnCondition("a", part: .field("f"), .isIn(.terms([.integer("1")])))
        ]))
    #expect(
      try condition("exists CONTAINS 1")
        == .columns([
          ColumnCondition("exists", .compares(.contains, .integer("1")))
        ]))
  }

  @Test func delete() throws {
    var expected = DeleteStatement(
      [.column("a"), .element("b", key: .integer("1")), .field("c", "f")], from: QualifiedName("t"),
      where: [Relation(.column("k", .equal, .integer("1")))])
    expected.timestamp = .integer("9")
    expected.condition = .columns([ColumnCondition("a", .compares(.equal, .integer("1")))])
    #expect(
      try parse("DELETE a, b[1], c.f FROM t USING TIMESTAMP 9 WHERE k = 1 IF a = 1") == .delete(expected))
  }

  @Test func batch() throws {
    let insert = InsertStatement(into: QualifiedName("t"), .values(columns: ["a"], values: [.marker(1)]))
    let delete = DeleteStatement(from: QualifiedName("t"), where: [Relation(.column("k", .equal, .marker(2, "k")))])
    let parsed = try CQLParser.parse(
      "BEGIN UNLOGGED BATCH USING TIMESTAMP ? INSERT INTO t (a) VALUES (?); DELETE FROM t WHERE k = :k APPLY BATCH")
    #expect(
      parsed.statement
        == .batch(
          BatchStatement(
            .unlogged, using: UsingClause(timestamp: .marker(0)), [.insert(insert), .delete(delete)])))
    #expect(parsed.markers == [nil, nil, "k"])
  }

  /// Were each compared with all before it, that would take far longer than the limit.
  @Test(.timeLimit(.minutes(5))) func manyAssignmentsTakeNoSquareOfTheirNumber() throws {
    let count = 32_000
    let assignments = (0..<count).map { "a[\($0)] = 1" }.joined(separator: ", ")
    guard case .update(let update) = try parse("UPDATE t SET \(assignments) WHERE k = 1") else {
      Issue.record("it is no UPDATE")
      return
    }
    #expect(update.assignments.count == count)
  }
}
