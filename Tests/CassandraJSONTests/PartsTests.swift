import CassandraBytes
import CassandraDice
import CassandraJSON
import Testing

@Suite struct PartsTests {
  private func read(_ text: String) throws -> JSONParts { try JSONParts(reading: Array(text.utf8)) }

  /// A tree that is put together by the events of the reader, which know nothing of parts.
  private func tree(_ reader: inout JSONReader, _ event: JSONReader.Event?) throws -> JSONValue {
    switch event {
    case .beginObject:
      var members: [JSONValue.Member] = []
      while let event = try reader.next(), event != .endObject {
        guard case .key(let name) = event else { return .null }
        members.append(.init(name, try tree(&reader, try reader.next())))
      }
      return .object(members)
    case .beginArray:
      var elements: [JSONValue] = []
      while let event = try reader.next(), event != .endArray { elements.append(try tree(&reader, event)) }
      return .array(elements)
    case .string(let text): return .string(text)
    case .number(let number): return .number(number)
    case .bool(let flag): return .bool(flag)
    case .null, .key, .endArray, .endObject, nil: return .null
    }
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>) func thePartsAreThoseOfTheEvents(_ seed: UInt64) throws {
    var dice = Dice(seed: seed)
    for _ in 0..<100 {
      let text = Array(RandomJSON.value(depth: 5, &dice).description.utf8)
      var reader = JSONReader(text)
      let expected = try tree(&reader, try reader.next())
      let parts = try JSONParts(reading: text)
      #expect(parts.value() == expected)
      try compare(parts, 0, expected)
    }
  }

  /// Each part by itself is what it is in the tree.
  private func compare(_ parts: JSONParts, _ index: Int, _ value: JSONValue) throws {
    #expect("\(parts.kind(at: index))" == "\(value.kind)")
    #expect(parts.isNull(at: index) == value.isNull)
    #expect(parts.bool(at: index) == value.bool)
    #expect(parts.text(at: index).map { ByteText($0) } == value.string.map { ByteText($0) })
    #expect(parts.number(at: index) == value.number)
    #expect(parts.elementCount(at: index) == value.array?.count)
    #expect(parts.memberCount(at: index) == value.members?.count)
    var place = parts.first(in: index)
    for element in value.array ?? [] {
      try compare(parts, place, element)
      place = parts.next(after: place)
    }
    // Asked for from the last to the first, and from the first to the last.
    for members in [value.members ?? [], (value.members ?? []).reversed()] {
      var place = JSONParts.MemberPlace()
      for member in members {
        let found = try #require(parts.member(member.name.text, of: index, from: &place))
        #expect(parts.value(at: found) == member.value)
        #expect(parts.member(member.name.text + "\u{301}x", of: index, from: &place) == nil)
      }
    }
    for member in value.members ?? [] {
      #expect(ByteText(parts.name(at: place)) == member.name)
      try compare(parts, place + 1, member.value)
      place = parts.next(after: place + 1)
    }
  }

  /// A name is the same however it is written: with many members and with few, in inner objects and beside them.
  @Test(arguments: [1, 7, 8, 9, 30]) func namesWithEscapesAreTheSameNames(_ count: Int) throws {
    for escaped in [0, count - 1] {
      let members = (0..<count).map { number in
        number == escaped ? #""\u006e\#(number)\ud83d\udc3b\n":{"a":1}"# : #""n\#(number)":{"n0":[{"n0":2}]}"#
      }
      let name = "n\(escaped)\u{1f43b}\n"
      let parts = try read("{\(members.joined(separator: ","))}")
      var place = JSONParts.MemberPlace()
      for number in [count - 1, 0, count / 2] where number != escaped {
        #expect(parts.member("n\(number)", of: 0, from: &place) != nil)
      }
      let found = try #require(parts.member(name, of: 0, from: &place))
      #expect(parts.value(at: found) == ["a": 1])
      for other in [#"n\#(escaped)🐻"#, "n\(escaped)\u{1f43b}\n\n", "n\(escaped)\u{1f43a}\n", ""] {
        #expect(parts.member(other, of: 0, from: &place) == nil)
      }
      for again in ["\"n\(escaped)\u{1f43b}\\n\"", #""n\#(escaped)\uD83D\uDC3B\u000A""#] {
        let thrown = error { _ = try read("{\(members.joined(separator: ",")),\n \(again):0}") }
        #expect(thrown?.code == .duplicateKey)
        #expect(thrown?.line == 2 && thrown?.column == 2)
      }
    }
  }

  @Test func textsAndListsThatAreThere() {
    let text = JSONParts(text: "a\"\u{e9}\n")
    #expect(text.text(at: 0) == "a\"\u{e9}\n" && text.value() == "a\"\u{e9}\n")
    let list = JSONParts(texts: ["", "b\\u0061", "\u{e9}"])
    #expect(list.value() == ["", "b\\u0061", "\u{e9}"])
    #expect(list.elementCount(at: 0) == 3)
    #expect(JSONParts(texts: []).value() == [])
  }

  @Test(arguments: [
    ("0", 0), ("-0", 0), ("7", 7), ("-12", -12), ("2147483648", 2_147_483_648),
    ("999999999999999999", 999_999_999_999_999_999), ("-99999999999999999", -99_999_999_999_999_999),
  ]) func shortIntegers(_ text: String, _ value: Int) throws {
    #expect(try read(text).shortInteger(at: 0) == value)
    #expect(try read("[null,\(text)]").shortInteger(at: 2) == value)
  }

  @Test(arguments: ["1000000000000000000", "1.0", "1e3", "-1E0", "0.5", "\"1\"", "true", "[1]"])
  func otherNumbersAreNoShortIntegers(_ text: String) throws { #expect(try read(text).shortInteger(at: 0) == nil) }

  @Test(arguments: 1...8 as ClosedRange<UInt64>) func shortFractionsAreTheNearest(_ seed: UInt64) throws {
    var dice = Dice(seed: seed)
    var texts = [
      "0", "-0", "-0.0", "16777215", "16777216", "1677721.5", "1677721.6", "0.0000000001", "0.00000000001",
      "9007199254740991",
      "9007199254740992", "0.9007199254740991", "1e5", "4.8", "0.12", "3.4028234", "123456789012345678",
    ]
    for _ in 0..<2_000 {
      let digits = String(UInt64.random(in: 0..<1 << UInt64.random(in: 1..<60, using: &dice), using: &dice))
      let decimals = String(
        (0..<Int.random(in: 0..<9, using: &dice)).map { _ in "0123456789".randomElement(using: &dice) ?? "0" })
      texts.append((Bool.random(using: &dice) ? "-" : "") + digits + (decimals.isEmpty ? "" : "." + decimals))
    }
    var found = 0
    for text in texts {
      let parts = try read(text)
      if let float = parts.shortFloat(at: 0) {
        #expect(float.bitPattern == Float(text)?.bitPattern, "\(text)")
        found += 1
      }
      if let double = parts.shortDouble(at: 0) {
        #expect(double.bitPattern == Double(text)?.bitPattern, "\(text)")
        found += 1
      }
    }
    #expect(found > 1_000)
    #expect(try read("4.8").shortFloat(at: 0) == 4.8)
    #expect(try read("1e5").shortFloat(at: 0) == nil)
  }

  /// The list of parts is made as large as it can become: one that grew would be there twice, and up to twice as large.
  @Test func partsTakeEightTimesTheBytes() throws {
    for element in ["1", "[]", "{}", #""""#, #"{"":1}"#, "[[1]]"] {
      let count = 300_001 / element.utf8.count
      let text = Array("[\(repeatElement(element, count: count).joined(separator: ","))]".utf8)
      let parts = try JSONParts(reading: text)
      #expect(parts.elementCount(at: 0) == count)
      #expect(parts.room * 16 <= text.count * 8 + 4_096, "\(element)")
    }
    // Signs in texts are none.
    let commas = Array(#"["\#(String(repeating: ",", count: 100_000))"]"#.utf8)
    #expect(try JSONParts(reading: commas).room <= commas.count / 2 + 256)
  }
}
