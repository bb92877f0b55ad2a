import CassandraBytes

/// A whole number of any size, for sums of varints and decimals.
struct BigInteger {
  private(set) var isNegative = false
  /// The magnitude, least significant word first, without zeros at the end.
  private(set) var words: [UInt32] = []

  /// Zero.
  init() {}

  /// A number from its sign and magnitude, which may end in zeros.
  init(isNegative: Bool, words: [UInt32]) {
    self.isNegative = isNegative
    self.words = words
    trim()
  }

  init(_ number: Int64) {
    isNegative = number < 0
    words = [UInt32(truncatingIfNeeded: number.magnitude), UInt32(truncatingIfNeeded: number.magnitude >> 32)]
    trim()
  }

  /// A number from its bytes in two's complement, most significant first.
  init(twosComplement bytes: [UInt8]) {
    isNegative = bytes.first.map { $0 >= 0x80 } ?? false
    var word: UInt32 = 0
    var shift: UInt32 = 0
    var carry: UInt32 = isNegative ? 1 : 0
    for byte in bytes.reversed() {
      var value = UInt32(isNegative ? ~byte : byte) + carry
      carry = value >> 8
      value &= 0xff
      word |= value << shift
      shift += 8
      if shift == 32 {
        words.append(word)
        word = 0
        shift = 0
      }
    }
    words.append(word | (shift < 32 && carry > 0 ? carry << shift : 0))
    trim()
  }

  private mutating func trim() {
    while words.last == 0 { words.removeLast() }
    if words.isEmpty { isNegative = false }
  }

  /// The bytes in two's complement, as few as it takes.
  var twosComplement: [UInt8] {
    var bytes: [UInt8] = [0]
    for word in words.reversed() { bytes.append(bigEndian: word) }
    if isNegative {
      var carry = true
      for index in bytes.indices.reversed() {
        bytes[index] = ~bytes[index]
        if carry { (bytes[index], carry) = bytes[index].addingReportingOverflow(1) }
      }
    }
    let fill: UInt8 = isNegative ? 0xff : 0
    var start = 0
    while start < bytes.count - 1, bytes[start] == fill, (bytes[start + 1] ^ fill) < 0x80 { start += 1 }
    return Array(bytes[start...])
  }

  mutating func add(_ other: BigInteger) {
    if isNegative == other.isNegative {
      words = Self.sum(words, other.words)
    } else if Self.isLess(words, other.words) {
      words = Self.difference(other.words, words)
      isNegative = other.isNegative
    } else {
      words = Self.difference(words, other.words)
    }
    trim()
  }

  mutating func subtract(_ other: BigInteger) {
    var negated = other
    if !negated.words.isEmpty { negated.isNegative.toggle() }
    add(negated)
  }

  mutating func multiply(byPowerOfTen exponent: Int) {
    for _ in 0..<exponent / 9 { multiply(by: 1_000_000_000) }
    for _ in 0..<exponent % 9 { multiply(by: 10) }
  }

  /// Divides by a power of ten and drops what is left.
  mutating func divide(byPowerOfTen exponent: Int) {
    for _ in 0..<exponent / 18 { divide(by: 1_000_000_000_000_000_000) }
    for _ in 0..<exponent % 18 { divide(by: 10) }
  }

  /// The lowest 64 bits in two's complement.
  var lowBits: Int64 {
    let low = UInt64(words.first ?? 0) | UInt64(words.count > 1 ? words[1] : 0) << 32
    return Int64(bitPattern: isNegative ? 0 &- low : low)
  }

  private mutating func multiply(by factor: UInt32) {
    var carry: UInt64 = 0
    for index in words.indices {
      let product = UInt64(words[index]) * UInt64(factor) + carry
      words[index] = UInt32(truncatingIfNeeded: product)
      carry = product >> 32
    }
    if carry > 0 { words.append(UInt32(carry)) }
  }

  /// Divides by a positive number and drops what is left.
  mutating func divide(by divisor: Int64) { _ = divided(by: divisor) }

  /// Divides by a positive number and rounds to the nearest whole one, of two as near to the even one.
  mutating func divideHalfEven(by divisor: Int64) {
    let wasNegative = isNegative
    let rest = divided(by: divisor)
    let (double, overflow) = rest.multipliedReportingOverflow(by: 2)
    let isOdd = (words.first ?? 0) & 1 == 1
    if overflow || double > divisor.magnitude || double == divisor.magnitude && isOdd {
      words = Self.sum(words, [1])
      isNegative = wasNegative
    }
  }

  private mutating func divided(by divisor: Int64) -> UInt64 {
    let divisor = divisor.magnitude
    var rest: UInt64 = 0
    for index in words.indices.reversed() {
      // Two words divided by one of 64 bits: the quotient fits, because the rest is less than the divisor.
      let high = rest >> 32
      let low = rest << 32 | UInt64(words[index])
      let (quotient, remainder) = divisor.dividingFullWidth((high, low))
      words[index] = UInt32(truncatingIfNeeded: quotient)
      rest = remainder
    }
    trim()
    return rest
  }

  static func isLess(_ left: [UInt32], _ right: [UInt32]) -> Bool {
    guard left.count == right.count else { return left.count < right.count }
    return left.reversed().lexicographicallyPrecedes(right.reversed())
  }

  private static func sum(_ left: [UInt32], _ right: [UInt32]) -> [UInt32] {
    var result: [UInt32] = []
    var carry: UInt64 = 0
    for index in 0..<max(left.count, right.count) {
      let total =
        UInt64(index < left.count ? left[index] : 0) + UInt64(index < right.count ? right[index] : 0) + carry
      result.append(UInt32(truncatingIfNeeded: total))
      carry = total >> 32
    }
    if carry > 0 { result.append(UInt32(carry)) }
    return result
  }

  /// The larger without the smaller.
  private static func difference(_ larger: [UInt32], _ smaller: [UInt32]) -> [UInt32] {
    var result = larger
    var borrow: Int64 = 0
    for index in result.indices {
      var value = Int64(result[index]) - Int64(index < smaller.count ? smaller[index] : 0) - borrow
      borrow = value < 0 ? 1 : 0
      if value < 0 { value += 1 << 32 }
      result[index] = UInt32(truncatingIfNeeded: value)
    }
    return result
  }
}
