import CassandraBytes

/// A value of the type `varint`: an integer of any size.
///
/// Arithmetic is not its purpose: it carries numbers that no Swift integer holds between the database, text and the
/// program. Its text takes time with the square of its size, so text has a limit, ``maximumTextBytes``; bytes have none.
public struct CQLVarint: Hashable, Sendable {
  /// The largest number, in bytes of two's complement, that has a text: about 9,860 digits, which take about a millisecond.
  public static let maximumTextBytes = 4_096

  /// The number when it fits, else 0.
  private let small: Int64
  /// The number in as few bytes as it takes when it does not fit into 64 bits, else empty.
  private let large: [UInt8]

  private init(small: Int64, large: [UInt8]) {
    self.small = small
    self.large = large
  }

  /// An integer that fits into 64 bits.
  public init(_ number: Int64) { self.init(small: number, large: []) }

  /// An integer of any Swift type.
  public init(_ number: some BinaryInteger) {
    if let number = Int64(exactly: number) {
      self.init(number)
    } else {
      var bytes: [UInt8] = []
      for word in number.words.reversed() { bytes.append(bigEndian: word) }
      if number > 0 { bytes.insert(0, at: 0) }
      self.init(twosComplement: bytes.span)
    }
  }

  /// An integer from its two's complement, most significant byte first; no bytes are 0.
  public init(twosComplement bytes: Span<UInt8>) {
    guard bytes.count > 0 else {
      self.init(0)
      return
    }
    let sign: UInt8 = bytes[0] < 0x80 ? 0 : 0xff
    var start = 0
    while start < bytes.count - 1, bytes[start] == sign, (bytes[start + 1] ^ sign) < 0x80 { start += 1 }
    guard bytes.count - start > 8 else {
      var number: Int64 = sign == 0 ? 0 : -1
      for index in start..<bytes.count { number = number << 8 | Int64(bytes[index]) }
      self.init(number)
      return
    }
    self.init(small: 0, large: [UInt8](copying: bytes.extracting(start..<bytes.count)))
  }

  /// The two's complement in as few bytes as it takes, at least one, most significant byte first.
  public var twosComplement: [UInt8] {
    guard large.isEmpty else { return large }
    var bytes: [UInt8] = []
    small.encodeVarint(into: &bytes)
    return bytes
  }

  /// Whether it is below zero.
  public var isNegative: Bool { large.first.map { $0 >= 0x80 } ?? (small < 0) }

  /// The number as a Swift integer, or nil when it does not fit.
  public func exactly<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
    guard large.isEmpty else { return try? Number.decodeInteger(large.span, as: .varint) }
    return Number(exactly: small)
  }
}

extension CQLVarint: Comparable, ExpressibleByIntegerLiteral {
  /// An integer from a literal that fits into 64 bits.
  public init(integerLiteral number: Int64) { self.init(number) }

  /// Whether the left number is smaller.
  public static func < (left: CQLVarint, right: CQLVarint) -> Bool {
    guard left.isNegative == right.isNegative else { return left.isNegative }
    if left.large.isEmpty, right.large.isEmpty { return left.small < right.small }
    // Of the same sign the one with more bytes is farther from zero; of the same length the bytes order the numbers.
    guard left.large.count == right.large.count else {
      return (left.large.count < right.large.count) != left.isNegative
    }
    return left.large.lexicographicallyPrecedes(right.large)
  }
}

extension CQLVarint: LosslessStringConvertible {
  /// The number of decimal digits behind an optional sign, or nil for any other text and for more digits than the largest
  /// number with a text can have.
  public init?(_ text: String) {
    var digits = Substring(text).utf8
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative || digits.first == UInt8(ascii: "+") { digits.removeFirst() }
    self.init(isNegative: isNegative, digits: digits)
  }

  init?(isNegative: Bool, digits: some Collection<UInt8>) {
    guard !digits.isEmpty else { return nil }
    if digits.count <= 18 {
      var number: Int64 = 0
      for digit in digits {
        guard let value = Self.value(digit) else { return nil }
        number = number * 10 + Int64(value)
      }
      self.init(isNegative ? -number : number)
      return
    }
    // A bit is 0.30103 digits.
    guard digits.count <= Self.maximumTextBytes * 8 * 30_103 / 100_000 + 1 else { return nil }
    // Little-endian words of the magnitude, nine digits at a time.
    var words: [UInt32] = []
    var chunk: UInt64 = 0
    var scale: UInt64 = 1
    var left = digits.count
    for digit in digits {
      guard let value = Self.value(digit) else { return nil }
      chunk = chunk * 10 + UInt64(value)
      scale *= 10
      left -= 1
      guard scale == 1_000_000_000 || left == 0 else { continue }
      var carry = chunk
      for index in words.indices {
        let product = UInt64(words[index]) * scale + carry
        words[index] = UInt32(truncatingIfNeeded: product)
        carry = product >> 32
      }
      if carry > 0 { words.append(UInt32(carry)) }
      chunk = 0
      scale = 1
    }
    var bytes: [UInt8] = [0]
    for word in words.reversed() { bytes.append(bigEndian: word) }
    if isNegative { Self.negate(&bytes) }
    self.init(twosComplement: bytes.span)
    guard large.count <= Self.maximumTextBytes else { return nil }
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    digit >= UInt8(ascii: "0") && digit <= UInt8(ascii: "9") ? digit - UInt8(ascii: "0") : nil
  }

  /// Negates the number of two's complement bytes, in their length.
  private static func negate(_ bytes: inout [UInt8]) {
    var carry = true
    for index in bytes.indices.reversed() {
      bytes[index] = ~bytes[index]
      guard carry else { continue }
      (bytes[index], carry) = bytes[index].addingReportingOverflow(1)
    }
  }

  /// The decimal digits; hexadecimal ones behind `0x` for the two's complement of a number that is too large for text.
  public var description: String {
    var buffer: [UInt8] = []
    do throws(CQLValueError) {
      try write(into: &buffer)
    } catch {
      buffer.removeAll()
      buffer.append("0x")
      buffer.append(hexadecimal: large.span)
    }
    return String(decoding: buffer, as: UTF8.self)
  }

  /// Appends the decimal digits, behind a sign when the number is negative; throws `.tooLarge` past ``maximumTextBytes``.
  public func write(into buffer: inout [UInt8]) throws(CQLValueError) {
    guard !large.isEmpty else { return buffer.append(decimal: Int(small)) }
    try Self.write(twosComplement: large.span, into: &buffer)
  }

  /// Appends the decimal digits of a number of two's complement bytes.
  package static func write(twosComplement bytes: Span<UInt8>, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard bytes.count <= maximumTextBytes else {
      throw CQLValueError(.tooLarge, type: .varint, "A number of more than \(maximumTextBytes) bytes has no text.")
    }
    guard bytes.count > 8 else { return buffer.append(decimal: Int(CQLVarint(twosComplement: bytes).small)) }
    let isNegative = bytes[0] >= 0x80
    var magnitude = [UInt8](copying: bytes)
    if isNegative {
      magnitude.insert(0xff, at: 0)
      negate(&magnitude)
      buffer.append(UInt8(ascii: "-"))
    }
    writeMagnitude(magnitude, into: &buffer)
  }

  /// Divides by 10⁹ again and again; what is left each time are nine digits, the lowest ones first.
  private static func writeMagnitude(_ magnitude: [UInt8], into buffer: inout [UInt8]) {
    var words: [UInt32] = []
    var start = magnitude.count % 4
    if start > 0 { words.append(magnitude[..<start].reduce(0) { $0 << 8 | UInt32($1) }) }
    while start < magnitude.count {
      words.append(magnitude.span.uint32(at: start))
      start += 4
    }
    var chunks: [UInt32] = []
    var first = 0
    while first < words.count {
      guard words[first] != 0 else {
        first += 1
        continue
      }
      var rest: UInt64 = 0
      for index in first..<words.count {
        let dividend = rest << 32 | UInt64(words[index])
        words[index] = UInt32(truncatingIfNeeded: dividend / 1_000_000_000)
        rest = dividend % 1_000_000_000
      }
      chunks.append(UInt32(rest))
    }
    guard let highest = chunks.popLast() else { return buffer.append(UInt8(ascii: "0")) }
    buffer.append(decimal: UInt64(highest))
    for chunk in chunks.reversed() { buffer.append(decimal: UInt64(chunk), digits: 9) }
  }
}

extension CQLVarint: CQLEncodable, CQLDecodable {
  /// Appends a `varint`.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard case .varint = type else { throw CQLValueError.mismatch(CQLVarint.self, type) }
    if large.isEmpty { small.encodeVarint(into: &buffer) } else { buffer.append(contentsOf: large) }
  }

  /// Takes all integer types.
  public static func check(_ type: CQLType) throws(CQLValueError) { try Int64.checkInteger(type) }

  /// The number.
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLVarint {
    guard bytes.count > 0 else { throw CQLValueError.wrongSize(0, type) }
    return CQLVarint(twosComplement: bytes)
  }
}
