/// Numbers, durations and UUIDs, which all begin with digits and are told apart as Cassandra does: a UUID may begin with
/// up to eight digits or letters, so what looks like one so far is taken for one and has to become one.
extension Lexer {
  mutating func number(_ start: Int) -> Token {
    if source[start] == UInt8(ascii: "0"), byte(at: start + 1) | 0x20 == UInt16(UInt8(ascii: "x")) {
      var index = start + 2
      while Self.isHexadecimal(byte(at: index)) { index += 1 }
      return finish(.blobLiteral, start, index)
    }
    var index = start + 1
    while index < start + 8, Self.isDigit(byte(at: index)) { index += 1 }
    if index == start + 8 {
      return byte(at: index) == UInt16(UInt8(ascii: "-")) ? uuid(start) : number(start, digits: start)
    }
    switch byte(at: index) | 0x20 {
    case UInt16(UInt8(ascii: "e")): return exponentOrUUID(start, index)
    case UInt16(UInt8(ascii: "d")): return daysOrUUID(start, index)
    case let next where Self.isHexadecimalLetter(next): return uuid(start)
    default: return number(start, digits: start)
    }
  }

  /// A number or duration whose digits begin at `digits`, behind the sign if there is one, and which is no UUID.
  mutating func number(_ start: Int, digits: Int) -> Token {
    var index = digits
    while Self.isDigit(byte(at: index)) { index += 1 }
    let next = byte(at: index)
    if next == UInt16(UInt8(ascii: ".")) || next | 0x20 == UInt16(UInt8(ascii: "e")) { return float(start, index) }
    return isUnit(index) ? duration(start, digits) : finish(.integer, start, index)
  }

  private func isUnit(_ index: Int) -> Bool {
    switch UInt8(truncatingIfNeeded: byte(at: index) | 0x20) {
    case UInt8(ascii: "d"), UInt8(ascii: "h"), UInt8(ascii: "m"), UInt8(ascii: "n"), UInt8(ascii: "s"),
      UInt8(ascii: "u"), UInt8(ascii: "w"), UInt8(ascii: "y"):
      byte(at: index) < 0x80
    default: isMicro(index)
    }
  }

  /// Whether `µ` stands at `index`.
  private func isMicro(_ index: Int) -> Bool { byte(at: index) == 0xc2 && byte(at: index + 1) == 0xb5 }

  /// Whether what begins at `start` is a float or a UUID, after digits and an `e` at `index` within the first eight bytes.
  private mutating func exponentOrUUID(_ start: Int, _ index: Int) -> Token {
    let next = byte(at: index + 1)
    let isSign = next == UInt16(UInt8(ascii: "+")) || next == UInt16(UInt8(ascii: "-"))
    if index == start + 7 {
      if next == UInt16(UInt8(ascii: "-")) { return exponentOrUUIDGroup(start, index) }
      return isSign || Self.isDigit(next) ? float(start, index) : fail(.noViableAlternative, index + 1)
    }
    if isSign { return float(start, index) }
    if Self.isHexadecimalLetter(next) { return uuid(start) }
    guard Self.isDigit(next) else { return fail(.noViableAlternative, index + 1) }
    var last = index + 2
    while last < start + 8 {
      if Self.isHexadecimalLetter(byte(at: last)) { return uuid(start) }
      if !Self.isDigit(byte(at: last)) { return float(start, index) }
      last += 1
    }
    return byte(at: last) == UInt16(UInt8(ascii: "-")) ? uuid(start) : float(start, index)
  }

  /// As `exponentOrUUID`, for `1234567e-`: the sign of an exponent or the first hyphen of a UUID.
  private mutating func exponentOrUUIDGroup(_ start: Int, _ index: Int) -> Token {
    var last = index + 2
    while last < index + 6 {
      if Self.isHexadecimalLetter(byte(at: last)) { return uuid(start) }
      guard Self.isDigit(byte(at: last)) else {
        return last == index + 2 ? fail(.noViableAlternative, last) : float(start, index)
      }
      last += 1
    }
    return byte(at: last) == UInt16(UInt8(ascii: "-")) ? uuid(start) : float(start, index)
  }

  /// Whether what begins at `start` is a duration or a UUID, after digits and a `d` at `index` within the first eight bytes.
  private mutating func daysOrUUID(_ start: Int, _ index: Int) -> Token {
    var last = index + 1
    var isAfterDay = true
    while last < start + 8 {
      let next = byte(at: last)
      let isDay = next | 0x20 == UInt16(UInt8(ascii: "d"))
      if Self.isHexadecimalLetter(next), isAfterDay || !isDay { return uuid(start) }
      if !isDay, !Self.isDigit(next) {
        return isAfterDay || isUnit(last) ? duration(start, start) : fail(.noViableAlternative, last)
      }
      isAfterDay = isDay
      last += 1
    }
    if byte(at: last) == UInt16(UInt8(ascii: "-")) { return uuid(start) }
    if isAfterDay || isUnit(last) || Self.isDigit(byte(at: last)) { return duration(start, start) }
    return fail(.noViableAlternative, last)
  }

  /// A float whose first digits end at `index`, or the integer before a range, `1..2`.
  private mutating func float(_ start: Int, _ index: Int) -> Token {
    let dot = UInt16(UInt8(ascii: "."))
    var last = index
    if byte(at: last) == dot {
      if byte(at: last + 1) == dot {
        return byte(at: last + 2) == dot ? finish(.float, start, last + 1) : finish(.integer, start, last)
      }
      last += 1
      while Self.isDigit(byte(at: last)) { last += 1 }
    }
    if byte(at: last) | 0x20 == UInt16(UInt8(ascii: "e")) {
      last += 1
      if byte(at: last) == UInt16(UInt8(ascii: "+")) || byte(at: last) == UInt16(UInt8(ascii: "-")) { last += 1 }
      guard Self.isDigit(byte(at: last)) else { return fail(.emptyLoop, last) }
      while Self.isDigit(byte(at: last)) { last += 1 }
    }
    return finish(.float, start, last)
  }

  mutating func uuid(_ start: Int) -> Token {
    var index = start
    for length in [8, 4, 4, 4, 12] {
      if length != 8 {
        guard byte(at: index) == UInt16(UInt8(ascii: "-")) else { return fail(.expected(UInt8(ascii: "-")), index) }
        index += 1
      }
      for _ in 0..<length {
        guard Self.isHexadecimal(byte(at: index)) else { return fail(.expectedOneOfASet, index) }
        index += 1
      }
    }
    return finish(.uuid, start, index)
  }

  // MARK: Durations

  private mutating func duration(_ start: Int, _ digits: Int) -> Token {
    var index = digits
    while Self.isDigit(byte(at: index)) {
      while Self.isDigit(byte(at: index)) { index += 1 }
      let unit = byte(at: index)
      switch UInt8(truncatingIfNeeded: unit < 0x80 ? unit | 0x20 : 0) {
      case UInt8(ascii: "y"), UInt8(ascii: "w"), UInt8(ascii: "d"), UInt8(ascii: "h"), UInt8(ascii: "s"): index += 1
      case UInt8(ascii: "m"):
        let next = byte(at: index + 1) | 0x20
        index += next == UInt16(UInt8(ascii: "o")) || next == UInt16(UInt8(ascii: "s")) ? 2 : 1
      case UInt8(ascii: "u"), UInt8(ascii: "n"):
        guard byte(at: index + 1) | 0x20 == UInt16(UInt8(ascii: "s")) else {
          return fail(.expectedOneOfASet, index + 1)
        }
        index += 2
      default:
        guard isMicro(index) else { return fail(.noViableAlternative, index) }
        guard byte(at: index + 2) | 0x20 == UInt16(UInt8(ascii: "s")) else {
          return fail(.expectedOneOfASet, index + 2)
        }
        index += 3
      }
    }
    return finish(.duration, start, index)
  }

  /// The duration that the word from `start` to `end` is, if it is one.
  mutating func capitalPWord(_ start: Int, _ end: Int) -> Token? {
    if end == start + 5, byte(at: end) == UInt16(UInt8(ascii: "-")), (1...4).allSatisfy({ isDigit(at: start + $0) }) {
      return isoDuration(start)
    }
    guard isDigit(at: start + 1) || byte(at: start + 1) == UInt16(UInt8(ascii: "T")) else { return nil }
    let before = position
    let token = isoDuration(start)
    if token.kind == .duration, Int(token.end) == end { return token }
    // A name that only begins like a duration.
    position = before
    failure = nil
    return nil
  }

  private func isDigit(at index: Int) -> Bool { Self.isDigit(byte(at: index)) }

  /// A duration in one of the forms of ISO 8601, from its sign or `P`.
  mutating func isoDuration(_ start: Int) -> Token {
    let period = byte(at: start) == UInt16(UInt8(ascii: "-")) ? start + 2 : start + 1
    if byte(at: period) == UInt16(UInt8(ascii: "T")) { return isoTime(start, period) }
    guard isDigit(at: period) else { return fail(.noViableAlternative, period) }
    var index = period
    while isDigit(at: index) { index += 1 }
    switch UInt8(truncatingIfNeeded: byte(at: index) < Self.end ? byte(at: index) : 0) {
    case UInt8(ascii: "W"): return finish(.duration, start, index + 1)
    case UInt8(ascii: "-") where index == period + 4: return isoAlternative(start, period)
    case UInt8(ascii: "Y"): return isoDate(start, index + 1, ["M", "D"])
    case UInt8(ascii: "M"): return isoDate(start, index + 1, ["D"])
    case UInt8(ascii: "D"): return isoDate(start, index + 1, [])
    default: return fail(.noViableAlternative, index)
    }
  }

  private mutating func isoDate(_ start: Int, _ index: Int, _ designators: [Unicode.Scalar]) -> Token {
    guard let end = isoParts(index, designators) else { return Token(.lexicalError, index, index) }
    return byte(at: end) == UInt16(UInt8(ascii: "T")) ? isoTime(start, end) : finish(.duration, start, end)
  }

  private mutating func isoTime(_ start: Int, _ time: Int) -> Token {
    guard isDigit(at: time + 1) else { return fail(.noViableAlternative, time + 1) }
    var index = time + 1
    while isDigit(at: index) { index += 1 }
    let rest: [Unicode.Scalar]
    switch UInt8(truncatingIfNeeded: byte(at: index) < Self.end ? byte(at: index) : 0) {
    case UInt8(ascii: "H"): rest = ["M", "S"]
    case UInt8(ascii: "M"): rest = ["S"]
    case UInt8(ascii: "S"): rest = []
    default: return fail(.noViableAlternative, index)
    }
    guard let end = isoParts(index + 1, rest) else { return Token(.lexicalError, index, index) }
    return finish(.duration, start, end)
  }

  /// Behind optional numbers, each with the next of `designators` at its end; nil after a failure.
  private mutating func isoParts(_ start: Int, _ designators: [Unicode.Scalar]) -> Int? {
    var index = start
    for (place, designator) in designators.enumerated() where isDigit(at: index) {
      var last = index
      while isDigit(at: last) { last += 1 }
      if byte(at: last) == UInt16(designator.value) {
        index = last + 1
        continue
      }
      let isLast = place == designators.count - 1
      if isLast {
        _ = fail(.expected(UInt8(truncatingIfNeeded: designator.value)), last)
        return nil
      }
      guard byte(at: last) == UInt16(designators[place + 1].value) else {
        _ = fail(.noViableAlternative, last)
        return nil
      }
    }
    return index
  }

  /// `P0001-02-03T04:05:06`.
  private mutating func isoAlternative(_ start: Int, _ period: Int) -> Token {
    var index = period
    for expected in "dddd-dd-ddTdd:dd:dd".utf8 {
      if expected == UInt8(ascii: "d") {
        guard isDigit(at: index) else { return fail(.expectedOneOfASet, index) }
      } else {
        guard byte(at: index) == UInt16(expected) else { return fail(.expected(expected), index) }
      }
      index += 1
    }
    return finish(.duration, start, index)
  }
}
