public import CassandraBytes

/// Any JSON value, as it was written: numbers with all their digits, members in their order.
///
/// ```swift
/// let body = try JSONValue(parsing: bytes)
/// let genus = body["genus"]?.string
/// ```
public enum JSONValue: Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number.
  case number(JSONNumber)
  /// A string.
  case string(String)
  /// The elements of an array.
  case array([JSONValue])
  /// The members of an object, in the order in which they were written.
  case object([Member])

  /// A member of an object.
  public struct Member: Equatable, Sendable {
    /// The member's name; a stranger chose it, so it is compared by its bytes.
    public var name: ByteText
    /// The member's value.
    public var value: JSONValue

    /// A member with this name and value.
    public init(_ name: ByteText, _ value: JSONValue) { (self.name, self.value) = (name, value) }

    /// A member with this name and value.
    public init(_ name: String, _ value: JSONValue) { self.init(ByteText(name), value) }
  }
}

extension JSONValue: Equatable {
  /// Whether both are written the same but for white space and escapes.
  ///
  /// Numbers are compared by their text, strings by their code points (Swift's own comparison would take `é` and `e` with
  /// an accent for the same), and objects member by member in their order.
  public static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.number(let left), .number(let right)): left == right
    case (.string(let left), .string(let right)): left.hasSameBytes(as: right)
    case (.array(let left), .array(let right)): left == right
    case (.object(let left), .object(let right)): left == right
    case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
    }
  }
}

/// The parts of a value.
extension JSONValue {
  /// The value of the member `name`, or nil when there is none or this is no object.
  ///
  /// Names are compared code point by code point; with several of that name it is the last. The time it takes grows with
  /// the number of members.
  public subscript(name: String) -> JSONValue? { members?.last { $0.name.text.hasSameBytes(as: name) }?.value }

  /// The element at `index`, or nil when there is none or this is no array.
  public subscript(index: Int) -> JSONValue? {
    guard let elements = array, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// Whether this is `null`.
  public var isNull: Bool { if case .null = self { true } else { false } }

  /// The boolean, or nil for a value of another kind.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// The number, or nil for a value of another kind.
  public var number: JSONNumber? { if case .number(let value) = self { value } else { nil } }

  /// The string, or nil for a value of another kind.
  public var string: String? { if case .string(let value) = self { value } else { nil } }

  /// The elements of the array, or nil for a value of another kind.
  public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

  /// The members of the object, or nil for a value of another kind.
  public var members: [Member]? { if case .object(let value) = self { value } else { nil } }

  /// What kind of value it is, with its article, for a message: "a number".
  public var kind: StaticString {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSONValue: JSONWritable, CustomStringConvertible {
  /// Appends the value as JSON, without white space.
  public func writeJSON(to buffer: inout [UInt8]) {
    switch self {
    case .null: buffer.appendJSONNull()
    case .bool(let value): buffer.append(json: value)
    case .number(let value): buffer.append(json: value)
    case .string(let value): buffer.append(json: value)
    case .array(let elements): buffer.append(json: elements)
    case .object(let members):
      buffer.appendJSONObject { object in
        for member in members { object.member(member.name.text, member.value) }
      }
    }
  }

  /// The value as JSON, without white space.
  public var description: String {
    var buffer: [UInt8] = []
    writeJSON(to: &buffer)
    return String(decoding: buffer, as: UTF8.self)
  }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral
{
  /// Null.
  public init(nilLiteral: ()) { self = .null }
  /// A boolean.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A number.
  public init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
  /// A number, with the fewest digits that read back as the same.
  public init(floatLiteral value: Double) { self = JSONNumber(value).map { .number($0) } ?? .null }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// An array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object, its members in the order in which they are written.
  public init(dictionaryLiteral members: (String, JSONValue)...) { self = .object(members.map { Member($0, $1) }) }
}
