import Foundation
import CassandraJSON
import Testing

/// Trees and numbers inside of values that other coders take.
@Suite struct ForeignCoderTests {
  private let text = #"{"a":[1,-2.5,"x",true,null,{}],"b":{"c":[]},"d":18446744073709551615}"#

  @Test func decoding() throws {
    let tree = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    #expect(tree["a"] == [1, .number(try #require(JSONNumber("-2.5"))), "x", true, nil, [:]])
    #expect(tree["b"] == ["c": []])
    #expect(tree["d"]?.number?.text == "18446744073709551615")
    #expect(tree.members?.count == 3)
  }

  @Test func encoding() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(String(decoding: try encoder.encode(try parse(text)), as: UTF8.self) == text)
    let large = try parse("[1e400]")
    #expect(throws: EncodingError.self) { try encoder.encode(large) }
  }
}
