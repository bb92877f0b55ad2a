import CassandraBytes
import CassandraJSON
import Testing

@Suite struct ReaderTests {
  @Test(arguments: [
    ("1", "1"),
    (" \t\r\n null \n", "null"),
    (#""a\u00e9\n\/\uD83D\uDC3B""#, "'aé\n/🐻'"),
    ("[]", "[ ]"),
    ("{}", "{ }"),
    ("[ 1 , 2.50e+1 ,true,false , null ]", "[ 1 2.50e+1 true false null ]"),
    (#"{"a":1, "b" : [{}, []], "a": {"c":"d"}}"#, "{ a: 1 b: [ { } [ ] ] a: { c: 'd' } }"),
    ("[[[[]]]]", "[ [ [ [ ] ] ] ]"),
  ])
  func events(json: String, expected: String) { #expect(transcript(Array(json.utf8)) == expected) }

  @Test(arguments: [
    ("", "unexpectedEnd@1:1"),
    ("  \n ", "unexpectedEnd@2:2"),
    ("nul", "unexpectedByte@1:1"),
    ("[1,\n 2,\n  x]", "[ 1 2 unexpectedByte@3:3"),
    ("[1,]", "[ 1 unexpectedByte@1:4"),
    ("[1 2]", "[ 1 unexpectedByte@1:4"),
    ("[1", "[ 1 unexpectedEnd@1:3"),
    ("{\"a\" 1}", "{ unexpectedByte@1:6"),
    ("{\"a\":}", "{ a: unexpectedByte@1:6"),
    ("{\"a\":1,}", "{ a: 1 unexpectedByte@1:8"),
    ("{1:2}", "{ unexpectedByte@1:2"),
    ("[1}", "[ 1 unexpectedByte@1:3"),
    ("1 2", "1 trailingBytes@1:3"),
    ("\"é🐻\u{1}\"", "controlCharacter@1:4"),
    ("\"é\" x", "'é' trailingBytes@1:5"),
    ("[\"a\r\n\"]", "[ controlCharacter@1:4"),
    ("\r\n\r\n-", "unexpectedEnd@3:2"),
    ("\r\r-x", "invalidNumber@1:4"),
    ("[01]", "[ invalidNumber@1:3"),
    (#"["\ud800"]"#, "[ loneSurrogate@1:3"),
    (#"["ab\x"]"#, "[ invalidEscape@1:5"),
    ("\u{feff}1", "byteOrderMark@1:1"),
  ])
  func errors(json: String, expected: String) { #expect(transcript(Array(json.utf8)) == expected) }

  @Test func invalidBytesCountAsColumnsUnlessTheyContinue() {
    #expect(transcript(bytes(#"["a\xff"]"#)) == "[ invalidUTF8@1:4")
    #expect(transcript(bytes(#"["\xc3\xa9\xed\xa0\x80"]"#)) == "[ invalidUTF8@1:4")
    #expect(transcript(bytes(#"["\u0041\xf0\x9f\x90", 1]"#)) == "[ invalidUTF8@1:9")
  }

  @Test func anErrorStays() throws {
    var reader = JSONReader(Array("[1,".utf8))
    #expect(try reader.next() == .beginArray)
    #expect(try reader.next() == .number(JSONNumber(1)))
    for _ in 0..<3 {
      let thrown = error { _ = try reader.next() }
      #expect(thrown?.code == .unexpectedEnd)
      #expect(thrown?.offset == 3)
    }
  }

  @Test func theEndStays() throws {
    var reader = JSONReader(Array("7 ".utf8))
    #expect(try reader.next() == .number(JSONNumber(7)))
    for _ in 0..<3 { #expect(try reader.next() == nil) }
  }

  @Test func offsetsAndDepth() throws {
    var reader = JSONReader(Array(#" {"a": ["é", 12 ]} "#.utf8))
    var places: [[Int]] = []
    while try reader.next() != nil { places.append([reader.offset, reader.depth]) }
    #expect(places == [[1, 1], [2, 1], [7, 2], [8, 2], [14, 2], [17, 1], [18, 0]])
  }

  @Test func skippingMembers() throws {
    var reader = JSONReader(Array(#"{"a": [1, {"b": [2]}], "c": 3, "d": "x"}"#.utf8))
    var kept: [JSONReader.Event] = []
    while let event = try reader.next() {
      if case .key(let name) = event, name != "c" { try reader.skipValue() } else { kept.append(event) }
    }
    #expect(kept == [.beginObject, .key("c"), .number(JSONNumber(3)), .endObject])
  }

  @Test func namesHaveALimitOfTheirOwn() throws {
    let name = String(repeating: "n", count: 1_024)
    #expect(try JSONValue(parsing: Array("{\"\(name)\":1}".utf8))[name] == 1)
    #expect(error { _ = try JSONValue(parsing: Array("{\"\(name)n\":1}".utf8)) }?.code == .stringTooLong)
    #expect(try JSONValue(parsing: Array("[\"\(name)n\"]".utf8)).array?.count == 1)
  }

  @Test func skippingChecks() throws {
    var reader = JSONReader(Array(#"{"a": [1, 02]}"#.utf8))
    _ = try reader.next()
    _ = try reader.next()
    #expect(error { try reader.skipValue() }?.code == .invalidNumber)
    #expect(error { try reader.skipValue() }?.code == .invalidNumber)
  }

  @Test func errorsOfTheProgram() throws {
    var reader = JSONReader(Array("[\n  true]".utf8))
    _ = try reader.next()
    _ = try reader.next()
    let thrown = reader.error(.typeMismatch, "expected a number, found a boolean")
    #expect(thrown.description == "line 2, column 3: expected a number, found a boolean")
    #expect(thrown.code == .typeMismatch)
  }

  @Test(arguments: [
    ("", "line 1, column 1: expected a value, found the end of the text"),
    ("[x", #"line 1, column 2: expected a value or "]", found "x""#),
    ("[1 é", #"line 1, column 4: expected "," or "]", found a character that is not ASCII"#),
    ("{\u{7}", #"line 1, column 2: expected a key in quotes or "}", found U+0007"#),
    ("{\"a\"=", #"line 1, column 5: expected ":" behind the key, found "=""#),
    ("tru ", #"line 1, column 1: expected "true", found another word"#),
    ("-a", #"line 1, column 2: expected a digit, found "a""#),
    ("00", #"line 1, column 2: expected a number without leading zeros, found "0""#),
    ("\"\\q\"", #"line 1, column 2: expected one of "\/bfnrtu behind a backslash, found "q""#),
    ("\"\\u12g", #"line 1, column 6: expected four hexadecimal digits behind \u, found "g""#),
    ("\"abc", "line 1, column 5: the string does not end"),
    ("{} {", "line 1, column 4: expected the end of the text behind its value, found \"{\""),
  ])
  func messages(json: String, expected: String) {
    #expect(error { _ = try parse(json) }?.description == expected)
  }

  @Test func aMessageNeverQuotesMuch() throws {
    let long = String(repeating: "é", count: 100_000)
    let texts = ["[\"\(long)\"", "\(long)", "{\"\(long)\":1,\"\(long)\":2}", "[1\(long)]", "\"\(long)\u{1}\""]
    for text in texts { #expect(try #require(error { _ = try parse(text) }).debugDescription.utf8.count < 200) }
  }
}

@Suite struct LimitTests {
  @Test func totalBytes() {
    #expect(transcript(Array("[1, 2]".utf8), JSONLimits(bytes: 6)) == "[ 1 2 ]")
    #expect(transcript(Array("[1, 2]".utf8), JSONLimits(bytes: 5)) == "inputTooLong@1:6")
    #expect(transcript(Array("1".utf8), JSONLimits(bytes: -1)) == "inputTooLong@1:1")
    #expect(JSONLimits().bytes == 1_048_576)
  }

  @Test func depth() {
    #expect(transcript(Array("[[1]]".utf8), JSONLimits(depth: 2)) == "[ [ 1 ] ]")
    #expect(transcript(Array(#"[{"a":[]}]"#.utf8), JSONLimits(depth: 2)) == "[ { a: tooDeep@1:7")
    #expect(transcript(Array("1".utf8), JSONLimits(depth: 0)) == "1")
    #expect(transcript(Array("[]".utf8), JSONLimits(depth: 0)) == "tooDeep@1:1")
    #expect(transcript(nested(64)).hasSuffix("]"))
    #expect(transcript(nested(65)).hasSuffix("tooDeep@1:65"))
  }

  @Test func noLimitGoesBeyondTheDeepest() {
    let limits = JSONLimits(depth: .max)
    #expect(transcript(nested(JSONLimits.deepest), limits).hasSuffix("]"))
    #expect(transcript(nested(JSONLimits.deepest + 1), limits).hasSuffix("tooDeep@1:1001"))
  }

  @Test func theDeepestTreeCanBeUsed() throws {
    let text = nested(JSONLimits.deepest)
    let tree = try JSONValue(parsing: text, limits: JSONLimits(depth: JSONLimits.deepest))
    #expect(Array(tree.description.utf8) == text)
    #expect(try tree.decode(JSONValue.self) == tree)
    #expect(try written { try $0.append(jsonEncoding: tree) } == tree.description)
  }

  @Test func stringBytesAreThoseOfTheText() {
    let limits = JSONLimits(stringBytes: 4)
    let allowed = Array(#"["abcd", "éé", "\n\n\n\n", "\ud83d\udc3b"]"#.utf8)
    #expect(transcript(allowed, limits) == "[ 'abcd' 'éé' '\n\n\n\n' '🐻' ]")
    #expect(transcript(Array(#"["abcde"]"#.utf8), limits) == "[ stringTooLong@1:2")
    #expect(transcript(Array(#"["abcd\n"]"#.utf8), limits) == "[ stringTooLong@1:2")
    #expect(transcript(Array(#"["\n\n\n\n\n"]"#.utf8), limits) == "[ stringTooLong@1:2")
    #expect(transcript(Array(#"["\nabcd"]"#.utf8), limits) == "[ stringTooLong@1:2")
    #expect(transcript(Array(#"{"abcde":1}"#.utf8), limits) == "{ stringTooLong@1:2")
  }

  @Test func numberBytes() {
    let limits = JSONLimits(numberBytes: 4)
    #expect(transcript(Array("[1234, -123, 1e99]".utf8), limits) == "[ 1234 -123 1e99 ]")
    #expect(transcript(Array("[12345]".utf8), limits) == "[ numberTooLong@1:2")
    #expect(transcript(Array("-1e99".utf8), limits) == "numberTooLong@1:1")
    let long = [UInt8](repeating: UInt8(ascii: "1"), count: 1_025)
    #expect(transcript(Array(long.dropLast())) == String(repeating: "1", count: 1_024))
    #expect(transcript(long) == "numberTooLong@1:1")
  }

  private func nested(_ depth: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(ascii: "["), count: depth) + [UInt8](repeating: UInt8(ascii: "]"), count: depth)
  }
}
