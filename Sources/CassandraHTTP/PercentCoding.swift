import CassandraBytes

extension String {
  /// The text that percent-encoded bytes stand for, such as a path segment (RFC 3986 §2.1); `+` stays as it is.
  ///
  /// Decoding is done once: `%2541` is `%41`.
  ///
  /// - Throws: `invalidPercentEncoding` for a `%` without two hexadecimal digits; `invalidText` for `%00`, and when what
  ///   comes out is not UTF-8. The offset counts from the first byte.
  public init(percentDecoding bytes: Span<UInt8>) throws(HTTPError) {
    self = try decode(bytes, plusIsSpace: false)
  }

  /// The text that a name or value of `application/x-www-form-urlencoded` stands for: percent-encoded, with `+` for a
  /// space (WHATWG URL Standard §5.1).
  ///
  /// Stricter than that standard, which repairs what is wrong.
  ///
  /// - Throws: As `init(percentDecoding:)`.
  public init(formDecoding bytes: Span<UInt8>) throws(HTTPError) {
    self = try decode(bytes, plusIsSpace: true)
  }
}

private func decode(_ bytes: Span<UInt8>, plusIsSpace: Bool) throws(HTTPError) -> String {
  // Nearly every text stands for itself, so no other bytes have to be made of it.
  var index = 0
  while index < bytes.count {
    let byte = bytes[index]
    if byte == UInt8(ascii: "%") || byte == 0 || byte == UInt8(ascii: "+") && plusIsSpace {
      return try decodeEscapes(bytes, plusIsSpace: plusIsSpace)
    }
    index += 1
  }
  return try text(bytes)
}

private func text(_ bytes: Span<UInt8>) throws(HTTPError) -> String {
  guard let text = String(validating: bytes) else {
    throw HTTPError(.invalidText, at: 0, "The text is not UTF-8")
  }
  return text
}

private func decodeEscapes(_ bytes: Span<UInt8>, plusIsSpace: Bool) throws(HTTPError) -> String {
  var decoded: [UInt8] = []
  decoded.reserveCapacity(bytes.count)
  var index = 0
  while index < bytes.count {
    let byte = bytes[index]
    switch byte {
    case UInt8(ascii: "%"):
      guard let value = escapedByte(bytes, at: index) else {
        throw HTTPError(
          .invalidPercentEncoding, at: index, "A percent sign stands without two hexadecimal digits")
      }
      guard value != 0 else { throw HTTPError(.invalidText, at: index, "The text holds a NUL") }
      decoded.append(value)
      index += 3
    case UInt8(ascii: "+") where plusIsSpace:
      decoded.append(.space)
      index += 1
    case 0:
      throw HTTPError(.invalidText, at: index, "The text holds a NUL")
    case _:
      decoded.append(byte)
      index += 1
    }
  }
  return try text(decoded.span)
}

/// The byte that the percent sign at `index` and the two digits behind it stand for.
func escapedByte(_ bytes: Span<UInt8>, at index: Int) -> UInt8? {
  guard index + 2 < bytes.count, let high = hexadecimalValue(bytes[index + 1]),
    let low = hexadecimalValue(bytes[index + 2])
  else { return nil }
  return high << 4 | low
}

extension Array where Element == UInt8 {
  /// Appends `text` percent-encoded, so that it is one path segment, or one name or value of a query.
  ///
  /// Everything but the unreserved characters is encoded (RFC 3986 §2.3); both `String(percentDecoding:)` and
  /// `String(formDecoding:)` give the text back.
  public mutating func append(percentEncoding text: String) {
    for byte in text.utf8 {
      if byte.isIn(.unreserved) {
        append(byte)
      } else {
        append(UInt8(ascii: "%"))
        append(hexadecimalDigit(byte >> 4).uppercased)
        append(hexadecimalDigit(byte & 0xf).uppercased)
      }
    }
  }
}
