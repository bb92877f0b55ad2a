import CassandraBytes
import CQLLanguage
import CassandraWire

/// `CAST(a AS type)`.
enum CastFunctions {
  /// The function that makes a value of one type one of another; throws where Cassandra has none.
  ///
  /// `text` is what is cast, for messages.
  static func function(
    from source: CQLType, to native: NativeType, name text: String
  ) throws(EngineFailure) -> ScalarFunction {
    guard let function = function(from: source, to: native) else {
      let known = NativeType.allCases.filter { $0 != .varchar && !isLent($0.wire, native.wire) }.compactMap {
        function(from: $0.wire, to: native)
      }
      guard !known.isEmpty else { throw EngineFailure.invalid("\(text) cannot be cast to \(native.rawValue)") }
      throw EngineFailure.invalid(
        "Invalid call to function \(known[0].qualifiedName), none of its type signatures match (known type signatures: "
          + "\(known.map(\.signature).joined(separator: ", ")))")
    }
    return function
  }

  /// Whether a cast is that of another type, for which a value of this one may stand.
  private static func isLent(_ source: CQLType, _ target: CQLType) -> Bool {
    source == .int && target == .timestamp || source == .bigint && target == .date
      || source == .timestamp && (target == .varint || target == .bigint)
  }

  private static func function(from source: CQLType, to native: NativeType) -> ScalarFunction? {
    let target = native.wire
    let name = "cast_as_\(native.rawValue)"
    guard source != target else { return nil }
    if source == .float, target == .decimal {
      return ScalarFunction(
        name, source, target,
        ofOne: { value throws(EngineFailure) in
          guard value.count == 4 else { return nil }
          let number = Float(bitPattern: value.span.uint32(at: 0))
          guard let decimal = CQLDecimal(JavaNumber.text(number)) else { throw Number.notDecimal(Double(number)) }
          return try Number.decimal(decimal).bytes(target)
        })
    }
    if source == .decimal, target == .varint {
      // By way of a number of 64 bits, which is what Cassandra takes.
      return ScalarFunction(
        name, source, target,
        ofOne: { value throws(EngineFailure) in
          let whole = try Number(value, source)?.bytes(.bigint)
          return whole.map { CQLVarint($0.span.int64(at: 0)).twosComplement }
        })
    }
    if source.isNumber, target.isNumber, target != .counter {
      return ScalarFunction(
        name, source, target,
        ofOne: { value throws(EngineFailure) in
          guard let number = try Number(value, source) else { return nil }
          return try number.bytes(target)
        })
    }
    switch (source, target) {
    case (.ascii, .text): return ScalarFunction(name, source, target, ofOne: { Array($0) })
    case (_, .text), (_, .ascii):
      guard hasText(source) else { break }
      return ScalarFunction(
        name, source, target, ofOne: { value throws(EngineFailure) in try text(value, source).map { Array($0.utf8) } })
    case (.timeuuid, .timestamp), (.date, .timestamp), (.int, .timestamp):
      // A number of 32 bits may stand for a date, and one of 64 for a timestamp, so Cassandra takes them for these.
      let source = source == .int ? CQLType.date : source
      return ScalarFunction(
        name, source, target,
        ofOne: { value throws(EngineFailure) in
          var bytes: [UInt8] = []
          if source == .date { try TimeFunctions.refuseEmptyDate(value) }
          guard let moment = TimeFunctions.milliseconds(value, source) else { return nil }
          bytes.append(bigEndian: moment)
          return bytes
        })
    case (.timestamp, .bigint):
      return ScalarFunction(name, source, target, ofOne: { $0.isEmpty ? nil : Array($0) })
    case (.timestamp, .varint):
      return ScalarFunction(
        name, source, target,
        ofOne: { value in value.count == 8 ? CQLVarint(value.span.int64(at: 0)).twosComplement : nil })
    case (.timeuuid, .date), (.timestamp, .date), (.bigint, .date):
      let source = source == .bigint ? CQLType.timestamp : source
      return ScalarFunction(
        name, source, target,
        ofOne: { value in TimeFunctions.milliseconds(value, source).map { TimeFunctions.day(milliseconds: $0) } })
    default: break
    }
    return nil
  }

  private static func hasText(_ type: CQLType) -> Bool {
    switch type {
    case .boolean, .date, .time, .timestamp, .timeuuid, .uuid, .inet: true
    default: type.isNumber
    }
  }

  private static func text(_ value: ArraySlice<UInt8>, _ type: CQLType) throws(EngineFailure) -> String? {
    if case .decimal = type, value.count == 4 { throw Number.withoutDigits }
    guard let decoded = try? CQLValue.decode(value.span, as: type) else { return nil }
    switch decoded {
    case .empty, .null, .unset: return nil
    case .boolean(let value): return value ? "true" : "false"
    case .float(let number): return JavaNumber.text(number)
    case .double(let number): return JavaNumber.text(number)
    case .decimal(let number): return number.description
    case .date(let date): return date.description
    case .time(let time): return time.description
    case .inet(let address): return JavaNumber.text(address)
    case .timestamp(let timestamp):
      // As in JSON, years before 1 are counted backwards and nothing says so.
      var bytes: [UInt8] = []
      timestamp.writeAsCassandra(into: &bytes)
      return String(decoding: bytes.map { $0 == UInt8(ascii: " ") ? UInt8(ascii: "T") : $0 }, as: UTF8.self)
    default: return decoded.description
    }
  }
}

/// Floating-point numbers and addresses as Java writes them, and the former as it reads them.
enum JavaNumber {
  /// A floating-point number from a text: blanks around it do not count, and it may end in one of `d` and `f`. Digits to the
  /// base of 16 need an exponent, and other names of numbers than `NaN` and `Infinity` are none.
  static func reading<Number>(_ text: String, _ make: (String) -> Number?) -> Number? {
    var bytes = Array(text.utf8)[...]
    while let last = bytes.last, last <= UInt8(ascii: " ") { bytes.removeLast() }
    while let first = bytes.first, first <= UInt8(ascii: " ") { bytes.removeFirst() }
    let sign = bytes.prefix { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
    guard sign.count <= 1 else { return nil }
    var digits = bytes[(bytes.startIndex + sign.count)...]
    if !digits.elementsEqual("NaN".utf8), !digits.elementsEqual("Infinity".utf8) {
      let isHexadecimal = digits.count > 1 && digits[digits.startIndex + 1] | 0x20 == UInt8(ascii: "x")
      let hasExponent = digits.contains { $0 | 0x20 == UInt8(ascii: "p") }
      guard isHexadecimal == hasExponent else { return nil }
      if let last = digits.last, [UInt8(ascii: "d"), UInt8(ascii: "f")].contains(last | 0x20) { digits.removeLast() }
      guard let first = digits.first, first == UInt8(ascii: ".") || (0x30...0x39).contains(first) else { return nil }
    }
    return make(String(decoding: sign + digits, as: UTF8.self))
  }

  /// An address: all groups of an IPv6 address, none of them left out.
  static func text(_ address: CQLInet) -> String {
    guard case .v6(let high, let low) = address else { return address.description }
    if let mapped = address.mappedIPv4 { return CQLInet.v4(mapped).description }
    return [high, low].flatMap { half in
      [48, 32, 16, 0].map { String(half >> UInt64($0) & 0xffff, radix: 16) }
    }.joined(separator: ":")
  }

  static func text(_ number: Float) -> String {
    text(number.isFinite && number != 0 ? JavaDigits(number) : nil, Double(number))
  }

  static func text(_ number: Double) -> String {
    text(number.isFinite && number != 0 ? JavaDigits(number) : nil, number)
  }

  /// Java goes over to an exponent from 10⁷ on and below 10⁻³, and writes `1.0E7` where Swift writes `1e+07`.
  private static func text(_ found: JavaDigits?, _ number: Double) -> String {
    if number.isNaN { return "NaN" }
    guard let found else {
      if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
      return number.sign == .minus ? "-0.0" : "0.0"
    }
    let isNegative = number < 0
    let (digits, exponent) = (found.digits, found.exponent)
    // The number is 0.digits × 10^exponent.
    let result: String
    if (-2...7).contains(exponent) {
      if exponent <= 0 {
        result = "0." + String(repeating: "0", count: -exponent) + digits
      } else if digits.count <= exponent {
        result = digits + String(repeating: "0", count: exponent - digits.count) + ".0"
      } else {
        result = "\(digits.prefix(exponent)).\(digits.dropFirst(exponent))"
      }
    } else {
      let rest = digits.dropFirst()
      result = "\(digits.prefix(1)).\(rest.isEmpty ? "0" : String(rest))E\(exponent - 1)"
    }
    return (isNegative ? "-" : "") + result
  }
}
