import CassandraJSON
import Foundation
import Testing

@Suite struct EncodingTests {
  private struct Animal: Codable, Equatable {
    var species: String
    var genus: String
    var imageURL: String?
    var size: Float
    var sightings: Int32
    var taxonomy: [String]
    var isRare: Bool

    enum CodingKeys: String, CodingKey {
      case species, genus
      case imageURL = "image_url"
      case size = "size_cm"
      case sightings, taxonomy
      case isRare = "is_rare"
    }
  }

  @Test func membersKeepTheirOrder() throws {
    let panda = Animal(
      species: "melanoleuca", genus: "Ailuropoda", imageURL: "https://a/b", size: 150.5, sightings: -3,
      taxonomy: ["Mammalia", "\"Carnivora\""], isRare: true)
    let text = try written { try $0.append(jsonEncoding: panda) }
    #expect(
      text
        == #"{"species":"melanoleuca","genus":"Ailuropoda","image_url":"https://a/b","size_cm":150.5,"sightings":-3,"#
        + #""taxonomy":["Mammalia","\"Carnivora\""],"is_rare":true}"#)
    #expect(try Animal(jsonDecoding: Array(text.utf8)) == panda)
  }

  @Test func whatIsThereAlreadyStays() throws {
    var buffer = Array("[1,".utf8)
    try buffer.append(jsonEncoding: ["a": 2])
    #expect(String(decoding: buffer, as: UTF8.self) == #"[1,{"a":2}"#)
  }

  @Test func singleValues() throws {
    #expect(try written { try $0.append(jsonEncoding: 7) } == "7")
    #expect(try written { try $0.append(jsonEncoding: "é\n") } == #""é\n""#)
    #expect(try written { try $0.append(jsonEncoding: 0.1) } == "0.1")
    #expect(try written { try $0.append(jsonEncoding: Float(0.1)) } == "0.1")
    #expect(try written { try $0.append(jsonEncoding: Int?.none) } == "null")
    #expect(try written { try $0.append(jsonEncoding: Int??.some(.some(3))) } == "3")
    #expect(try written { try $0.append(jsonEncoding: [Bool?]([true, nil, false])) } == "[true,null,false]")
    #expect(try written { try $0.append(jsonEncoding: [[Int]]()) } == "[]")
    #expect(try written { try $0.append(jsonEncoding: [UInt64.max, 0]) } == "[18446744073709551615,0]")
    #expect(try written { try $0.append(jsonEncoding: [Int128.min]) } == "[\(Int128.min)]")
    #expect(try written { try $0.append(jsonEncoding: UInt128.max) } == "\(UInt128.max)")
    #expect(try written { try $0.append(jsonEncoding: [Int8.min, 1]) } == "[-128,1]")
    #expect(try written { try $0.append(jsonEncoding: [1: "a"]) } == #"{"1":"a"}"#)
  }

  @Test func treesKeepTheirDigits() throws {
    struct Row: Encodable {
      var id: JSONNumber?
      var rest: JSONValue
      var list: [JSONNumber]
    }
    let text = #"{"id":1.00,"rest":{"z":12345678901234567890123,"a":[-0,null]},"list":[1e400]}"#
    let row = Row(
      id: JSONNumber("1.00"), rest: try parse(#"{"z":12345678901234567890123,"a":[-0,null]}"#),
      list: [try #require(JSONNumber("1e400"))])
    #expect(try written { try $0.append(jsonEncoding: row) } == text)
    #expect(try written { try $0.append(jsonEncoding: row.rest) } == row.rest.description)
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func whatIsNotFiniteIsAnError(_ value: Double) throws {
    struct Row: Encodable {
      var name = "a"
      var values: [String: [Double?]]
    }
    var buffer = Array("x".utf8)
    let thrown = try #require(error { try buffer.append(jsonEncoding: Row(values: ["a/b": [1, nil, value]])) })
    #expect(thrown.code == .nonFiniteNumber)
    #expect(thrown.pointer?.description == "/values/a~1b/2")
    #expect(thrown.description == "/values/a~1b/2: expected a finite number, found \(value)")
    #expect(buffer == Array("x".utf8))
    #expect(error { try buffer.append(jsonEncoding: Float(value)) }?.pointer?.isRoot == true)
    #expect(error { try buffer.append(jsonEncoding: [Float(value)]) }?.pointer?.description == "/0")
    #expect(error { try buffer.append(jsonEncoding: ["a": Float(value)]) }?.pointer?.description == "/a")
    #expect(buffer == Array("x".utf8))
  }

  /// A type's own coding is taken although the type can also write itself.
  @Test func writingByHandIsNotEncoding() throws {
    struct Both: Encodable, JSONWritable {
      var a = 1
      func writeJSON(to buffer: inout [UInt8]) { buffer.append(json: "by hand") }
    }
    #expect(try written { try $0.append(jsonEncoding: ["x": [Both()]]) } == #"{"x":[{"a":1}]}"#)
    #expect(written { $0.append(json: [Both()]) } == #"["by hand"]"#)
  }
}

@Suite struct EncodingContainerTests {
  private struct Custom: Encodable {
    var body: (any Encoder) throws -> Void
    func encode(to encoder: any Encoder) throws { try body(encoder) }
  }

  private enum Key: String, CodingKey { case a, b, c }

  private struct Failure: Error {}

  private func encoded(_ body: @escaping (any Encoder) throws -> Void) throws -> String {
    try written { try $0.append(jsonEncoding: Custom(body: body)) }
  }

  @Test func nothingIsAnEmptyObject() throws {
    #expect(try encoded { _ in } == "{}")
    #expect(try encoded { _ = $0.container(keyedBy: Key.self) } == "{}")
    #expect(try encoded { _ = $0.unkeyedContainer() } == "[]")
    #expect(try written { try $0.append(jsonEncoding: [Custom { _ in }, Custom { _ in }]) } == "[{},{}]")
  }

  @Test func nestedContainersMayBeFilledInAnyOrder() throws {
    let text = try encoded { encoder in
      var object = encoder.container(keyedBy: Key.self)
      var list = object.nestedUnkeyedContainer(forKey: .a)
      var inner = object.nestedContainer(keyedBy: Key.self, forKey: .b)
      try inner.encode(1, forKey: .a)
      try list.encode("x")
      try object.encode([2.5], forKey: .c)
      var deep = list.nestedContainer(keyedBy: Key.self)
      try inner.encodeNil(forKey: .b)
      try list.encode(["y": 0])
      try deep.encode(true, forKey: .c)
      #expect(list.count == 3)
      _ = list.nestedUnkeyedContainer()
    }
    #expect(text == #"{"a":["x",{"c":true},{"y":0},[]],"b":{"a":1,"b":null},"c":[2.5]}"#)
  }

  @Test func detachedContainersInsideOfEncodedValues() throws {
    let inner = Custom { encoder in
      var list = encoder.unkeyedContainer()
      var object = list.nestedContainer(keyedBy: Key.self)
      try list.encode(2)
      try object.encode(1, forKey: .a)
    }
    var buffer = Array("12345".utf8)
    try buffer.append(
      jsonEncoding: Custom { encoder in
        var object = encoder.container(keyedBy: Key.self)
        try object.encode([inner, inner], forKey: .a)
        try object.encode(inner, forKey: .b)
      })
    #expect(
      String(decoding: buffer, as: UTF8.self)
        == #"12345{"a":[[{"a":1},2],[{"a":1},2]],"b":[{"a":1},2]}"#)
  }

  private class Plant: Encodable {
    var genus = "Quercus"
  }

  private final class Tree: Plant {
    var height = 30

    enum CodingKeys: String, CodingKey { case height }

    override func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try super.encode(to: container.superEncoder())
      try container.encode(height, forKey: .height)
    }
  }

  private final class Shrub: Plant {
    override func encode(to encoder: any Encoder) throws {
      try super.encode(to: encoder)
      var container = encoder.container(keyedBy: Key.self)
      try container.encode(1, forKey: .a)
    }
  }

  @Test func superclasses() throws {
    #expect(try written { try $0.append(jsonEncoding: Tree()) } == #"{"super":{"genus":"Quercus"},"height":30}"#)
    #expect(try written { try $0.append(jsonEncoding: Shrub()) } == #"{"genus":"Quercus","a":1}"#)
    let text = try encoded { encoder in
      var list = encoder.unkeyedContainer()
      try Plant().encode(to: list.superEncoder())
      _ = list.superEncoder()
      var object = list.nestedContainer(keyedBy: Key.self)
      try 7.encode(to: object.superEncoder(forKey: .b))
    }
    #expect(text == #"[{"genus":"Quercus"},{},{"b":7}]"#)
  }

  @Test func anErrorThatATypeCatchesLeavesNothing() throws {
    let failing = Custom { encoder in
      var object = encoder.container(keyedBy: Key.self)
      try object.encode([1, 2], forKey: .a)
      var list = object.nestedUnkeyedContainer(forKey: .b)
      try list.encode(3)
      throw Failure()
    }
    let text = try encoded { encoder in
      var list = encoder.unkeyedContainer()
      #expect(throws: Failure.self) { try list.encode(failing) }
      try list.encode(1)
      #expect(throws: JSONError.self) { try list.encode(Double.nan) }
      #expect(throws: Failure.self) { try list.encode(failing) }
      var object = list.nestedContainer(keyedBy: Key.self)
      #expect(throws: Failure.self) { try object.encode(failing, forKey: .a) }
      try object.encode(2, forKey: .b)
    }
    #expect(text == #"[1,{"b":2}]"#)
    let single = try encoded { encoder in
      var container = encoder.singleValueContainer()
      #expect(throws: Failure.self) { try container.encode(failing) }
      try container.encode("instead")
    }
    #expect(single == #""instead""#)
  }

  @Test func aTypesOwnErrorIsTheCause() throws {
    let thrown = try #require(error { _ = try encoded { _ in throw Failure() } })
    #expect(thrown.code == .encodingFailed)
    #expect(thrown.cause is Failure)
    #expect(thrown.pointer == nil)
    let invalid = try #require(
      error {
        _ = try encoded { encoder in
          var object = encoder.container(keyedBy: Key.self)
          try object.encode(
            Custom {
              throw EncodingError.invalidValue(0, .init(codingPath: $0.codingPath, debugDescription: "secret"))
            },
            forKey: .b)
        }
      })
    #expect(invalid.pointer?.description == "/b")
    #expect(invalid.description == "/b: the value cannot be encoded")
    #expect(invalid.debugDescription.contains("secret"))
  }

  @Test func misuseIsAnError() throws {
    let misuses: [(any Encoder) throws -> Void] = [
      { encoder in
        var list = encoder.unkeyedContainer()
        _ = encoder.container(keyedBy: Key.self)
        try? list.encode(1)
      },
      { encoder in
        _ = encoder.unkeyedContainer()
        _ = encoder.container(keyedBy: Key.self)
      },
      { encoder in
        var single = encoder.singleValueContainer()
        try single.encode(1)
        try single.encode(2)
      },
      { encoder in
        _ = encoder.unkeyedContainer()
        var single = encoder.singleValueContainer()
        try single.encode(2)
      },
      { encoder in
        var outer = encoder.unkeyedContainer()
        try outer.encode(
          Custom { _ in
            var again = encoder.unkeyedContainer()
            try again.encode(1)
          })
      },
      { encoder in
        let outer = encoder.unkeyedContainer()
        var list = encoder.unkeyedContainer()
        try list.encode(
          Custom { _ in
            var copy = outer
            _ = copy.nestedUnkeyedContainer()
          })
      },
    ]
    for (place, misuse) in misuses.enumerated() {
      #expect(error { _ = try encoded(misuse) }?.code == .encodingFailed, "misuse \(place)")
    }
  }

  @Test func codingPaths() throws {
    _ = try encoded { encoder in
      #expect(encoder.codingPath.isEmpty)
      #expect(encoder.userInfo.isEmpty)
      var object = encoder.container(keyedBy: Key.self)
      var list = object.nestedUnkeyedContainer(forKey: .a)
      try list.encode(0)
      try list.encode(
        Custom { inner in
          #expect(inner.codingPath.map(\.stringValue) == ["a", "1"])
          #expect(inner.codingPath.last?.intValue == 1)
          #expect(inner.singleValueContainer().codingPath.count == 2)
        })
      #expect(list.codingPath.map(\.stringValue) == ["a"])
      #expect(object.superEncoder().codingPath.map(\.stringValue) == ["super"])
    }
  }
}

/// Foundation's dates.
@Suite struct DateCodingTests {
  private struct Event: Codable, Equatable {
    var at: Date
    var end: Date?
    var all: [Date]
  }

  private func json(_ value: some Encodable) throws -> String {
    var bytes: [UInt8] = []
    try bytes.append(jsonEncoding: value)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func aDateIsTextOfRFC3339() throws {
    let date = Date(timeIntervalSince1970: 0)
    #expect(try json(date) == #""1970-01-01T00:00:00.000Z""#)
    let event = Event(
      at: Date(timeIntervalSince1970: 1_709_209_800.25), end: nil, all: [date, Date(timeIntervalSince1970: -0.001)])
    let text =
      #"{"at":"2024-02-29T12:30:00.250Z","all":["1970-01-01T00:00:00.000Z","1969-12-31T23:59:59.999Z"]}"#
    #expect(try json(event) == text)
    #expect(try Event(jsonDecoding: Array(text.utf8)) == event)
    #expect(try json(["a": date]) == #"{"a":"1970-01-01T00:00:00.000Z"}"#)
    #expect(throws: JSONError.self) { try json(Date(timeIntervalSince1970: .nan)) }
  }

  @Test func aDateIsReadInEveryZone() throws {
    for text in ["2024-02-29T12:30:00Z", "2024-02-29T13:30:00.000+01:00", "2024-02-29t07:00:00-05:30"] {
      let date: Date = try JSONValue.string(text).decode()
      #expect(date == Date(timeIntervalSince1970: 1_709_209_800), "\(text)")
    }
    #expect(try JSONValue.number(JSONNumber(0)).decode(Date.self) == Date(timeIntervalSinceReferenceDate: 0))
    for text in ["2024-02-29T12:30:00", "2024-02-30T12:30:00Z", "yesterday", ""] {
      let error = #expect(throws: JSONError.self) { try JSONValue.array([.string(text)]).decode([Date].self) }
      #expect(error?.pointer.map { "\($0)" } == "/0", "\(text)")
    }
  }
}
