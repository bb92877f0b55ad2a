internal import CassandraBytes
internal import CassandraJSON

/// The checks and casts of the values of a body or query. Each reports what is wrong and then gives nil.
extension JSONParts {
  func text(at index: Int, bytes: ClosedRange<Int>?, _ findings: inout Findings) -> String? {
    guard let text = text(at: index) else {
      findings.report("This must be text, not \(kind(at: index)).")
      return nil
    }
    if let bytes, !bytes.contains(text.utf8.count) {
      findings.report("This must be \(bytes.sentence(unit: "byte")) of UTF-8, and it is \(text.utf8.count).")
      return nil
    }
    return text
  }

  /// How many elements the list has.
  func elementCount(at index: Int, _ findings: inout Findings) -> Int? {
    if let count = elementCount(at: index) { return count }
    findings.report("This must be a list, not \(kind(at: index)).")
    return nil
  }

  func integer<Number: FixedWidthInteger>(
    at index: Int, in range: ClosedRange<Number>, _ findings: inout Findings
  ) -> Number? {
    if let short = shortInteger(at: index), let integer = Number(exactly: short), range.contains(integer) {
      return integer
    }
    guard let number = number(at: index, &findings) else { return nil }
    if let integer = number.exactInteger(Number.self), range.contains(integer) { return integer }
    guard number.isWhole else {
      findings.report("This must be an integer.")
      return nil
    }
    findings.report("This must be from \(range.lowerBound) to \(range.upperBound).")
    return nil
  }

  func float(at index: Int, _ findings: inout Findings) -> Float? {
    if let float = shortFloat(at: index) { return float }
    guard let number = number(at: index, &findings) else { return nil }
    guard let float = number.float, float.isFinite else {
      findings.report("This number is too large for a 32-bit float.")
      return nil
    }
    return float
  }

  func double(at index: Int, _ findings: inout Findings) -> Double? {
    if let double = shortDouble(at: index) { return double }
    guard let number = number(at: index, &findings) else { return nil }
    guard let double = number.double, double.isFinite else {
      findings.report("This number is too large for a 64-bit float.")
      return nil
    }
    return double
  }

  func bool(at index: Int, _ findings: inout Findings) -> Bool? {
    if let bool = bool(at: index) { return bool }
    if let number = number(at: index) {
      if let integer = number.exactInt, integer == 0 || integer == 1 { return integer == 1 }
    } else if let text = text(at: index), text.utf8.count <= 5 {
      // Text of a stranger: long ones are none of these, and are not made lower-case first.
      switch text.lowercased() {
      case "true", "yes", "on", "t", "y", "1": return true
      case "false", "no", "off", "f", "n", "0": return false
      default: break
      }
    }
    findings.report("This must be true or false.")
    return nil
  }

  private func number(at index: Int, _ findings: inout Findings) -> JSONNumber? {
    if let number = number(at: index) { return number }
    guard let text = text(at: index) else {
      findings.report("This must be a number, not \(kind(at: index)).")
      return nil
    }
    if let number = JSONNumber(text) { return number }
    findings.report("This must be a number, and the text is not one.")
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
