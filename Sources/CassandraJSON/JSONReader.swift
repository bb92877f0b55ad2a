public import CassandraBytes

/// Reads one JSON text event by event, strictly as RFC 8259 has it.
///
/// Each call of ``next()`` gives one event, and nil when the value and the white space after it are at their end. For a
/// value as a whole, ``JSONValue/init(parsing:limits:duplicateKeys:)`` is less work.
///
/// ```swift
/// var reader = JSONReader(body)
/// while let event = try reader.next() {
///   if case .key(let name) = event, name != "genus" { try reader.skipValue() }
/// }
/// ```
///
/// What the grammar leaves open is settled like this:
/// - The text is UTF-8 without a byte order mark, and one is an error. A string that is not valid UTF-8 is an error.
/// - An escape that names one half of a surrogate pair without the other is an error, because no UTF-8 can hold it.
///   `\u0000` and escapes of other control characters and of noncharacters are text like any other.
/// - Control characters below U+0020 are errors in a string unless they are escaped. DEL is not one of them.
/// - Numbers keep their text; one of any size is read, up to ``JSONLimits/numberBytes``.
/// - Nothing but white space may follow the value. An empty text has no value and is an error.
/// - The names of an object's members are not compared here; ``JSONValue`` does that.
///
/// Reading takes time in proportion to the bytes, however deep or long the value. After an error every call throws the
/// same error again. A copy of a reader reads on by itself, which is a way to look ahead.
public struct JSONReader: Sendable {
  /// One step through a JSON text.
  public enum Event: Equatable, Sendable {
    /// An object begins; `key` events and the events of values follow in turn, then ``endObject``.
    case beginObject
    /// An object ends.
    case endObject
    /// An array begins; the events of values follow, then ``endArray``.
    case beginArray
    /// An array ends.
    case endArray
    /// The name of an object's member, whose value follows; it is compared by its bytes.
    case key(ByteText)
    /// A string, its escapes replaced.
    case string(String)
    /// A number, as it is written.
    case number(JSONNumber)
    /// `true` or `false`.
    case bool(Bool)
    /// `null`.
    case null

    /// Whether both are the same, texts byte by byte.
    public static func == (left: Event, right: Event) -> Bool {
      switch (left, right) {
      case (.beginObject, .beginObject), (.endObject, .endObject), (.beginArray, .beginArray), (.endArray, .endArray),
        (.null, .null):
        true
      case (.key(let left), .key(let right)): left == right
      case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
      case (.number(let left), .number(let right)): left == right
      case (.bool(let left), .bool(let right)): left == right
      case (.beginObject, _), (.endObject, _), (.beginArray, _), (.endArray, _), (.null, _), (.key, _), (.string, _),
        (.number, _), (.bool, _):
        false
      }
    }
  }

  /// A step, of which the text says the rest: where a string or a number stands, and not yet what it is.
  enum Token {
    case beginObject
    case endObject
    case beginArray
    case endArray
    case key(StringPlace)
    case string(StringPlace)
    case number(Range<Int>)
    case bool(Bool)
    case null
  }

  /// Where a string stands between its quotes, which has been found to be one.
  struct StringPlace {
    enum Form {
      case ascii
      case utf8
      /// There are escapes in it.
      case escaped
    }

    let range: Range<Int>
    let form: Form
  }

  private enum Expectation {
    /// The whole text's value.
    case start
    /// The first element of an array, or its end.
    case elementOrEnd
    /// The first key of an object, or its end.
    case keyOrEnd
    /// The value of a member.
    case memberValue
    /// A comma, or the end of the innermost container.
    case commaOrEnd
    /// The end of the text.
    case end
  }

  let bytes: [UInt8]
  let limits: JSONLimits
  /// Where reading goes on.
  var position = 0
  private var expectation = Expectation.start
  private var containers = OpenContainers()
  private var failure: JSONError?
  /// The latest string with escapes, these replaced.
  var unescaped = ""

  /// The offset of the first byte of the latest event.
  public private(set) var offset = 0

  /// How many arrays and objects are open.
  public var depth: Int { containers.count }

  /// A reader of `bytes`, which have to be the whole text.
  ///
  /// A text that is longer than ``JSONLimits/bytes`` is refused by the first call of ``next()``.
  public init(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) {
    (self.bytes, self.limits) = (bytes, limits)
  }

  /// The next event, or nil behind the value.
  ///
  /// - Throws: ``JSONError`` with one of the codes of the reader, with line, column and offset.
  public mutating func next() throws(JSONError) -> Event? {
    switch try nextToken() {
    case .beginObject: .beginObject
    case .endObject: .endObject
    case .beginArray: .beginArray
    case .endArray: .endArray
    case .key(let place): .key(ByteText(takeText(at: place)))
    case .string(let place): .string(takeText(at: place))
    case .number(let range):
      .number(JSONNumber(unchecked: String(validated: bytes.span.extracting(range), isASCII: true)))
    case .bool(let flag): .bool(flag)
    case .null: .null
    case nil: nil
    }
  }

  /// The next step, or nil behind the value.
  mutating func nextToken() throws(JSONError) -> Token? {
    if let failure { throw failure }
    do throws(JSONError) {
      return try step()
    } catch {
      failure = error
      throw error
    }
  }

  /// Reads the value of a member and drops it; to be called when the latest event was ``Event/key(_:)``.
  ///
  /// What is skipped has to be as well-formed as what is read.
  ///
  /// - Throws: ``JSONError`` as ``next()`` does.
  public mutating func skipValue() throws(JSONError) {
    precondition(failure != nil || expectation == .memberValue, "the latest event is not a key")
    let outside = depth
    repeat { _ = try nextToken() } while depth > outside
  }

  /// An error at the latest event, for a program that wanted another one.
  public func error(_ code: JSONError.Code, _ message: String) -> JSONError {
    JSONError(code, message, at: location(of: offset))
  }
}

extension JSONReader {
  private mutating func step() throws(JSONError) -> Token? {
    if expectation == .start { try checkBeginning() }
    skipWhiteSpace()
    offset = position
    switch expectation {
    case .start:
      return try value()
    case .elementOrEnd:
      if current == UInt8(ascii: "]") { return end(.endArray) }
      return try value(or: " or \"]\"")
    case .keyOrEnd:
      if current == UInt8(ascii: "}") { return end(.endObject) }
      return try key(or: " or \"}\"")
    case .memberValue:
      return try value()
    case .commaOrEnd:
      return try commaOrEnd()
    case .end:
      guard current == nil else { throw unexpected("the end of the text behind its value", .trailingBytes) }
      return nil
    }
  }

  private func checkBeginning() throws(JSONError) {
    guard bytes.count <= limits.bytes else {
      throw failure(.inputTooLong, "the text has more than \(limits.bytes) bytes", at: max(0, limits.bytes))
    }
    if bytes.count >= 3, bytes[0] == 0xef, bytes[1] == 0xbb, bytes[2] == 0xbf {
      throw failure(.byteOrderMark, "expected a value, found a byte order mark", at: 0)
    }
  }

  private mutating func commaOrEnd() throws(JSONError) -> Token {
    let byte = current
    switch containers.last {
    case .array:
      if byte == UInt8(ascii: ",") {
        pass()
        return try value()
      }
      if byte == UInt8(ascii: "]") { return end(.endArray) }
      throw unexpected("\",\" or \"]\"")
    case .object:
      if byte == UInt8(ascii: ",") {
        pass()
        return try key()
      }
      if byte == UInt8(ascii: "}") { return end(.endObject) }
      throw unexpected("\",\" or \"}\"")
    case nil:
      preconditionFailure("a comma is expected outside of all containers")
    }
  }

  /// Leaves the comma behind and goes to what follows it.
  private mutating func pass() {
    position += 1
    skipWhiteSpace()
    offset = position
  }

  private mutating func end(_ token: Token) -> Token {
    position += 1
    containers.removeLast()
    expectation = containers.isEmpty ? .end : .commaOrEnd
    return token
  }

  private mutating func key(or alternative: StaticString = "") throws(JSONError) -> Token {
    guard current == UInt8(ascii: "\"") else { throw unexpected("a key in quotes\(alternative)") }
    let name = try string()
    guard byteCount(of: name) <= limits.nameBytes else {
      throw failure(.stringTooLong, "a name of more than \(limits.nameBytes) bytes", at: offset)
    }
    skipWhiteSpace()
    guard current == UInt8(ascii: ":") else { throw unexpected("\":\" behind the key") }
    position += 1
    expectation = .memberValue
    return .key(name)
  }

  private mutating func value(or alternative: StaticString = "") throws(JSONError) -> Token {
    guard let byte = current else { throw unexpected("a value\(alternative)") }
    let token: Token
    switch byte {
    case UInt8(ascii: "\""): token = .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): token = .number(try number())
    case UInt8(ascii: "t"): token = try literal("true", .bool(true))
    case UInt8(ascii: "f"): token = try literal("false", .bool(false))
    case UInt8(ascii: "n"): token = try literal("null", .null)
    case UInt8(ascii: "["):
      try begin(.array)
      expectation = .elementOrEnd
      return .beginArray
    case UInt8(ascii: "{"):
      try begin(.object)
      expectation = .keyOrEnd
      return .beginObject
    default: throw unexpected("a value\(alternative)")
    }
    expectation = containers.isEmpty ? .end : .commaOrEnd
    return token
  }

  private mutating func begin(_ container: OpenContainers.Kind) throws(JSONError) {
    let deepest = min(limits.depth, JSONLimits.deepest)
    guard depth < deepest else {
      throw failure(.tooDeep, "more than \(deepest) arrays and objects inside each other", at: position)
    }
    containers.append(container)
    position += 1
  }

  private mutating func literal(_ text: StaticString, _ token: Token) throws(JSONError) -> Token {
    let end = position + text.utf8CodeUnitCount
    guard end <= bytes.count, bytes.span.extracting(position..<end).isEqual(to: text) else {
      throw failure(.unexpectedByte, "expected \"\(text)\", found another word", at: position)
    }
    position = end
    return token
  }

  private mutating func number() throws(JSONError) -> Range<Int> {
    let scan = NumberScan(bytes.span, from: position)
    if let problem = scan.problem {
      position = scan.end
      throw unexpected("\(problem)", .invalidNumber)
    }
    guard scan.end - position <= limits.numberBytes else {
      throw failure(.numberTooLong, "a number of more than \(limits.numberBytes) bytes", at: position)
    }
    defer { position = scan.end }
    return position..<scan.end
  }

  private mutating func skipWhiteSpace() { position = bytes.span.endOfWhiteSpace(from: position) }

  var current: UInt8? { position < bytes.count ? bytes[position] : nil }
}

extension Span where Element == UInt8 {
  fileprivate func endOfWhiteSpace(from start: Int) -> Int {
    var index = start
    while index < count {
      switch self[index] {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): index += 1
      default: return index
      }
    }
    return index
  }
}
