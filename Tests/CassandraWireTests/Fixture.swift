import CassandraBytes
import Foundation
import Testing

/// The lines of a file in `Fixtures`, without comments and empty lines; the scripts in `Scripts` make these files.
func fixture(_ name: String) throws -> [String] {
  let url = try #require(Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Fixtures"))
  return try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
    .filter { !$0.hasPrefix("#") }
}

/// The bytes of hexadecimal digits; none for `-`.
func bytes(_ digits: some StringProtocol) -> [UInt8] {
  guard digits != "-" else { return [] }
  var bytes: [UInt8] = []
  var high: UInt8?
  for digit in digits.utf8 {
    guard let value = hexadecimalValue(digit) else { preconditionFailure("no hexadecimal digit in \(digits)") }
    if let first = high {
      bytes.append(first << 4 | value)
      high = nil
    } else {
      high = value
    }
  }
  precondition(high == nil, "an odd number of digits")
  return bytes
}

/// Hexadecimal digits; `-` for no bytes.
func digits(_ bytes: [UInt8]) -> String {
  guard !bytes.isEmpty else { return "-" }
  var text: [UInt8] = []
  text.append(hexadecimal: bytes.span)
  return String(decoding: text, as: UTF8.self)
}
