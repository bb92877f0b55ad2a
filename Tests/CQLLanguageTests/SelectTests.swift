import Testing

@testable import CQLLanguage

/// The statement that `text` is.
func parse(_ text: String) throws -> CQLStatement { try CQLParser.parse(text).statement }

extension Term {
  static func integer(_ text: String) -> Term { Term(.constant(Constant(.integer, text))) }
  static func string(_ text: String) -> Term { Term(.constant(Constant(.string, text))) }
  static func marker(_ index: Int, _ name: String? = nil) -> Term {
    Term(.marker(BindMarker(index: index, name: name)))
  }
}

extension Selectable {
  static func column(_ name: Identifier) -> Selectable { Selectable(.column(name)) }
  static func integer(_ text: String) -> Selectable { Selectable(.term(.integer(text))) }
}

@Suite struct SelectTests {
  private func select(_ text: String) throws -> SelectStatement {
    guard case .select(let statement) = try parse(text) else { throw CQLSyntaxError(message: "not a SELECT") }
    return statement
  }

  /// The only selectable of a statement.
  private func selectable(_ text: String) throws -> Selectable.Kind {
    guard case .selectors(let selectors) = try select("SELECT \(text) FROM t").selection else {
      throw CQLSyntaxError(message: "no selectors")
    }
    #expect(selectors.count == 1)
    return selectors[0].selectable.kind
  }

  /// The only relation of a statement.
  private func relation(_ text: String) throws -> Relation.Kind {
    let relations = try select("SELECT * FROM t WHERE \(text)").relations
    #expect(relations.count == 1)
    return relations[0].kind
  }

  @Test func everyClause() throws {
    let statement = try select(
      """
      SELECT a AS x, count(*) FROM Ks."T" WHERE a = 1 AND b IN (?, ?) GROUP BY a, f(b)
      ORDER BY c DESC, v ANN OF ? PER PARTITION LIMIT 2 LIMIT :n ALLOW FILTERING;
      """)
    var expected = SelectStatement(
      .selectors([.init(.column("a"), as: "x"), .init(Selectable(.countRows))]),
      from: QualifiedName("T", in: "ks"))
    expected.relations = [
      Relation(.column("a", .equal, .integer("1"))),
      Relation(.columnIn("b", .terms([.marker(0), .marker(1)]))),
    ]
    expected.groupBy = [
      .column("a"), Selectable(.call(function: QualifiedName("f"), arguments: [.column("b")])),
    ]
    expected.orderBy = [
      .init("c", isDescending: true), .init("v", nearestNeighbourOf: .marker(2)),
    ]
    expected.perPartitionLimit = .integer("2")
    expected.limit = .marker(3, "n")
    expected.allowsFiltering = true
    #expect(statement == expected)
  }

  @Test func jsonAndDistinctAreKeywordsOrColumns() throws {
    #expect(try select("SELECT JSON DISTINCT a FROM t").isJSON)
    #expect(try select("SELECT JSON DISTINCT a FROM t").isDistinct)
    #expect(try select("SELECT json FROM t") == SelectStatement(.selectors([.init(.column("json"))]), from: .init("t")))
    #expect(try select("SELECT distinct FROM t").isDistinct == false)
    #expect(try select("SELECT DISTINCT distinct FROM t").isDistinct)
    #expect(try select("SELECT * FROM t").selection == .all)
  }

  @Test func selectables() throws {
    #expect(try selectable("\"A\"") == .column("A"))
    #expect(try selectable("Count") == .column("count"))
    #expect(
      try selectable("ks.f(a, 1)")
        == .call(
          function: QualifiedName("f", in: "ks"), arguments: [.column("a"), .integer("1")]))
    #expect(try selectable("token(a)") == .call(function: QualifiedName("token"), arguments: [.column("a")]))
    #expect(try selectable("writetime(a.b)") == .attribute(.writeTime, of: Selectable(.field(.column("a"), "b"))))
    #expect(try selectable("maxwritetime(a)") == .attribute(.maximumWriteTime, of: .column("a")))
    #expect(
      try selectable("TTL(a[1])")
        == .attribute(
          .timeToLive, of: Selectable(.element(.column("a"), .integer("1")))))
    #expect(try selectable("CAST(a AS text)") == .cast(.column("a"), .text))
    #expect(try selectable("a[1..]") == .slice(.column("a"), from: .integer("1"), to: nil))
    #expect(try selectable("a[..2]") == .slice(.column("a"), from: nil, to: .integer("2")))
    #expect(try selectable("(int)a") == .typeHint(.native(.int), .column("a")))
    #expect(try selectable("(a)") == .tuple([.column("a")]))
    #expect(try selectable("[a]") == .list([.column("a")]))
    #expect(try selectable("{}") == .set([]))
    #expect(try selectable("{a: b}") == .mapOrUserType([.init(.column("a"), .column("b"))]))
    #expect(try selectable("- a") == .negation(.column("a")))
    #expect(try selectable("NULL") == .term(Term(.null)))
    #expect(try selectable(":x") == .term(.marker(0, "x")))
  }

  @Test func precedence() throws {
    let product = Selectable(.arithmetic(.column("b"), .times, .column("c")))
    let sum = Selectable(.arithmetic(.column("a"), .plus, product))
    #expect(try selectable("a + b * c - d") == .arithmetic(sum, .minus, .column("d")))
  }

  @Test func relations() throws {
    #expect(try relation("a != 'x'") == .column("a", .notEqual, .string("x")))
    #expect(try relation("a LIKE 'x%'") == .column("a", .like, .string("x%")))
    #expect(try relation("a CONTAINS KEY 1") == .column("a", .containsKey, .integer("1")))
    #expect(try relation("a IN ?") == .columnIn("a", .marker(BindMarker(index: 0))))
    #expect(try relation("a IS NOT NULL") == .isNotNull("a"))
    #expect(try relation("m['k'] >= 1") == .element("m", key: .string("k"), .greaterOrEqual, .integer("1")))
    #expect(try relation("((token(a, b) > 1))") == .token(["a", "b"], .greater, .integer("1")))
    #expect(
      try relation("(a, b) <= (1, ?)") == .tuple(["a", "b"], .lessOrEqual, Term(.tuple([.integer("1"), .marker(0)]))))
    #expect(try relation("(a) = :t") == .tuple(["a"], .equal, .marker(0, "t")))
    #expect(
      try relation("(a, b) IN ((1, 2), (3, 4))")
        == .tupleIn(
          ["a", "b"],
          .terms([
            Term(.tuple([.integer("1"), .integer("2")])), Term(.tuple([.integer("3"), .integer("4")])),
          ])))
    #expect(try relation("(a, b) IN (?, :p)") == .tupleIn(["a", "b"], .terms([.marker(0), .marker(1, "p")])))
    #expect(try relation("expr(i, 'x')") == .customIndex(QualifiedName("i"), .string("x")))
  }

  @Test func positions() throws {
    let statement = try select("SELECT a,\n  f(b) FROM ks.t WHERE c = ?")
    guard case .selectors(let selectors) = statement.selection else { return }
    #expect(selectors[0].selectable.position.offset == 7)
    #expect(selectors[1].selectable.position.offset == 12)
    #expect(statement.table.name.position.offset == 25)
    #expect(statement.relations[0].position.offset == 33)
    guard case .column(_, _, let term) = statement.relations[0].kind else { return }
    #expect(term.position.offset == 37)
    let place = term.position.place(in: Array("SELECT a,\n  f(b) FROM ks.t WHERE c = ?".utf8))
    #expect(place == (2, 27))
  }
}
