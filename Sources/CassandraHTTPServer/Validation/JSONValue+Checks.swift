internal import CassandraBytes
internal import CassandraJSON

/// The checks and casts of single values. Each reports what is wrong and then gives nil.
extension JSONValue {
  func text(bytes: ClosedRange<Int>?, _ findings: inout Findings) -> String? {
    guard case .string(let text) = self else {
      findings.report("This must be text, not \(kind).")
      return nil
    }
    if let bytes, !bytes.contains(text.utf8.count) {
      findings.report("This must be \(bytes.sentence(unit: "byte")) of UTF-8, and it is \(text.utf8.count).")
      return nil
    }
    return text
  }

  func elements(_ findings: inout Findings) -> [JSONValue]? {
    if case .array(let elements) = self { return elements }
    findings.report("This must be a list, not \(kind).")
    return nil
  }

  func integer<Number: FixedWidthInteger>(in range: ClosedRange<Number>, _ findings: inout Findings) -> Number? {
    guard let number = number(&findings) else { return nil }
    if let integer = number.exactInteger(Number.self), range.contains(integer) { return integer }
    guard number.isWhole else {
      findings.report("This must be an integer.")
      return nil
    }
    findings.report("This must be from \(range.lowerBound) to \(range.upperBound).")
    return nil
  }

  func float(_ findings: inout Findings) -> Float? {
    guard let number = number(&findings) else { return nil }
    guard let float = number.float, float.isFinite else {
      findings.report("This number is too large for a 32-bit float.")
      return nil
    }
    return float
  }

  func double(_ findings: inout Findings) -> Double? {
    guard let number = number(&findings) else { return nil }
    guard let double = number.double, double.isFinite else {
      findings.report("This number is too large for a 64-bit float.")
      return nil
    }
    return double
  }

  func bool(_ findings: inout Findings) -> Bool? {
    switch self {
    case .bool(let bool): return bool
    case .number(let number):
      if let integer = number.exactInt, integer == 0 || integer == 1 { return integer == 1 }
    case .string(let text):
      // Text of a stranger: long ones are none of these, and are not made lower-case first.
      if text.utf8.count <= 5 {
        switch text.lowercased() {
        case "true", "yes", "on", "t", "y", "1": return true
        case "false", "no", "off", "f", "n", "0": return false
        default: break
        }
      }
    case .null, .array, .object: break
    }
    findings.report("This must be true or false.")
    return nil
  }

  private func number(_ findings: inout Findings) -> JSONNumber? {
    switch self {
    case .number(let number): return number
    case .string(let text):
      if let number = JSONNumber(text) { return number }
      findings.report("This must be a number, and the text is not one.")
    case .null, .bool, .array, .object: findings.report("This must be a number, not \(kind).")
    }
    return nil
  }
}

extension ClosedRange<Int> {
  /// How many there may be: `1 to 5 bytes`, `at least 1 byte`.
  func sentence(unit: String) -> String {
    if lowerBound == upperBound { return "\(lowerBound) \(unit)\(lowerBound == 1 ? "" : "s")" }
    if upperBound == .max { return "at least \(lowerBound) \(unit)\(lowerBound == 1 ? "" : "s")" }
    return lowerBound == 0
      ? "at most \(upperBound) \(unit)\(upperBound == 1 ? "" : "s")" : "\(lowerBound) to \(upperBound) \(unit)s"
  }
}
