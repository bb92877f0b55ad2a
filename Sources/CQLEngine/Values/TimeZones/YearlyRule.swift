import CassandraWire

/// What holds in a zone year by year, as POSIX writes it: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct YearlyRule: Sendable {
  /// A day and a time of each year.
  private enum Day: Sendable {
    /// The weekday of such a week of a month; the fifth is the last.
    case weekday(Int, week: Int, month: Int)
    /// The day of a year from 0 on, in which the 29th of February counts.
    case counted(Int)
    /// The day of a year from 1 on, in which it does not.
    case withoutLeapDay(Int)
  }

  private struct Moment: Sendable {
    var day: Day
    /// Seconds after midnight, which may be of another day.
    var seconds: Int64
  }

  private let standard: Int64
  private let summer: (offset: Int64, from: Moment, until: Moment)?

  /// The rule of a text; nil when it is none.
  init?(_ text: some Collection<UInt8>) {
    var parser = Parser(text: Array(text))
    guard parser.skipName(), let west = parser.offset() else { return nil }
    standard = -west
    guard !parser.isAtEnd else {
      summer = nil
      return
    }
    guard parser.skipName() else { return nil }
    let offset = parser.isAt(",") ? standard + 3600 : parser.offset().map { -$0 }
    guard let offset, parser.skip(","), let from = parser.moment(), parser.skip(","), let until = parser.moment(),
      parser.isAtEnd
    else { return nil }
    summer = (offset, from, until)
  }

  /// The distance from UTC in seconds at a local time in seconds since 1970, by the rule of ``ZoneRules/offset(atLocal:)``.
  func offset(atLocal local: Int64) -> Int64 {
    guard let summer else { return standard }
    let later = max(standard, summer.offset)
    let year = Self.year(of: local)
    // Both changes are noted in the local time from which on the second of the two distances holds.
    let from = Self.seconds(summer.from, in: year) - standard + later
    let until = Self.seconds(summer.until, in: year) - summer.offset + later
    let isSummer = from < until ? local >= from && local < until : local >= from || local < until
    return isSummer ? summer.offset : standard
  }

  private static func year(of local: Int64) -> Int {
    let days = local >= 0 ? local / 86_400 : -((86_399 - local) / 86_400)
    return CQLDate(daysSinceEpoch: Int32(clamping: days)).year
  }

  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
    Int64(CQLDate(year: year, month: month, day: day)?.daysSinceEpoch ?? 0)
  }

  private static func seconds(_ moment: Moment, in year: Int) -> Int64 {
    let isLeap = CQLDate(year: year, month: 2, day: 29) != nil
    let day: Int64
    switch moment.day {
    case .counted(let number): day = days(year, 1, 1) + Int64(number)
    case .withoutLeapDay(let number):
      day = days(year, 1, 1) + Int64(number - 1) + (isLeap && number >= 60 ? 1 : 0)
    case .weekday(let weekday, let week, let month):
      let first = days(year, month, 1)
      // The first day of 1970 was a Thursday.
      let start = Int(((first + 4) % 7 + 7) % 7)
      var number = first + Int64((weekday - start + 7) % 7 + 7 * (week - 1))
      let next = month == 12 ? days(year + 1, 1, 1) : days(year, month + 1, 1)
      while number >= next { number -= 7 }
      day = number
    }
    return day * 86_400 + moment.seconds
  }

  private struct Parser {
    let text: [UInt8]
    private var position = 0

    init(text: [UInt8]) { self.text = text }

    var isAtEnd: Bool { position == text.count }

    func isAt(_ scalar: Unicode.Scalar) -> Bool { position < text.count && text[position] == UInt8(ascii: scalar) }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
      guard isAt(scalar) else { return false }
      position += 1
      return true
    }

    /// Passes over a name: letters, or anything in angle brackets.
    mutating func skipName() -> Bool {
      let start = position
      if skip("<") {
        while position < text.count, !isAt(">") { position += 1 }
        return skip(">")
      }
      while position < text.count, (0x41...0x5a).contains(text[position] & 0xdf) { position += 1 }
      return position > start
    }

    mutating func number(in range: ClosedRange<Int>) -> Int? {
      var value = 0
      let start = position
      while position < text.count, (0x30...0x39).contains(text[position]), position - start < 4 {
        value = value * 10 + Int(text[position] - 0x30)
        position += 1
      }
      return position > start && range.contains(value) ? value : nil
    }

    /// Hours, minutes and seconds with a sign, in seconds.
    mutating func offset() -> Int64? {
      let isNegative = skip("-")
      if !isNegative { _ = skip("+") }
      guard let hours = number(in: 0...167) else { return nil }
      var seconds = hours * 3600
      if skip(":") {
        guard let minutes = number(in: 0...59) else { return nil }
        seconds += minutes * 60
        if skip(":") {
          guard let more = number(in: 0...59) else { return nil }
          seconds += more
        }
      }
      return Int64(isNegative ? -seconds : seconds)
    }

    mutating func moment() -> Moment? {
      guard let day = day() else { return nil }
      guard skip("/") else { return Moment(day: day, seconds: 7200) }
      return offset().map { Moment(day: day, seconds: $0) }
    }

    private mutating func day() -> Day? {
      if skip("J") { return number(in: 1...365).map { .withoutLeapDay($0) } }
      guard skip("M") else { return number(in: 0...365).map { .counted($0) } }
      guard let month = number(in: 1...12), skip("."), let week = number(in: 1...5), skip("."),
        let weekday = number(in: 0...6)
      else { return nil }
      return .weekday(weekday, week: week, month: month)
    }
  }
}
