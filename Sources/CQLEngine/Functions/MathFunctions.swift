import CassandraBytes
import CassandraWire

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Functions of a number that give a number of the same type.
enum MathFunctions {
  private static let types: [CQLType] = [
    .tinyint, .smallint, .int, .bigint, .float, .double, .varint, .decimal, .counter,
  ]

  static let all: [ScalarFunction] = types.flatMap { type in
    [
      function("abs", type) { number in
        switch number {
        case .integer(.min) where type == .varint:
          .decimal(CQLDecimal(unscaled: CQLVarint(twosComplement: [0, 0x80, 0, 0, 0, 0, 0, 0, 0].span), scale: 0))
        case .integer(let value): .integer(value == .min ? value : abs(value))
        case .floating(let value): .floating(abs(value))
        case .decimal(let value): .decimal(absolute(value))
        }
      },
      logarithm("exp", type, { exp($0) }) { DecimalLogarithms.exponential($0) },
      logarithm("log", type, { log($0) }) { number throws(EngineFailure) in
        try checkPositive(number, "Natural log")
        return DecimalLogarithms.natural(number)
      },
      logarithm("log10", type, { log10($0) }) { number throws(EngineFailure) in
        try checkPositive(number, "Log10")
        return DecimalLogarithms.common(number)
      },
      function("round", type) { number in
        switch number {
        case .integer: number
        case .decimal where type == .varint: number
        case .floating(let value): .floating(rounded(value, isFloat: type == .float))
        case .decimal(let value): .decimal(rounded(value))
        }
      },
    ]
  }

  private static func checkPositive(_ number: DecimalNumber, _ what: String) throws(EngineFailure) {
    guard !number.unscaled.isZero, !number.unscaled.isNegative else {
      throw EngineFailure(.serverError, "java.lang.ArithmeticException: \(what) of number zero or less")
    }
  }

  /// A function that is computed in floating point, but of decimals and varints with as many digits as Cassandra has of
  /// them; nil stands for a result that is out of bounds.
  private static func logarithm(
    _ name: String, _ type: CQLType, _ floating: @escaping @Sendable (Double) -> Double,
    _ decimal: @escaping @Sendable (DecimalNumber) throws(EngineFailure) -> DecimalNumber?
  ) -> ScalarFunction {
    guard type == .decimal || type == .varint else {
      return function(name, type) { number in
        let result = floating(number.double)
        // As the processor has it: what is no number stays what it is, and what becomes none has the sign.
        guard result.isNaN else { return .floating(result) }
        return .floating(number.double.isNaN ? number.double + 0 : Double(bitPattern: 0xfff8 << 48))
      }
    }
    return ScalarFunction(
      name, type, type,
      ofOne: { value throws(EngineFailure) in
        guard let number = try Number(value, type)?.decimal else { return nil }
        let exact = DecimalNumber(number)
        guard !exact.unscaled.isTooLong, let result = try decimal(exact) else { throw outOfBounds(name) }
        guard type == .varint else { return result.bytes }
        guard result.scale > -DecimalNumber.maximumScale else { throw outOfBounds(name) }
        var whole = result.unscaled
        if result.scale > 0 {
          whole.divide(byPowerOfTen: Int(min(result.scale, DecimalNumber.maximumScale)))
        } else {
          whole.multiply(byPowerOfTen: Int(-result.scale))
        }
        return whole.twosComplement
      })
  }

  private static func outOfBounds(_ name: String) -> EngineFailure {
    EngineFailure(.serverError, "java.lang.ArithmeticException: the result of \(name) is out of bounds")
  }

  private static func function(
    _ name: String, _ type: CQLType, _ compute: @escaping @Sendable (Number) -> Number
  ) -> ScalarFunction {
    ScalarFunction(
      name, type, type,
      ofOne: { value throws(EngineFailure) in
        guard let number = try Number(value, type) else { return nil }
        if case .decimal(let decimal) = number, decimal.scale > 0, decimal.unscaled.isTooLong, name == "round" {
          throw Number.tooLong
        }
        return try compute(number).bytes(type)
      })
  }

  /// The nearest whole number as Java's `Math.round` gives it: of two as near the larger, within 32 bits for a `float` and
  /// 64 for a `double`, and 0 for what is no number.
  private static func rounded(_ number: Double, isFloat: Bool) -> Double {
    if number.isNaN { return 0 }
    let below = number.rounded(.down)
    let nearest = number - below >= 0.5 ? below + 1 : below
    let limits = isFloat ? (Double(Int32.min), Double(Int32.max)) : (-0x1p63, 0x1p63)
    // There is one zero among whole numbers.
    return min(max(nearest, limits.0), limits.1) + 0
  }

  /// The nearest whole number, of two as near the one farther from zero.
  private static func rounded(_ number: CQLDecimal) -> CQLDecimal {
    var whole = BigInteger(twosComplement: number.unscaled.twosComplement)
    if number.scale <= 0 {
      guard number.scale > -10_000 else { return number }
      whole.multiply(byPowerOfTen: -Int(number.scale))
    } else {
      let digits = number.unscaled.description.utf8.count
      guard Int(number.scale) <= digits else { return CQLDecimal(unscaled: 0, scale: 0) }
      whole.divide(byPowerOfTen: Int(number.scale) - 1)
      whole.add(BigInteger(number.unscaled.isNegative ? -5 : 5))
      whole.divide(by: 10)
    }
    return CQLDecimal(unscaled: CQLVarint(twosComplement: whole.twosComplement.span), scale: 0)
  }

  private static func absolute(_ number: CQLDecimal) -> CQLDecimal {
    guard number.unscaled.isNegative else { return number }
    let magnitude = BigInteger(twosComplement: number.unscaled.twosComplement).magnitude
    return CQLDecimal(unscaled: CQLVarint(twosComplement: magnitude.twosComplement.span), scale: number.scale)
  }
}
