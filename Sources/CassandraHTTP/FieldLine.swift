import CassandraBytes

/// A field as the bytes that go out, checked once and copied often.
///
/// For fields that are the same in many answers: `Server`, a `Date` that is made once a second, a fixed `Content-Type`.
public struct FieldLine: Sendable {
  let bytes: [UInt8]

  /// The line `name: value`.
  ///
  /// - Throws: `invalidFieldValue` when the value holds a control character other than a tab (RFC 9110 §5.5).
  public init(_ name: FieldName, _ value: String) throws(HTTPError) {
    var bytes: [UInt8] = []
    try bytes.append(field: name, value)
    self.bytes = bytes
  }

  /// The line `Date: …` (RFC 9110 §6.6.1).
  public init(date: HTTPDate) {
    var bytes: [UInt8] = []
    bytes.append("Date: ")
    bytes.append(date)
    bytes.append("\r\n")
    self.bytes = bytes
  }
}
