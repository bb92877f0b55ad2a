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
        case .floating(let value): .floating((value + 0.5).rounded(.down))
        case .decimal(let value): .decimal(CQLDecimal("\((Double(value.description) ?? 0).rounded())") ?? value)
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

  private static func absolute(_ number: CQLDecimal) -> CQLDecimal {
    guard number.unscaled.isNegative else { return number }
    let text = number.unscaled.description.dropFirst()
    return CQLDecimal(unscaled: CQLVarint(String(text)) ?? number.unscaled, scale: number.scale)
  }
}
