internal import CassandraBytes
internal import CassandraJSON

/// Reads named values, casts them, and collects what is wrong.
///
/// - A value that is asked for with ``text(_:bytes:pattern:)``, ``int(_:)`` and the like, or with ``required(_:_:)``, has to be
///   there and must not be null. ``optional(_:_:)``, ``value(_:_:default:)`` and ``change(_:_:)`` take it when it is there.
/// - Text that is a number becomes one where a number is required, and 3.0 is the integer 3. Text such as `true`, `yes`,
///   `on` and `1` becomes a boolean where a ``Rule`` asks for one. Nothing else is cast.
/// - Values that nobody asks for are ignored.
public struct Validator: Sendable {
  private enum Source: Sendable {
    /// The members of the object at this place of the body.
    case object(Int)
    /// The items of a query: each is text, and a list is an item that occurs several times.
    case items([Item])
    /// The input is no object; that is said once, and not again for each member.
    case nothing
    /// No input: what is asked for is written down.
    case description(Description)
  }

  /// An item of a query.
  struct Item: Sendable {
    let name: String
    let value: String
  }

  /// What is written down.
  enum Description: Sendable {
    /// What a client should send.
    case usual
    /// What is accepted.
    case accepted
  }

  private let source: Source
  /// The body, or what was found last of a query.
  private var parts: JSONParts
  /// Where looking for members goes on.
  private var place = JSONParts.MemberPlace()
  private(set) var findings = Findings()
  private var properties: [JSONValue.Member] = []
  private var requiredNames: [JSONValue] = []

  /// The value of a body that stands at `index`.
  init(_ parts: JSONParts, at index: Int = 0) {
    self.parts = parts
    if parts.isObject(at: index) {
      source = .object(index)
    } else {
      source = .nothing
      findings.report("This must be an object, not \(parts.kind(at: index)).")
    }
  }

  init(query items: [Item]) {
    parts = JSONParts()
    source = .items(items)
  }

  init(describing description: Description) {
    parts = JSONParts()
    source = .description(description)
  }

  /// The schema of what has been asked for.
  var describedSchema: JSONValue {
    var members: [JSONValue.Member] = [.init("type", "object"), .init("properties", .object(properties))]
    if !requiredNames.isEmpty { members.append(.init("required", .array(requiredNames))) }
    return .object(members)
  }

  /// Reports that something is wrong with the value called `name`; for rules of the application.
  public mutating func report(_ name: String, _ detail: String) {
    if case .description = source { return }
    let told = findings.told
    findings.report(detail)
    findings.place(name, since: told)
  }

  private mutating func describe<Value>(
    _ name: String, _ rule: @autoclosure () -> Rule<Value>, isNullable: Bool = false, isRequired: Bool
  ) {
    guard case .description(let description) = source else { return }
    let rule = rule()
    let schema = description == .usual ? rule.schema : rule.accepted
    properties.append(.init(name, isNullable ? schema.nullable : schema))
    if isRequired { requiredNames.append(.string(name)) }
  }

  /// What there is of a name: a value stands at this place of the parts.
  private enum Found {
    case nothing
    case null
    case value(Int)
  }

  /// The value called `name`. Of several the first counts, but for a list in a query.
  private mutating func find(_ name: String, isList: Bool = false) -> Found {
    switch source {
    case .object(let object):
      guard let index = parts.member(name, of: object, from: &place) else { return .nothing }
      return parts.isNull(at: index) ? .null : .value(index)
    case .items(let items):
      let texts = items.filter { $0.name.hasSameBytes(as: name) }.map(\.value)
      guard let first = texts.first else { return .nothing }
      parts = isList ? JSONParts(texts: texts) : JSONParts(text: first)
      return .value(0)
    case .nothing, .description: return .nothing
    }
  }

  private var isInput: Bool {
    switch source {
    case .object, .items: true
    case .nothing, .description: false
    }
  }

  /// Where the value called `name` stands; nil, and reported, when it is missing or null.
  private mutating func present(_ name: String, isList: Bool = false) -> Int? {
    guard isInput else { return nil }
    switch find(name, isList: isList) {
    case .nothing: report(name, "This field is required.")
    case .null: report(name, "This field must not be null.")
    case .value(let index): return index
    }
    return nil
  }

  /// The value that stands at `index`, as a rule has it.
  private mutating func checked<Value>(_ name: String, at index: Int, _ rule: Rule<Value>) -> Value? {
    let told = findings.told
    defer { findings.place(name, since: told) }
    return rule.check(parts, index, &findings)
  }
}

// MARK: - By a rule

extension Validator {
  /// The value called `name`, which has to be there.
  public mutating func required<Value>(_ name: String, _ rule: Rule<Value>) -> Value {
    describe(name, rule, isRequired: true)
    guard let index = present(name, isList: rule.isList) else { return rule.placeholder }
    return checked(name, at: index, rule) ?? rule.placeholder
  }

  /// The value called `name`; nil when it is missing or null.
  public mutating func optional<Value>(_ name: String, _ rule: Rule<Value>) -> Value? {
    describe(name, rule, isNullable: true, isRequired: false)
    switch find(name, isList: rule.isList) {
    case .nothing, .null: return nil
    case .value(let index): return checked(name, at: index, rule)
    }
  }

  /// The value called `name`; `fallback` when it is missing. Null is a problem.
  public mutating func value<Value>(
    _ name: String, _ rule: Rule<Value>, default fallback: @autoclosure () -> Value
  ) -> Value {
    describe(name, rule, isRequired: false)
    switch find(name, isList: rule.isList) {
    case .nothing: return fallback()
    case .null: report(name, "This field must not be null.")
    case .value(let index): if let value = checked(name, at: index, rule) { return value }
    }
    return rule.placeholder
  }

  /// What a partial update says of the value called `name`.
  public mutating func change<Value>(_ name: String, _ rule: Rule<Value>) -> Change<Value> {
    describe(name, rule, isNullable: true, isRequired: false)
    switch find(name, isList: rule.isList) {
    case .nothing: return .absent
    case .null: return .null
    case .value(let index): return checked(name, at: index, rule).map { .set($0) } ?? .absent
    }
  }
}

// MARK: - The frequent ones, without a rule

extension Validator {
  /// Text.
  ///
  /// - Parameters:
  ///   - name: The member's name.
  ///   - bytes: How many bytes of UTF-8 it may have.
  ///   - pattern: A regular expression of ECMA-262 for the schema alone, of what the application checks besides.
  public mutating func text(_ name: String, bytes: ClosedRange<Int>? = nil, pattern: String? = nil) -> String {
    describe(
      name,
      pattern.map { Rule.text(bytes: bytes).satisfying("", pattern: $0) { _ in true } } ?? Rule.text(bytes: bytes),
      isRequired: true)
    guard let index = present(name) else { return "" }
    let told = findings.told
    defer { findings.place(name, since: told) }
    return parts.text(at: index, bytes: bytes, &findings) ?? ""
  }

  /// A list of texts, none of them null.
  public mutating func texts(_ name: String) -> [String] {
    describe(name, Rule.list(of: .text()), isRequired: true)
    guard let list = present(name, isList: true) else { return [] }
    let told = findings.told
    defer { findings.place(name, since: told) }
    guard let count = parts.elementCount(at: list, &findings) else { return [] }
    var texts: [String] = []
    texts.reserveCapacity(count)
    var index = parts.first(in: list)
    for number in 0..<count {
      let told = findings.told
      texts.append(parts.text(at: index, bytes: nil, &findings) ?? "")
      findings.place(number, since: told)
      index = parts.next(after: index)
    }
    return texts
  }

  /// An integer of 32 bits.
  public mutating func int32(_ name: String) -> Int32 { integer(name) }

  /// An integer of 64 bits.
  public mutating func int(_ name: String) -> Int { integer(name) }

  private mutating func integer<Number: FixedWidthInteger & Sendable>(_ name: String) -> Number {
    describe(name, Rule<Number>.integer(), isRequired: true)
    guard let index = present(name) else { return 0 }
    let told = findings.told
    defer { findings.place(name, since: told) }
    return parts.integer(at: index, in: Number.min...Number.max, &findings) ?? 0
  }

  /// A number that is finite as a float of 32 bits.
  public mutating func float(_ name: String) -> Float {
    describe(name, Rule<Float>.float(), isRequired: true)
    guard let index = present(name) else { return 0 }
    let told = findings.told
    defer { findings.place(name, since: told) }
    return parts.float(at: index, &findings) ?? 0
  }

  /// A number that is finite as a float of 64 bits.
  public mutating func double(_ name: String) -> Double {
    describe(name, Rule<Double>.double(), isRequired: true)
    guard let index = present(name) else { return 0 }
    let told = findings.told
    defer { findings.place(name, since: told) }
    return parts.double(at: index, &findings) ?? 0
  }

  /// A boolean; text is not cast here, see ``Rule/bool``.
  public mutating func bool(_ name: String) -> Bool {
    describe(
      name, Rule<Bool>(schema: ["type": "boolean"], placeholder: false, check: { _, _ in nil }), isRequired: true)
    guard let index = present(name) else { return false }
    if let bool = parts.bool(at: index) { return bool }
    report(name, "This must be true or false, not \(parts.kind(at: index)).")
    return false
  }
}
