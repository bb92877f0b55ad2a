import CassandraWire
import Testing

@testable import Cassandra

@Suite struct TypeTextTests {
  private static let inner = UserDefinedType(keyspace: "k", name: "inner", fields: [.init("a", .int)])
  private static let quoted = UserDefinedType(keyspace: "k", name: "My \"Type\"", fields: [])

  private func type(_ text: String) -> CQLType {
    TypeText.type(text) { name in [Self.inner, Self.quoted].first { $0.name == name } }
  }

  @Test func everyTypeOfTheSystemsTables() {
    #expect(type("int") == .int)
    #expect(type("varchar") == .text)
    #expect(type("frozen<list<text>>") == .list(.text))
    #expect(type("map<text, frozen<set<inner>>>") == .map(key: .text, value: .set(.udt(Self.inner))))
    #expect(type("tuple<int, tuple<text, blob>>") == .tuple([.int, .tuple([.text, .blob])]))
    #expect(type("vector<float, 3>") == .vector(.float, dimensions: 3))
    #expect(type("frozen<\"My \"\"Type\"\"\">") == .udt(Self.quoted))
    #expect(type("'org.apache.cassandra.db.marshal.Odd'") == .custom("org.apache.cassandra.db.marshal.Odd"))
  }

  @Test(arguments: [
    "", "unknown", "list", "list<", "list<int", "list<int,int>", "map<int>", "vector<int>", "vector<int, 0>",
    "vector<int, x>", "int>", "'open", "\"open", "int int", "list<int>>", "frozen<>", "<int>", ",",
    String(repeating: "list<", count: 10_000), String(repeating: "frozen<", count: 65) + "int",
  ])
  func whatCannotBeReadIsKeptAsText(_ text: String) {
    #expect(type(text) == .custom(text))
  }
}
