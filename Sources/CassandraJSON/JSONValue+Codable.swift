internal import CassandraBytes

/// Inside of this package's coders values pass as they are; what stands here is for the coders of others.
extension JSONValue: Codable {
  /// Takes whatever value the decoder has; a number of a foreign coder is as exact as that coder makes it.
  public init(from decoder: any Decoder) throws {
    if let decoder = decoder as? ValueDecoder {
      self = decoder.value
      return
    }
    if let container = try? decoder.container(keyedBy: NameKey.self) {
      self = .object(
        try container.allKeys.map { Member($0.stringValue, try container.decode(JSONValue.self, forKey: $0)) })
    } else if var container = try? decoder.unkeyedContainer() {
      var elements: [JSONValue] = []
      while !container.isAtEnd { elements.append(try container.decode(JSONValue.self)) }
      self = .array(elements)
    } else {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let flag = try? container.decode(Bool.self) {
        self = .bool(flag)
      } else if let text = try? container.decode(String.self) {
        self = .string(text)
      } else {
        self = .number(try JSONNumber(from: decoder))
      }
    }
  }

  /// Encodes the value as what it is; members keep their order if the encoder keeps it.
  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .object(let members):
      var container = encoder.container(keyedBy: NameKey.self)
      for member in members { try container.encode(member.value, forKey: NameKey(stringValue: member.name.text)) }
    case .array(let elements):
      var container = encoder.unkeyedContainer()
      for element in elements { try container.encode(element) }
    case .null:
      var container = encoder.singleValueContainer()
      try container.encodeNil()
    case .bool(let flag): try flag.encode(to: encoder)
    case .string(let text): try text.encode(to: encoder)
    case .number(let number): try number.encode(to: encoder)
    }
  }

  private struct NameKey: CodingKey {
    let stringValue: String

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }

    var intValue: Int? { nil }
  }
}

/// Inside of this package's coders numbers keep their text; what stands here is for the coders of others.
extension JSONNumber: Codable {
  /// Takes an integer, or else a finite `Double`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let decoder = decoder as? ValueDecoder, let number = decoder.value.number {
      self = number
    } else if let value = try? container.decode(Int64.self) {
      self.init(value)
    } else if let value = try? container.decode(UInt64.self) {
      self.init(value)
    } else if let number = JSONNumber(try container.decode(Double.self)) {
      self = number
    } else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "expected a finite number")
    }
  }

  /// Encodes an integer of 64 bits if the number is one, and else the nearest `Double`.
  public func encode(to encoder: any Encoder) throws {
    if let value: Int64 = exactInteger() {
      try value.encode(to: encoder)
    } else if let value: UInt64 = exactInteger() {
      try value.encode(to: encoder)
    } else if let value = double {
      try value.encode(to: encoder)
    } else {
      let context = EncodingError.Context(
        codingPath: encoder.codingPath, debugDescription: "the number is too large for 64 bits")
      throw EncodingError.invalidValue(self, context)
    }
  }
}

extension JSONValue {
  /// Makes a value of any `Decodable` type out of this one.
  ///
  /// Nothing is converted from one kind to another: text is no number and null is no value. Numbers are exact: an integer
  /// takes any whole number that it can hold, however it is written (`3.0` and `3e0` are 3), and `3.7` is an error; a
  /// `Double` or `Float` takes the nearest number, and one that is too large is an error. Members that the type does not
  /// ask for are ignored. A `Date` of Foundation takes text of RFC 3339, or seconds since 2001 as Foundation writes them. With several members of the same name it is the last.
  ///
  /// - Throws: ``JSONError`` with one of the codes of the coders and a pointer to the place.
  public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws(JSONError) -> Value {
    do {
      return try ValueDecoder(self).decode(type)
    } catch {
      throw JSONError(decoding: error)
    }
  }
}

extension Decodable {
  /// Reads `bytes`, which have to be one JSON text, and makes a value out of it.
  ///
  /// It is ``JSONValue/init(parsing:limits:duplicateKeys:)`` followed by ``JSONValue/decode(_:)``.
  ///
  /// - Throws: ``JSONError`` with line and column for a text that is not JSON, and with a pointer for a value that does
  ///   not fit.
  public init(
    jsonDecoding bytes: [UInt8], limits: JSONLimits = JSONLimits(), duplicateKeys: JSONDuplicateKeys = .refuse
  ) throws(JSONError) {
    self = try JSONValue(parsing: bytes, limits: limits, duplicateKeys: duplicateKeys).decode()
  }
}

extension JSONError {
  /// The error that a type's decoding ended with, which is one of ours wrapped in Swift's, Swift's own, or a foreign one.
  fileprivate init(decoding error: any Error) {
    guard let error = error as? DecodingError else {
      self = error as? JSONError ?? JSONError(.rejectedValue, "the value is not acceptable", at: nil, cause: error)
      return
    }
    let (context, code, message): (DecodingError.Context, Code, String) =
      switch error {
      case .typeMismatch(_, let context): (context, .typeMismatch, "a value of another kind is expected")
      case .valueNotFound(_, let context): (context, .unexpectedNull, "expected a value, found none")
      case .keyNotFound(_, let context): (context, .missingMember, "expected a member, found none")
      case .dataCorrupted(let context): (context, .rejectedValue, "the value is not acceptable")
      @unknown default:
        (.init(codingPath: [], debugDescription: ""), .rejectedValue, "the value is not acceptable")
      }
    if let error = context.underlyingError as? JSONError {
      self = error
    } else {
      var path = context.codingPath
      if case .keyNotFound(let key, _) = error { path.append(key) }
      self = JSONError(code, message, at: JSONPointer(path), cause: error)
    }
  }
}
