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
    case members([JSONValue.Member])
    /// The items of a query: each is text, and a list is an item that occurs several times.
    case items([JSONValue.Member])
    /// The input is no object; that is said once, and not again for each member.
    case nothing
    /// No input: what is asked for is written down.
    case description(Description)
  }

  /// What is written down.
  enum Description: Sendable {
    /// What a client should send.
    case usual
    /// What is accepted.
    case accepted
  }

  private let source: Source
  private(set) var findings = Findings()
  private var properties: [JSONValue.Member] = []
  private var requiredNames: [JSONValue] = []

  init(_ value: JSONValue) {
    if case .object(let members) = value {
      source = .members(members)
    } else {
      source = .nothing
      findings.report("This must be an object, not \(value.kind).")
    }
  }

  init(query items: [JSONValue.Member]) { source = .items(items) }

  init(describing description: Description) { source = .description(description) }

  /// The schema of what has been asked for.
  var describedSchema: JSONValue {
    var members: [JSONValue.Member] = [.init("type", "object"), .init("properties", .object(properties))]
    if !requiredNames.isEmpty { members.append(.init("required", .array(requiredNames))) }
    return .object(members)
  }

  /// Reports that something is wrong with the value called `name`; for rules of the application.
  public mutating func report(_ name: String, _ detail: String) {
    if case .description = source { return }
    findings.within(name) { $0.report(detail) }
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

  /// The value called `name`, null included; nil when there is none. Of several the first counts, but for a list in a
  /// query.
  private func found(_ name: String, isList: Bool) -> JSONValue? {
    switch source {
    case .members(let members):
      // By their places: a member that is not the one is not copied.
      for index in members.indices where members[index].name.text.hasSameBytes(as: name) {
        return members[index].value
      }
      return nil
    case .items(let items):
      guard isList else { return items.first { $0.name.text.hasSameBytes(as: name) }?.value }
      let all = items.filter { $0.name.text.hasSameBytes(as: name) }
      return all.isEmpty ? nil : .array(all.map(\.value))
    case .nothing, .description: return nil
    }
  }

  private var isInput: Bool {
    switch source {
    case .members, .items: true
    case .nothing, .description: false
    }
  }

  /// The value called `name`; nil, and reported, when it is missing or null.
  private mutating func present(_ name: String, isList: Bool = false) -> JSONValue? {
    guard isInput else { return nil }
    switch found(name, isList: isList) {
    case nil: report(name, "This field is required.")
    case .null?: report(name, "This field must not be null.")
    case let value?: return value
    }
    return nil
  }
}

// MARK: - By a rule

extension Validator {
  /// The value called `name`, which has to be there.
  public mutating func required<Value>(_ name: String, _ rule: Rule<Value>) -> Value {
    describe(name, rule, isRequired: true)
    guard let value = present(name, isList: rule.isList) else { return rule.placeholder }
    return findings.within(name) { rule.check(value, &$0) } ?? rule.placeholder
  }

  /// The value called `name`; nil when it is missing or null.
  public mutating func optional<Value>(_ name: String, _ rule: Rule<Value>) -> Value? {
    describe(name, rule, isNullable: true, isRequired: false)
    switch found(name, isList: rule.isList) {
    case nil, .null?: return nil
    case let value?: return findings.within(name) { rule.check(value, &$0) }
    }
  }

  /// The value called `name`; `fallback` when it is missing. Null is a problem.
  public mutating func value<Value>(
    _ name: String, _ rule: Rule<Value>, default fallback: @autoclosure () -> Value
  ) -> Value {
    describe(name, rule, isRequired: false)
    switch found(name, isList: rule.isList) {
    case nil: return fallback()
    case .null?: report(name, "This field must not be null.")
    case let value?: if let value = findings.within(name, { rule.check(value, &$0) }) { return value }
    }
    return rule.placeholder
  }

  /// What a partial update says of the value called `name`.
  public mutating func change<Value>(_ name: String, _ rule: Rule<Value>) -> Change<Value> {
    describe(name, rule, isNullable: true, isRequired: false)
    switch found(name, isList: rule.isList) {
    case nil: return .absent
    case .null?: return .null
    case let value?:
      return findings.within(name) { rule.check(value, &$0) }.map { .set($0) } ?? .absent
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
    guard let value = present(name) else { return "" }
    return findings.within(name) { value.text(bytes: bytes, &$0) } ?? ""
  }

  /// A list of texts, none of them null.
  public mutating func texts(_ name: String) -> [String] {
    describe(name, Rule.list(of: .text()), isRequired: true)
    guard let value = present(name, isList: true) else { return [] }
    return findings.within(name) { findings in
      guard let elements = value.elements(&findings) else { return [] }
      var texts: [String] = []
      texts.reserveCapacity(elements.count)
      for index in elements.indices {
        texts.append(findings.within(index) { elements[index].text(bytes: nil, &$0) } ?? "")
      }
      return texts
    }
  }

  /// An integer of 32 bits.
  public mutating func int32(_ name: String) -> Int32 { integer(name) }

  /// An integer of 64 bits.
  public mutating func int(_ name: String) -> Int { integer(name) }

  private mutating func integer<Number: FixedWidthInteger & Sendable>(_ name: String) -> Number {
    describe(name, Rule<Number>.integer(), isRequired: true)
    guard let value = present(name) else { return 0 }
    return findings.within(name) { value.integer(in: Number.min...Number.max, &$0) } ?? 0
  }

  /// A number that is finite as a float of 32 bits.
  public mutating func float(_ name: String) -> Float {
    describe(name, Rule<Float>.float(), isRequired: true)
    guard let value = present(name) else { return 0 }
    return findings.within(name) { value.float(&$0) } ?? 0
  }

  /// A number that is finite as a float of 64 bits.
  public mutating func double(_ name: String) -> Double {
    describe(name, Rule<Double>.double(), isRequired: true)
    guard let value = present(name) else { return 0 }
    return findings.within(name) { value.double(&$0) } ?? 0
  }

  /// A boolean; text is not cast here, see ``Rule/bool``.
  public mutating func bool(_ name: String) -> Bool {
    describe(
      name, Rule<Bool>(schema: ["type": "boolean"], placeholder: false, check: { _, _ in nil }), isRequired: true)
    guard let value = present(name) else { return false }
    if case .bool(let bool) = value { return bool }
    report(name, "This must be true or false, not \(value.kind).")
    return false
  }
}
