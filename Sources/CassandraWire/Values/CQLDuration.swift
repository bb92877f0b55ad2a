import CassandraBytes

/// A value of the type `duration`: months, days and nanoseconds, which cannot be converted into each other.
///
/// None of the three is negative while another is positive; the database refuses such a value, and so do encoding and
/// decoding.
public struct CQLDuration: Hashable, Sendable {
  /// Months.
  public var months: Int32
  /// Days, which daylight saving time makes different from 24 hours.
  public var days: Int32
  /// Nanoseconds.
  public var nanoseconds: Int64

  /// A duration from its parts.
  public init(months: Int32 = 0, days: Int32 = 0, nanoseconds: Int64 = 0) {
    self.months = months
    self.days = days
    self.nanoseconds = nanoseconds
  }

  /// Whether no part is negative while another is positive.
  public var isValid: Bool {
    let isNegative = months < 0 || days < 0 || nanoseconds < 0
    return !isNegative || months <= 0 && days <= 0 && nanoseconds <= 0
  }
}

extension CQLDuration {
  /// The units of the text, in their order; a month and a day are units of their own.
  private enum Unit: CaseIterable {
    case years, months, weeks, days, hours, minutes, seconds, milliseconds, microseconds, nanoseconds

    /// The symbols in lower case.
    var symbols: [String] {
      switch self {
      case .years: ["y"]
      case .months: ["mo"]
      case .weeks: ["w"]
      case .days: ["d"]
      case .hours: ["h"]
      case .minutes: ["m"]
      case .seconds: ["s"]
      case .milliseconds: ["ms"]
      case .microseconds: ["us", "µs", "μs"]
      case .nanoseconds: ["ns"]
      }
    }

    /// How many months, days or nanoseconds it is.
    var size: UInt64 {
      switch self {
      case .months, .days, .nanoseconds: 1
      case .years: 12
      case .weeks: 7
      case .hours: 3_600_000_000_000
      case .minutes: 60_000_000_000
      case .seconds: 1_000_000_000
      case .milliseconds: 1_000_000
      case .microseconds: 1_000
      }
    }
  }
}

extension CQLDuration: LosslessStringConvertible {
  /// The duration of a text such as `1y2mo3w4d5h6m7s8ms9us10ns`, or nil for any other text.
  ///
  /// A minus sign in front of all makes it negative. Each unit stands at most once, in this order, in either case.
  public init?(_ text: String) {
    // The sign of micro is the only one beyond ASCII.
    var rest = Substring(text.lowercased())
    let isNegative = rest.utf8.first == UInt8(ascii: "-")
    if isNegative { rest = Substring(rest.utf8.dropFirst()) }
    guard !rest.isEmpty else { return nil }
    var parts: (months: UInt64, days: UInt64, nanoseconds: UInt64) = (0, 0, 0)
    var units = Unit.allCases[...]
    while !rest.isEmpty {
      let digits = Substring(rest.unicodeScalars.prefix { Self.isDigit($0) })
      rest = rest[digits.endIndex...]
      let symbol = Substring(rest.unicodeScalars.prefix { !Self.isDigit($0) })
      rest = rest[symbol.endIndex...]
      guard let number = UInt64(digits),
        let index = units.firstIndex(where: { $0.symbols.contains(String(symbol)) })
      else { return nil }
      let unit = units[index]
      units = units[(index + 1)...]
      let (amount, overflow) = number.multipliedReportingOverflow(by: unit.size)
      guard !overflow, amount <= UInt64(Int64.max) + 1 else { return nil }
      let isSum =
        switch unit {
        case .years, .months: Self.add(amount, to: &parts.months)
        case .weeks, .days: Self.add(amount, to: &parts.days)
        case .hours, .minutes, .seconds, .milliseconds, .microseconds, .nanoseconds:
          Self.add(amount, to: &parts.nanoseconds)
        }
      guard isSum else { return nil }
    }
    guard let months = Self.signed(parts.months, isNegative, Int32.self),
      let days = Self.signed(parts.days, isNegative, Int32.self),
      let nanoseconds = Self.signed(parts.nanoseconds, isNegative, Int64.self)
    else { return nil }
    self.init(months: months, days: days, nanoseconds: nanoseconds)
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private static func add(_ amount: UInt64, to part: inout UInt64) -> Bool {
    let (sum, overflow) = part.addingReportingOverflow(amount)
    part = sum
    return !overflow
  }

  private static func signed<Number: FixedWidthInteger>(
    _ magnitude: UInt64, _ isNegative: Bool, _: Number.Type
  ) -> Number? {
    guard isNegative else { return Number(exactly: magnitude) }
    guard magnitude <= UInt64(Int64.max) + 1 else { return nil }
    return Number(exactly: Int64(truncatingIfNeeded: 0 &- magnitude))
  }

  /// The duration in units that are not 0, such as `1y2mo3d4h5m6s7ms8us9ns`, and `0s` when all are.
  public var description: String {
    var buffer: [UInt8] = []
    write(into: &buffer)
    return buffer.isEmpty ? "0s" : String(decoding: buffer, as: UTF8.self)
  }

  /// Appends the duration as Cassandra prints it: nothing when it is none.
  public func write(into buffer: inout [UInt8]) {
    if months < 0 || days < 0 || nanoseconds < 0 { buffer.append(UInt8(ascii: "-")) }
    var months = UInt64(months.magnitude)
    Self.append(&months, .years, into: &buffer)
    Self.append(&months, .months, into: &buffer)
    var days = UInt64(days.magnitude)
    Self.append(&days, .days, into: &buffer)
    var nanoseconds = nanoseconds.magnitude
    for unit in [Unit.hours, .minutes, .seconds, .milliseconds, .microseconds, .nanoseconds] {
      Self.append(&nanoseconds, unit, into: &buffer)
    }
  }

  private static func append(_ amount: inout UInt64, _ unit: Unit, into buffer: inout [UInt8]) {
    let (number, rest) = amount.quotientAndRemainder(dividingBy: unit.size)
    amount = rest
    guard number > 0 else { return }
    buffer.append(decimal: number)
    buffer.append(utf8: unit.symbols[0])
  }
}

extension CQLDuration: CQLEncodable, CQLDecodable {
  /// Appends a `duration`; throws `.outOfRange` when its parts have different signs.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard case .duration = type else { throw CQLValueError.mismatch(CQLDuration.self, type) }
    guard isValid else {
      throw CQLValueError.outOfRange(type, "The parts of a duration are all negative or none is.")
    }
    buffer.append(vint: Int64(months))
    buffer.append(vint: Int64(days))
    buffer.append(vint: nanoseconds)
  }

  /// Takes `duration`.
  public static func check(_ type: CQLType) throws(CQLValueError) {
    guard case .duration = type else { throw CQLValueError.mismatch(CQLDuration.self, type) }
  }

  /// The duration; `.malformed` when its parts are too large or have different signs.
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLDuration {
    guard bytes.count > 0 else { throw CQLValueError.wrongSize(0, type) }
    var position = 0
    guard let months = try? bytes.readVInt(&position), let days = try? bytes.readVInt(&position),
      let nanoseconds = try? bytes.readVInt(&position), position == bytes.count
    else { throw CQLValueError.malformed(type, "A duration is three integers of variable length.") }
    guard let months = Int32(exactly: months), let days = Int32(exactly: days) else {
      throw CQLValueError.malformed(type, "The months or days of a duration do not fit into 32 bits.")
    }
    let duration = CQLDuration(months: months, days: days, nanoseconds: nanoseconds)
    guard duration.isValid else { throw CQLValueError.malformed(type, "The parts of a duration have different signs.") }
    return duration
  }
}
