import CassandraBytes

extension Array where Element == UInt8 {
  /// Appends a number as Java writes it: plain from 0.001 to below 10,000,000, else as `1.0E10`; what is no number is
  /// `null`.
  ///
  /// The digits are Swift's: the fewest that read back as the same number, and at least one on each side of the point.
  mutating func append<Number: BinaryFloatingPoint & CustomStringConvertible>(jsonFloat number: Number) {
    guard number.isFinite else { return append("null") }
    let magnitude = number.magnitude
    // In this range Swift writes the same.
    guard magnitude != 0, magnitude < 0.001 || magnitude >= 10_000_000 else { return append(utf8: number.description) }
    var digits: [UInt8] = []
    var exponent = -1
    var hasPoint = false
    let text = Array(magnitude.description.utf8)
    var index = 0
    while index < text.count, text[index] != UInt8(ascii: "e") {
      if text[index] == UInt8(ascii: ".") {
        hasPoint = true
      } else if !digits.isEmpty || text[index] != UInt8(ascii: "0") {
        digits.append(text[index])
        if !hasPoint { exponent += 1 }
      } else if hasPoint {
        exponent -= 1
      }
      index += 1
    }
    if index < text.count { exponent += Int(String(decoding: text[(index + 1)...], as: UTF8.self)) ?? 0 }
    while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    if number < 0 { append(UInt8(ascii: "-")) }
    append(digits[0])
    append(UInt8(ascii: "."))
    if digits.count > 1 { append(contentsOf: digits[1...]) } else { append(UInt8(ascii: "0")) }
    append(UInt8(ascii: "E"))
    append(decimal: exponent)
  }
}
