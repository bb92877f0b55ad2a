import CassandraBytes

/// A media type with its parameters, such as `text/html; charset=utf-8` (RFC 9110 §8.3.1).
public struct MediaType: Sendable, Hashable {
  /// The type, in lower case: `text`.
  public let type: String
  /// The subtype, in lower case: `html`.
  public let subtype: String
  /// The parameters in their order: names in lower case, values as they are, without quotes.
  public let parameters: [Parameter]

  /// One parameter.
  public struct Parameter: Sendable, Hashable {
    /// The name, in lower case.
    public let name: String
    /// The value, without quotes and with its case.
    public let value: String
  }

  /// The media type that all of `text` is, or nil when it is none.
  ///
  /// Blanks stand around semicolons only, a name comes once, and an empty parameter is passed over, as the grammar allows.
  /// More than 16 parameters are refused, so that looking for a name among them costs nothing to speak of.
  public init?(parsing text: Span<UInt8>) {
    var reader = MediaTypeReader()
    guard let type = reader.token(text)?.lowercased(), reader.skip(UInt8(ascii: "/"), text),
      let subtype = reader.token(text)?.lowercased()
    else { return nil }
    var parameters: [Parameter] = []
    while true {
      reader.skipBlanks(text)
      guard reader.position < text.count else { break }
      guard reader.skip(UInt8(ascii: ";"), text) else { return nil }
      reader.skipBlanks(text)
      guard let name = reader.token(text)?.lowercased() else {
        // Nothing between two semicolons, or behind the last one.
        guard reader.position == text.count || text[reader.position] == UInt8(ascii: ";") else { return nil }
        continue
      }
      guard reader.skip(UInt8(ascii: "="), text), let value = reader.token(text) ?? reader.quoted(text),
        parameters.count < 16, !parameters.contains(where: { $0.name == name })
      else { return nil }
      parameters.append(Parameter(name: name, value: value))
    }
    self.type = type
    self.subtype = subtype
    self.parameters = parameters
  }

  /// The media type that all of `text` is, or nil when it is none.
  public init?(parsing text: String) {
    let bytes = [UInt8](text.utf8)
    self.init(parsing: bytes.span)
  }

  /// Whether type and subtype are these, which are written in lower case; parameters do not matter.
  public func matches(_ type: String, _ subtype: String) -> Bool { self.type == type && self.subtype == subtype }

  /// The value of the parameter called `name`, which is written in lower case.
  public func parameter(_ name: String) -> String? { parameters.first { $0.name == name }?.value }
}

private struct MediaTypeReader {
  var position = 0

  mutating func token(_ text: Span<UInt8>) -> String? {
    let start = position
    while position < text.count, text[position].isIn(.token) { position += 1 }
    return position > start ? text.text(start..<position) : nil
  }

  mutating func skip(_ byte: UInt8, _ text: Span<UInt8>) -> Bool {
    guard position < text.count, text[position] == byte else { return false }
    position += 1
    return true
  }

  mutating func skipBlanks(_ text: Span<UInt8>) {
    while position < text.count, text[position].isBlank { position += 1 }
  }

  /// The content of a quoted string, its escapes resolved (RFC 9110 §5.6.4).
  mutating func quoted(_ text: Span<UInt8>) -> String? {
    guard skip(UInt8(ascii: "\""), text) else { return nil }
    var content: [UInt8] = []
    while position < text.count {
      var byte = text[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return String(validating: content.span) }
      if byte == UInt8(ascii: "\\") {
        guard position < text.count else { return nil }
        byte = text[position]
        position += 1
      }
      guard byte.isIn(.value) else { return nil }
      content.append(byte)
    }
    return nil
  }
}
