import CassandraDice
import CassandraJSON
import Testing

/// Random values and random damage; a seed repeats a failure.
@Suite struct PropertyTests {
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func whatIsWrittenReadsBack(seed: UInt64) throws {
    var generator = Dice(seed: seed)
    for _ in 0..<150 {
      let tree = RandomJSON.value(depth: 5, &generator)
      var text: [UInt8] = []
      text.append(json: tree)
      #expect(try JSONValue(parsing: text) == tree)
      #expect(try JSONValue(parsing: spaced(text, &generator)) == tree)
      var encoded: [UInt8] = []
      try encoded.append(jsonEncoding: tree)
      #expect(encoded == text)
      #expect(try JSONValue(jsonDecoding: text) == tree)
    }
  }

  /// Damaged texts are refused or read as something that reads back; never a trap, never a loop.
  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func damage(seed: UInt64) throws {
    var generator = Dice(seed: seed)
    for _ in 0..<60 {
      var text: [UInt8] = []
      text.append(json: RandomJSON.value(depth: 4, &generator))
      for _ in 0..<20 {
        let damaged = self.damaged(text, &generator)
        var reader = JSONReader(damaged)
        var events = 0
        let failure = error { while try reader.next() != nil { events += 1 } }
        #expect(events <= damaged.count)
        do throws(JSONError) {
          let tree = try JSONValue(parsing: damaged, duplicateKeys: .lastWins)
          #expect(failure == nil)
          #expect(try JSONValue(parsing: Array(tree.description.utf8)) == tree)
        } catch {
          #expect(error.code == failure?.code)
          #expect(error.offset == failure?.offset)
          #expect(try #require(error.offset) <= damaged.count)
        }
      }
    }
  }

  private func damaged(_ text: [UInt8], _ generator: inout Dice) -> [UInt8] {
    var result = text
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      let place = Int.random(in: 0..<max(1, result.count), using: &generator)
      let mark = Array(#"{}[]",:\-.e01 u"#.utf8).randomElement(using: &generator) ?? 0
      switch Int.random(in: 0..<5, using: &generator) {
      case 0 where !result.isEmpty: result[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1 where !result.isEmpty: result[place] = UInt8.random(in: .min ... .max, using: &generator)
      case 2 where !result.isEmpty: result.remove(at: place)
      case 3 where !result.isEmpty: result.removeSubrange(place...)
      default: result.insert(mark, at: min(place, result.count))
      }
    }
    return result
  }

  /// The same text with white space between its tokens.
  private func spaced(_ text: [UInt8], _ generator: inout Dice) -> [UInt8] {
    var result: [UInt8] = []
    var isInString = false
    var isEscaped = false
    for byte in text {
      let isQuote = byte == UInt8(ascii: "\"") && !isEscaped
      let isMark = !isInString && Array("{}[],:".utf8).contains(byte)
      isEscaped = isInString && byte == UInt8(ascii: "\\") && !isEscaped
      if isQuote { isInString.toggle() }
      if isMark, Bool.random(using: &generator) { result += Array(" \n".utf8) }
      result.append(byte)
      if isMark, Bool.random(using: &generator) { result += Array("\t\r".utf8) }
    }
    return result
  }
}

/// Time in proportion to the bytes: every one of these takes minutes when something is done once for each byte or
/// member before it.
@Suite struct LinearTimeTests {
  private let limits = JSONLimits(
    bytes: 16 << 20, depth: JSONLimits.deepest, stringBytes: 16 << 20, numberBytes: 16 << 20)

  @Test(
    .timeLimit(.minutes(5)),
    arguments: [
      "many keys", "many equal keys", "keys that Swift takes for equal", "long string", "many escapes", "long number",
      "many lines", "many small strings", "deep and wide", "many elements",
    ])
  func hostileShapes(name: String) throws {
    let count = 60_000
    let text: String
    switch name {
    case "many keys": text = "{" + (0..<count).map { #""k\#($0)":0"# }.joined(separator: ",") + "}"
    case "many equal keys":
      text = "{" + Array(repeating: #""same":0"#, count: count).joined(separator: ",") + "}"
    case "keys that Swift takes for equal":
      // Sixteen letters, each composed or not: as many names with one hash, if strings were hashed by Swift's rules.
      let names = (0..<1 << 16).map { bits in
        (0..<16).map { bits >> $0 & 1 == 0 ? "\u{e9}" : "e\u{301}" }.joined()
      }
      text = "{" + names.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
    case "long string": text = "\"" + String(repeating: "é", count: count * 4) + "\""
    case "many escapes": text = "\"" + String(repeating: #"\n\ud83d\udc3b"#, count: count) + "\""
    case "long number": text = String(repeating: "1", count: count) + ".0e-1"
    case "many lines": text = "[" + String(repeating: "\n", count: count * 10) + "x"
    case "many small strings": text = "[" + Array(repeating: #""a""#, count: count).joined(separator: ",") + "]"
    case "deep and wide":
      let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
      text = "[" + Array(repeating: deep, count: 1_000).joined(separator: ",") + "]"
    default: text = "[" + String(repeating: "0,", count: count * 4) + "0]"
    }
    let parsed = try? JSONValue(parsing: Array(text.utf8), limits: limits, duplicateKeys: .lastWins)
    guard let parsed else {
      #expect(name == "many lines")
      return
    }
    #expect(try JSONValue(parsing: Array(parsed.description.utf8), limits: limits) == parsed)
    if parsed.members != nil { #expect(try parsed.decode([String: Int].self).isEmpty == false) }
    if let number = parsed.number { #expect(number.exactInt == nil && number.double == nil && !number.isWhole) }
  }
}

/// Random values that are awkward to write and to read.
enum RandomJSON {
  static func value(depth: Int, _ generator: inout Dice) -> JSONValue {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &generator) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &generator))
    case 2, 3: return .number(number(&generator))
    case 4: return .string(text(&generator))
    case 5, 6:
      return .array((0..<count(&generator)).map { _ in value(depth: depth - 1, &generator) })
    default:
      var members: [JSONValue.Member] = []
      for place in 0..<count(&generator) {
        members.append(.init(text(&generator) + "\(place)", value(depth: depth - 1, &generator)))
      }
      return .object(members)
    }
  }

  private static func count(_ generator: inout Dice) -> Int {
    Int.random(in: 0..<10, using: &generator) == 0
      ? Int.random(in: 8...20, using: &generator) : Int.random(in: 0...4, using: &generator)
  }

  private static func number(_ generator: inout Dice) -> JSONNumber {
    let digits = { (count: Int, generator: inout Dice) in
      (0..<count).map { _ in String(Int.random(in: 0...9, using: &generator)) }.joined()
    }
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: return JSONNumber(Int.random(in: -100...100, using: &generator))
    case 1: return JSONNumber(Int64(bitPattern: generator.next()))
    case 2: return JSONNumber(Double(bitPattern: generator.next())) ?? JSONNumber(0)
    default:
      let fraction = digits(Int.random(in: 1...30, using: &generator), &generator)
      let exponent = ["", "e5", "E-12", "e+400"].randomElement(using: &generator) ?? ""
      return JSONNumber("-1\(digits(10, &generator)).\(fraction)\(exponent)") ?? JSONNumber(1)
    }
  }

  private static func text(_ generator: inout Dice) -> String {
    var text = ""
    for _ in 0..<Int.random(in: 0...20, using: &generator) {
      let ceiling: UInt32 = [0x20, 0x7f, 0x7f, 0x7ff, 0xffff, 0x10ffff].randomElement(using: &generator) ?? 0x7f
      let scalar = Unicode.Scalar(UInt32.random(in: 0...ceiling, using: &generator))
      text.unicodeScalars.append(scalar ?? "\\")
    }
    return text
  }
}
