import CassandraBytes

/// JSON text as Cassandra reads it: a tree of values that know which of Java's types they would be, and how Java writes
/// them in messages.
indirect enum JSONTree: Sendable {
  case null
  case boolean(Bool)
  /// A whole number of any size, as its digits.
  case integer(String)
  case floating(Double)
  case string(String)
  case list([JSONTree])
  case object(JSONObject)

  /// The name of the Java class, for messages.
  var className: String {
    switch self {
    case .null: "null"
    case .boolean: "Boolean"
    case .integer(let digits): Int32(digits) != nil ? "Integer" : Int64(digits) != nil ? "Long" : "BigInteger"
    case .floating: "Double"
    case .string: "String"
    case .list: "ArrayList"
    case .object: "LinkedHashMap"
    }
  }

  /// The value as Java writes it.
  var text: String {
    switch self {
    case .null: "null"
    case .boolean(let value): "\(value)"
    case .integer(let digits): digits
    case .floating(let number): JavaNumber.text(number)
    case .string(let text): text
    case .list(let elements): "[\(elements.map(\.text).joined(separator: ", "))]"
    case .object(let object):
      "{\(object.members.map { "\($0.name)=\($0.value.text)" }.joined(separator: ", "))}"
    }
  }
}

/// The members of a JSON object: of several with one name the last one counts, in the place of the first.
struct JSONObject: Sendable {
  private(set) var members: [(name: String, value: JSONTree)] = []
  private var places: [ByteText: Int] = [:]

  /// Sets a member.
  mutating func set(_ name: String, _ value: JSONTree) {
    if let place = places[ByteText(name)] {
      members[place].value = value
    } else {
      places[ByteText(name)] = members.count
      members.append((name, value))
    }
  }

  /// The value of a member.
  subscript(name: String) -> JSONTree? { places[ByteText(name)].map { members[$0].value } }

  /// The members with their names as those of columns and fields: without the quotes that keep their case, and in small
  /// letters where they have none. What is renamed comes last, as in Cassandra.
  var withoutQuotes: JSONObject {
    var kept = JSONObject()
    var renamed: [(String, JSONTree)] = []
    for member in members {
      let name = member.name
      if name.utf8.count > 1, name.utf8.first == UInt8(ascii: "\""), name.utf8.last == UInt8(ascii: "\"") {
        renamed.append((String(name.dropFirst(bytes: 1).dropLast(bytes: 1)), member.value))
        continue
      }
      let lowered = name.lowercased()
      if ByteText(lowered) == ByteText(name) {
        kept.set(name, member.value)
      } else {
        renamed.append((lowered, member.value))
      }
    }
    for (name, value) in renamed { kept.set(name, value) }
    return kept
  }
}

/// Why a text is no JSON, in the words of the parser that Cassandra uses.
struct JSONSyntaxProblem: Error {
  /// The Java class of the error.
  var className = "com.fasterxml.jackson.core.JsonParseException"
  /// What is wrong, without the place.
  var message: String
  var line: Int
  /// The column, from 1; nil at the beginning of a text that has nothing in it.
  var column: Int?

  /// The message with the place.
  var described: String { "\(message)\n at \(Self.place(line, column))" }

  /// A place as messages write it.
  static func place(_ line: Int, _ column: Int?) -> String {
    "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: \(line)"
      + (column.map { ", column: \($0)" } ?? "") + "]"
  }
}

/// Reads one JSON value from the beginning of a text; what follows it is not looked at, as in Cassandra.
struct JSONParser {
  /// How deep lists and objects may be nested: 64, which is deeper than any type.
  static let maximumDepth = 64
  /// Characters of a number: 1,000, as in Cassandra's parser.
  static let maximumNumberLength = 1_000

  private let text: [UInt8]
  private var position = 0
  private var depth = 0

  private init(_ text: [UInt8]) { self.text = text }

  /// The value that a text begins with.
  static func parse(_ text: some Collection<UInt8>) throws(JSONSyntaxProblem) -> JSONTree {
    var parser = JSONParser(Array(text))
    return try parser.value(isRoot: true)
  }

  // MARK: Characters

  private var next: UInt8? { position < text.count ? text[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { position += 1 }
  }

  private func problem(_ message: String, at place: Int? = nil, className: String? = nil) -> JSONSyntaxProblem {
    let (line, column) = location(place ?? position)
    var problem = JSONSyntaxProblem(message: message, line: line, column: column)
    if let className { problem.className = className }
    return problem
  }

  private func location(_ place: Int) -> (line: Int, column: Int) {
    let before = text.prefix(place)
    let start = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
    return (before.count { $0 == 0x0a } + 1, String(decoding: before[start...], as: UTF8.self).utf16.count + 1)
  }

  private func endOfInput(in kind: String, from start: Int) -> JSONSyntaxProblem {
    let (line, column) = location(start)
    return endOfInput(
      ": expected close marker for \(kind) (start marker at \(JSONSyntaxProblem.place(line, column)))")
  }

  private func endOfInput(_ what: String) -> JSONSyntaxProblem {
    problem(
      "Unexpected end-of-input\(what)", at: text.count, className: "com.fasterxml.jackson.core.io.JsonEOFException")
  }

  private func unexpected(at place: Int? = nil, _ expected: String) -> JSONSyntaxProblem {
    guard let byte = next else { return endOfInput("") }
    let character = String(decoding: text[position...].prefix(4), as: UTF8.self).unicodeScalars.first ?? " "
    return problem(
      "Unexpected character ('\(character)' (code \(byte < 0x80 ? UInt32(byte) : character.value)))\(expected)",
      at: place)
  }

  // MARK: Values

  private mutating func value(isRoot: Bool = false) throws(JSONSyntaxProblem) -> JSONTree {
    skipSpace()
    guard let byte = next else {
      guard isRoot else { throw endOfInput("") }
      var problem = self.problem(
        "No content to map due to end-of-input", at: 0,
        className: "com.fasterxml.jackson.databind.exc.MismatchedInputException")
      problem.column = nil
      throw problem
    }
    switch byte {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .list(try list())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), 0x30...0x39: return try number()
    default: return try word()
    }
  }

  private mutating func enter() throws(JSONSyntaxProblem) {
    position += 1
    depth += 1
    guard depth <= Self.maximumDepth else {
      throw problem("Document nesting depth (\(depth)) exceeds the maximum allowed (\(Self.maximumDepth))")
    }
  }

  private mutating func object() throws(JSONSyntaxProblem) -> JSONObject {
    let start = position
    try enter()
    var object = JSONObject()
    skipSpace()
    if next == UInt8(ascii: "}") {
      position += 1
      depth -= 1
      return object
    }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else {
        throw next == nil
          ? endOfInput(in: "Object", from: start)
          : unexpected(": was expecting double-quote to start field name")
      }
      let name = try string()
      skipSpace()
      guard next == UInt8(ascii: ":") else {
        throw next == nil
          ? endOfInput(" within/between Object entries")
          : unexpected(": was expecting a colon to separate field name and value")
      }
      position += 1
      object.set(name, try value())
      skipSpace()
      if next == UInt8(ascii: "}") {
        position += 1
        depth -= 1
        return object
      }
      guard next == UInt8(ascii: ",") else {
        throw next == nil
          ? endOfInput(in: "Object", from: start)
          : unexpected(": was expecting comma to separate Object entries")
      }
      position += 1
    }
  }

  private mutating func list() throws(JSONSyntaxProblem) -> [JSONTree] {
    let start = position
    try enter()
    var elements: [JSONTree] = []
    skipSpace()
    if next == UInt8(ascii: "]") {
      position += 1
      depth -= 1
      return elements
    }
    while true {
      elements.append(try value())
      skipSpace()
      if next == UInt8(ascii: "]") {
        position += 1
        depth -= 1
        return elements
      }
      guard next == UInt8(ascii: ",") else {
        throw next == nil
          ? endOfInput(in: "Array", from: start)
          : unexpected(": was expecting comma to separate Array entries")
      }
      position += 1
    }
  }

  private mutating func word() throws(JSONSyntaxProblem) -> JSONTree {
    let start = position
    while let byte = next, isPartOfWord(byte) { position += 1 }
    let word = text[start..<position]
    if word.elementsEqual("true".utf8) { return .boolean(true) }
    if word.elementsEqual("false".utf8) { return .boolean(false) }
    if word.elementsEqual("null".utf8) { return .null }
    guard !word.isEmpty else {
      if next == UInt8(ascii: "+") {
        throw unexpected(
          at: position + 1,
          " in numeric value: JSON spec does not allow numbers to have plus signs: enable "
            + "`JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow")
      }
      throw unexpected(
        ": expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')")
    }
    if word.elementsEqual("NaN".utf8) {
      throw problem(
        "Non-standard token 'NaN': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow")
    }
    throw problem(
      "Unrecognized token '\(String(decoding: word.prefix(256), as: UTF8.self))': was expecting (JSON String, Number, Array, "
        + "Object or token 'null', 'true' or 'false')")
  }

  private func isPartOfWord(_ byte: UInt8) -> Bool {
    byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$") || (0x30...0x39).contains(byte)
      || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
  }

  private mutating func number() throws(JSONSyntaxProblem) -> JSONTree {
    let start = position
    if next == UInt8(ascii: "-") { position += 1 }
    let first = position
    try digits(" in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value")
    if text[first] == 0x30, position > first + 1 {
      position = first + 1
      throw problem("Invalid numeric value: Leading zeroes not allowed", at: position)
    }
    var isWhole = true
    if next == UInt8(ascii: ".") {
      isWhole = false
      position += 1
      try digits(" in numeric value: Decimal point not followed by a digit")
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isWhole = false
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      try digits(" in numeric value: Exponent indicator not followed by a digit")
    }
    guard position - start <= Self.maximumNumberLength else {
      throw problem(
        "Number value length (\(position - start)) exceeds the maximum allowed (\(Self.maximumNumberLength))")
    }
    if let byte = next, isPartOfWord(byte) {
      throw unexpected(": Expected space separating root-level values")
    }
    let written = String(decoding: text[start..<position], as: UTF8.self)
    guard isWhole else { return .floating(Double(written) ?? .nan) }
    return .integer(written == "-0" ? "0" : written)
  }

  private mutating func digits(_ complaint: String) throws(JSONSyntaxProblem) {
    let start = position
    while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
    guard position > start else {
      throw next == nil ? endOfInput(" in Number value") : unexpected(complaint)
    }
  }

  private mutating func string() throws(JSONSyntaxProblem) -> String {
    position += 1
    var bytes: [UInt8] = []
    while true {
      guard let byte = next else { throw endOfInput(": was expecting closing quote for a string value") }
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &bytes)
      case 0..<0x20:
        throw problem(
          "Illegal unquoted character ((CTRL-CHAR, code \(byte))): has to be escaped using backslash to be included in "
            + "string value", at: position - 1)
      default: bytes.append(byte)
      }
    }
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(JSONSyntaxProblem) {
    guard let byte = next else { throw endOfInput(" in character escape sequence") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(byte)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0c)
    case UInt8(ascii: "n"): bytes.append(0x0a)
    case UInt8(ascii: "r"): bytes.append(0x0d)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"):
      var unit = try hexadecimal()
      // Two halves make one character; half of one becomes a question mark, as where Java makes bytes of it.
      if (0xd800..<0xdc00).contains(unit), text[position...].starts(with: "\\u".utf8) {
        let place = position
        position += 2
        let low = try hexadecimal()
        if (0xdc00..<0xe000).contains(low) {
          unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
        } else {
          position = place
        }
      }
      bytes.append(contentsOf: String(Unicode.Scalar(unit).map { Character($0) } ?? "?").utf8)
    default:
      position -= 1
      let character = String(decoding: text[position...].prefix(4), as: UTF8.self).unicodeScalars.first ?? " "
      throw problem("Unrecognized character escape '\(character)' (code \(character.value))")
    }
  }

  private mutating func hexadecimal() throws(JSONSyntaxProblem) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next else { throw endOfInput(" in character escape sequence") }
      guard let digit = hexadecimalValue(byte) else {
        throw unexpected(": expected a hex-digit for character escape sequence")
      }
      unit = unit << 4 | UInt32(digit)
      position += 1
    }
    return unit
  }
}
