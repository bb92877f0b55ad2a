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
