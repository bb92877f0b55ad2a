import CassandraBytes

/// A point in time to the second, as HTTP writes it (RFC 9110 §5.6.7).
///
/// No clock is asked here: time comes from the caller.
public struct HTTPDate: Sendable, Hashable, Comparable {
  /// Seconds since 1970-01-01 00:00:00 UTC, leap seconds not counted; within the years 1 to 9999.
  public let seconds: Int

  /// The point `seconds` after 1970 began, or the nearest one within the years 1 to 9999.
  public init(secondsSince1970 seconds: Int) {
    self.seconds = min(max(seconds, -62_135_596_800), 253_402_300_799)
  }

  /// The earlier first.
  public static func < (first: HTTPDate, second: HTTPDate) -> Bool { first.seconds < second.seconds }
}

extension HTTPDate: CustomStringConvertible {
  /// The date as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`.
  public var description: String {
    var text: [UInt8] = []
    text.append(self)
    return text.span.text(0..<text.count)
  }
}

extension Array where Element == UInt8 {
  /// Appends `date` in the preferred format, 29 bytes: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
  public mutating func append(_ date: HTTPDate) {
    let (days, second) = floorDivided(date.seconds, by: 86_400)
    let day = CivilDate(daysSinceEpoch: days)
    append(dayNames[weekday(ofDay: days)])
    append(", ")
    append(decimal: UInt64(day.day), digits: 2)
    append(" ")
    append(monthNames[day.month - 1])
    append(" ")
    append(decimal: UInt64(day.year), digits: 4)
    append(" ")
    append(decimal: UInt64(second / 3_600), digits: 2)
    append(":")
    append(decimal: UInt64(second / 60 % 60), digits: 2)
    append(":")
    append(decimal: UInt64(second % 60), digits: 2)
    append(" GMT")
  }
}

extension HTTPDate {
  /// The date that all of `text` is, in any of the three formats that a recipient must understand (RFC 9110 §5.6.7); nil
  /// when it is none, or no day of the calendar, or the name of its day is wrong.
  ///
  /// `now` decides about the two-digit years of the RFC 850 format: the year meant is the one at most 50 ahead and less than
  /// 50 back.
  public init?(parsing text: Span<UInt8>, now: HTTPDate) {
    var cursor = DateCursor(text)
    guard let date = cursor.preferred(text) ?? cursor.rfc850(text, now: now) ?? cursor.asctime(text) else { return nil }
    self = date
  }

  /// The date that all of `text` is.
  public init?(parsing text: String, now: HTTPDate) {
    let bytes = [UInt8](text.utf8)
    self.init(parsing: bytes.span, now: now)
  }
}

private let dayNames: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
private let longDayNames: [StaticString] = [
  "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
]
private let monthNames: [StaticString] = [
  "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
]

/// Reads the parts of a date one after the other; the formats start over where the one before gave up.
private struct DateCursor {
  private var position = 0

  init(_ text: Span<UInt8>) {}

  /// `Sun, 06 Nov 1994 08:49:37 GMT`.
  mutating func preferred(_ text: Span<UInt8>) -> HTTPDate? {
    position = 0
    guard let weekday = name(of: dayNames, text), literal(", ", text), let day = number(2, text), literal(" ", text),
      let month = name(of: monthNames, text), literal(" ", text), let year = number(4, text), literal(" ", text),
      let second = time(text), literal(" GMT", text), position == text.count
    else { return nil }
    return date(year, month + 1, day, second, weekday: weekday)
  }

  /// `Sunday, 06-Nov-94 08:49:37 GMT`.
  mutating func rfc850(_ text: Span<UInt8>, now: HTTPDate) -> HTTPDate? {
    position = 0
    guard let weekday = name(of: longDayNames, text), literal(", ", text), let day = number(2, text),
      literal("-", text), let month = name(of: monthNames, text), literal("-", text), let shortYear = number(2, text),
      literal(" ", text), let second = time(text), literal(" GMT", text), position == text.count
    else { return nil }
    let (days, _) = floorDivided(now.seconds, by: 86_400)
    let thisYear = CivilDate(daysSinceEpoch: days).year
    var year = thisYear - thisYear % 100 + shortYear
    if year > thisYear + 50 { year -= 100 }
    if year <= thisYear - 50 { year += 100 }
    return date(year, month + 1, day, second, weekday: weekday)
  }

  /// `Sun Nov  6 08:49:37 1994`.
  mutating func asctime(_ text: Span<UInt8>) -> HTTPDate? {
    position = 0
    guard let weekday = name(of: dayNames, text), literal(" ", text), let month = name(of: monthNames, text),
      literal(" ", text)
    else { return nil }
    let hasPadding = literal(" ", text)
    guard let day = number(hasPadding ? 1 : 2, text), literal(" ", text), let second = time(text), literal(" ", text),
      let year = number(4, text), position == text.count
    else { return nil }
    return date(year, month + 1, day, second, weekday: weekday)
  }

  private mutating func time(_ text: Span<UInt8>) -> Int? {
    guard let hour = number(2, text), literal(":", text), let minute = number(2, text), literal(":", text),
      let second = number(2, text), hour < 24, minute < 60, second <= 60
    else { return nil }
    // A leap second is read as the first of the next minute.
    return hour * 3_600 + minute * 60 + second
  }

  private mutating func number(_ digits: Int, _ text: Span<UInt8>) -> Int? {
    guard position + digits <= text.count else { return nil }
    var value = 0
    for index in position..<position + digits {
      guard text[index].isDigit else { return nil }
      value = value * 10 + Int(text[index] & 0xf)
    }
    position += digits
    return value
  }

  private mutating func literal(_ expected: StaticString, _ text: Span<UInt8>) -> Bool {
    let end = position + expected.utf8CodeUnitCount
    guard end <= text.count, text.extracting(position..<end).isEqual(to: expected) else { return false }
    position = end
    return true
  }

  private mutating func name(of names: [StaticString], _ text: Span<UInt8>) -> Int? {
    for index in names.indices where literal(names[index], text) { return index }
    return nil
  }

  private func date(_ year: Int, _ month: Int, _ day: Int, _ second: Int, weekday expected: Int) -> HTTPDate? {
    guard year >= 1, let days = CivilDate(year: year, month: month, day: day)?.daysSinceEpoch,
      weekday(ofDay: days) == expected
    else { return nil }
    return HTTPDate(secondsSince1970: days * 86_400 + second)
  }
}

/// 0 for Sunday; 1970 began on a Thursday.
private func weekday(ofDay days: Int) -> Int { floorDivided(days + 4, by: 7).remainder }

private func floorDivided(_ value: Int, by divisor: Int) -> (quotient: Int, remainder: Int) {
  let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
  return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}
