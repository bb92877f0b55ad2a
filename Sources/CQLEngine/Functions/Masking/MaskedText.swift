import CassandraBytes
import CassandraWire

/// A text of which a part is not shown. Places are counted as Java does, in units of UTF-16.
enum MaskedText {
  private static let star = UInt16(UInt8(ascii: "*"))

  /// The sign that hides others: a star, unless a text of one unit is given.
  static func padding(_ text: ArraySlice<UInt8>?, function: String) throws(EngineFailure) -> UInt16 {
    guard let text else { return star }
    let units = Array(String(decoding: text, as: UTF8.self).utf16)
    guard units.count == 1 else {
      throw EngineFailure.invalid(
        "The padding argument for function system.\(function) should be single-character, but "
          + "'\(String(decoding: text, as: UTF8.self))' has \(units.count) characters.")
    }
    return units[0]
  }

  /// Hides all but the first and last units of a text, or these.
  static func mask(
    _ value: ArraySlice<UInt8>, isInner: Bool, first: Int, last: Int, padding: UInt16, isASCII: Bool
  ) -> [UInt8] {
    var units = Array(String(decoding: value, as: UTF8.self).utf16)
    let end = units.count - 1 - last
    for place in units.indices where isInner ? place >= first && place <= end : place < first || place > end {
      units[place] = padding
    }
    return encoded(units, isASCII: isASCII)
  }

  /// The units as bytes. Half of a pair is a question mark, as Java has it, and so is what is not ASCII where only that is.
  private static func encoded(_ units: [UInt16], isASCII: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(units.count)
    var decoder = UTF16()
    var rest = units.makeIterator()
    loop: while true {
      switch decoder.decode(&rest) {
      case .scalarValue(let scalar) where !isASCII || scalar.isASCII: bytes.append(utf8: String(scalar))
      case .scalarValue, .error: bytes.append(UInt8(ascii: "?"))
      case .emptyInput: break loop
      }
    }
    return bytes
  }
}
