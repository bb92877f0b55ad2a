import CassandraWire

extension BigInteger {
  /// The most bytes of a number that is multiplied or divided: the work grows with the product of both lengths, and two
  /// numbers of this length take about a millisecond.
  static let maximumOperandBytes = 4_096

  /// Whether the number is longer than what is multiplied and divided.
  var isTooLong: Bool { words.count * 4 > Self.maximumOperandBytes }

  /// Whether the number is 0.
  var isZero: Bool { words.isEmpty }

  /// The number with the other sign.
  var negated: BigInteger { BigInteger(isNegative: !isNegative, words: words) }

  /// The number without its sign.
  var magnitude: BigInteger { BigInteger(isNegative: false, words: words) }

  /// The number of its decimal digits; 1 for zero.
  var digits: Int {
    guard let last = words.last else { return 1 }
    let bits = words.count * 32 - last.leadingZeroBitCount
    // 30,103 of 100,000 is just above the logarithm of 2: the estimate is right or one too many.
    let estimate = (bits - 1) * 30_103 / 100_000 + 1
    var power = BigInteger(1)
    power.multiply(byPowerOfTen: estimate)
    if Self.isLess(words, power.words) {
      power.divide(byPowerOfTen: 1)
      return Self.isLess(words, power.words) ? estimate - 1 : estimate
    }
    return estimate + 1
  }

  /// Whether the magnitude is less than that of another number.
  func isSmaller(than other: BigInteger) -> Bool { Self.isLess(words, other.words) }

  static func * (left: BigInteger, right: BigInteger) -> BigInteger {
    guard !left.isZero, !right.isZero else { return BigInteger() }
    var product = [UInt32](repeating: 0, count: left.words.count + right.words.count)
    for (place, factor) in left.words.enumerated() {
      var carry: UInt64 = 0
      for (index, word) in right.words.enumerated() {
        let sum = UInt64(factor) * UInt64(word) + UInt64(product[place + index]) + carry
        product[place + index] = UInt32(truncatingIfNeeded: sum)
        carry = sum >> 32
      }
      product[place + right.words.count] = UInt32(truncatingIfNeeded: carry)
    }
    return BigInteger(isNegative: left.isNegative != right.isNegative, words: product)
  }

  /// The quotient without its fraction and what is left, which has the sign of the dividend; `divisor` is not 0.
  func quotientAndRemainder(dividingBy divisor: BigInteger) -> (quotient: BigInteger, remainder: BigInteger) {
    if Self.isLess(words, divisor.words) { return (BigInteger(), self) }
    let (quotient, rest) =
      divisor.words.count == 1
      ? Self.divide(words, by: divisor.words[0]) : Self.divide(words, by: divisor.words)
    return (
      BigInteger(isNegative: isNegative != divisor.isNegative, words: quotient),
      BigInteger(isNegative: isNegative, words: rest)
    )
  }

  private static func divide(_ words: [UInt32], by divisor: UInt32) -> (quotient: [UInt32], rest: [UInt32]) {
    var quotient = words
    var rest: UInt64 = 0
    for index in words.indices.reversed() {
      let part = rest << 32 | UInt64(words[index])
      quotient[index] = UInt32(truncatingIfNeeded: part / UInt64(divisor))
      rest = part % UInt64(divisor)
    }
    return (quotient, [UInt32(truncatingIfNeeded: rest)])
  }

  /// Long division (Knuth's algorithm D): both are shifted until the divisor's highest bit is set, so that a digit that is
  /// estimated from the leading words is at most two too large.
  private static func divide(_ words: [UInt32], by divisor: [UInt32]) -> (quotient: [UInt32], rest: [UInt32]) {
    let shift = UInt64(divisor[divisor.count - 1].leadingZeroBitCount)
    let v = shifted(divisor, left: shift).prefix(divisor.count)
    var u = shifted(words, left: shift)
    let n = divisor.count
    let base: UInt64 = 1 << 32
    var quotient = [UInt32](repeating: 0, count: words.count - n + 1)
    for place in stride(from: words.count - n, through: 0, by: -1) {
      let leading = UInt64(u[place + n]) << 32 | UInt64(u[place + n - 1])
      var digit = leading / UInt64(v[n - 1])
      var rest = leading % UInt64(v[n - 1])
      while digit >= base || digit * UInt64(v[n - 2]) > rest << 32 | UInt64(u[place + n - 2]) {
        digit -= 1
        rest += UInt64(v[n - 1])
        if rest >= base { break }
      }
      var borrow: Int64 = 0
      var carry: UInt64 = 0
      for index in 0..<n {
        let product = digit * UInt64(v[index]) + carry
        carry = product >> 32
        let difference = Int64(u[place + index]) - borrow - Int64(product & 0xffff_ffff)
        u[place + index] = UInt32(truncatingIfNeeded: difference)
        borrow = difference < 0 ? 1 : 0
      }
      let difference = Int64(u[place + n]) - borrow - Int64(carry)
      u[place + n] = UInt32(truncatingIfNeeded: difference)
      if difference < 0 {
        // The digit was one too large: the divisor is added back.
        digit -= 1
        var carry: UInt64 = 0
        for index in 0..<n {
          let sum = UInt64(u[place + index]) + UInt64(v[index]) + carry
          u[place + index] = UInt32(truncatingIfNeeded: sum)
          carry = sum >> 32
        }
        u[place + n] = UInt32(truncatingIfNeeded: UInt64(u[place + n]) + carry)
      }
      quotient[place] = UInt32(truncatingIfNeeded: digit)
    }
    var rest: [UInt32] = []
    for index in 0..<n {
      let low = UInt64(u[index]) >> shift
      let high = shift == 0 ? 0 : UInt64(u[index + 1]) << (32 - shift)
      rest.append(UInt32(truncatingIfNeeded: low | high))
    }
    return (quotient, rest)
  }

  /// The words moved to the left by less than a word, with one word more.
  private static func shifted(_ words: [UInt32], left shift: UInt64) -> [UInt32] {
    var result: [UInt32] = []
    result.reserveCapacity(words.count + 1)
    var carry: UInt64 = 0
    for word in words {
      let part = UInt64(word) << shift | carry
      result.append(UInt32(truncatingIfNeeded: part))
      carry = part >> 32
    }
    result.append(UInt32(truncatingIfNeeded: carry))
    return result
  }
}

extension CQLVarint {
  /// Whether the number is longer than what is multiplied and divided.
  var isTooLong: Bool { twosComplement.count > BigInteger.maximumOperandBytes }
}
