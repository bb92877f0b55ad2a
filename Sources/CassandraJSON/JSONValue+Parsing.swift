/// What happens when an object has two members with the same name, which RFC 8259 (section 4) leaves open.
///
/// Names are the same when they have the same code points once their escapes are replaced.
public enum JSONDuplicateKeys: Hashable, Sendable {
  /// An error: two programs that read the same text could see different values.
  case refuse
  /// The last value counts, and stands where the first stood.
  case lastWins
}

extension JSONValue {
  /// Reads `bytes`, which have to be one JSON text, as ``JSONReader`` does.
  ///
  /// The time it takes grows with the number of bytes, whatever they are.
  ///
  /// - Throws: ``JSONError`` with one of the codes of the reader, with line, column and offset.
  public init(
    parsing bytes: [UInt8], limits: JSONLimits = JSONLimits(), duplicateKeys: JSONDuplicateKeys = .refuse
  ) throws(JSONError) {
    let parts = try JSONParts(reading: bytes, limits: limits, duplicateKeys: duplicateKeys)
    self = parts.value(at: 0, mayRepeat: duplicateKeys == .lastWins)
  }
}
