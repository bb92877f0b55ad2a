internal import CassandraBytes

/// What happens when an object has two members with the same name, which RFC 8259 (section 4) leaves open.
///
/// Names are the same when they have the same code points once their escapes are replaced.
public enum JSONDuplicateKeys: Hashable, Sendable {
  /// An error: two programs that read the same text could see different values.
  case refuse
  /// The last value counts, and stands where the first stood.
  case lastWins
}

extension JSONValue {
  /// Reads `bytes`, which have to be one JSON text, as ``JSONReader`` does.
  ///
  /// The time it takes grows with the number of bytes, whatever they are.
  ///
  /// - Throws: ``JSONError`` with one of the codes of the reader, with line, column and offset.
  public init(
    parsing bytes: [UInt8], limits: JSONLimits = JSONLimits(), duplicateKeys: JSONDuplicateKeys = .refuse
  ) throws(JSONError) {
    var builder = JSONValueBuilder(reader: JSONReader(bytes, limits: limits), duplicateKeys: duplicateKeys)
    self = try builder.value()
  }
}

/// Puts the events of a reader together, without recursion.
private struct JSONValueBuilder {
  /// An array or object that has begun; one of the two lists is in use.
  private struct Level {
    let isObject: Bool
    var elements: [JSONValue] = []
    var members: [JSONValue.Member] = []
    var index = MemberIndex()
    var key = ByteText("")
    /// The member that the key names a second time.
    var repeated: Int?
  }

  var reader: JSONReader
  let duplicateKeys: JSONDuplicateKeys
  private var levels: [Level] = []

  init(reader: JSONReader, duplicateKeys: JSONDuplicateKeys) {
    (self.reader, self.duplicateKeys) = (reader, duplicateKeys)
  }

  mutating func value() throws(JSONError) -> JSONValue {
    var whole: JSONValue?
    while let event = try reader.next() {
      let value: JSONValue
      switch event {
      case .beginArray:
        levels.append(Level(isObject: false))
        continue
      case .beginObject:
        levels.append(Level(isObject: true))
        continue
      case .key(let name):
        try setKey(name)
        continue
      case .endArray: value = .array(levels.removeLast().elements)
      case .endObject: value = .object(levels.removeLast().members)
      case .string(let text): value = .string(text)
      case .number(let number): value = .number(number)
      case .bool(let flag): value = .bool(flag)
      case .null: value = .null
      }
      if levels.isEmpty { whole = value } else { append(value) }
    }
    guard let whole else { preconditionFailure("the reader ended without a value and without an error") }
    return whole
  }

  private mutating func setKey(_ name: ByteText) throws(JSONError) {
    let top = levels.count - 1
    levels[top].key = name
    levels[top].repeated = levels[top].index.position(of: name, in: levels[top].members)
    if levels[top].repeated != nil, duplicateKeys == .refuse {
      throw reader.error(.duplicateKey, "a second member with the same name")
    }
  }

  private mutating func append(_ value: JSONValue) {
    let top = levels.count - 1
    if !levels[top].isObject {
      levels[top].elements.append(value)
    } else if let position = levels[top].repeated {
      levels[top].members[position].value = value
    } else {
      levels[top].members.append(JSONValue.Member(levels[top].key, value))
      levels[top].index.didAppend(to: levels[top].members)
    }
  }
}
