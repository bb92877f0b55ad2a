import CassandraBytes
import CassandraWire

/// A function of all rows of a result.
struct AggregateFunction: Sendable {
  /// What is computed.
  enum Kind: String, Sendable, CaseIterable {
    /// How many values, or rows, there are.
    case count
    /// The least value.
    case min
    /// The largest value.
    case max
    /// The sum.
    case sum
    /// The sum divided by the number of values, rounded down to the type.
    case avg
  }

  /// The names of all.
  static let names = Set(Kind.allCases.map { ByteText($0.rawValue) })

  /// What is computed.
  let kind: Kind
  /// The type of the values.
  let argumentType: CQLType

  init(_ kind: Kind, of argumentType: CQLType) {
    self.kind = kind
    self.argumentType = argumentType
  }

  /// The type of the result.
  var returnType: CQLType { kind == .count ? .bigint : argumentType }
}

/// What an aggregate has seen so far.
struct Accumulator {
  private let function: AggregateFunction
  private var count: Int64 = 0
  private var floating = CompensatedSum()
  private var whole: Int64 = 0
  private var large = BigInteger()
  private var scale: Int32 = 0
  private var best: ArraySlice<UInt8>?
  private var bestKey: [UInt8] = []

  init(_ function: AggregateFunction) { self.function = function }

  /// Counts a row.
  mutating func addRow() { count += 1 }

  /// Adds a value; nil stands for null, which no aggregate counts.
  mutating func add(_ value: ArraySlice<UInt8>?) throws(EngineFailure) {
    guard let value else { return }
    switch function.kind {
    case .count: count += 1
    case .min, .max:
      let key = try ValueOrder.key(value, function.argumentType)
      let isBetter =
        best == nil
        || (function.kind == .min ? key.lexicographicallyPrecedes(bestKey) : bestKey.lexicographicallyPrecedes(key))
      guard isBetter else { return }
      best = ArraySlice(Array(value))
      bestKey = key
    case .sum, .avg: try addNumber(value)
    }
  }

  private mutating func addNumber(_ value: ArraySlice<UInt8>) throws(EngineFailure) {
    guard let number = try Number(value, function.argumentType) else { return }
    count += 1
    switch function.argumentType {
    case .float, .double: try floating.add(number.double, isForMean: function.kind == .avg)
    case .varint, .decimal:
      guard let decimal = number.decimal, abs(Int64(decimal.scale)) <= Self.maximumScale else {
        throw EngineFailure.invalid("A decimal with a scale beyond \(Self.maximumScale) cannot be summed up")
      }
      var term = BigInteger(twosComplement: decimal.unscaled.twosComplement)
      if decimal.scale > scale {
        large.multiply(byPowerOfTen: Int(decimal.scale - scale))
        scale = decimal.scale
      } else {
        term.multiply(byPowerOfTen: Int(scale - decimal.scale))
      }
      if function.kind == .avg, function.argumentType == .decimal {
        // Cassandra keeps the average itself and rounds at each step, so the result depends on the order of the rows.
        term.subtract(large)
        term.divideHalfEven(by: count)
      }
      large.add(term)
    default:
      whole &+= number.truncated
      large.add(BigInteger(number.truncated))
    }
  }

  /// The largest scale of a decimal that takes part in a sum: more would make numbers of any size from a few bytes.
  private static let maximumScale: Int64 = 10_000

  /// The value; nil stands for null.
  func result() throws(EngineFailure) -> [UInt8]? {
    var bytes: [UInt8] = []
    switch function.kind {
    case .count:
      bytes.append(bigEndian: count)
      return bytes
    case .min, .max: return best.map { Array($0) }
    case .sum, .avg: break
    }
    let isAverage = function.kind == .avg
    switch function.argumentType {
    case .float, .double:
      let value = isAverage ? floating.mean(of: count) : floating.value
      return try Number.floating(value).bytes(function.returnType)
    case .varint, .decimal:
      var sum = large
      if isAverage, count > 0, function.argumentType == .varint { sum.divide(by: count) }
      if function.argumentType == .decimal { bytes.append(bigEndian: scale) }
      return bytes + sum.twosComplement
    default:
      guard isAverage else { return try Number.integer(whole).bytes(function.returnType) }
      guard count > 0 else { return try Number.integer(0).bytes(function.returnType) }
      var sum = large
      sum.divide(by: count)
      return try Number.integer(CQLVarint(twosComplement: sum.twosComplement.span).exactly(Int64.self) ?? 0)
        .bytes(function.returnType)
    }
  }
}

/// A sum of floating-point numbers with the error of each addition kept and added at the end, as Cassandra does.
///
/// At the end Cassandra adds the error where it would have to subtract it, and so does this.
private struct CompensatedSum {
  private var sum = 0.0
  private var compensation = 0.0
  private var simple = 0.0
  /// The sum as a decimal, from the number on at which it became too large to be a floating-point number.
  private var decimal: DecimalSum?

  /// Adds a number. The mean of numbers may be one whose sum is none.
  mutating func add(_ number: Double, isForMean: Bool) throws(EngineFailure) {
    if decimal != nil {
      try decimal?.add(number)
      return
    }
    let before = sum
    simple += number
    let term = number - compensation
    let next = sum + term
    compensation = (next - sum) - term
    sum = next
    guard isForMean, sum.isInfinite, number.isFinite else { return }
    var exact = DecimalSum()
    try exact.add(before)
    try exact.add(number)
    decimal = exact
  }

  var value: Double {
    let total = sum + compensation
    return total.isNaN && simple.isInfinite ? simple : total
  }

  func mean(of count: Int64) -> Double {
    guard count > 0 else { return 0 }
    return decimal?.mean(of: count) ?? value / Double(count)
  }
}

/// A sum of floating-point numbers as decimals, each with the digits that Java writes of it.
private struct DecimalSum {
  private var sum = BigInteger()
  private var scale: Int32?

  mutating func add(_ number: Double) throws(EngineFailure) {
    guard let decimal = CQLDecimal(JavaNumber.text(number)) else { throw Number.notDecimal(number) }
    var term = BigInteger(twosComplement: decimal.unscaled.twosComplement)
    let common = max(scale ?? decimal.scale, decimal.scale)
    sum.multiply(byPowerOfTen: Int(common - (scale ?? common)))
    term.multiply(byPowerOfTen: Int(common - decimal.scale))
    scale = common
    sum.add(term)
  }

  /// The mean, with as many digits behind the point as the sum has.
  func mean(of count: Int64) -> Double {
    var mean = sum
    mean.divideHalfEven(by: count)
    return Number.decimal(
      CQLDecimal(unscaled: CQLVarint(twosComplement: mean.twosComplement.span), scale: scale ?? 0)
    ).double
  }
}
