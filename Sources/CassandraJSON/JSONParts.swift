internal import CassandraBytes

/// A JSON text that has been read and is known to be well-formed, but whose values are still bytes.
///
/// It is a list of where everything stands. Who knows what they look for take just that out of it, without the tree of
/// ``JSONValue``, whose every text is a copy and whose every container is an allocation.
///
/// A part is named by its index; 0 is the whole value. What is in a container stands right behind it: the elements of an
/// array, or each name of an object before its value.
package struct JSONParts: Sendable {
  enum Form: UInt8 {
    case null
    case `false`
    case `true`
    case number
    /// A text without escapes that is ASCII.
    case ascii
    /// A text without escapes.
    case utf8
    /// A text with escapes.
    case escaped
    case array
    case object
  }

  /// Sixteen bytes, so that what is known of a text takes at most eight times its bytes.
  struct Part {
    let form: Form
    /// Where its bytes begin; of a text behind its quote.
    let start: UInt32
    /// Where its bytes end; of an array or object how many elements or members it has.
    var end: UInt32
    /// The part behind it and all that is in it. Of a container that has not ended the one around it.
    var next: UInt32
  }

  let bytes: [UInt8]
  private(set) var parts: [Part] = []

  /// Stands for no container.
  private static let outside = UInt32.max
  /// With as few members as this, comparing all names is faster than hashing one.
  private static let fewMembers = 8
  /// The most bytes of a text: 4 GiB.
  private static let mostBytes = Int(UInt32.max)

  /// How many parts there is room for, of sixteen bytes each.
  package var room: Int { parts.capacity }

  /// No text at all, of which nothing may be asked.
  package init() { bytes = [] }

  /// Reads `bytes`, which have to be one JSON text, as ``JSONReader`` does.
  ///
  /// The time it takes grows with the number of bytes, whatever they are.
  ///
  /// - Throws: ``JSONError`` with one of the codes of the reader, with line, column and offset.
  package init(
    reading bytes: [UInt8], limits: JSONLimits = JSONLimits(), duplicateKeys: JSONDuplicateKeys = .refuse
  ) throws(JSONError) {
    self.bytes = bytes
    var limits = limits
    limits.bytes = min(limits.bytes, Self.mostBytes)
    try read(JSONReader(bytes, limits: limits), duplicateKeys)
  }

  /// A text, or a list of texts, that is there already.
  package init(text: String) { self.init(texts: [text], count: nil) }
  package init(texts: [String]) { self.init(texts: texts, count: texts.count) }

  private init(texts: [String], count: Int?) {
    var bytes: [UInt8] = []
    if let count { parts.append(Part(form: .array, start: 0, end: UInt32(count), next: UInt32(count + 1))) }
    for text in texts {
      let start = UInt32(bytes.count)
      bytes.append(utf8: text)
      parts.append(
        Part(form: .utf8, start: start, end: UInt32(bytes.count), next: UInt32(parts.count + 1)))
    }
    self.bytes = bytes
  }
}

// MARK: - Reading

extension JSONParts {
  /// The names of an object that has many members, or names with escapes, while it is read.
  private struct Names {
    let object: UInt32
    var seen: Set<ByteText>
  }

  private mutating func read(_ given: JSONReader, _ duplicateKeys: JSONDuplicateKeys) throws(JSONError) {
    var reader = given
    parts.reserveCapacity(Self.room(for: bytes.span))
    var container = Self.outside
    var names: [Names] = []
    while let token = try reader.nextToken() {
      switch token {
      case .key(let place):
        if duplicateKeys == .refuse, isRepeated(place, in: Int(container), &names) {
          throw reader.error(.duplicateKey, "a second member with the same name")
        }
        append(place)
        continue
      case .endArray, .endObject:
        let ended = Int(container)
        if names.last?.object == container { names.removeLast() }
        container = parts[ended].next
        parts[ended].next = UInt32(parts.count)
        continue
      case .beginArray, .beginObject, .string, .number, .bool, .null: break
      }
      if container != Self.outside { parts[Int(container)].end += 1 }
      switch token {
      case .beginArray: begin(.array, in: &container, at: reader.offset)
      case .beginObject: begin(.object, in: &container, at: reader.offset)
      case .string(let place): append(place)
      case .number(let range): append(.number, range)
      case .bool(let flag): append(flag ? .true : .false, reader.offset..<reader.position)
      case .null: append(.null, reader.offset..<reader.position)
      case .key, .endArray, .endObject: break
      }
    }
  }

  /// Bytes of a text for which there is room from the beginning as usual ones need it: 1,024.
  private static let smallText = 1_024

  /// How many parts to make room for: those of a usual text, where a value takes eight bytes or more, when it is small. Of a
  /// large one as many as it can have, so that the list is never copied into a larger one, which would take three times its
  /// memory for a moment: a part stands at the beginning, or behind one of the signs that are counted here.
  private static func room(for bytes: Span<UInt8>) -> Int {
    guard bytes.count > smallText else { return bytes.count / 8 + 4 }
    var signs = 1
    for index in bytes.indices {
      switch bytes[index] {
      case UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "{"): signs += 1
      default: break
      }
    }
    // Some may stand in texts: what is outside of these takes two bytes for each part.
    return min(signs, bytes.count / 2 + 1)
  }

  private mutating func begin(_ form: Form, in container: inout UInt32, at start: Int) {
    parts.append(Part(form: form, start: UInt32(truncatingIfNeeded: start), end: 0, next: container))
    container = UInt32(parts.count - 1)
  }

  private mutating func append(_ place: JSONReader.StringPlace) {
    let form: Form =
      switch place.form {
      case .ascii: .ascii
      case .utf8: .utf8
      case .escaped: .escaped
      }
    append(form, place.range)
  }

  /// The text is no longer than 4 GiB, and has no more parts than bytes.
  private mutating func append(_ form: Form, _ range: Range<Int>) {
    parts.append(
      Part(
        form: form, start: UInt32(truncatingIfNeeded: range.lowerBound),
        end: UInt32(truncatingIfNeeded: range.upperBound), next: UInt32(truncatingIfNeeded: parts.count + 1)))
  }

  /// Whether the object has a member of this name already.
  private func isRepeated(_ place: JSONReader.StringPlace, in object: Int, _ names: inout [Names]) -> Bool {
    let count = Int(parts[object].end)
    let hasNames = names.last.map { Int($0.object) } == object
    guard hasNames || count >= Self.fewMembers || place.form == .escaped else {
      var name = object + 1
      for _ in 0..<count {
        let range = parts[name].range
        if range.count == place.range.count,
          bytes.span.extracting(range).isEqual(to: bytes.span.extracting(place.range))
        {
          return true
        }
        name = Int(parts[name + 1].next)
      }
      return false
    }
    if !hasNames {
      var seen: Set<ByteText> = []
      var name = object + 1
      for _ in 0..<count {
        seen.insert(ByteText(string(at: name)))
        name = Int(parts[name + 1].next)
      }
      names.append(Names(object: UInt32(object), seen: seen))
    }
    let name = string(in: place.range, isEscaped: place.form == .escaped)
    return !names[names.count - 1].seen.insert(name).inserted
  }
}

extension JSONParts.Part {
  /// Where the bytes of a text or a number stand.
  @inline(__always)
  var range: Range<Int> { Int(start)..<Int(end) }
}
