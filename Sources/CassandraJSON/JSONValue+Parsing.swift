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
  /// An array or object that has begun.
  private struct Level {
    let isObject: Bool
    /// Where its parts begin among those of all levels.
    let start: Int
    var index = MemberIndex()
    var key = ByteText("")
    /// The member that the key names a second time, counted from the first of the object.
    var repeated: Int?
  }

  /// The levels, the first two in place, so that nearly no text allocates for them.
  private struct Levels {
    private var first = Level(isObject: false, start: 0)
    private var second = Level(isObject: false, start: 0)
    private var more: [Level] = []
    private(set) var count = 0

    mutating func append(_ level: Level) {
      switch count {
      case 0: first = level
      case 1: second = level
      default: more.append(level)
      }
      count += 1
    }

    /// Where the parts of the innermost begin, which has ended.
    mutating func removeLast() -> Int {
      defer {
        if count > 2 { more.removeLast() }
        count -= 1
      }
      return withLast { $0.start }
    }

    @inline(__always)
    mutating func withLast<Result, Failure: Error>(
      _ body: (inout Level) throws(Failure) -> Result
    ) throws(Failure) -> Result {
      switch count {
      case 1: try body(&first)
      case 2: try body(&second)
      default: try body(&more[count - 3])
      }
    }
  }

  /// Room that is made at once, for what a usual text has: 8 members and 4 elements. Growing by steps would cost an
  /// allocation for each.
  private static let usualMembers = 8
  private static let usualElements = 4

  var reader: JSONReader
  let duplicateKeys: JSONDuplicateKeys
  private var levels = Levels()
  // The parts of all levels, of each behind those of the level around it. A container takes its own when it ends.
  private var elements: [JSONValue] = []
  private var members: [JSONValue.Member] = []

  init(reader: JSONReader, duplicateKeys: JSONDuplicateKeys) {
    (self.reader, self.duplicateKeys) = (reader, duplicateKeys)
  }

  mutating func value() throws(JSONError) -> JSONValue {
    var whole: JSONValue?
    while let event = try reader.next() {
      let value: JSONValue
      switch event {
      case .beginArray:
        levels.append(Level(isObject: false, start: elements.count))
        continue
      case .beginObject:
        levels.append(Level(isObject: true, start: members.count))
        continue
      case .key(let name):
        try setKey(name)
        continue
      case .endArray: value = .array(Self.take(&elements, from: levels.removeLast()))
      case .endObject: value = .object(Self.take(&members, from: levels.removeLast()))
      case .string(let text): value = .string(text)
      case .number(let number): value = .number(number)
      case .bool(let flag): value = .bool(flag)
      case .null: value = .null
      }
      if levels.count == 0 { whole = value } else { append(value) }
    }
    guard let whole else { preconditionFailure("the reader ended without a value and without an error") }
    return whole
  }

  /// Takes what stands behind `start`. What is all there is and fills at least half of its room goes as it is; else it is
  /// copied at its exact size, and the room serves those that follow: many small containers take no more than they need.
  private static func take<Part>(_ parts: inout [Part], from start: Int) -> [Part] {
    guard parts.count > start else { return [] }
    var taken: [Part] = []
    if start == 0, parts.count * 2 >= parts.capacity {
      swap(&taken, &parts)
    } else {
      taken = Array(parts[start...])
      parts.removeLast(parts.count - start)
    }
    return taken
  }

  private mutating func setKey(_ name: ByteText) throws(JSONError) {
    let members = members
    let isRepeated = levels.withLast { level in
      level.key = name
      level.repeated = level.index.position(of: name, in: members[level.start...])
      return level.repeated != nil
    }
    if isRepeated, duplicateKeys == .refuse {
      throw reader.error(.duplicateKey, "a second member with the same name")
    }
  }

  private mutating func append(_ value: JSONValue) {
    // Taken out while they are changed, so that there is one owner and no copy.
    var (elements, members): ([JSONValue], [JSONValue.Member]) = ([], [])
    swap(&elements, &self.elements)
    swap(&members, &self.members)
    levels.withLast { level in
      if !level.isObject {
        if elements.capacity == 0 { elements.reserveCapacity(Self.usualElements) }
        elements.append(value)
      } else if let position = level.repeated {
        members[level.start + position].value = value
      } else {
        if members.capacity == 0 { members.reserveCapacity(Self.usualMembers) }
        members.append(JSONValue.Member(level.key, value))
        level.index.didAppend(to: members[level.start...])
      }
    }
    swap(&elements, &self.elements)
    swap(&members, &self.members)
  }
}
