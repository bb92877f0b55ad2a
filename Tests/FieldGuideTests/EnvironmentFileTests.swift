import Testing

@testable import FieldGuide

@Suite struct EnvironmentFileTests {
  static let values: [(line: String, value: String)] = [
    ("NAME=value", "value"), ("export NAME=value", "value"), ("  export\t NAME=value", "value"), ("NAME=", ""),
    ("NAME= spaced out \t", "spaced out"), ("NAME=a # comment", "a"), ("NAME=a#b", "a#b"), ("NAME=#b", ""),
    ("NAME='#b' # comment", "#b"), (#"NAME='as $it \n is'"#, #"as $it \n is"#),
    (#"NAME="a\"b\\c\$d\n\r\t""#, "a\"b\\c$d\n\r\t"),
    ("NAME=\"\"", ""), ("NAME=''", ""), ("NAME=it's", "it's"), ("NAME=é鷺", "é鷺"), ("NAME=a=b", "a=b"),
    ("NAME=value\r", "value"), ("NAME = value", "value"), ("NAME\t=\t'a'", "a"), ("NAME=`a 'b' \"c\"`", "a 'b' \"c\""),
    ("NAME=\"a\nb\"", "a\nb"), ("NAME='a\r\n b\n\n' # c", "a\n b\n\n"),
  ]

  @Test(arguments: values) func aValueIsRead(_ line: String, _ value: String) throws {
    let file = try EnvironmentFile(parsing: "# first\n\n\(line)\n")
    #expect(file.entries == ["NAME": .init(value: value, line: 3)])
  }

  static let wrong: [(text: String, line: Int)] = [
    ("NAME", 1), ("NAME value", 1), ("1NAME=2", 1), ("NA-ME=2", 1), ("=2", 1), ("É=2", 1),
    ("A=1\nA=2", 2), ("A='1", 1), ("A=\"1", 1), ("A=\"1\\", 1), (#"A="\x""#, 1), ("A='1'2", 1), ("A=\"1\" 2", 1),
    ("A=1\r\nB=2\r\nC", 3), ("export =2", 1),
  ]

  @Test(arguments: wrong) func aLineThatIsWrongIsNamed(_ text: String, _ line: Int) throws {
    let error = try #require(throws: EnvironmentFile.LineError.self) { try EnvironmentFile(parsing: text) }
    #expect(error.line == line)
    #expect(!error.problem.isEmpty)
  }

  /// Signs are signs, whatever marks follow them, and marks cost what their bytes cost.
  @Test(.timeLimit(.minutes(5))) func marksBelongToValues() throws {
    let marks = String(repeating: "\u{301}", count: 300_000) + String(repeating: "\u{316}", count: 300_000)
    for (line, value) in [
      ("NAME='\u{301}a'", "\u{301}a"), ("NAME=a #\u{301}b", "a"), ("NAME=\u{301}a", "\u{301}a"),
      ("NAME='e\(marks)'", "e\(marks)"),
    ] { #expect(try EnvironmentFile(parsing: line).entries["NAME"]?.value.utf8.elementsEqual(value.utf8) == true) }
    #expect(throws: EnvironmentFile.LineError.self) { try EnvironmentFile(parsing: "NAME\(marks)=1") }
  }

  @Test func anEmptyFileIsFine() throws {
    #expect(try EnvironmentFile(parsing: "").entries.isEmpty)
    #expect(try EnvironmentFile(parsing: "# nothing\n").entries.isEmpty)
  }

  @Test func aMarkOfTheByteOrderIsPassedOver() throws {
    #expect(try EnvironmentFile(parsing: "\u{feff}A=1\n").entries == ["A": .init(value: "1", line: 1)])
  }
}
