internal import CassandraBytes
internal import CassandraJSON
internal import CassandraHTTP

/// A type that is made from the members of a JSON object, each checked and cast.
///
/// ```swift
/// struct Animal: Validatable {
///   var genus: String
///   var sightings: Int32
///
///   init(_ fields: inout Validator) {
///     genus = fields.text("genus", bytes: 1...65_535)
///     sightings = fields.int32("sightings")
///   }
/// }
/// let animal = try await request.validated(Animal.self)
/// ```
public protocol Validatable {
  /// Makes a value. A member that is wrong gives a placeholder here; the value is thrown away then, and the client is
  /// told of everything that is wrong at once.
  init(_ fields: inout Validator)
}

/// Reads the members of a JSON object, casts them, and collects what is wrong.
///
/// Every member that is asked for has to be there and must not be null; other members are ignored. Text that is a number
/// becomes one where a number is wanted, and 3.0 is the whole number 3; nothing else is cast.
public struct Validator {
  /// Nil when the body is no object; that is said once, and not again for each member.
  private let members: [JSONValue.Member]?
  /// What is wrong, up to ``Problem/maximumErrors``; a body can hold many times more than anybody wants to read.
  private(set) var errors: [Problem.Detail] = []
  /// How much is wrong.
  private(set) var errorCount = 0

  init(_ value: JSONValue) {
    if case .object(let members) = value {
      self.members = members
    } else {
      members = nil
      report(JSONPointer(), "An object is wanted, not \(value.kind).")
    }
  }

  /// Reports that something is wrong with the member called `name`; for rules of the application.
  public mutating func report(_ name: String, _ detail: String) {
    report(JSONPointer().appending(name), detail)
  }

  private mutating func report(_ pointer: @autoclosure () -> JSONPointer, _ detail: @autoclosure () -> String) {
    errorCount += 1
    guard errors.count < Problem.maximumErrors else { return }
    errors.append(Problem.Detail(pointer: "\(pointer())", detail: detail()))
  }

  /// The value of a member; nil, and reported, when it is missing or null.
  private mutating func value(_ name: String) -> JSONValue? {
    guard let members else { return nil }
    switch members.first(where: { $0.name.text.hasSameBytes(as: name) })?.value {
    case nil: report(name, "It is missing.")
    case .null?: report(name, "It must not be null.")
    case let value?: return value
    }
    return nil
  }

  /// A text.
  ///
  /// - Parameter bytes: How many bytes of UTF-8 it may have.
  public mutating func text(_ name: String, bytes: ClosedRange<Int>? = nil) -> String {
    guard let value = value(name) else { return "" }
    return text(value, JSONPointer().appending(name), bytes)
  }

  private mutating func text(
    _ value: JSONValue, _ pointer: @autoclosure () -> JSONPointer, _ bytes: ClosedRange<Int>?
  ) -> String {
    guard case .string(let text) = value else {
      report(pointer(), "A text is wanted, not \(value.kind).")
      return ""
    }
    if let bytes, !bytes.contains(text.utf8.count) {
      let limit = "\(bytes.lowerBound) to \(bytes.upperBound)"
      report(pointer(), "The text has \(text.utf8.count) bytes, and \(limit) are allowed.")
    }
    return text
  }

  /// A list of texts, none of them null.
  public mutating func texts(_ name: String) -> [String] {
    guard let value = value(name) else { return [] }
    guard case .array(let elements) = value else {
      report(name, "A list is wanted, not \(value.kind).")
      return []
    }
    return elements.enumerated().map { index, element in
      text(element, JSONPointer().appending(name).appending(index), nil)
    }
  }

  /// A whole number of 32 bits.
  public mutating func int32(_ name: String) -> Int32 { integer(name) ?? 0 }

  /// A whole number of 64 bits.
  public mutating func int(_ name: String) -> Int { integer(name) ?? 0 }

  private mutating func integer<Number: FixedWidthInteger>(_ name: String) -> Number? {
    guard let number = number(name) else { return nil }
    guard number.isWhole else {
      report(name, "A whole number is wanted.")
      return nil
    }
    guard let integer = number.exactInteger(Number.self) else {
      report(name, "The number has to be from \(Number.min) to \(Number.max).")
      return nil
    }
    return integer
  }

  /// A number that is finite as a float of 32 bits.
  public mutating func float(_ name: String) -> Float {
    guard let number = number(name) else { return 0 }
    guard let float = number.float, float.isFinite else {
      report(name, "The number is too large for a float of 32 bits.")
      return 0
    }
    return float
  }

  /// A number that is finite as a float of 64 bits.
  public mutating func double(_ name: String) -> Double {
    guard let number = number(name) else { return 0 }
    guard let double = number.double, double.isFinite else {
      report(name, "The number is too large for a float of 64 bits.")
      return 0
    }
    return double
  }

  private mutating func number(_ name: String) -> JSONNumber? {
    guard let value = value(name) else { return nil }
    switch value {
    case .number(let number): return number
    case .string(let text):
      if let number = JSONNumber(text) { return number }
      report(name, "A number is wanted, and the text is none.")
    case .null, .bool, .array, .object: report(name, "A number is wanted, not \(value.kind).")
    }
    return nil
  }

  /// A yes or no.
  public mutating func bool(_ name: String) -> Bool {
    guard let value = value(name) else { return false }
    guard case .bool(let bool) = value else {
      report(name, "true or false is wanted, not \(value.kind).")
      return false
    }
    return bool
  }
}

extension Request {
  /// The body as a value of a type that checks and casts its members.
  ///
  /// - Throws: ``Problem``: 422 with everything that is wrong, 415 when the body does not say that it is JSON, 400 with
  ///   line and column when it is not, 413 when it is too long.
  public func validated<Value: Validatable>(_ type: Value.Type) async throws -> Value {
    var validator = Validator(try await json())
    let value = Value(&validator)
    let count = validator.errorCount
    guard count == 0 else {
      let detail = count == 1 ? "One thing is wrong in the body." : "\(count) things are wrong in the body."
      throw Problem(.unprocessableContent, code: "invalidBody", detail: detail, errors: validator.errors)
    }
    return value
  }
}
