import CassandraDice
import CassandraHTTP
import Testing

@Suite struct HTTPDateTests {
  private let now = HTTPDate(secondsSince1970: 1_750_000_000)  // 2025

  @Test(arguments: [
    (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
    (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
    (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
    (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"), (-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT"),
  ])
  func knownDates(_ seconds: Int, _ text: String) {
    let date = HTTPDate(secondsSince1970: seconds)
    #expect("\(date)" == text)
    #expect(HTTPDate(parsing: text, now: now) == date)
  }

  @Test func whatIsOutOfRangeIsTheNearest() {
    #expect("\(HTTPDate(secondsSince1970: .max))" == "Fri, 31 Dec 9999 23:59:59 GMT")
    #expect("\(HTTPDate(secondsSince1970: .min))" == "Mon, 01 Jan 0001 00:00:00 GMT")
  }

  @Test func everyFormatOfTheSameSecond() {
    let date = HTTPDate(secondsSince1970: 784_111_777)
    for text in [
      "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ] {
      #expect(HTTPDate(parsing: text, now: now) == date)
    }
    #expect(HTTPDate(parsing: "Wed Nov 16 08:49:37 1994", now: now) == HTTPDate(secondsSince1970: 784_975_777))
  }

  @Test func yearsOfTwoDigitsAreNearNow() {
    let soon = HTTPDate(parsing: "Thursday, 06-Nov-42 08:49:37 GMT", now: now)
    #expect(soon.map { "\($0)" } == "Thu, 06 Nov 2042 08:49:37 GMT")
    let old = HTTPDate(secondsSince1970: 915_148_800)  // 1999
    let next = HTTPDate(parsing: "Tuesday, 06-Nov-01 08:49:37 GMT", now: old)
    #expect(next.map { "\($0)" } == "Tue, 06 Nov 2001 08:49:37 GMT")
  }

  @Test func aLeapSecondIsTheNextMinute() {
    let date = HTTPDate(parsing: "Sat, 31 Dec 2016 23:59:60 GMT", now: now)
    #expect(date.map { "\($0)" } == "Sun, 01 Jan 2017 00:00:00 GMT")
  }

  @Test(arguments: [
    "", "Sun", "0", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
    "sun, 06 nov 1994 08:49:37 gmt", "Sun, 06 Nov 1994 08:49:37 GMT ", " Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
    "Wed, 30 Feb 2000 00:00:00 GMT", "Thu, 29 Feb 2001 00:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
    "Sun, 06 Nov 0000 08:49:37 GMT", "Sun Nov 06 08:49:37 94", "Sun, +6 Nov 1994 08:49:37 GMT",
  ])
  func whatIsNoDate(_ text: String) { #expect(HTTPDate(parsing: text, now: now) == nil) }

  @Test func roundTrips() {
    var random = Dice(seed: 3)
    for _ in 0..<5_000 {
      let date = HTTPDate(secondsSince1970: Int.random(in: -62_135_596_800...253_402_300_799, using: &random))
      #expect(HTTPDate(parsing: date.description, now: now) == date)
    }
  }

  @Test func everyDayOfACenturyFollowsTheOneBefore() {
    var previous = HTTPDate(secondsSince1970: 0)
    for day in 1..<36_525 {
      let date = HTTPDate(secondsSince1970: day * 86_400)
      #expect(previous < date && HTTPDate(parsing: "\(date)", now: now) == date)
      previous = date
    }
    #expect("\(previous)" == "Tue, 31 Dec 2069 00:00:00 GMT")
  }
}
