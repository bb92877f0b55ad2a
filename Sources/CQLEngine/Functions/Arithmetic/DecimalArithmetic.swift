import CassandraBytes
import CassandraWire

/// A decimal number while it is computed with, by the rules of Java's `BigDecimal` and with Cassandra's precision.
struct DecimalNumber {
  /// The digits.
  var unscaled: BigInteger
  /// How many of them stand behind the point.
  var scale: Int64

  /// Digits of a result: more are rounded away, as in Cassandra.
  static let maximumDigits = 10_000
  /// The largest scale, and the largest difference of two, of numbers that are computed with: more would make numbers of
  /// any size from a few bytes.
  static let maximumScale: Int64 = 10_000
  /// Digits of a quotient that are significant, and that stand behind its point, at least.
  private static let quotientDigits: Int64 = 32
  /// The most digits behind the point of a quotient.
  private static let maximumQuotientScale: Int64 = 1_000

  init(unscaled: BigInteger, scale: Int64) {
    self.unscaled = unscaled
    self.scale = scale
  }

  init(_ decimal: CQLDecimal) {
    self.init(unscaled: BigInteger(twosComplement: decimal.unscaled.twosComplement), scale: Int64(decimal.scale))
  }

  /// The value on the wire.
  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: Int32(clamping: scale))
    return bytes + unscaled.twosComplement
  }

  private func check() throws(ArithmeticProblem) {
    guard abs(scale) <= Self.maximumScale, !unscaled.isTooLong else { throw .tooLarge }
  }

  /// Whether it is the same number as another one, which may have other zeros at its end.
  func isSame(as other: DecimalNumber) -> Bool {
    if unscaled.isZero || other.unscaled.isZero { return unscaled.isZero == other.unscaled.isZero }
    // Of numbers with digits that are too many to be compared the answer is no: a double has seventeen.
    guard !unscaled.isTooLong, !other.unscaled.isTooLong else { return false }
    let (left, right) = (stripped(), other.stripped())
    return left.scale == right.scale && left.unscaled.twosComplement == right.unscaled.twosComplement
  }

  /// The digits with as many behind the point as `scale` says, which are no fewer.
  private func digits(scale wanted: Int64) -> BigInteger {
    var digits = unscaled
    digits.multiply(byPowerOfTen: Int(wanted - scale))
    return digits
  }

  /// A number of at most so many digits, rounded to the nearest, of two as near away from zero.
  func rounded(to count: Int = DecimalNumber.maximumDigits) -> DecimalNumber {
    let surplus = unscaled.digits - count
    guard surplus > 0 else { return self }
    var power = BigInteger(1)
    power.multiply(byPowerOfTen: surplus)
    let digits = Self.halfUp(unscaled, power)
    let result = DecimalNumber(unscaled: digits, scale: scale - Int64(surplus))
    return digits.digits > count ? result.rounded(to: count) : result
  }

  /// A quotient that is rounded to the nearest whole number, of two as near to the one away from zero.
  private static func halfUp(_ dividend: BigInteger, _ divisor: BigInteger) -> BigInteger {
    var (quotient, rest) = dividend.quotientAndRemainder(dividingBy: divisor)
    rest = rest.magnitude
    rest.add(rest)
    if !rest.isSmaller(than: divisor) {
      quotient.add(BigInteger(dividend.isNegative != divisor.isNegative ? -1 : 1))
    }
    return quotient
  }

  /// Without zeros at the end of its digits, as far as the scale stays above `limit`.
  func stripped(downTo limit: Int64 = .min) -> DecimalNumber {
    guard !unscaled.isZero else { return DecimalNumber(unscaled: unscaled, scale: limit == .min ? 0 : scale) }
    var result = self
    let ten = BigInteger(10)
    while result.scale > limit {
      let (quotient, rest) = result.unscaled.quotientAndRemainder(dividingBy: ten)
      guard rest.isZero else { break }
      result = DecimalNumber(unscaled: quotient, scale: result.scale - 1)
    }
    return result
  }

  // MARK: Operators

  static func sum(
    _ left: DecimalNumber, _ right: DecimalNumber, isDifference: Bool = false
  ) throws(ArithmeticProblem) -> DecimalNumber {
    try left.check()
    try right.check()
    let scale = max(left.scale, right.scale)
    var digits = left.digits(scale: scale)
    digits.add(isDifference ? right.digits(scale: scale).negated : right.digits(scale: scale))
    return DecimalNumber(unscaled: digits, scale: scale).rounded()
  }

  static func product(_ left: DecimalNumber, _ right: DecimalNumber) throws(ArithmeticProblem) -> DecimalNumber {
    try left.check()
    try right.check()
    return DecimalNumber(unscaled: left.unscaled * right.unscaled, scale: left.scale + right.scale).rounded()
  }

  /// A quotient of at least 32 significant digits and as many behind its point, rounded, without zeros at its end.
  static func quotient(_ left: DecimalNumber, _ right: DecimalNumber) throws(ArithmeticProblem) -> DecimalNumber {
    try left.check()
    try right.check()
    guard !right.unscaled.isZero else { throw .divisionByZero(.ofVarints) }
    let firstDigit =
      (Int64(left.unscaled.digits) - left.scale) - (Int64(right.unscaled.digits) - right.scale)
    var scale = max(quotientDigits - firstDigit, left.scale, right.scale, quotientDigits)
    scale = min(scale, maximumQuotientScale)
    // The quotient of the digits has the scale of the difference; what is missing is put before dividing.
    let shift = scale - left.scale + right.scale
    var dividend = left.unscaled
    var divisor = right.unscaled
    if shift >= 0 {
      dividend.multiply(byPowerOfTen: Int(shift))
    } else {
      divisor.multiply(byPowerOfTen: Int(-shift))
    }
    let isNegative = dividend.isNegative != divisor.isNegative
    let magnitude = halfUp(dividend.magnitude, divisor.magnitude)
    return DecimalNumber(unscaled: isNegative ? magnitude.negated : magnitude, scale: scale).stripped()
  }

  /// What is left of `left` after the whole part of the quotient has been taken away.
  static func remainder(_ left: DecimalNumber, _ right: DecimalNumber) throws(ArithmeticProblem) -> DecimalNumber {
    try left.check()
    try right.check()
    guard !right.unscaled.isZero else { throw .divisionByZero(.ofDecimals) }
    let scale = max(left.scale, right.scale)
    let (quotient, rest) = left.digits(scale: scale).quotientAndRemainder(
      dividingBy: right.digits(scale: scale))
    guard left.scale < right.scale else { return DecimalNumber(unscaled: rest, scale: scale) }
    // The whole quotient has no more digits than it needs, and so neither has its product with the divisor.
    let preferred = left.scale - right.scale
    let whole = DecimalNumber(unscaled: quotient, scale: 0)
    let quotientScale = quotient.isZero ? preferred : whole.stripped(downTo: preferred).scale
    let wanted = max(left.scale, quotientScale + right.scale)
    var digits = rest
    digits.divide(byPowerOfTen: Int(scale - wanted))
    return DecimalNumber(unscaled: digits, scale: wanted)
  }
}

/// Why an operation has no result.
enum ArithmeticProblem: Error {
  /// How Java says that something was divided by zero.
  enum Division: String {
    case ofIntegers = "/ by zero"
    case ofVarints = "BigInteger divide by zero"
    case ofDecimals = "Division by zero"
  }

  /// Something was divided by zero.
  case divisionByZero(Division)
  /// A floating-point number is no decimal.
  case notDecimal(String)
  /// A duration is too fine for what it is added to.
  case precision(String)
  /// A number is longer than what is computed with.
  case tooLarge

  /// What the error says.
  var message: String {
    switch self {
    case .divisionByZero(let division): division.rawValue
    case .notDecimal(let text), .precision(let text): text
    case .tooLarge:
      "numbers of more than \(BigInteger.maximumOperandBytes) bytes or with scales beyond \(DecimalNumber.maximumScale) are "
        + "not computed with"
    }
  }
}
