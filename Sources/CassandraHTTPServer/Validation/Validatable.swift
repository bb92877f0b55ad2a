/// A type that is made from named values, each checked and cast: the members of a JSON object, or the items of a query.
///
/// ```swift
/// struct Animal: Validatable {
///   var genus: String
///   var sightings: Int32
///   var nickname: String?
///   var tags: [String]
///
///   init(_ fields: inout Validator) {
///     genus = fields.text("genus", bytes: 1...65_535)
///     sightings = fields.int32("sightings")
///     nickname = fields.optional("nickname", .text(length: 1...100))
///     tags = fields.value("tags", .list(of: .text(), count: 0...10), default: [])
///   }
/// }
/// let animal = try await request.validated(Animal.self)
/// ```
/// The same description makes the type's JSON Schema, ``schema``.
public protocol Validatable: Sendable {
  /// Makes a value. A field that is wrong gives a placeholder here; the value is thrown away then, and the client is
  /// told of everything that is wrong at once.
  init(_ fields: inout Validator)
}

extension Validatable {
  /// The JSON Schema (2020-12) of what the type is made from.
  public static var schema: JSONValue {
    var validator = Validator(describing: .usual)
    _ = Self(&validator)
    return validator.describedSchema
  }

  /// The same with what is cast, such as text for a number: all that is taken.
  static var acceptedSchema: JSONValue {
    var validator = Validator(describing: .accepted)
    _ = Self(&validator)
    return validator.describedSchema
  }
}

/// What a partial update (PATCH) says of a field: absent, null and set are three things.
public enum Change<Value> {
  /// Nothing was said: the field stays as it is.
  case absent
  /// The field is to have no value.
  case null
  /// The field is to have this value.
  case set(Value)

  /// The value to write over `current`.
  public func applied(to current: Value?) -> Value? {
    switch self {
    case .absent: current
    case .null: nil
    case .set(let value): value
    }
  }

  /// Whether something was said.
  public var isPresent: Bool { if case .absent = self { false } else { true } }
}

extension Change: Sendable where Value: Sendable {}
extension Change: Equatable where Value: Equatable {}
