import Testing

@testable import Cassandra
@testable import FieldGuide

/// What `fieldguide init` says to a database.
@Suite struct InitializationTests {
  /// A quote with a combining mark behind it is another character, and still the end of a literal to a server.
  @Test(arguments: [
    ("dc1", "'dc1'"), ("it's", "'it''s'"), ("a'\u{301}: 1}; DROP", "'a''\u{301}: 1}; DROP'"), ("", "''"),
  ])
  func namesOfDataCentresStayLiterals(_ name: String, _ literal: String) {
    let statement = Initialization.keyspaceStatement(Identifier("k"), datacenter: name, replicationFactor: 3)
    let text = "'class': 'NetworkTopologyStrategy', \(literal): 3}"
    #expect(Array(statement.text.utf8).suffix(text.utf8.count).elementsEqual(text.utf8))
  }
}
