/// Looking for ASCII in a text of a stranger, byte by byte.
///
/// Swift's own `split(separator:)`, `firstIndex(of:)`, `contains(_:)`, `hasPrefix(_:)` and `hasSuffix(_:)` go over characters, and to compare
/// one with another it is normalized: a letter with thirty thousand combining marks is one character, and takes seconds.
extension StringProtocol {
  /// Whether the ASCII character stands somewhere in the text.
  package func contains(ascii: Unicode.Scalar) -> Bool { utf8.contains(UInt8(ascii: ascii)) }

  /// Where the ASCII character stands first.
  package func firstIndex(ofASCII ascii: Unicode.Scalar) -> Index? { utf8.firstIndex(of: UInt8(ascii: ascii)) }

  /// Where the ASCII character stands last.
  package func lastIndex(ofASCII ascii: Unicode.Scalar) -> Index? {
    utf8.indices.reduce(nil) { utf8[$1] == UInt8(ascii: ascii) ? $1 : $0 }
  }

  /// What stands before the ASCII character, or all when it does not occur.
  package func prefix(beforeASCII ascii: Unicode.Scalar) -> SubSequence {
    self[..<(firstIndex(ofASCII: ascii) ?? endIndex)]
  }

  /// Whether the text begins with the bytes of another.
  package func hasPrefix(bytesOf prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

  /// Whether the text ends with the bytes of another.
  package func hasSuffix(bytesOf suffix: StaticString) -> Bool {
    let length = suffix.utf8CodeUnitCount
    guard length <= utf8.count else { return false }
    return suffix.withUTF8Buffer { suffix in unsafe utf8.suffix(length).elementsEqual(suffix) }
  }

  /// Without the first so many bytes, which have to be whole characters of Unicode. Swift's own drops what a reader takes for
  /// a character: a quote goes together with the marks behind it.
  package func dropFirst(bytes count: Int) -> SubSequence { self[utf8.index(startIndex, offsetBy: count)...] }

  /// Without the last so many bytes, in the same way.
  package func dropLast(bytes count: Int) -> SubSequence { self[..<utf8.index(endIndex, offsetBy: -count)] }

  /// Without the blanks, tabs and ends of lines that it begins and ends with.
  package func trimmingBlanks() -> SubSequence {
    let isBlank = { (byte: UInt8) in
      byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
    }
    let start = utf8.firstIndex { !isBlank($0) } ?? endIndex
    var end = start
    for index in utf8[start...].indices where !isBlank(utf8[index]) { end = utf8.index(after: index) }
    return self[start..<end]
  }

  /// The parts between the ASCII characters.
  package func split(
    ascii separator: Unicode.Scalar, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
  ) -> [SubSequence] {
    let separator = UInt8(ascii: separator)
    var parts: [SubSequence] = []
    var start = startIndex
    for index in utf8.indices where parts.count < maxSplits && utf8[index] == separator {
      if start < index || !omittingEmptySubsequences { parts.append(self[start..<index]) }
      start = utf8.index(after: index)
    }
    if start < endIndex || !omittingEmptySubsequences { parts.append(self[start...]) }
    return parts
  }
}
