import CassandraBytes
import CQLLanguage
import CassandraWire

/// Constants of statements as values on the wire.
enum Literal {
  /// How well a constant or another term goes with a type.
  enum Fit: Sendable, Comparable {
    /// Not at all.
    case none
    /// It can be made a value of the type.
    case weak
    /// It is of the type.
    case exact
  }

  /// How well a constant goes with a type, as Cassandra's `Constants.Literal.testAssignment` says.
  static func fit(_ constant: Constant, _ type: CQLType) -> Fit {
    // Cassandra looks at the text of a tuple and of a composite only when it makes the value.
    switch type {
    case .tuple, .custom: return .weak
    default: break
    }
    return switch constant.kind {
    case .string:
      switch type {
      case .ascii, .text, .inet, .date, .time, .timestamp: .weak
      default: .none
      }
    case .integer:
      switch type {
      case .bigint, .counter, .date, .decimal, .double, .duration, .float, .int, .smallint, .time, .timestamp, .tinyint,
        .varint:
        .weak
      default: .none
      }
    case .uuid:
      switch type {
      case .uuid, .timeuuid: .weak
      default: .none
      }
    case .float:
      switch type {
      case .decimal, .double, .float: .weak
      default: .none
      }
    case .boolean: type == .boolean ? .weak : .none
    case .duration: type == .duration ? .weak : .none
    case .blob: type == .blob || type == .tinyint ? .weak : .none
    }
  }

  /// A constant in the place of a tuple: its text has the fields between colons, `@` for null, as Cassandra's tools
  /// write them.
  private static func tuple(_ constant: Constant, _ types: [CQLType]) throws(EngineFailure) -> [UInt8] {
    if constant.kind == .blob { return try blob(constant.text) }
    guard !constant.text.isEmpty else { return [] }
    let texts = constant.text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    guard texts.count <= types.count else {
      throw unable(
        "Invalid tuple literal: too many elements. Type \(CQLTypeText.text(.tuple(types))) expects \(types.count) but got "
          + "\(texts.count)")
    }
    var fields: [ArraySlice<UInt8>?] = []
    for (text, type) in zip(texts, types) {
      guard text != "@" else {
        fields.append(nil)
        continue
      }
      fields.append(try bytes(Constant(constant.kind, text), type)[...])
    }
    return Parts.tuple(fields)
  }

  /// The type that a constant has by itself, where nothing says another one.
  static func preferredType(_ constant: Constant) -> CQLType {
    switch constant.kind {
    case .string: constant.text.utf8.allSatisfy { $0 < 0x80 } ? .ascii : .text
    case .integer:
      if Int32(constant.text) != nil { .int } else if Int64(constant.text) != nil { .bigint } else { .varint }
    case .uuid: .uuid
    case .float:
      ["NaN", "Infinity", "-Infinity"].contains(constant.text) || isDouble(constant.text) ? .double : .decimal
    case .boolean: .boolean
    case .duration: .duration
    case .blob: .blob
    }
  }

  /// Whether a number with a fraction or an exponent is one of those that a double writes: not one of its neighbours.
  private static func isDouble(_ text: String) -> Bool {
    guard let number = Double(text), number.isFinite, let exact = CQLDecimal(text),
      let written = CQLDecimal(JavaNumber.text(number))
    else { return false }
    return DecimalNumber(exact).isSame(as: DecimalNumber(written))
  }

  /// The name of a constant's kind in messages.
  static func kindName(_ constant: Constant) -> String {
    switch constant.kind {
    case .string: "STRING"
    case .integer: "INTEGER"
    case .float: "FLOAT"
    case .boolean: "BOOLEAN"
    case .duration: "DURATION"
    case .uuid: "UUID"
    case .blob: "HEX"
    }
  }

  /// The bytes of a constant as a value of `type`, which it fits.
  static func bytes(_ constant: Constant, _ type: CQLType) throws(EngineFailure) -> [UInt8] {
    let text = constant.text
    var bytes: [UInt8] = []
    switch type {
    case .ascii:
      guard text.utf8.allSatisfy({ $0 < 0x80 }) else {
        throw unable(
          "Invalid ASCII character in string literal: java.nio.charset.UnmappableCharacterException: Input length = 1")
      }
      bytes.append(utf8: text)
    case .text: bytes.append(utf8: text)
    case .blob: return try blob(text)
    case .boolean: bytes.append(text.lowercased() == "true" ? 1 : 0)
    case .tinyint where constant.kind == .blob:
      bytes = try blob(text)
      guard bytes.count < 2 else { throw unable("Expected 1 byte for a tinyint (\(bytes.count))") }
    case .tinyint: bytes.append(bigEndian: try integer(text, "byte", Int8.self))
    case .smallint: bytes.append(bigEndian: try integer(text, "short", Int16.self))
    case .int: bytes.append(bigEndian: try integer(text, "int", Int32.self))
    case .bigint, .counter: bytes.append(bigEndian: try integer(text, "long", Int64.self))
    case .varint:
      guard let number = CQLVarint(text) else { throw unable("unable to make int from '\(text)'") }
      return number.twosComplement
    case .decimal:
      guard let number = CQLDecimal(text) else { throw unable("unable to make BigDecimal from '\(text)'") }
      bytes.append(bigEndian: number.scale)
      bytes += number.unscaled.twosComplement
    case .float:
      guard let number = JavaNumber.reading(text, { Float($0) }) else {
        throw unable("Unable to make float from '\(text)'")
      }
      bytes.append(bigEndian: number.bitPattern)
    case .double:
      guard let number = JavaNumber.reading(text, { Double($0) }) else {
        throw unable("Unable to make double from '\(text)'")
      }
      bytes.append(bigEndian: number.bitPattern)
    case .uuid, .timeuuid:
      guard let uuid = CQLUUID(text) else { throw unable("Unable to make UUID from '\(text)'") }
      if case .timeuuid = type, uuid.version != 1 {
        throw unable("TimeUUID supports only version 1 UUIDs")
      }
      bytes.append(bigEndian: uuid.high)
      bytes.append(bigEndian: uuid.low)
    case .tuple(let types): return try tuple(constant, types)
    case .custom(let className):
      guard let meaning = ClassType(className: className) else {
        if constant.kind == .blob { return try blob(text) }
        throw unable("Unable to make \(type) from '\(text)'")
      }
      return try meaning.bytes(constant)
    case .inet:
      if text.isEmpty { break }
      // Cassandra asks the system for the address of a name; the node knows only the one that is the same everywhere.
      guard let address = CQLInet(text.lowercased() == "localhost" ? "127.0.0.1" : text) ?? shortAddress(text) else {
        throw unable("Unable to make inet address from '\(text)'")
      }
      // Java makes an address of IPv4 of one of IPv6 that stands for it.
      try encode(address.mappedIPv4.map { CQLInet.v4($0) } ?? address, type, into: &bytes)
    case .date: bytes.append(bigEndian: try date(text))
    case .time:
      if let nanoseconds = Int64(text) {
        guard (0..<CQLTime.nanosecondsPerDay).contains(nanoseconds) else {
          throw unable("Unable to make long (for time) from: '\(text)'")
        }
        bytes.append(bigEndian: nanoseconds)
      } else {
        guard let nanoseconds = TimeText.nanoseconds(text) else {
          throw unable("(TimeType) Unable to coerce '\(text)' to a formatted time (long)")
        }
        bytes.append(bigEndian: nanoseconds)
      }
    case .timestamp:
      if text.isEmpty { break }
      if let milliseconds = Int64(text) {
        bytes.append(bigEndian: milliseconds)
      } else if text.lowercased() == "now" {
        bytes.append(bigEndian: WallClock.microseconds() / 1_000)
      } else {
        guard let milliseconds = TimestampText.milliseconds(text) else {
          throw unable("Unable to parse a date/time from '\(text)'")
        }
        bytes.append(bigEndian: milliseconds)
      }
    case .duration:
      guard let duration = duration(text) else {
        if let number = longNumber(text) {
          throw EngineFailure(.serverError, "java.lang.NumberFormatException: For input string: \"\(number)\"")
        }
        throw unable("Unable to convert '\(text)' to a duration")
      }
      try encode(duration, type, into: &bytes)
    default: throw unable("Unable to make \(type) from '\(text)'")
    }
    return bytes
  }

  private static func unable(_ message: String) -> EngineFailure { EngineFailure.invalid(message) }

  private static func integer<Number: FixedWidthInteger>(
    _ text: String, _ name: String, _: Number.Type
  ) throws(EngineFailure) -> Number {
    guard let number = Number(text) else { throw unable("Unable to make \(name) from '\(text)'") }
    return number
  }

  private static func encode(
    _ value: some CQLEncodable, _ type: CQLType, into bytes: inout [UInt8]
  ) throws(EngineFailure) {
    do throws(CQLValueError) {
      try value.encode(as: type, into: &bytes)
    } catch {
      throw unable(error.reason)
    }
  }

  /// An IPv4 address of fewer than four parts, the last of which stands for all bytes that are left: `127.1`.
  private static func shortAddress(_ text: String) -> CQLInet? {
    let parts = text.split(ascii: ".", omittingEmptySubsequences: false)
    guard let last = parts.last, parts.count < 4 else { return nil }
    var address: UInt32 = 0
    for part in parts.dropLast() {
      guard isDecimal(part), let byte = UInt8(part) else { return nil }
      address = address << 8 | UInt32(byte)
    }
    let bits = UInt32(8 * (5 - parts.count))
    guard isDecimal(last), let rest = UInt64(last), rest < 1 << UInt64(bits) else { return nil }
    return .v4(UInt32(truncatingIfNeeded: UInt64(address) << UInt64(bits) | rest))
  }

  private static func isDecimal(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
  }

  private static func blob(_ text: String) throws(EngineFailure) -> [UInt8] {
    let digits = Array(text.utf8.dropFirst(2))
    guard digits.count % 2 == 0 else {
      throw unable("cannot parse '\(text.dropFirst(2))' as hex bytes")
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = hexadecimalValue(digits[index]), let low = hexadecimalValue(digits[index + 1]) else {
        throw unable("cannot parse '\(text.dropFirst(2))' as hex bytes")
      }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func date(_ text: String) throws(EngineFailure) -> UInt32 {
    if let days = Int64(text) {
      guard let days = UInt32(exactly: days) else {
        throw unable("Unable to make unsigned int (for date) from: '\(text)'")
      }
      return days
    }
    guard isPaddedDate(text), let date = CQLDate(text) else {
      throw unable("Unable to coerce '\(text)' to a formatted date (long)")
    }
    return UInt32(bitPattern: date.daysSinceEpoch) ^ 0x8000_0000
  }

  /// Whether a date has the digits that Cassandra wants: two of month and day, four of the year, and more with a sign.
  private static func isPaddedDate(_ text: String) -> Bool {
    let parts = text.utf8.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }.split(
      separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count == 3, parts[1].count == 2, parts[2].count == 2 else { return false }
    switch text.utf8.first {
    case UInt8(ascii: "+"): return parts[0].count > 4
    case UInt8(ascii: "-"): return parts[0].count >= 4
    default: return parts[0].count == 4
    }
  }

  /// The first number of a text that is longer than 64 bits.
  private static func longNumber(_ text: String) -> Substring? {
    // A number alone is no duration at all.
    guard text.utf8.contains(where: { (0x61...0x7a).contains($0 | 0x20) }) else { return nil }
    return text.utf8.split { !(0x30...0x39).contains($0) }.map { Substring($0) }.first { Int64($0) == nil }
  }

  /// A duration in any of its three spellings: `1h30m`, `PT1H30M`, `P0001-00-00T01:30:00`.
  static func duration(_ text: String) -> CQLDuration? {
    let isNegative = text.hasPrefix(bytesOf: "-")
    let body = isNegative ? text.dropFirst(bytes: 1) : text[...]
    guard body.utf8.first.map({ $0 | 0x20 }) == UInt8(ascii: "p") else { return CQLDuration(text) }
    let upper = body.dropFirst(bytes: 1).uppercased()
    // What is no ASCII is none of these.
    guard upper.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    if upper.contains(ascii: "-") {
      let numbers = upper.utf8.split { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "T") || $0 == UInt8(ascii: ":") }
        .map { Int64(Substring($0)) }
      guard numbers.count == 6, let years = numbers[0], let months = numbers[1], let days = numbers[2],
        let hours = numbers[3], let minutes = numbers[4], let seconds = numbers[5]
      else { return nil }
      return CQLDuration("\(isNegative ? "-" : "")\(years)y\(months)mo\(days)d\(hours)h\(minutes)m\(seconds)s")
    }
    let parts = upper.split(ascii: "T", maxSplits: 1, omittingEmptySubsequences: false)
    guard let datePart = parts.first else { return nil }
    var plain = datePart.lowercased()
    plain = plain.split(ascii: "m", omittingEmptySubsequences: false).joined(separator: "mo")
    if parts.count == 2 { plain += parts[1].lowercased() }
    return CQLDuration((isNegative ? "-" : "") + plain)
  }
}
