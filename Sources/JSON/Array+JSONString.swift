public import Bytes

/// Stands in for the JSON target until that is merged; only this function of it is needed here.
extension Array where Element == UInt8 {
  /// Appends `text`, which has to be UTF-8, as a JSON string with its quotes (RFC 8259, section 7).
  @inlinable
  public mutating func append(jsonString text: Span<UInt8>) {
    append(UInt8(ascii: "\""))
    var start = 0
    for index in text.indices {
      let byte = text[index]
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      append(copying: text.extracting(start..<index))
      start = index + 1
      append(UInt8(ascii: "\\"))
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
      case 0x08: append(UInt8(ascii: "b"))
      case 0x09: append(UInt8(ascii: "t"))
      case 0x0a: append(UInt8(ascii: "n"))
      case 0x0c: append(UInt8(ascii: "f"))
      case 0x0d: append(UInt8(ascii: "r"))
      default:
        append("u00")
        append(hexadecimalDigit(byte >> 4))
        append(hexadecimalDigit(byte & 0xf))
      }
    }
    append(copying: text.extracting(start..<text.count))
    append(UInt8(ascii: "\""))
  }
}
