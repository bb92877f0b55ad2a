import CassandraJSON
import Testing

@Suite struct ValueTests {
  private let plant: JSONValue = ["genus": "Quercus", "sightings": 3, "tags": ["a", nil, true], "none": [:]]

  @Test func membersKeepTheirOrder() throws {
    let tree = try parse(#"{"z":1,"a":{"y":2,"b":3},"m":[]}"#)
    #expect(tree == ["z": 1, "a": ["y": 2, "b": 3], "m": []])
    #expect(tree != ["a": ["y": 2, "b": 3], "z": 1, "m": []])
    #expect(tree.description == #"{"z":1,"a":{"y":2,"b":3},"m":[]}"#)
  }

  /// The parts of all levels stand in one list while a text is read.
  @Test(arguments: [1, 7, 8, 9, 10, 40]) func partsStayWithTheirContainer(_ count: Int) throws {
    func object(_ depth: Int) -> JSONValue {
      let inner: JSONValue = depth == 0 ? [] : [object(depth - 1), nil, [object(depth - 1), []], [:]]
      return .object(
        (0..<count).map { number in
          let short = JSONValue.array(Array(repeating: "x", count: number % 3))
          return .init("member \(number)", number == count / 2 ? inner : short)
        } + [.init("last", [1, [2, [3, [4]], 5], 6])])
    }
    let tree = object(3)
    #expect(try parse(tree.description) == tree)
  }

  /// Each kind of container is closed by its own bracket, at whatever depth.
  @Test(arguments: [1, 63, 64, 65, 128, 999]) func deepContainersAreToldApart(_ depth: Int) throws {
    let opening = (0..<depth).map { $0 % 3 == 0 ? #"{"a":"# : "[" }
    let closing = (0..<depth).reversed().map { $0 % 3 == 0 ? "}" : "]" }
    let limits = JSONLimits(depth: 1_000)
    let text = opening.joined() + "1" + closing.joined()
    var tree = try JSONValue(parsing: Array(text.utf8), limits: limits)
    for level in 0..<depth { tree = try #require(level % 3 == 0 ? tree["a"] : tree[0]) }
    #expect(tree == 1)
    for level in stride(from: 0, to: depth, by: 1 + depth / 40) {
      var wrong = closing
      wrong[level] = closing[level] == "}" ? "]" : "}"
      let text = opening.joined() + "1" + wrong.joined()
      #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8), limits: limits) }
    }
  }

  @Test func parts() {
    #expect(plant["genus"]?.string == "Quercus")
    #expect(plant["sightings"]?.number?.exactInt == 3)
    #expect(plant["tags"]?[0] == "a")
    #expect(plant["tags"]?[1]?.isNull == true)
    #expect(plant["tags"]?[2]?.bool == true)
    #expect(plant["tags"]?[3] == nil)
    #expect(plant["tags"]?[-1] == nil)
    #expect(plant["tags"]?["a"] == nil)
    #expect(plant["none"]?.members?.isEmpty == true)
    #expect(plant["absent"] == nil)
    #expect(plant[0] == nil)
    #expect(plant["genus"]?.array == nil)
    #expect(plant["genus"]?.number == nil)
  }

  /// Swift takes a composed and a decomposed accent for equal; JSON does not.
  @Test func stringsAreComparedByTheirCodePoints() throws {
    let tree = try parse(#"{"\u00e9":1,"e\u0301":2}"#)
    #expect(tree["\u{e9}"] == 1)
    #expect(tree["e\u{301}"] == 2)
    #expect(JSONValue.string("\u{e9}") != JSONValue.string("e\u{301}"))
    #expect(JSONValue.Member("\u{e9}", 1) != JSONValue.Member("e\u{301}", 1))
  }

  @Test(arguments: [2, 8, 9, 100])
  func duplicatesAreRefused(count: Int) throws {
    let members = (0..<count).map { #""k\#($0)":\#($0)"# }.joined(separator: ",\n")
    #expect(try parse("{\(members)}").members?.count == count)
    for repeated in [0, count / 2, count - 1] {
      let thrown = try #require(error { _ = try parse("{\(members),\n \"k\(repeated)\":0}") })
      #expect(thrown.code == .duplicateKey)
      #expect([thrown.line, thrown.column] == [count + 1, 2])
    }
  }

  @Test(arguments: [2, 8, 9, 100])
  func theLastOfDuplicatesWins(count: Int) throws {
    let members = (0..<count).map { #""k\#($0)":\#($0)"# }.joined(separator: ",")
    let tree = try parse(#"{\#(members),"k0":[1],"k1":{},"k0":"last"}"#, duplicateKeys: .lastWins)
    #expect(tree.members?.count == count)
    #expect(tree.members?.first == JSONValue.Member("k0", "last"))
    #expect(tree["k1"] == [:])
    #expect(tree["k\(count - 1)"] == (count == 2 ? [:] : .number(JSONNumber(count - 1))))
  }

  @Test func sameNamesInDifferentObjectsAreNoDuplicates() throws {
    #expect(try parse(#"{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":3}}"#)["a"]?["a"]?[1]?["a"] == 2)
  }

  @Test func numbersKeepTheirText() throws {
    let text = "[1.0,1.00,1e2,100000000000000000000000000000000000001,-0,9007199254740993]"
    let tree = try parse(text)
    #expect(tree.description == text)
    #expect(tree[5]?.number?.exactInt == 9_007_199_254_740_993)
    #expect(tree[0] != tree[1])
  }

  @Test func kinds() {
    let values: [JSONValue] = [nil, true, 1, "", [], [:]]
    #expect(values.map { "\($0.kind)" } == ["null", "a boolean", "a number", "a string", "an array", "an object"])
  }

  @Test func pointers() {
    let root = JSONPointer()
    #expect(root.description.isEmpty)
    #expect(root.isRoot)
    #expect(root.appending("taxonomy").appending(1).description == "/taxonomy/1")
    #expect(root.appending("a/b~c").appending("").appending("~1é").description == "/a~1b~0c//~01é")
    #expect(!root.appending("").isRoot)
  }
}
