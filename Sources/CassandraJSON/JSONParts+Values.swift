internal import CassandraBytes

/// What the parts are.
extension JSONParts {
  /// What kind of value it is, with its article, for a message: "a number".
  package func kind(at index: Int) -> StaticString {
    switch parts[index].form {
    case .null: "null"
    case .false, .true: "a boolean"
    case .number: "a number"
    case .ascii, .utf8, .escaped: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// Whether it is `null`.
  package func isNull(at index: Int) -> Bool { parts[index].form == .null }

  /// Whether it is an object.
  package func isObject(at index: Int) -> Bool { parts[index].form == .object }

  /// The boolean; nil for a value of another kind.
  package func bool(at index: Int) -> Bool? {
    switch parts[index].form {
    case .true: true
    case .false: false
    case .null, .number, .ascii, .utf8, .escaped, .array, .object: nil
    }
  }

  /// The text; nil for a value of another kind.
  package func text(at index: Int) -> String? {
    switch parts[index].form {
    case .ascii, .utf8, .escaped: string(at: index)
    case .null, .false, .true, .number, .array, .object: nil
    }
  }

  /// How many elements an array has; nil for a value of another kind.
  package func elementCount(at index: Int) -> Int? {
    parts[index].form == .array ? Int(parts[index].end) : nil
  }

  /// How many members an object has; nil for a value of another kind.
  package func memberCount(at index: Int) -> Int? {
    parts[index].form == .object ? Int(parts[index].end) : nil
  }

  /// The first element, or the name of the first member, of a container that has one.
  package func first(in container: Int) -> Int { container + 1 }

  /// What follows a value: the next element, or the next member's name; only where there is one.
  package func next(after value: Int) -> Int { Int(parts[value].next) }

  /// The name that stands there, before its value.
  package func name(at index: Int) -> String { string(at: index) }

  /// The value of an object's member; nil when there is none of that name.
  ///
  /// - Parameter place: Where looking goes on, so that who asks in the order in which the members stand finds each at
  ///   once. It belongs to one object.
  package func member(_ name: String, of object: Int, from place: inout MemberPlace) -> Int? {
    let count = Int(parts[object].end)
    return name.withUTF8Span { wanted in
      for _ in 0..<count {
        if place.number >= count { place = MemberPlace() }
        let index = place.number == 0 ? object + 1 : place.index
        let value = index + 1
        let isIt = isName(index, wanted)
        place = MemberPlace(number: place.number + 1, index: Int(parts[value].next))
        if isIt { return value }
      }
      return nil
    }
  }

  /// Where looking for members goes on.
  package struct MemberPlace: Sendable {
    fileprivate var number = 0
    fileprivate var index = 0

    /// Before the first member.
    package init() {}

    fileprivate init(number: Int, index: Int) { (self.number, self.index) = (number, index) }
  }

  @inline(__always)
  private func isName(_ index: Int, _ wanted: Span<UInt8>) -> Bool {
    let part = parts[index]
    guard part.form != .escaped else { return isEscapedName(part.range, wanted) }
    return part.range.count == wanted.count && bytes.span.extracting(part.range).isEqual(to: wanted)
  }

  /// Nothing is put together for it, since a stranger decides how often it is asked.
  private func isEscapedName(_ range: Range<Int>, _ wanted: Span<UInt8>) -> Bool {
    var reader = JSONReader(bytes)
    reader.position = range.lowerBound
    var known = 0
    while reader.position < range.upperBound {
      let byte = bytes[reader.position]
      if byte == UInt8(ascii: "\\") {
        guard let scalar = try? reader.escape() else { return false }
        for byte in scalar.utf8 {
          guard known < wanted.count, wanted[known] == byte else { return false }
          known += 1
        }
      } else {
        guard known < wanted.count, wanted[known] == byte else { return false }
        known += 1
        reader.position += 1
      }
    }
    return known == wanted.count
  }

  /// The text that stands there.
  func string(at index: Int) -> String {
    let part = parts[index]
    guard part.form != .escaped else { return string(in: part.range, isEscaped: true) }
    return String(validated: bytes.span.extracting(part.range), isASCII: part.form == .ascii)
  }

  func string(in range: Range<Int>, isEscaped: Bool) -> String {
    guard isEscaped else { return String(validated: bytes.span.extracting(range), isASCII: false) }
    // As when it was read, and that had no error.
    var reader = JSONReader(bytes, limits: JSONLimits(stringBytes: .max))
    reader.position = range.lowerBound - 1
    do throws(JSONError) {
      let place = try reader.string()
      return reader.takeText(at: place)
    } catch { preconditionFailure("a string that has been read cannot be read again") }
  }
}

// MARK: - Numbers

extension JSONParts {
  /// The number; nil for a value of another kind.
  package func number(at index: Int) -> JSONNumber? {
    let part = parts[index]
    guard part.form == .number else { return nil }
    return JSONNumber(unchecked: String(validated: bytes.span.extracting(part.range), isASCII: true))
  }

  /// A number that is written in few digits, without an exponent.
  private struct ShortNumber {
    var digits: UInt64 = 0
    /// How many of the digits stand behind the point.
    var decimals = 0
    var isNegative = false
  }

  /// Eighteen digits do not overflow.
  private static let fewDigits = 18

  private func shortNumber(at index: Int) -> ShortNumber? {
    let part = parts[index]
    guard part.form == .number, part.range.count <= Self.fewDigits else { return nil }
    let span = bytes.span
    var number = ShortNumber()
    var isBehindPoint = false
    for index in part.range {
      switch span[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        number.digits = number.digits &* 10 &+ UInt64(span[index] &- UInt8(ascii: "0"))
        if isBehindPoint { number.decimals += 1 }
      case UInt8(ascii: "-"): number.isNegative = true
      case UInt8(ascii: "."): isBehindPoint = true
      default: return nil
      }
    }
    return number
  }

  /// The number as an integer, when it is written as a short one; otherwise ``number(at:)`` has to be asked.
  package func shortInteger(at index: Int) -> Int? {
    guard let number = shortNumber(at: index), number.decimals == 0 else { return nil }
    let magnitude = Int(truncatingIfNeeded: number.digits)
    return number.isNegative ? -magnitude : magnitude
  }

  /// The nearest number of 32 bits, where one division gives it; otherwise ``number(at:)`` has to be asked.
  package func shortFloat(at index: Int) -> Float? { shortFraction(at: index, mostDecimals: 10) }

  /// The same of 64 bits.
  package func shortDouble(at index: Int) -> Double? { shortFraction(at: index, mostDecimals: 22) }

  /// The digits and the power of ten are exact in the type, and IEEE 754 rounds the quotient of two exact numbers once.
  @inline(__always)
  private func shortFraction<Value: BinaryFloatingPoint>(at index: Int, mostDecimals: Int) -> Value? {
    guard let number = shortNumber(at: index), number.digits >> UInt64(Value.significandBitCount + 1) == 0,
      number.decimals <= mostDecimals
    else { return nil }
    var power: Value = 1
    for _ in 0..<number.decimals { power *= 10 }
    let value = Value(number.digits) / power
    return number.isNegative ? -value : value
  }
}

// MARK: - The tree

extension JSONParts {
  /// The value as a tree. Of members with the same name, where they are there, the last value counts and stands where the
  /// first stood.
  package func value(at index: Int = 0) -> JSONValue { value(at: index, mayRepeat: true) }

  /// - Parameter mayRepeat: Whether objects may have several members of one name.
  func value(at index: Int, mayRepeat: Bool) -> JSONValue {
    let part = parts[index]
    switch part.form {
    case .null: return .null
    case .false: return .bool(false)
    case .true: return .bool(true)
    case .number:
      return .number(JSONNumber(unchecked: String(validated: bytes.span.extracting(part.range), isASCII: true)))
    case .ascii, .utf8, .escaped: return .string(string(at: index))
    case .array:
      var elements: [JSONValue] = []
      elements.reserveCapacity(Int(part.end))
      var element = index + 1
      for _ in 0..<part.end {
        elements.append(value(at: element, mayRepeat: mayRepeat))
        element = Int(parts[element].next)
      }
      return .array(elements)
    case .object:
      var members: [JSONValue.Member] = []
      members.reserveCapacity(Int(part.end))
      var names = MemberIndex()
      var name = index + 1
      for _ in 0..<part.end {
        let member = JSONValue.Member(ByteText(string(at: name)), value(at: name + 1, mayRepeat: mayRepeat))
        name = Int(parts[name + 1].next)
        if mayRepeat, let position = names.position(of: member.name, in: members[...]) {
          members[position].value = member.value
        } else {
          members.append(member)
          if mayRepeat { names.didAppend(to: members[...]) }
        }
      }
      return .object(members)
    }
  }
}
