import CassandraJSON
import Testing

@Suite struct DecodingTests {
  private struct Animal: Decodable, Equatable {
    var genus: String
    var size: Float
    var sightings: Int32
    var taxonomy: [String]
    var note: String?
  }

  private func decode<Value: Decodable>(_ text: String, as type: Value.Type = Value.self) throws -> Value {
    try Value(jsonDecoding: Array(text.utf8))
  }

  private func problem<Value: Decodable>(_ text: String, as type: Value.Type) -> String? {
    error { _ = try decode(text, as: type) as Value }?.description
  }

  @Test func structures() throws {
    let text = #"{"sightings":3.0,"other":[1],"genus":"Ursus","taxonomy":["a","b"],"size":1.5e2,"note":null}"#
    #expect(
      try decode(text) == Animal(genus: "Ursus", size: 150, sightings: 3, taxonomy: ["a", "b"], note: nil))
    #expect(try decode(#"{"a":{"b":[1,2]}}"#) == ["a": ["b": [1, 2]]])
    #expect(try decode("[true,false]") == [true, false])
    #expect(try decode("[1,null]") == [1, nil] as [Int?])
    #expect(try decode(#"{"1":"a","2":"b"}"#) == [1: "a", 2: "b"])
    #expect(try decode("[]") == [Double]())
  }

  @Test func singleValues() throws {
    #expect(try decode(#""é""#) == "é")
    #expect(try decode("null") == Int?.none)
    #expect(try decode("true") == true)
    #expect(try decode("0.1") == 0.1)
    #expect(try decode("0.1") == Float(0.1))
    #expect(try decode("[-128]") == [Int8.min])
    #expect(try decode("[18446744073709551615]") == [UInt64.max])
    #expect(try decode("9007199254740993") == 9_007_199_254_740_993)
    #expect(try decode("[\(Int128.min)]") == [Int128.min])
    #expect(try decode("\(UInt128.max)") == UInt128.max)
    #expect(try decode(#"{"a":\#(Int128.max)}"#) == ["a": Int128.max])
  }

  @Test func treesInside() throws {
    struct Row: Decodable, Equatable {
      var id: JSONNumber
      var rest: JSONValue
      var list: [JSONNumber?]
      var absent: JSONValue?
    }
    let row: Row = try decode(#"{"id":1.00,"rest":{"b":[1e400],"a":null},"list":[null,0e0]}"#)
    #expect(row.id.text == "1.00")
    #expect(row.rest.description == #"{"b":[1e400],"a":null}"#)
    #expect(row.list == [nil, JSONNumber("0e0")])
    #expect(row.absent == nil)
  }

  @Test func errorsCarryPointers() {
    let head = #""genus":"Ursus","size":1"#
    #expect(problem(#"{"genus":1}"#, as: Animal.self) == "/genus: expected a string, found a number")
    #expect(problem("{\(head)}", as: Animal.self) == "/sightings: expected a member, found none")
    #expect(
      problem(#"{\#(head),"sightings":1,"taxonomy":["a",{}]}"#, as: Animal.self)
        == "/taxonomy/1: expected a string, found an object")
    #expect(
      problem(#"{\#(head),"sightings":null}"#, as: Animal.self) == "/sightings: expected a number, found null")
    #expect(
      problem(#"{"a/b":{"c~d":[0,"x"]}}"#, as: [String: [String: [Int]]].self)
        == "/a~1b/c~0d/1: expected a number, found a string")
    #expect(problem("[1]", as: Animal.self) == "expected an object, found an array")
    #expect(problem("{}", as: [Int].self) == "expected an array, found an object")
    #expect(problem("[[1,2],[3,true]]", as: [[Int]].self) == "/1/1: expected a number, found a boolean")
    #expect(problem("1", as: Bool.self) == "expected a boolean, found a number")
    #expect(problem(#"["1"]"#, as: [JSONNumber].self) == "/0: expected a number, found a string")
  }

  @Test func numbersAreExact() {
    #expect(problem("3.7", as: Int.self) == "expected a whole number, found a fraction")
    #expect(problem("[1,300]", as: [UInt8].self) == "/1: expected a number from 0 to 255")
    #expect(problem("-1", as: UInt.self) == "expected a number from 0 to 18446744073709551615")
    #expect(problem("1e400", as: Double.self) == "expected a number of 64 bits")
    #expect(problem("1e39", as: Float.self) == "expected a number of 32 bits")
    #expect(problem("1e400", as: Int32.self) == "expected a number from -2147483648 to 2147483647")
    #expect(error { _ = try decode("[3.7]", as: [Int].self) }?.code == .fractionalNumber)
    #expect(error { _ = try decode("[1e39]", as: [Float].self) }?.code == .numberOutOfRange)
  }

  @Test func codes() {
    #expect(error { _ = try decode("{", as: Int.self) }?.code == .unexpectedEnd)
    #expect(error { _ = try decode("{", as: Int.self) }?.line == 1)
    #expect(error { _ = try decode("{}", as: Animal.self) }?.code == .missingMember)
    #expect(error { _ = try decode("true", as: Animal.self) }?.code == .typeMismatch)
    #expect(error { _ = try decode("null", as: Animal.self) }?.code == .unexpectedNull)
    #expect(error { _ = try decode("[null]", as: [String].self) }?.code == .unexpectedNull)
    #expect(error { _ = try decode(#"{"a":1,"a":1}"#, as: [String: Int].self) }?.code == .duplicateKey)
    #expect(error { _ = try decode("true", as: Animal.self) }?.line == nil)
    #expect(error { _ = try decode("true", as: Animal.self) }?.pointer?.isRoot == true)
  }

  @Test func whatATypeRefuses() throws {
    enum Kind: String, Decodable { case plant, animal }
    let thrown = try #require(error { _ = try decode(#"["plant","secret"]"#, as: [Kind].self) })
    #expect(thrown.code == .rejectedValue)
    #expect(thrown.description == "/1: the value is not acceptable")
    #expect(thrown.debugDescription.contains("secret"))
    #expect(thrown.cause is DecodingError)
    struct Failure: Error {}
    struct Failing: Decodable {
      init(from decoder: any Decoder) throws { throw Failure() }
    }
    #expect(error { _ = try decode("1", as: Failing.self) }?.cause is Failure)
    #expect(error { _ = try decode("1", as: Failing.self) }?.code == .rejectedValue)
  }

  @Test func manyMembersAreFoundByName() throws {
    let members = (0..<50).map { #""k\#($0)":\#($0)"# }.joined(separator: ",")
    let values: [String: Int] = try decode("{\(members)}")
    #expect(values == Dictionary(uniqueKeysWithValues: (0..<50).map { ("k\($0)", $0) }))
    let tree = JSONValue.object([.init("a", 1), .init("a", 2)])
    #expect(try tree.decode([String: Int].self) == ["a": 2])
  }
}

@Suite struct DecodingContainerTests {
  private enum Key: String, CodingKey { case a, b, c }

  /// Keeps the decoder, to ask it as a type's own decoding would.
  private struct Kept: Decodable {
    let decoder: any Decoder

    init(from decoder: any Decoder) throws { self.decoder = decoder }
  }

  private func decode(_ text: String, _ body: (any Decoder) throws -> Void) throws {
    try body(Kept(jsonDecoding: Array(text.utf8)).decoder)
  }

  @Test func nestedContainers() throws {
    try decode(#"{"a":[1,{"b":[]},[2]],"b":{"c":null}}"#) { decoder in
      let object = try decoder.container(keyedBy: Key.self)
      #expect(object.allKeys == [.a, .b])
      #expect(object.contains(.a) && !object.contains(.c))
      var list = try object.nestedUnkeyedContainer(forKey: .a)
      #expect(list.count == 3)
      #expect(try list.decode(UInt8.self) == 1)
      let inner = try list.nestedContainer(keyedBy: Key.self)
      #expect(try inner.nestedUnkeyedContainer(forKey: .b).isAtEnd)
      var deep = try list.nestedUnkeyedContainer()
      #expect(deep.codingPath.map(\.stringValue) == ["a", "2"])
      #expect(try deep.decode(Int.self) == 2)
      #expect(deep.isAtEnd && list.isAtEnd)
      let other = try object.nestedContainer(keyedBy: Key.self, forKey: .b)
      #expect(try other.decodeNil(forKey: .c))
      #expect(try other.decodeIfPresent(Int.self, forKey: .c) == nil)
      #expect(try other.decodeIfPresent(Int.self, forKey: .a) == nil)
      #expect(other.codingPath.map(\.stringValue) == ["b"])
    }
  }

  @Test func aFailedElementStays() throws {
    try decode(#"["x",null,2]"#) { decoder in
      var list = try decoder.unkeyedContainer()
      #expect(throws: DecodingError.self) { try list.decode(Int.self) }
      #expect(list.currentIndex == 0)
      #expect(try list.decodeNil() == false)
      #expect(try list.decode(String.self) == "x")
      #expect(try list.decodeNil())
      #expect(try list.decode(Int.self) == 2)
      let thrown = #expect(throws: DecodingError.self) { try list.decode(Int.self) }
      guard case .valueNotFound(_, let context) = thrown else {
        Issue.record("another error: \(String(describing: thrown))")
        return
      }
      #expect((context.underlyingError as? JSONError)?.pointer?.description == "/3")
      #expect(throws: DecodingError.self) { try list.decodeNil() }
    }
  }

  /// A type may try one way after another, and may look at Swift's own errors to choose.
  @Test func errorsAreSwiftsOwnInside() throws {
    try decode(#"{"a":1}"#) { decoder in
      let object = try decoder.container(keyedBy: Key.self)
      let mismatch = #expect(throws: DecodingError.self) { try object.decode(String.self, forKey: .a) }
      if case .typeMismatch(_, let context) = mismatch {
        #expect(context.codingPath.map(\.stringValue) == ["a"])
      } else {
        Issue.record("another error: \(String(describing: mismatch))")
      }
      let absent = #expect(throws: DecodingError.self) { try object.decode(String.self, forKey: .b) }
      if case .keyNotFound(let key, let context) = absent {
        #expect(key.stringValue == "b")
        #expect(context.codingPath.isEmpty)
      } else {
        Issue.record("another error: \(String(describing: absent))")
      }
    }
  }

  @Test func superclasses() throws {
    try decode(#"{"super":{"a":1},"b":{"c":2}}"#) { decoder in
      let object = try decoder.container(keyedBy: Key.self)
      #expect(try object.superDecoder().container(keyedBy: Key.self).decode(Int.self, forKey: .a) == 1)
      let other = try object.superDecoder(forKey: .b)
      #expect(other.codingPath.map(\.stringValue) == ["b"])
      #expect(try other.container(keyedBy: Key.self).decode(Int.self, forKey: .c) == 2)
      #expect(throws: DecodingError.self) { try object.superDecoder(forKey: .a) }
      #expect(decoder.userInfo.isEmpty)
    }
    try decode("[[1]]") { decoder in
      var list = try decoder.unkeyedContainer()
      #expect(try [Int](from: try list.superDecoder()) == [1])
      #expect(list.isAtEnd)
    }
  }
}
