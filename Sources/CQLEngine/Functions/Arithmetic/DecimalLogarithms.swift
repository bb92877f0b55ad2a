import CassandraWire

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Exponentials and logarithms of decimals, to the digits that Cassandra gives of them: 32, or as many as the number has,
/// and here 80 at most. Logarithms are those of numbers that differ from 1 in one of their first 58 digits.
enum DecimalLogarithms {
  /// Digits of a result.
  private static func digits(of number: DecimalNumber) -> Int { min(max(32, number.unscaled.digits), 80) }
  /// Digits behind the point while it is computed, beside those that the number's size takes.
  private static let precision = 90
  /// The largest power of e, of which the exponent is a scale still.
  private static let largestPower = BigInteger(4_900_000_000)

  /// e to the power of a number; nil when the power is out of bounds.
  static func exponential(_ number: DecimalNumber) -> DecimalNumber? {
    guard !number.unscaled.isZero else { return DecimalNumber(unscaled: BigInteger(1), scale: 0) }
    guard let fixed = fixed(number), isWithin(fixed, largestPower) else { return nil }
    let ten = logarithmOfTen
    // x = k·ln 10 + r, where r is at least 0 and less than ln 10, so e to the power of r is a number of one digit.
    var (power, rest) = fixed.quotientAndRemainder(dividingBy: ten)
    if rest.isNegative {
      rest.add(ten)
      power.subtract(BigInteger(1))
    }
    let value = DecimalNumber(unscaled: exponential(ofSmall: rest), scale: Int64(precision) - power.lowBits)
    return value.rounded(to: digits(of: number))
  }

  /// The natural logarithm of a number above 0.
  static func natural(_ number: DecimalNumber) -> DecimalNumber {
    let value = logarithm(number)
    guard !value.isZero else { return DecimalNumber(unscaled: value, scale: 0) }
    return DecimalNumber(unscaled: value, scale: Int64(precision)).rounded(to: digits(of: number))
  }

  /// The logarithm to the base of 10 of a number above 0.
  static func common(_ number: DecimalNumber) -> DecimalNumber {
    // Cassandra divides two logarithms of two digits more. Whether the quotient of powers of ten comes out even, and so has
    // no zeros behind its point, depends on how their last digits were rounded.
    let value = logarithm(number)
    let digits = digits(of: number)
    let divisor = DecimalNumber(unscaled: logarithmOfTen, scale: Int64(precision)).rounded(to: digits + 2)
    guard !value.isZero else { return DecimalNumber(unscaled: value, scale: -divisor.scale) }
    let dividend = DecimalNumber(unscaled: value, scale: Int64(precision)).rounded(to: digits + 2)
    let places = 2 * (digits + 2)
    var scaled = dividend.unscaled
    scaled.multiply(byPowerOfTen: places)
    let (quotient, rest) = scaled.quotientAndRemainder(dividingBy: divisor.unscaled)
    let wanted = dividend.scale - divisor.scale
    let result = DecimalNumber(unscaled: quotient, scale: wanted + Int64(places))
    guard rest.isZero else { return result.rounded(to: digits + 2).rounded(to: digits) }
    return result.stripped(downTo: wanted).rounded(to: digits)
  }

  // MARK: Fixed-point numbers

  /// 1 with all digits.
  private static let one: BigInteger = power(of: precision)

  private static func power(of exponent: Int) -> BigInteger {
    var power = BigInteger(1)
    power.multiply(byPowerOfTen: exponent)
    return power
  }

  private static func isWithin(_ fixed: BigInteger, _ limit: BigInteger) -> Bool {
    fixed.magnitude.isSmaller(than: limit * one)
  }

  /// A number with all digits behind its point; nil when it is too large for any power.
  private static func fixed(_ number: DecimalNumber) -> BigInteger? {
    let places = Int64(precision) - number.scale
    guard places <= Int64(precision) + 12, !number.unscaled.isTooLong else { return nil }
    var value = number.unscaled
    if places >= 0 {
      value.multiply(byPowerOfTen: Int(places))
    } else {
      // Of a number of that length no more digits can be cut off.
      value.divide(byPowerOfTen: Int(min(-places, DecimalNumber.maximumScale)))
    }
    return value
  }

  private static func product(_ left: BigInteger, _ right: BigInteger) -> BigInteger {
    (left * right).quotientAndRemainder(dividingBy: one).quotient
  }

  /// e to the power of a number below 10: by a series of a 256th of it, which is squared eight times.
  private static func exponential(ofSmall number: BigInteger) -> BigInteger {
    let part = number.quotientAndRemainder(dividingBy: BigInteger(256)).quotient
    var sum = one
    var term = one
    var count: Int64 = 0
    while !term.isZero {
      count += 1
      term = product(term, part).quotientAndRemainder(dividingBy: BigInteger(count)).quotient
      sum.add(term)
    }
    for _ in 0..<8 { sum = product(sum, sum) }
    return sum
  }

  /// ln 10 = 3·ln 2 + ln 1.25, where ln 2 = 2·artanh(1/3) and ln 1.25 = 2·artanh(1/9).
  private static let logarithmOfTen: BigInteger = {
    var sum = inverseTangent(3) * BigInteger(6)
    sum.add(inverseTangent(9) * BigInteger(2))
    return sum
  }()

  /// artanh(1/n).
  private static func inverseTangent(_ number: Int64) -> BigInteger {
    let square = BigInteger(number * number)
    var term = one.quotientAndRemainder(dividingBy: BigInteger(number)).quotient
    var sum = BigInteger()
    var count: Int64 = 1
    while !term.isZero {
      sum.add(term.quotientAndRemainder(dividingBy: BigInteger(count)).quotient)
      term = term.quotientAndRemainder(dividingBy: square).quotient
      count += 2
    }
    return sum
  }

  /// The natural logarithm of a number above 0, with all digits.
  private static func logarithm(_ number: DecimalNumber) -> BigInteger {
    // x = m·10^e, where m is at least 1 and less than 10.
    let length = number.unscaled.digits
    let exponent = Int64(length) - 1 - number.scale
    var mantissa = number.unscaled
    let places = precision - (length - 1)
    if places >= 0 { mantissa.multiply(byPowerOfTen: places) } else { mantissa.divide(byPowerOfTen: -places) }
    var guess = mantissa
    guess.divide(byPowerOfTen: precision - 15)
    var result = BigInteger(Int64(log(Double(guess.lowBits) / 1e15) * 1e15))
    result.multiply(byPowerOfTen: precision - 15)
    // Halley's method: each step has three times as many right digits, of which there are fifteen to begin with.
    for _ in 0..<3 {
      let power = exponential(ofSmall: result)
      var difference = mantissa
      difference.subtract(power)
      var sum = mantissa
      sum.add(power)
      result.add((difference * BigInteger(2) * one).quotientAndRemainder(dividingBy: sum).quotient)
    }
    result.add(logarithmOfTen * BigInteger(exponent))
    return result
  }
}
