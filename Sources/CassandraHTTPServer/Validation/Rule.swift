public import CassandraBytes
public import CassandraJSON

/// How a value is checked and cast, and how its JSON Schema describes it.
///
/// Rules are values: make one where it is used, or keep one in a `static let` and use it in several types.
public struct Rule<Value: Sendable>: Sendable {
  /// The JSON Schema (2020-12) of what is accepted.
  public let schema: JSONValue
  /// The same with what is cast, such as text for a number: everything that is taken, and nothing else.
  let accepted: JSONValue
  /// Stands for a value that is wrong until the whole is thrown away.
  let placeholder: Value
  /// Whether several items of a query are one value.
  let isList: Bool
  /// Checks and casts the value of this index.
  let check: @Sendable (JSONParts, Int, inout Findings) -> Value?

  /// A rule of the application's own.
  ///
  /// - Parameters:
  ///   - schema: The JSON Schema of what is accepted.
  ///   - placeholder: Stands for a value that is wrong; nobody sees it.
  ///   - check: Gives the value, or reports what is wrong and gives nil.
  public init(
    schema: JSONValue, placeholder: Value, check: @escaping @Sendable (JSONValue, inout Findings) -> Value?
  ) {
    self.init(schema: schema, placeholder: placeholder) { parts, index, findings in
      check(parts.value(at: index), &findings)
    }
  }

  init(
    schema: JSONValue, accepted: JSONValue? = nil, placeholder: Value, isList: Bool = false,
    check: @escaping @Sendable (JSONParts, Int, inout Findings) -> Value?
  ) {
    self.schema = schema
    self.accepted = accepted ?? schema
    self.placeholder = placeholder
    self.isList = isList
    self.check = check
  }

  /// The same, and what it gives has to meet a condition.
  ///
  /// - Parameters:
  ///   - detail: What the client is told when it does not, as a sentence.
  ///   - pattern: The condition as a regular expression of ECMA-262, for the schema alone.
  ///   - condition: Whether a value meets it.
  public func satisfying(
    _ detail: String, pattern: String? = nil, _ condition: @escaping @Sendable (Value) -> Bool
  ) -> Rule {
    let check = check
    return Rule(
      schema: pattern.map { schema.adding("pattern", .string($0)) } ?? schema,
      accepted: pattern.map { accepted.adding("pattern", .string($0)) } ?? accepted, placeholder: placeholder,
      isList: isList
    ) { parts, index, findings in
      guard let result = check(parts, index, &findings) else { return nil }
      guard condition(result) else {
        findings.report(detail)
        return nil
      }
      return result
    }
  }

  /// The same, made into another type.
  ///
  /// - Parameters:
  ///   - detail: What the client is told when `transform` gives nil, as a sentence.
  ///   - placeholder: Stands for a value that is wrong; nobody sees it.
  ///   - format: The name of the format in the schema, such as `uuid`.
  ///   - transform: Makes the value; nil when it cannot.
  public func map<Result: Sendable>(
    _ detail: String, placeholder: Result, format: String? = nil, _ transform: @escaping @Sendable (Value) -> Result?
  ) -> Rule<Result> {
    let check = check
    return Rule<Result>(
      schema: format.map { schema.adding("format", .string($0)) } ?? schema,
      accepted: format.map { accepted.adding("format", .string($0)) } ?? accepted, placeholder: placeholder,
      isList: isList
    ) { parts, index, findings in
      guard let before = check(parts, index, &findings) else { return nil }
      if let result = transform(before) { return result }
      findings.report(detail)
      return nil
    }
  }
}

extension Rule where Value == String {
  /// Text.
  ///
  /// - Parameters:
  ///   - length: How many Unicode scalars it may have.
  ///   - bytes: How many bytes of UTF-8 it may have.
  public static func text(length: ClosedRange<Int>? = nil, bytes: ClosedRange<Int>? = nil) -> Rule {
    var schema: JSONValue = ["type": "string"]
    if let length {
      schema = schema.adding("minLength", length.lowerBound).adding("maxLength", length.upperBound)
    } else if let bytes {
      // A scalar has one to four bytes.
      schema = schema.adding("minLength", (bytes.lowerBound + 3) / 4).adding("maxLength", bytes.upperBound)
    }
    return Rule(schema: schema, placeholder: "") { parts, index, findings in
      guard let text = parts.text(at: index, bytes: bytes, &findings) else { return nil }
      guard let length else { return text }
      let count = text.unicodeScalars.count
      guard length.contains(count) else {
        findings.report("This must be \(length.sentence(unit: "character")), and it is \(count).")
        return nil
      }
      return text
    }
  }
}

extension Rule where Value: FixedWidthInteger {
  /// An integer.
  public static func integer(in range: ClosedRange<Value> = Value.min...Value.max) -> Rule {
    let schema: JSONValue = [
      "type": "integer", "minimum": .number(JSONNumber(range.lowerBound)),
      "maximum": .number(JSONNumber(range.upperBound)),
    ]
    return Rule(schema: schema, accepted: schema.acceptingText(of: range), placeholder: range.lowerBound) {
      parts, index, findings in
      parts.integer(at: index, in: range, &findings)
    }
  }
}

extension Rule where Value == Double {
  /// A finite number.
  public static func double(in range: ClosedRange<Double>? = nil) -> Rule {
    var schema: JSONValue = ["type": "number"]
    if let range, let least = JSONNumber(range.lowerBound), let most = JSONNumber(range.upperBound) {
      schema = schema.adding("minimum", .number(least)).adding("maximum", .number(most))
    }
    let bounds = range ?? -.greatestFiniteMagnitude ... .greatestFiniteMagnitude
    return Rule(
      schema: schema, accepted: JSONValue.acceptedNumber(in: bounds), placeholder: range?.lowerBound ?? 0
    ) { parts, index, findings in
      guard let number = parts.double(at: index, &findings) else { return nil }
      if let range, !range.contains(number) {
        findings.report("This must be from \(range.lowerBound) to \(range.upperBound).")
        return nil
      }
      return number
    }
  }
}

extension Rule where Value == Float {
  /// A number that is finite as a float of 32 bits.
  public static func float() -> Rule {
    // Up to half a step above, a number in decimals is rounded to the largest one.
    let largest = Float.greatestFiniteMagnitude
    let most = Double(largest) + Double(largest.ulp) / 2
    return Rule(schema: ["type": "number"], accepted: JSONValue.acceptedNumber(in: -most...most), placeholder: 0) {
      parts, index, findings in parts.float(at: index, &findings)
    }
  }
}

extension Rule where Value == Bool {
  /// A boolean; also 0 and 1, and the texts `true`, `yes`, `on`, `t`, `y`, `1` and their opposites in any case.
  public static var bool: Rule {
    Rule(schema: ["type": "boolean"], accepted: .acceptedBool, placeholder: false) { parts, index, findings in
      parts.bool(at: index, &findings)
    }
  }
}

extension Rule where Value == JSONValue {
  /// Any JSON but null.
  public static var json: Rule { Rule(schema: [:], placeholder: .null) { parts, index, _ in parts.value(at: index) } }
}

extension Rule where Value: Validatable {
  /// An object that another type describes.
  public static func object(_ type: Value.Type = Value.self) -> Rule {
    var describing = Validator(describing: .usual)
    let placeholder = Value(&describing)
    return Rule(schema: describing.describedSchema, accepted: Value.acceptedSchema, placeholder: placeholder) {
      parts, index, findings in
      var validator = Validator(parts, at: index)
      let result = Value(&validator)
      guard validator.findings.count > 0 else { return result }
      findings.take(validator.findings)
      return nil
    }
  }
}

extension Rule where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One of the names of an enumeration. The enumeration has at least one case.
  public static func oneOf(_ type: Value.Type = Value.self) -> Rule {
    let cases = Array(Value.allCases)
    guard let first = cases.first else { preconditionFailure("an enumeration has a case") }
    let names = cases.map(\.rawValue)
    return Rule(
      schema: ["type": "string", "enum": .array(names.map { .string($0) })], placeholder: first
    ) { parts, index, findings in
      guard let text = parts.text(at: index, bytes: nil, &findings) else { return nil }
      if let index = names.firstIndex(where: { $0.hasSameBytes(as: text) }) { return cases[index] }
      findings.report("This must be one of \(names.joined(separator: ", ")).")
      return nil
    }
  }
}

extension Rule {
  /// A list.
  ///
  /// - Parameters:
  ///   - element: The rule of each element.
  ///   - count: How many elements there may be.
  public static func list<Element>(of element: Rule<Element>, count: ClosedRange<Int>? = nil) -> Rule
  where Value == [Element] {
    func list(_ items: JSONValue) -> JSONValue {
      let schema: JSONValue = ["type": "array", "items": items]
      guard let count else { return schema }
      return schema.adding("minItems", count.lowerBound).adding("maxItems", count.upperBound)
    }
    return Rule(schema: list(element.schema), accepted: list(element.accepted), placeholder: [], isList: true) {
      parts, index, findings in
      guard let length = parts.elementCount(at: index, &findings) else { return nil }
      if let count, !count.contains(length) {
        findings.report("This must have \(count.sentence(unit: "element")), and it has \(length).")
        return nil
      }
      var list: [Element] = []
      list.reserveCapacity(length)
      var place = parts.first(in: index)
      for number in 0..<length {
        let told = findings.told
        if let part = element.check(parts, place, &findings) { list.append(part) }
        findings.place(number, since: told)
        place = parts.next(after: place)
      }
      return list.count == length ? list : nil
    }
  }

  /// An object whose members all follow one rule; of two members with one name the last counts.
  public static func dictionary<Element>(of element: Rule<Element>) -> Rule
  where Value == [ByteText: Element] {
    Rule(
      schema: ["type": "object", "additionalProperties": element.schema],
      accepted: ["type": "object", "additionalProperties": element.accepted], placeholder: [:]
    ) { parts, index, findings in
      guard let count = parts.memberCount(at: index) else {
        findings.report("This must be an object, not \(parts.kind(at: index)).")
        return nil
      }
      var dictionary: [ByteText: Element] = [:]
      var isWhole = true
      var place = parts.first(in: index)
      for _ in 0..<count {
        let name = parts.name(at: place)
        let told = findings.told
        let part = element.check(parts, place + 1, &findings)
        findings.place(name, since: told)
        if let part { dictionary[ByteText(name)] = part } else { isWhole = false }
        place = parts.next(after: place + 1)
      }
      return isWhole ? dictionary : nil
    }
  }
}
