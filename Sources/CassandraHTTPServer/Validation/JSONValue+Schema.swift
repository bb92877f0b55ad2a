internal import CassandraBytes
internal import CassandraJSON

/// Schemas, and what is changed in them.
extension JSONValue {
  /// A schema with another member.
  func adding(_ name: String, _ value: JSONValue) -> JSONValue {
    guard case .object(let members) = self else { return self }
    return .object(members + [Member(name, value)])
  }

  func adding(_ name: String, _ value: Int) -> JSONValue { adding(name, .number(JSONNumber(value))) }

  /// A schema that accepts null as well.
  var nullable: JSONValue {
    guard case .object(let members) = self, let type = self["type"] else { return self }
    return .object(
      members.map { member in
        // An enumeration has to name null, too.
        if member.name == "enum", let values = member.value.array { return Member("enum", .array(values + [.null])) }
        guard member.name == "type" else { return member }
        return Member("type", .array((type.array ?? [type]) + ["null"]))
      })
  }

  /// A schema of integers that takes text of one as well. Of the text it tells those with so many digits that all of them
  /// are in the range.
  func acceptingText<Number: FixedWidthInteger>(of range: ClosedRange<Number>) -> JSONValue {
    guard range.lowerBound <= 1, case .object(let members) = self else { return self }
    var digits = 0
    var most = Number.zero
    while digits < 18, !most.multipliedReportingOverflow(by: 10).overflow,
      !(most * 10).addingReportingOverflow(9).overflow, most * 10 + 9 <= range.upperBound,
      range.lowerBound >= 0 || range.lowerBound <= 0 - (most * 10 + 9)
    {
      digits += 1
      most = most * 10 + 9
    }
    guard digits > 0 else { return self }
    let zero = range.lowerBound <= 0 ? "0|" : ""
    let sign = range.lowerBound < 0 ? "-?" : ""
    let pattern = "^\(sign)(\(zero)[1-9][0-9]{0,\(digits - 1)})$"
    return .object(
      members.map { $0.name == "type" ? Member("type", ["integer", "string"]) : $0 } + [
        Member("pattern", .string(pattern))
      ])
  }

  /// The schema of numbers of a range, and of text of one.
  static func acceptedNumber(in range: ClosedRange<Double>) -> JSONValue {
    guard let least = JSONNumber(range.lowerBound), let most = JSONNumber(range.upperBound) else {
      return ["type": "number"]
    }
    let bounds: [Member] = [Member("minimum", .number(least)), Member("maximum", .number(most))]
    // Of a narrow range it cannot be told by a pattern which texts are in it.
    guard range.lowerBound <= -1e9, range.upperBound >= 1e9 else { return .object([Member("type", "number")] + bounds) }
    return .object(
      [Member("type", ["number", "string"])] + bounds
        + [Member("pattern", "^-?(0|[1-9][0-9]{0,7})(\\.[0-9]{1,9})?$")])
  }

  /// The schema of everything that is taken for a boolean.
  static var acceptedBool: JSONValue {
    [
      "type": ["boolean", "integer", "string"],
      "enum": [
        true, false, 0, 1, "true", "false", "yes", "no", "on", "off", "t", "f", "y", "n", "1", "0",
      ],
    ]
  }
}
