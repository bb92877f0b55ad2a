import CassandraWire

/// The digits that Java 17 writes of a floating-point number: as few as tell it from its neighbours, but in some cases one or
/// two more, which later versions of Java leave out. Cassandra 5.0 writes numbers with that Java.
///
/// This is the method of Steele and White with Java's estimate of the size and Java's tests for the last digit: it has to
/// go wrong where Java goes wrong.
struct JavaDigits {
  /// The digits, of which the first is no zero.
  private(set) var digits = ""
  /// The number is 0.digits × 10^exponent.
  private(set) var exponent = 0

  /// The digits of a number that is finite and not zero.
  init(_ number: Float) {
    var fraction = UInt64(number.bitPattern & 0x7f_ffff)
    var exponent = Int(number.bitPattern >> 23 & 0xff)
    var significant = 24
    if exponent == 0 {
      let shift = fraction.leadingZeroBitCount - 40
      fraction <<= UInt64(shift)
      exponent = 1 - shift
      significant -= shift
    } else {
      fraction |= 1 << 23
    }
    make(fraction << 29, exponent - 127, significant)
  }

  /// The digits of a number that is finite and not zero.
  init(_ number: Double) {
    var fraction = number.bitPattern & 0xf_ffff_ffff_ffff
    var exponent = Int(number.bitPattern >> 52 & 0x7ff)
    var significant = 53
    if exponent == 0 {
      let shift = fraction.leadingZeroBitCount - 11
      fraction <<= UInt64(shift)
      exponent = 1 - shift
      significant -= shift
    } else {
      fraction |= 1 << 52
    }
    make(fraction, exponent - 1_023, significant)
  }

  /// `fraction` has its highest bit at 52 and stands for a number of 1 to 2, times two to the power of `binary`, of which
  /// `significant` bits count.
  private mutating func make(_ fraction: UInt64, _ binary: Int, _ significant: Int) {
    let zeros = fraction.trailingZeroBitCount
    let bits = 53 - zeros
    // The bits behind the point.
    let tiny = max(0, bits - binary - 1)
    if tiny == 0, (-21...62).contains(binary) {
      makeWhole(fraction, binary, significant)
      return
    }
    let decimal = Self.estimate(fraction, binary)
    // B / S is the number divided by ten to the power of `decimal`, and M half of the distance to its neighbours; each is a
    // product of powers of two and five.
    let (b5, s5) = (max(0, -decimal), max(0, decimal))
    var (b2, s2) = (b5 + tiny + binary, s5 + tiny)
    var m2 = b2 - significant
    b2 -= bits - 1
    let common = min(b2, s2)
    (b2, s2, m2) = (b2 - common, s2 - common, m2 - common)
    if bits == 1 { m2 -= 1 }
    if m2 < 0 { (b2, s2, m2) = (b2 - m2, s2 - m2, 0) }
    // Java computes with 64 bits where they are enough, and then looks at ties in another way.
    let isSmall = bits + b2 + Self.bitsOfFive(b5) < 64 && s2 + 1 + Self.bitsOfFive(s5 + 1) < 64
    let whole = fraction >> UInt64(zeros)
    if isSmall {
      let s = Self.product(1, fives: s5, twos: s2)
      find(Self.product(whole, fives: b5, twos: b2), s, Self.product(1, fives: b5, twos: m2), decimal)
    } else {
      find(
        Self.product(BigInteger(Int64(whole)), fives: b5, twos: b2),
        Self.product(BigInteger(1), fives: s5, twos: s2), Self.product(BigInteger(1), fives: b5, twos: m2), decimal)
    }
  }

  /// The digits of b / s, to where what is left is less than m.
  private mutating func find(_ b: UInt64, _ s: UInt64, _ m: UInt64, _ estimate: Int) {
    var (b, m, decimal) = (b, m, estimate)
    let tens = s * 10
    var (low, high) = (false, false)
    func next() -> Int64 {
      let (quotient, rest) = b.quotientAndRemainder(dividingBy: s)
      b = rest * 10
      // What is too large for 64 bits is larger than all else.
      let (times, isOver) = m.multipliedReportingOverflow(by: 10)
      m = times
      low = isOver || b < m
      let (sum, isSumOver) = b.addingReportingOverflow(m)
      high = isOver || isSumOver || sum > tens
      return Int64(quotient)
    }
    var found: [Int64] = []
    let first = next()
    if first == 0, !high { decimal -= 1 } else { found.append(first) }
    // Java writes a digit behind the point in any case.
    if decimal < -3 || decimal >= 8 { (low, high) = (false, false) }
    while !low, !high { found.append(next()) }
    exponent = decimal + 1
    let isOdd = (found.last ?? 0) & 1 != 0
    if high, !low || b > tens - b || b == tens - b && isOdd { roundUp(&found) }
    set(found)
  }

  /// The same of larger numbers, where Java takes a tie for the end.
  private mutating func find(_ b: BigInteger, _ s: BigInteger, _ m: BigInteger, _ estimate: Int) {
    var (b, m, decimal) = (b, m, estimate)
    let ten = BigInteger(10)
    let tens = s * ten
    var (low, high) = (false, false)
    func next() -> Int64 {
      let (quotient, rest) = b.quotientAndRemainder(dividingBy: s)
      b = rest * ten
      m = m * ten
      low = b.isSmaller(than: m)
      var sum = b
      sum.add(m)
      high = !sum.isSmaller(than: tens)
      return quotient.lowBits
    }
    var found: [Int64] = []
    let first = next()
    if first == 0, !high { decimal -= 1 } else { found.append(first) }
    if decimal < -3 || decimal >= 8 { (low, high) = (false, false) }
    while !low, !high { found.append(next()) }
    exponent = decimal + 1
    if high, !low || Self.isRoundedUp(b, tens, last: found.last ?? 0) { roundUp(&found) }
    set(found)
  }

  /// Whether the last digit goes up where both neighbours are as near as can be told.
  private static func isRoundedUp(_ b: BigInteger, _ tens: BigInteger, last: Int64) -> Bool {
    var double = b
    double.add(b)
    if tens.isSmaller(than: double) { return true }
    return !double.isSmaller(than: tens) && last & 1 != 0
  }

  private mutating func roundUp(_ digits: inout [Int64]) {
    while digits.last == 9, digits.count > 1 { digits.removeLast() }
    guard let last = digits.popLast() else { return }
    if last == 9 {
      digits = [1]
      exponent += 1
    } else {
      digits.append(last + 1)
    }
  }

  /// The digits of a whole number, of which those that say nothing are rounded away.
  private mutating func makeWhole(_ fraction: UInt64, _ binary: Int, _ significant: Int) {
    let idle = binary > significant ? Self.idleDigits(binary - significant - 1) : 0
    var whole = binary >= 52 ? fraction << UInt64(binary - 52) : fraction >> UInt64(52 - binary)
    if idle > 0 {
      var power: UInt64 = 1
      for _ in 0..<idle { power *= 10 }
      let rest = whole % power
      whole /= power
      if rest >= power / 2 { whole += 1 }
    }
    var found: [Int64] = []
    while whole > 0 {
      found.append(Int64(whole % 10))
      whole /= 10
    }
    exponent = found.count + idle
    set(found.reversed())
  }

  private mutating func set(_ found: [Int64]) {
    var found = found
    while found.last == 0, found.count > 1 { found.removeLast() }
    digits = found.map { String($0) }.joined()
  }

  /// How many digits a power of two leaves open.
  private static func idleDigits(_ power: Int) -> Int {
    guard (2..<64).contains(power) else { return 0 }
    var (digits, value) = (0, UInt64(1) << UInt64(power) / 10)
    while value > 0 { (digits, value) = (digits + 1, value / 10) }
    return digits
  }

  /// The power of ten of the first digit, or one more.
  private static func estimate(_ fraction: UInt64, _ binary: Int) -> Int {
    let one = Double(bitPattern: 0x3ff0_0000_0000_0000 | fraction & 0xf_ffff_ffff_ffff)
    return Int(((one - 1.5) * 0.289529654 + 0.176091259 + Double(binary) * 0.301029995663981).rounded(.down))
  }

  /// The bits of a power of five; for a large one Java's estimate of them.
  private static func bitsOfFive(_ power: Int) -> Int {
    guard power < 27 else { return power * 3 }
    var value: UInt64 = 1
    for _ in 0..<power { value *= 5 }
    return power == 0 ? 0 : 64 - value.leadingZeroBitCount
  }

  private static func product(_ number: UInt64, fives: Int, twos: Int) -> UInt64 {
    var result = number << UInt64(twos)
    for _ in 0..<fives { result *= 5 }
    return result
  }

  private static func product(_ number: BigInteger, fives: Int, twos: Int) -> BigInteger {
    var result = number
    result.multiply(byPowerOfTen: min(fives, twos))
    for _ in 0..<max(0, fives - twos) { result = result * BigInteger(5) }
    var left = max(0, twos - fives)
    while left > 0 {
      result = result * BigInteger(1 << Int64(min(left, 30)))
      left -= min(left, 30)
    }
    return result
  }
}
