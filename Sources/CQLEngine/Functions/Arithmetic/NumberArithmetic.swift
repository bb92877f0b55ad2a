import CassandraBytes
import CQLLanguage
import CassandraWire

/// Computes with two numbers as Java does with those of the result's type.
enum NumberArithmetic {
  /// The bytes of the result.
  static func result(
    _ sign: ArithmeticOperator, _ first: Number, _ leftType: CQLType, _ second: Number, _ rightType: CQLType,
    _ type: CQLType
  ) throws(ArithmeticProblem) -> [UInt8] {
    var bytes: [UInt8] = []
    switch type {
    case .tinyint:
      bytes.append(
        bigEndian: Int8(
          truncatingIfNeeded: try whole(sign, Int32(first.truncated), Int32(second.truncated))))
    case .smallint:
      bytes.append(
        bigEndian: Int16(
          truncatingIfNeeded: try whole(sign, Int32(first.truncated), Int32(second.truncated))))
    case .int:
      bytes.append(
        bigEndian: try whole(
          sign, Int32(truncatingIfNeeded: first.truncated), Int32(truncatingIfNeeded: second.truncated)))
    case .bigint: bytes.append(bigEndian: try whole(sign, first.truncated, second.truncated))
    case .float: bytes.append(bigEndian: floating(sign, Float(first.double), Float(second.double)).bitPattern)
    case .double: bytes.append(bigEndian: floating(sign, first.double, second.double).bitPattern)
    case .varint: return try whole(sign, integer(first), integer(second)).twosComplement
    default: return try decimal(sign, decimal(first, leftType), decimal(second, rightType)).bytes
    }
    return bytes
  }

  private static func whole<Integer: FixedWidthInteger>(
    _ sign: ArithmeticOperator, _ left: Integer, _ right: Integer
  ) throws(ArithmeticProblem) -> Integer {
    switch sign {
    case .plus: return left &+ right
    case .minus: return left &- right
    case .times: return left &* right
    case .divided:
      guard right != 0 else { throw .divisionByZero(.ofIntegers) }
      return left.dividedReportingOverflow(by: right).partialValue
    case .modulo:
      guard right != 0 else { throw .divisionByZero(.ofIntegers) }
      return right == -1 ? 0 : left % right
    }
  }

  private static func floating<Floating: BinaryFloatingPoint>(
    _ sign: ArithmeticOperator, _ left: Floating, _ right: Floating
  ) -> Floating {
    switch sign {
    case .plus: left + right
    case .minus: left - right
    case .times: left * right
    case .divided: left / right
    case .modulo: left.truncatingRemainder(dividingBy: right)
    }
  }

  private static func whole(
    _ sign: ArithmeticOperator, _ left: BigInteger, _ right: BigInteger
  ) throws(ArithmeticProblem) -> BigInteger {
    switch sign {
    case .plus, .minus:
      var sum = left
      sum.add(sign == .plus ? right : right.negated)
      return sum
    case .times:
      guard !left.isTooLong, !right.isTooLong else { throw .tooLarge }
      return left * right
    case .divided, .modulo:
      guard !left.isTooLong, !right.isTooLong else { throw .tooLarge }
      guard !right.isZero else { throw .divisionByZero(.ofVarints) }
      let (quotient, remainder) = left.quotientAndRemainder(dividingBy: right)
      return sign == .divided ? quotient : remainder
    }
  }

  private static func integer(_ number: Number) -> BigInteger {
    if case .decimal(let large) = number { return BigInteger(twosComplement: large.unscaled.twosComplement) }
    return BigInteger(number.truncated)
  }

  private static func decimal(_ number: Number, _ type: CQLType) throws(ArithmeticProblem) -> DecimalNumber {
    switch number {
    case .decimal(let number): return DecimalNumber(number)
    case .integer(let number) where type == .varint: return DecimalNumber(unscaled: BigInteger(number), scale: 0)
    // Other whole numbers come to Cassandra's decimals by way of a double, and so with a digit behind the point.
    case .integer, .floating:
      guard !number.double.isNaN else { throw .notDecimal("A NaN cannot be converted into a decimal") }
      guard let decimal = number.double.isInfinite ? nil : CQLDecimal(JavaNumber.text(number.double)) else {
        throw .notDecimal("An infinite number cannot be converted into a decimal")
      }
      return DecimalNumber(decimal)
    }
  }

  private static func decimal(
    _ sign: ArithmeticOperator, _ left: DecimalNumber, _ right: DecimalNumber
  ) throws(ArithmeticProblem) -> DecimalNumber {
    switch sign {
    case .plus: try DecimalNumber.sum(left, right)
    case .minus: try DecimalNumber.sum(left, right, isDifference: true)
    case .times: try DecimalNumber.product(left, right)
    case .divided: try DecimalNumber.quotient(left, right)
    case .modulo: try DecimalNumber.remainder(left, right)
    }
  }

  /// The number with the other sign.
  static func negated(_ value: ArraySlice<UInt8>, _ type: CQLType) throws(EngineFailure) -> [UInt8]? {
    var bytes: [UInt8] = []
    switch (type, try Number(value, type)) {
    case (.tinyint, .integer(let number)): bytes.append(bigEndian: Int8(truncatingIfNeeded: 0 &- number))
    case (.smallint, .integer(let number)): bytes.append(bigEndian: Int16(truncatingIfNeeded: 0 &- number))
    case (.int, .integer(let number)): bytes.append(bigEndian: Int32(truncatingIfNeeded: 0 &- number))
    case (.bigint, .integer(let number)), (.counter, .integer(let number)): bytes.append(bigEndian: 0 &- number)
    case (.float, .floating(let number)): bytes.append(bigEndian: (-Float(number)).bitPattern)
    case (.double, .floating(let number)): bytes.append(bigEndian: (-number).bitPattern)
    case (.varint, let number?): return integer(number).negated.twosComplement
    case (.decimal, .decimal(let number)):
      let decimal = DecimalNumber(number)
      return DecimalNumber(unscaled: decimal.unscaled.negated, scale: decimal.scale).bytes
    default: return nil
    }
    return bytes
  }
}

/// Moves moments and days by durations.
enum TemporalArithmetic {
  private static let millisecondsPerDay: Int64 = 86_400_000
  private static let nanosecondsPerMillisecond: Int64 = 1_000_000

  /// A moment or day that lies a duration later, or earlier when `isBack`; nil when one of both is no value of its type.
  static func moved(
    _ value: ArraySlice<UInt8>, _ type: CQLType, by duration: ArraySlice<UInt8>, isBack: Bool
  ) throws(ArithmeticProblem) -> [UInt8]? {
    guard let start = TimeFunctions.milliseconds(value, type), let duration = decoded(duration) else { return nil }
    if type == .date, duration.nanoseconds != 0 {
      throw .precision("The duration must have a day precision. Was: \(duration)")
    }
    if duration.nanoseconds % nanosecondsPerMillisecond != 0 {
      throw .precision("The duration must have a millisecond precision. Was: \(duration)")
    }
    let sign: Int64 = isBack ? -1 : 1
    let end =
      CalendarMonths.moved(start, by: sign * Int64(duration.months))
      &+ sign &* Int64(duration.days) &* millisecondsPerDay
      &+ sign &* (duration.nanoseconds / nanosecondsPerMillisecond)
    if type == .date { return TimeFunctions.day(milliseconds: end) }
    var bytes: [UInt8] = []
    bytes.append(bigEndian: end)
    return bytes
  }

  /// A duration of its bytes; nil when they are none.
  static func decoded(_ value: ArraySlice<UInt8>) -> CQLDuration? {
    do throws(CQLValueError) {
      return try CQLDuration.decode(value.span, as: .duration)
    } catch {
      return nil
    }
  }
}

/// Months of the calendar that Java counts in: Julius Caesar's before 15 October 1582, and then Pope Gregory's.
enum CalendarMonths {
  private static let millisecondsPerDay: Int64 = 86_400_000
  /// Days from 1970 to 15 October 1582.
  private static let reform: Int64 = -141_427

  /// A moment so many months later, in milliseconds since 1970: on the same day of the month, or on its last one.
  static func moved(_ milliseconds: Int64, by months: Int64) -> Int64 {
    guard months != 0 else { return milliseconds }
    let date = Self.date(milliseconds)
    let index = date.year * 12 + date.month - 1 + months
    let year = index >= 0 ? index / 12 : (index - 11) / 12
    let month = index - year * 12 + 1
    var moved = self.day(year, month, date.day)
    for earlier in stride(from: date.day - 1, through: 28, by: -1) where civil(moved).month != month {
      moved = self.day(year, month, earlier)
    }
    return moved &* millisecondsPerDay &+ date.millisecondOfDay
  }

  /// The date and the time of day of a moment.
  static func date(_ milliseconds: Int64) -> (year: Int64, month: Int64, day: Int64, millisecondOfDay: Int64) {
    let day = floored(milliseconds, by: millisecondsPerDay)
    let date = civil(day)
    return (date.year, date.month, date.day, milliseconds &- day &* millisecondsPerDay)
  }

  private static func floored(_ number: Int64, by divisor: Int64) -> Int64 {
    number >= 0 ? number / divisor : (number + 1) / divisor - 1
  }

  /// The day of a date, where the years begin with March so that the day of a leap year comes last.
  private static func day(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let common = 365 * shifted + floored(shifted, by: 4) + dayOfYear
    let gregorian = common - floored(shifted, by: 100) + floored(shifted, by: 400) - 719_468
    return gregorian >= reform ? gregorian : common - 719_470
  }

  private static func civil(_ day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let year: Int64
    let dayOfYear: Int64
    if day >= reform {
      let shifted = day + 719_468
      let era = floored(shifted, by: 146_097)
      let dayOfEra = shifted - era * 146_097
      let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
      year = yearOfEra + era * 400
      dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    } else {
      let shifted = day + 719_470
      let era = floored(shifted, by: 1_461)
      let dayOfEra = shifted - era * 1_461
      let yearOfEra = (dayOfEra - dayOfEra / 1_460) / 365
      year = yearOfEra + era * 4
      dayOfYear = dayOfEra - 365 * yearOfEra
    }
    let part = (5 * dayOfYear + 2) / 153
    let month = part < 10 ? part + 3 : part - 9
    return (month <= 2 ? year + 1 : year, month, dayOfYear - (153 * part + 2) / 5 + 1)
  }
}
