import CassandraBytes
import Testing

@Suite struct CivilDateTests {
  @Test(
    arguments: [
      (0, 1970, 1, 1), (-1, 1969, 12, 31), (11_016, 2000, 2, 29), (20_780, 2026, 11, 23), (-719_528, 0, 1, 1),
      (-719_529, -1, 12, 31),
    ])
  func daysHaveDates(_ days: Int, _ year: Int, _ month: Int, _ day: Int) throws {
    let date = CivilDate(daysSinceEpoch: days)
    #expect((date.year, date.month, date.day) == (year, month, day))
    #expect(try #require(CivilDate(year: year, month: month, day: day)).daysSinceEpoch == days)
  }

  @Test(arguments: [(2026, 2, 29), (2026, 13, 1), (2026, 0, 1), (2026, 4, 31), (1900, 2, 29)])
  func daysThatNoMonthHas(_ year: Int, _ month: Int, _ day: Int) {
    #expect(CivilDate(year: year, month: month, day: day) == nil)
  }
}
