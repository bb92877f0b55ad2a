/// A day of the Gregorian calendar, extended to all years; the year 0 is before the year 1.
package struct CivilDate: Sendable {
  /// The year.
  package var year: Int
  /// The month, from 1.
  package var month: Int
  /// The day of the month, from 1.
  package var day: Int

  /// The day that is so many days after 1 January 1970.
  ///
  /// It counts in periods of 400 years, which all have the same days, and in years that begin in March, so that the day that
  /// a leap year has more comes last (Howard Hinnant, "chrono-compatible low-level date algorithms").
  package init(daysSinceEpoch days: Int) {
    let shifted = days + 719_468
    let period = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfPeriod = shifted - period * 146_097
    let yearOfPeriod = (dayOfPeriod - dayOfPeriod / 1_460 + dayOfPeriod / 36_524 - dayOfPeriod / 146_096) / 365
    let dayOfYear = dayOfPeriod - (365 * yearOfPeriod + yearOfPeriod / 4 - yearOfPeriod / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfPeriod + period * 400 + (month <= 2 ? 1 : 0)
  }

  /// A day by its parts, or nil when the month has no such day.
  package init?(year: Int, month: Int, day: Int) {
    guard (1...12).contains(month), day >= 1, (-300_000_000...300_000_000).contains(year) else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard day <= lengths[month - 1] else { return nil }
    self.year = year
    self.month = month
    self.day = day
  }

  /// How many days it is after 1 January 1970.
  package var daysSinceEpoch: Int {
    let shifted = month <= 2 ? year - 1 : year
    let period = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfPeriod = shifted - period * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return period * 146_097 + yearOfPeriod * 365 + yearOfPeriod / 4 - yearOfPeriod / 100 + dayOfYear - 719_468
  }

  /// Appends `yyyy-mm-dd`; years past 9999 get a sign, as in ISO 8601, and so do those before 0.
  package func write(into buffer: inout [UInt8]) {
    if year < 0 { buffer.append(UInt8(ascii: "-")) } else if year > 9_999 { buffer.append(UInt8(ascii: "+")) }
    let magnitude = UInt64(year.magnitude)
    if magnitude < 10_000 { buffer.append(decimal: magnitude, digits: 4) } else { buffer.append(decimal: magnitude) }
    buffer.append(UInt8(ascii: "-"))
    buffer.append(decimal: UInt64(month), digits: 2)
    buffer.append(UInt8(ascii: "-"))
    buffer.append(decimal: UInt64(day), digits: 2)
  }
}

/// Reads the parts of a date or a time from text; nil from any function means that the text is not one.
package struct CivilParser {
  private var rest: Substring.UTF8View

  package init(_ text: Substring) { rest = text.utf8 }

  package var isAtEnd: Bool { rest.isEmpty }

  /// Skips one of these bytes, if it follows, and says which.
  package mutating func skip(_ bytes: UInt8...) -> UInt8? {
    guard let byte = rest.first, bytes.contains(byte) else { return nil }
    rest.removeFirst()
    return byte
  }

  /// A number of so many digits.
  package mutating func number(_ digits: ClosedRange<Int>) -> Int? {
    var number = 0
    var count = 0
    while count < digits.upperBound, let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
      number = number * 10 + Int(byte - UInt8(ascii: "0"))
      count += 1
      rest.removeFirst()
    }
    return digits.contains(count) ? number : nil
  }

  /// The digits behind a point, at most `places` of them, as a number of that many places.
  package mutating func fraction(places: Int) -> Int? {
    let start = rest.count
    guard let number = number(1...places) else { return nil }
    return (0..<places - (start - rest.count)).reduce(number) { result, _ in result * 10 }
  }

  /// A date `yyyy-mm-dd`, the year with a sign or not.
  package mutating func date() -> CivilDate? {
    let sign = skip(UInt8(ascii: "-"), UInt8(ascii: "+"))
    guard let year = number(4...9), skip(UInt8(ascii: "-")) != nil, let month = number(1...2),
      skip(UInt8(ascii: "-")) != nil, let day = number(1...2)
    else { return nil }
    return CivilDate(year: sign == UInt8(ascii: "-") ? -year : year, month: month, day: day)
  }

  /// A time of day `hh:mm[:ss[.fraction]]` in units of which a second has 10 to the power of `places`.
  package mutating func time(places: Int) -> Int? {
    guard let hour = number(1...2), hour < 24, skip(UInt8(ascii: ":")) != nil, let minute = number(2...2), minute < 60
    else { return nil }
    let unit = (0..<places).reduce(1) { result, _ in result * 10 }
    guard skip(UInt8(ascii: ":")) != nil else { return (hour * 60 + minute) * 60 * unit }
    guard let second = number(2...2), second < 60 else { return nil }
    let whole = ((hour * 60 + minute) * 60 + second) * unit
    guard skip(UInt8(ascii: ".")) != nil else { return whole }
    return fraction(places: places).map { whole + $0 }
  }
}

extension Array where Element == UInt8 {
  /// Appends `hh:mm:ss.` and a fraction of so many places.
  package mutating func append(timeOfDay seconds: Int, fraction: Int, places: Int) {
    append(decimal: UInt64(seconds / 3_600), digits: 2)
    append(UInt8(ascii: ":"))
    append(decimal: UInt64(seconds / 60 % 60), digits: 2)
    append(UInt8(ascii: ":"))
    append(decimal: UInt64(seconds % 60), digits: 2)
    append(UInt8(ascii: "."))
    append(decimal: UInt64(fraction), digits: places)
  }
}

/// A moment as text: what timestamps of the database and dates of Foundation have in common.
package struct CivilMoment: Sendable {
  private static let millisecondsPerDay = 86_400_000

  /// Milliseconds since 1 January 1970, 00:00 UTC.
  package var milliseconds: Int64

  /// A moment.
  package init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// The day, and the milliseconds since its start.
  package var parts: (day: CivilDate, time: Int) {
    var (days, time) = Int(milliseconds).quotientAndRemainder(dividingBy: Self.millisecondsPerDay)
    if time < 0 {
      days -= 1
      time += Self.millisecondsPerDay
    }
    return (CivilDate(daysSinceEpoch: days), time)
  }

  /// Reads a text of RFC 3339, which has a zone: without one a moment would be another one on another server.
  package init?(rfc3339 text: String) {
    guard let last = text.utf8.last, text.utf8.count > 10 else { return nil }
    let hasZone =
      last == UInt8(ascii: "Z") || last == UInt8(ascii: "z")
      || text.utf8.dropFirst(10).contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
    guard hasZone else { return nil }
    self.init(text)
  }

  /// Reads a text of ISO 8601; a space may stand for the `T`, and time and offset may be left out.
  package init?(_ text: String) {
    var parser = CivilParser(text[...])
    guard let date = parser.date() else { return nil }
    var time = 0
    if parser.skip(UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")) != nil {
      guard let milliseconds = parser.time(places: 3) else { return nil }
      time = milliseconds
      if let sign = parser.skip(UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "Z"), UInt8(ascii: "z")),
        sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
      {
        guard let hours = parser.number(2...2), hours < 24 else { return nil }
        _ = parser.skip(UInt8(ascii: ":"))
        let minutes = parser.isAtEnd ? 0 : parser.number(2...2)
        guard let minutes, minutes < 60 else { return nil }
        let offset = (hours * 60 + minutes) * 60_000
        time += sign == UInt8(ascii: "+") ? -offset : offset
      }
    }
    guard parser.isAtEnd else { return nil }
    let (days, overflow) = date.daysSinceEpoch.multipliedReportingOverflow(by: Self.millisecondsPerDay)
    let (sum, sumOverflow) = days.addingReportingOverflow(time)
    guard !overflow, !sumOverflow else { return nil }
    milliseconds = Int64(sum)
  }

  /// Appends the moment in UTC, such as `2024-02-29T11:30:00.250Z`; years past 9999 and before 0 with a sign.
  package func write(into buffer: inout [UInt8]) {
    let (day, time) = parts
    day.write(into: &buffer)
    buffer.append(UInt8(ascii: "T"))
    buffer.append(timeOfDay: time / 1_000, fraction: time % 1_000, places: 3)
    buffer.append(UInt8(ascii: "Z"))
  }
}
