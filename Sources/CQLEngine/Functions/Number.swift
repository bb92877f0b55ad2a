import CassandraBytes
import CassandraWire

/// A number of any of the types of numbers, for functions that compute.
enum Number {
  case integer(Int64)
  case floating(Double)
  /// A number that fits neither, as its digits.
  case decimal(CQLDecimal)

  /// The number of a value, or nil when it has no bytes.
  init?(_ value: ArraySlice<UInt8>, _ type: CQLType) {
    let span = value.span
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
    case .decimal(let number):
      let double = Double(number.description) ?? 0
      return double >= 0x1p63 ? .max : double < -0x1p63 ? .min : Int64(double)
    }
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
  func bytes(_ type: CQLType) throws(EngineFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    switch type {
    case .tinyint: bytes.append(bigEndian: Int8(truncatingIfNeeded: clamped(32)))
    case .smallint: bytes.append(bigEndian: Int16(truncatingIfNeeded: clamped(32)))
    case .int: bytes.append(bigEndian: Int32(truncatingIfNeeded: clamped(32)))
    case .bigint, .counter: bytes.append(bigEndian: truncated)
    case .float: bytes.append(bigEndian: Float(double).bitPattern)
    case .double: bytes.append(bigEndian: double.bitPattern)
    case .varint: bytes = wholePart.twosComplement
    case .decimal:
      guard let number = decimal else { throw EngineFailure.invalid("Character N is neither a decimal digit number") }
      bytes.append(bigEndian: number.scale)
      bytes += number.unscaled.twosComplement
    default: throw EngineFailure.invalid("Not a number: \(type)")
    }
    return bytes
  }

  /// The whole part; a floating-point number that is too large becomes the nearest of the type's, as in Java.
  private func clamped(_ bits: Int) -> Int64 {
    guard case .floating(let number) = self else { return truncated }
    if number.isNaN { return 0 }
    return min(max(truncated, Int64(Int32.min)), Int64(Int32.max))
  }

  private var wholePart: CQLVarint {
    switch self {
    case .integer(let number): return CQLVarint(number)
    case .floating(let number): return number.isFinite ? Self.exactly(number) : 0
    case .decimal(let number):
      if number.scale == 0 { return number.unscaled }
      let text = number.unscaled.description
      let isNegative = text.hasPrefix("-")
      let digits = isNegative ? text.dropFirst() : text[...]
      let whole: String
      if number.scale > 0 {
        whole = digits.count > Int(number.scale) ? String(digits.dropLast(Int(number.scale))) : "0"
      } else {
        whole = digits + String(repeating: "0", count: min(Int(-Int64(number.scale)), CQLVarint.maximumTextBytes))
      }
      return CQLVarint((isNegative ? "-" : "") + whole) ?? 0
    }
  }

  private static func exactly(_ number: Double) -> CQLVarint {
    guard abs(number) < 0x1p62 else {
      return CQLVarint(CQLDecimal("\(number)").map { Number.decimal($0).wholePart.description } ?? "0") ?? 0
    }
    return CQLVarint(Int64(number))
  }
}
