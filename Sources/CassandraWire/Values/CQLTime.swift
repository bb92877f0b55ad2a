import CassandraBytes

/// A value of the type `time`: a time of day without a zone, in nanoseconds since midnight.
public struct CQLTime: Hashable, Sendable {
  /// How many nanoseconds a day has; every time is below it.
  public static let nanosecondsPerDay: Int64 = 86_400_000_000_000

  /// Nanoseconds since midnight.
  public let nanoseconds: Int64

  /// A time from its nanoseconds since midnight, or nil when that is no time of a day.
  public init?(nanoseconds: Int64) {
    guard (0..<Self.nanosecondsPerDay).contains(nanoseconds) else { return nil }
    self.nanoseconds = nanoseconds
  }
}

extension CQLTime: Comparable {
  /// Whether the left time is earlier.
  public static func < (left: CQLTime, right: CQLTime) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension CQLTime: LosslessStringConvertible {
  /// The time of a text `hh:mm[:ss[.fraction]]` with at most nine digits behind the point, or nil for any other text.
  public init?(_ text: String) {
    var parser = CivilParser(text[...])
    guard let time = parser.time(places: 9), parser.isAtEnd else { return nil }
    self.init(nanoseconds: Int64(time))
  }

  /// The time with all its digits, such as `08:30:00.000000000`.
  public var description: String {
    var buffer: [UInt8] = []
    write(into: &buffer)
    return String(decoding: buffer, as: UTF8.self)
  }

  /// Appends the time with all its digits.
  public func write(into buffer: inout [UInt8]) {
    let (seconds, fraction) = Int(nanoseconds).quotientAndRemainder(dividingBy: 1_000_000_000)
    buffer.append(timeOfDay: seconds, fraction: fraction, places: 9)
  }
}

extension CQLTime: CQLEncodable, CQLDecodable {
  /// Appends a `time`.
  public func encode(as type: CQLType, into buffer: inout [UInt8]) throws(CQLValueError) {
    guard case .time = type else { throw CQLValueError.mismatch(CQLTime.self, type) }
    buffer.append(bigEndian: nanoseconds)
  }

  /// Takes `time`.
  public static func check(_ type: CQLType) throws(CQLValueError) {
    guard case .time = type else { throw CQLValueError.mismatch(CQLTime.self, type) }
  }

  /// The time; `.malformed` when it is outside of a day.
  public static func decode(_ bytes: Span<UInt8>, as type: CQLType) throws(CQLValueError) -> CQLTime {
    guard bytes.count == 8 else { throw CQLValueError.wrongSize(bytes.count, type) }
    guard let time = CQLTime(nanoseconds: bytes.int64(at: 0)) else {
      throw CQLValueError.malformed(type, "The time is outside of a day.")
    }
    return time
  }
}
