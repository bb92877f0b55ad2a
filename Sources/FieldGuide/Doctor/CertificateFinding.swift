internal import CassandraBytes
internal import CassandraReactor
internal import CassandraTerminal

extension CertificateDates {
  private static let secondsOfADay = 86_400
  /// A certificate that is valid for fewer days than these is warned of: 30.
  static let warningDays = 30

  /// Whether the certificate can be used at `now`, and how long it still can.
  ///
  /// - Parameters:
  ///   - what: What it is, as a sentence begins with it.
  ///   - renewal: How to come by a new one.
  func finding(_ what: String, renewal: String, now: Int) -> Finding {
    let whose = subject.isEmpty ? what : "\(what) (\(subject))"
    guard now >= notBefore else {
      return .failed(
        "\(whose) is valid only from \(CalendarDay(secondsSince1970: notBefore)) on.",
        "Check this machine's clock. If it is right: \(renewal)")
    }
    let day = CalendarDay(secondsSince1970: notAfter)
    guard now <= notAfter else {
      return .failed("\(whose) has expired: it was valid until \(day).", renewal)
    }
    let left = (notAfter - now) / Self.secondsOfADay
    let text = "\(whose) is valid until \(day), \(left == 1 ? "1 day" : "\(left) days") left"
    return left < Self.warningDays ? .warning(text, renewal) : .ok(text)
  }
}

/// A day of the Gregorian calendar in UTC, written `2026-11-27`.
struct CalendarDay: CustomStringConvertible, Equatable {
  var year: Int
  var month: Int
  var day: Int

  init(year: Int, month: Int, day: Int) {
    self.year = year
    self.month = month
    self.day = day
  }

  /// The day in which a second lies.
  init(secondsSince1970 seconds: Int) {
    let date = CivilDate(daysSinceEpoch: (seconds >= 0 ? seconds : seconds - 86_399) / 86_400)
    self.init(year: date.year, month: date.month, day: date.day)
  }

  var description: String { "\(year)-\(Self.twoDigits(month))-\(Self.twoDigits(day))" }

  private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
