/// `uri-host [ ":" port ]` as RFC 3986 §3.2 writes it: what `Host` and the authority of a target hold.
///
/// User information is refused (RFC 9110 §4.2.4), and so are future IP literals and zones, which nobody uses.
struct HostSyntax {
  /// The host without its port; brackets belong to it.
  var host: Range<Int>
  /// The port, when there is one with digits.
  var port: UInt16?

  /// Reads the bytes of `range`, all of them.
  init(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPError) {
    var index = range.lowerBound
    let end = range.upperBound
    if index < end, bytes[index] == UInt8(ascii: "[") {
      guard let close = HostSyntax.closingBracket(bytes, range), isIPv6(bytes, index + 1..<close) else {
        throw HTTPError(.invalidHost, at: index, "The host is not an IPv6 address in brackets")
      }
      index = close + 1
    } else {
      index = try HostSyntax.registeredName(bytes, range)
    }
    host = range.lowerBound..<index
    guard index < end else { return }
    guard bytes[index] == UInt8(ascii: ":") else {
      throw HTTPError(.invalidHost, at: index, "Something other than a port follows the host")
    }
    guard !host.isEmpty else { throw HTTPError(.invalidHost, at: index, "A port stands without a host") }
    port = try HostSyntax.port(bytes, index + 1..<end)
  }

  private static func closingBracket(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    var index = range.lowerBound
    while index < range.upperBound {
      if bytes[index] == UInt8(ascii: "]") { return index }
      index += 1
    }
    return nil
  }

  /// Where the registered name or IPv4 address ends: at a colon or at the end of the range.
  private static func registeredName(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPError) -> Int {
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = bytes[index]
      if byte.isIn(.host) {
        index += 1
      } else if byte == UInt8(ascii: "%"), bytes.isEscape(at: index, before: range.upperBound) {
        index += 3
      } else if byte == UInt8(ascii: ":") {
        break
      } else if byte == UInt8(ascii: "@") {
        throw HTTPError(.invalidHost, at: index, "User information stands before the host")
      } else {
        throw HTTPError(.invalidHost, at: index, "A host may not hold this byte")
      }
    }
    return index
  }

  private static func port(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HTTPError) -> UInt16? {
    var value = 0
    for index in range {
      guard bytes[index].isDigit else { throw HTTPError(.invalidHost, at: index, "A port is digits only") }
      value = value * 10 + Int(bytes[index] & 0xf)
      guard value <= 65_535 else { throw HTTPError(.invalidHost, at: index, "A port is at most 65535") }
    }
    return range.isEmpty ? nil : UInt16(value)
  }
}

/// Whether the bytes of `range` are an IPv6 address (RFC 3986 §3.2.2), with an IPv4 address as its end or without.
private func isIPv6(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
  var groups = 0
  var isShortened = false
  var index = range.lowerBound
  let end = range.upperBound
  let colon = UInt8(ascii: ":")
  if end - index >= 2, bytes[index] == colon, bytes[index + 1] == colon {
    isShortened = true
    index += 2
  }
  while index < end {
    var digits = 0
    while index + digits < end, bytes[index + digits].isHexadecimal { digits += 1 }
    if index + digits < end, bytes[index + digits] == UInt8(ascii: ".") {
      guard isIPv4(bytes, index..<end) else { return false }
      groups += 2
      index = end
      break
    }
    guard 1...4 ~= digits else { return false }
    groups += 1
    index += digits
    guard index < end else { break }
    guard bytes[index] == colon, index + 1 < end else { return false }
    index += 1
    guard bytes[index] == colon else { continue }
    guard !isShortened else { return false }
    isShortened = true
    index += 1
  }
  return isShortened ? groups <= 7 : groups == 8
}

private func isIPv4(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
  var index = range.lowerBound
  for part in 0..<4 {
    if part > 0 {
      guard index < range.upperBound, bytes[index] == UInt8(ascii: ".") else { return false }
      index += 1
    }
    let start = index
    var value = 0
    while index < range.upperBound, bytes[index].isDigit, index - start < 3 {
      value = value * 10 + Int(bytes[index] & 0xf)
      index += 1
    }
    let hasLeadingZero = index - start > 1 && bytes[start] == UInt8(ascii: "0")
    guard index > start, value <= 255, !hasLeadingZero else { return false }
  }
  return index == range.upperBound
}
