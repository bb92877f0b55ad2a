import CassandraBytes
import CassandraWire

/// A number of any of the types of numbers, for functions that compute.
enum Number {
  case integer(Int64)
  case floating(Double)
  /// A number that fits neither, as its digits.
  case decimal(CQLDecimal)

  /// The number of a value, or nil when it has no bytes; throws for a decimal that has a scale alone, at which Java's
  /// numbers fail.
  init?(_ value: ArraySlice<UInt8>, _ type: CQLType) throws(EngineFailure) {
    let span = value.span
    if case .decimal = type, span.count == 4 { throw Self.withoutDigits }
    switch type {
    case .tinyint where span.count == 1: self = .integer(Int64(Int8(bitPattern: span[0])))
    case .smallint where span.count == 2: self = .integer(Int64(Int16(bitPattern: span.uint16(at: 0))))
    case .int where span.count == 4: self = .integer(Int64(span.int32(at: 0)))
    case .bigint where span.count == 8, .counter where span.count == 8: self = .integer(span.int64(at: 0))
    case .float where span.count == 4: self = .floating(Double(Float(bitPattern: span.uint32(at: 0))))
    case .double where span.count == 8: self = .floating(Double(bitPattern: span.uint64(at: 0)))
    case .varint where span.count > 0:
      let number = CQLVarint(twosComplement: span)
      if let small = number.exactly(Int64.self) {
        self = .integer(small)
      } else {
        self = .decimal(CQLDecimal(unscaled: number, scale: 0))
      }
    case .decimal where span.count > 4:
      self = .decimal(
        CQLDecimal(
          unscaled: CQLVarint(twosComplement: span.extracting(4..<span.count)), scale: span.int32(at: 0)))
    default: return nil
    }
  }

  /// The number as a floating-point number.
  var double: Double {
    switch self {
    case .integer(let number): Double(number)
    case .floating(let number): number
    case .decimal(let number): Double(number.description) ?? .nan
    }
  }

  /// The number without what stands behind its point, in 64 bits; larger ones wrap as Java's `longValue` does.
  var truncated: Int64 {
    switch self {
    case .integer(let number): return number
    case .floating(let number):
      if number.isNaN { return 0 }
      return number >= 0x1p63 ? .max : number < -0x1p63 ? .min : Int64(number)
    case .decimal(let number): return Self.lowBits(number)
    }
  }

  /// The lowest 64 bits of a number without what stands behind its point.
  private static func lowBits(_ number: CQLDecimal) -> Int64 {
    guard number.scale <= 0 || !number.unscaled.isTooLong else { return 0 }
    // A multiple of 10⁶⁴ has none of them.
    guard number.scale > -64 else { return 0 }
    var whole = BigInteger(twosComplement: number.unscaled.twosComplement)
    if number.scale < 0 { whole.multiply(byPowerOfTen: -Int(number.scale)) }
    if number.scale > 0 {
      let digits = number.unscaled.description.utf8.count
      guard Int(number.scale) <= digits else { return 0 }
      whole.divide(byPowerOfTen: Int(number.scale))
    }
    return whole.lowBits
  }

  /// The number as a decimal, and whether that is possible.
  var decimal: CQLDecimal? {
    switch self {
    case .integer(let number): return CQLDecimal(unscaled: CQLVarint(number), scale: 0)
    case .floating(let number): return CQLDecimal(JavaNumber.text(number))
    case .decimal(let number): return number
    }
  }

  /// The value of a type; integers are cut to the type's bits as Java does.
  ///
  /// Throws for a long number with a fraction: to divide it by a power of ten takes time that grows with the square of its
  /// length.
  func bytes(_ type: CQLType) throws(EngineFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    if case .decimal(let number) = self, type != .decimal, number.scale > 0, number.unscaled.isTooLong {
      throw Self.tooLong
    }
    switch type {
    case .tinyint: bytes.append(bigEndian: Int8(truncatingIfNeeded: clamped(32)))
    case .smallint: bytes.append(bigEndian: Int16(truncatingIfNeeded: clamped(32)))
    case .int: bytes.append(bigEndian: Int32(truncatingIfNeeded: clamped(32)))
    case .bigint, .counter: bytes.append(bigEndian: truncated)
    case .float: bytes.append(bigEndian: Float(double).bitPattern)
    case .double: bytes.append(bigEndian: double.bitPattern)
    case .varint: bytes = wholePart.twosComplement
    case .decimal:
      guard let number = decimal else { throw Self.notDecimal(double) }
      bytes.append(bigEndian: number.scale)
      bytes += number.unscaled.twosComplement
    default: throw EngineFailure.invalid("Not a number: \(type)")
    }
    return bytes
  }

  /// A number is longer than what is computed with.
  static var tooLong: EngineFailure {
    EngineFailure(.serverError, "java.lang.ArithmeticException: \(ArithmeticProblem.tooLarge.message)")
  }

  /// What Java says of a decimal without digits.
  static var withoutDigits: EngineFailure {
    EngineFailure(.serverError, "java.lang.NumberFormatException: Zero length BigInteger")
  }

  /// What Cassandra's arithmetic says of a number that is no decimal.
  static func notDecimal(_ number: Double) -> EngineFailure {
    EngineFailure(
      .serverError,
      "java.lang.NumberFormatException: Character \(number.isNaN ? "N" : "I") is neither a decimal digit number, decimal "
        + "point, nor \"e\" notation exponential mark.")
  }

  /// The whole part; a floating-point number that is too large becomes the nearest of the type's, as in Java.
  private func clamped(_ bits: Int) -> Int64 {
    guard case .floating(let number) = self else { return truncated }
    if number.isNaN { return 0 }
    return min(max(truncated, Int64(Int32.min)), Int64(Int32.max))
  }

  /// The whole part as a varint; of other types than varint it is taken as a number of 64 bits, as in Cassandra.
  private var wholePart: CQLVarint {
    if case .decimal(let number) = self, number.scale == 0 { return number.unscaled }
    return CQLVarint(truncated)
  }
}
