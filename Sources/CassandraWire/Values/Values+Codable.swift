/// Values that are text in JSON and the like, so that a model with such a column can be `Codable`.
///
/// A row is decoded from its bytes and not through this.
public protocol CodableAsText: Codable, LosslessStringConvertible {}

extension CodableAsText {
  /// Reads the value's text.
  ///
  /// - Throws: `DecodingError.dataCorrupted` when the text is not a value.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = Self(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "The text is not a \(Self.self).")
    }
    self = value
  }

  /// Writes the value's text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension CQLUUID: CodableAsText {}
extension CQLTimestamp: CodableAsText {}
extension CQLDate: CodableAsText {}
extension CQLTime: CodableAsText {}
extension CQLDuration: CodableAsText {}
extension CQLInet: CodableAsText {}
extension CQLDecimal: CodableAsText {}
extension CQLVarint: CodableAsText {}
