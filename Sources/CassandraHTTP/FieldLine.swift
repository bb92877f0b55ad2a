import CassandraBytes

/// A field as the bytes that go out, checked once and copied often.
///
/// For fields that are the same in many answers: `Server`, a `Date` that is made once a second, a fixed `Content-Type`.
public struct FieldLine: Sendable {
  let bytes: [UInt8]
  private let kind: Kind

  private enum Kind: Sendable {
    case ordinary
    /// Says where the message ends, what becomes of the connection, or when it was made: the server's own business.
    case ofServer
    /// The same, and asks for the end of the connection.
    case close
    case contentType
  }

  /// The line `name: value`.
  ///
  /// - Throws: `invalidFieldValue` when the value holds a control character other than a tab (RFC 9110 §5.5).
  public init(_ name: FieldName, _ value: String) throws(HTTPError) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(name.text.utf8.count + value.utf8.count + 4)
    try bytes.append(field: name, value)
    self.bytes = bytes
    kind = Self.kind(bytes.span, name: 0..<name.text.utf8.count)
  }

  /// The line `Date: …` (RFC 9110 §6.6.1).
  public init(date: HTTPDate) {
    var bytes: [UInt8] = []
    bytes.append("Date: ")
    bytes.append(date)
    bytes.append("\r\n")
    self.bytes = bytes
    kind = .ofServer
  }

  private static func kind(_ bytes: Span<UInt8>, name: Range<Int>) -> Kind {
    switch name.count {
    case 4 where bytes.matches("date", in: name): .ofServer
    case 7 where bytes.matches("trailer", in: name) || bytes.matches("upgrade", in: name): .ofServer
    case 10 where bytes.matches("keep-alive", in: name): .ofServer
    case 10 where bytes.matches("connection", in: name):
      bytes.matches("close", in: bytes.trimmed(name.upperBound + 1..<bytes.count - 2)) ? .close : .ofServer
    case 12 where bytes.matches("content-type", in: name): .contentType
    case 14 where bytes.matches("content-length", in: name): .ofServer
    case 17 where bytes.matches("transfer-encoding", in: name): .ofServer
    case _: .ordinary
    }
  }

  /// Bytes of the whole line.
  package var byteCount: Int { bytes.count }
  /// Whether a server writes it by itself, so that an application's is left out: `Content-Length`, `Transfer-Encoding`,
  /// `Connection`, `Keep-Alive`, `Trailer`, `Upgrade` and `Date`.
  package var isOfServer: Bool { kind == .ofServer || kind == .close }
  /// Whether it is `Connection: close`.
  package var closesConnection: Bool { kind == .close }
  /// Whether it is a `Content-Type`.
  package var isContentType: Bool { kind == .contentType }

  /// Whether its name is `name`.
  package func hasSameName(as other: FieldLine) -> Bool {
    let (name, otherName) = (nameBytes, other.nameBytes)
    return name.count == otherName.count && zip(name, otherName).allSatisfy { $0.lowercased == $1.lowercased }
  }

  private var nameBytes: ArraySlice<UInt8> { bytes.prefix { $0 != UInt8(ascii: ":") } }

  /// Whether the field has this name, in any case.
  package func isNamed(_ name: FieldName) -> Bool {
    let count = name.text.utf8.count
    let bytes = bytes.span
    guard bytes.count > count, bytes[count] == UInt8(ascii: ":") else { return false }
    return bytes.matches(name: name.text, in: 0..<count)
  }

  /// The value as text.
  package var value: String {
    let bytes = bytes.span
    guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return "" }
    return bytes.text(bytes.trimmed(colon + 1..<bytes.count - 2))
  }
}
