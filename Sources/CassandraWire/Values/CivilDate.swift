import CassandraBytes

/// A day of the Gregorian calendar, extended to all years; the year 0 is before the year 1.
struct CivilDate {
  var year: Int
  var month: Int
  var day: Int

  /// The day that is so many days after 1 January 1970.
  ///
  /// It counts in periods of 400 years, which all have the same days, and in years that begin in March, so that the day that
  /// a leap year has more comes last (Howard Hinnant, "chrono-compatible low-level date algorithms").
  init(daysSinceEpoch days: Int) {
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
  init?(year: Int, month: Int, day: Int) {
    guard (1...12).contains(month), day >= 1, (-300_000_000...300_000_000).contains(year) else { return nil }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard day <= lengths[month - 1] else { return nil }
    self.year = year
    self.month = month
    self.day = day
  }

  /// How many days it is after 1 January 1970.
  var daysSinceEpoch: Int {
    let shifted = month <= 2 ? year - 1 : year
    let period = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfPeriod = shifted - period * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return period * 146_097 + yearOfPeriod * 365 + yearOfPeriod / 4 - yearOfPeriod / 100 + dayOfYear - 719_468
  }

  /// Appends `yyyy-mm-dd`; years past 9999 get a sign, as in ISO 8601, and so do those before 0.
  func write(into buffer: inout [UInt8]) {
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
struct CivilParser {
  private var rest: Substring.UTF8View

  init(_ text: Substring) { rest = text.utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  /// Skips one of these bytes, if it follows, and says which.
  mutating func skip(_ bytes: UInt8...) -> UInt8? {
    guard let byte = rest.first, bytes.contains(byte) else { return nil }
    rest.removeFirst()
    return byte
  }

  /// A number of so many digits.
  mutating func number(_ digits: ClosedRange<Int>) -> Int? {
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
  mutating func fraction(places: Int) -> Int? {
    let start = rest.count
    guard let number = number(1...places) else { return nil }
    return (0..<places - (start - rest.count)).reduce(number) { result, _ in result * 10 }
  }

  /// A date `yyyy-mm-dd`, the year with a sign or not.
  mutating func date() -> CivilDate? {
    let sign = skip(UInt8(ascii: "-"), UInt8(ascii: "+"))
    guard let year = number(4...9), skip(UInt8(ascii: "-")) != nil, let month = number(1...2),
      skip(UInt8(ascii: "-")) != nil, let day = number(1...2)
    else { return nil }
    return CivilDate(year: sign == UInt8(ascii: "-") ? -year : year, month: month, day: day)
  }

  /// A time of day `hh:mm[:ss[.fraction]]` in units of which a second has 10 to the power of `places`.
  mutating func time(places: Int) -> Int? {
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
