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
        case .integer(let value): .integer(value == .min ? value : abs(value))
        case .floating(let value): .floating(abs(value))
        case .decimal(let value): .decimal(absolute(value))
        }
      },
      function("exp", type) { .floating(exp($0.double)) },
      function("log", type) { .floating(log($0.double)) },
      function("log10", type) { .floating(log10($0.double)) },
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

  private static func function(
    _ name: String, _ type: CQLType, _ compute: @escaping @Sendable (Number) -> Number
  ) -> ScalarFunction {
    ScalarFunction(
      name, type, type,
      ofOne: { value throws(EngineFailure) in
        guard let number = Number(value, type) else { return nil }
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
    return min(max(nearest, limits.0), limits.1)
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
    let text = number.unscaled.description.dropFirst()
    return CQLDecimal(unscaled: CQLVarint(String(text)) ?? number.unscaled, scale: number.scale)
  }
}
