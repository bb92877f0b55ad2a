import CassandraBytes
import CassandraRowJSON
import CassandraWire
import Testing

@Suite struct CellJSONTests {
  /// Each cell of a real Cassandra with the JSON it made of it.
  @Test func isWhatCassandraWrites() throws {
    var type = CQLType.empty
    var count = 0
    for line in try fixture("cassandra-json.txt") {
      let parts = line.split(separator: " ", maxSplits: 1)
      if parts[0] == "T" {
        var position = 0
        type = try CQLType(reading: bytes(parts[1]).span, at: &position)
        continue
      }
      let cell = bytes(parts[0])
      var json: [UInt8] = []
      try CellJSONWriter(type).write(cell.span, into: &json)
      let ours = String(decoding: json, as: UTF8.self)
      let theirs = Self.withoutSpaces(String(parts[1]))
      if ours != theirs {
        // Java 17 has a digit too many at times: then the number counts.
        let isSame =
          if case .float = type { Float(ours) != nil && Float(ours) == Float(theirs) } else {
            Double(ours) != nil && Double(ours) == Double(theirs)
          }
        #expect(isSame, "\(type) \(parts[0]): \(ours) instead of \(theirs)")
      }
      count += 1
      let value = try CQLValue.decode(cell.span, as: type)
      var encoded: [UInt8] = []
      try value.encode(as: type, into: &encoded)
      #expect(try CQLValue.decode(encoded.span, as: type) == value || ours.contains("null"), "\(type) \(parts[0])")
    }
    #expect(count > 250)
  }

  /// Whether a field keeps its quotes is found out by its bytes, and its name is written as it is.
  @Test(.timeLimit(.minutes(5))) func namesOfFieldsCostWhatTheirBytesCost() throws {
    let marks = String(repeating: "\u{301}", count: 300_000) + String(repeating: "\u{316}", count: 300_000)
    for (name, isQuoted) in [("E\(marks)", true), ("e\(marks)", false), ("\u{212b}", true)] {
      let type = CQLType.udt(UserDefinedType(keyspace: "k", name: "t", fields: [.init(name, .int)]))
      var json: [UInt8] = []
      try CellJSONWriter(type).write([0, 0, 0, 4, 0, 0, 0, 1].span, into: &json)
      let written = isQuoted ? "{\"\\\"\(name)\\\"\":1}" : "{\"\(name)\":1}"
      #expect(json.elementsEqual(written.utf8))
    }
  }

  /// JSON without the spaces between its tokens, and with lower-case digits in its escapes.
  static func withoutSpaces(_ json: String) -> String {
    var result: [UInt8] = []
    var isInString = false
    var isEscaped = false
    for byte in json.utf8 {
      if byte == UInt8(ascii: " "), !isInString { continue }
      if byte == UInt8(ascii: "\""), !isEscaped { isInString.toggle() }
      isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
      result.append(byte)
      if result.count > 6, result[result.count - 6..<result.count - 2].elementsEqual("\\u00".utf8) {
        result.append(contentsOf: String(decoding: [result.removeLast()], as: UTF8.self).lowercased().utf8)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
