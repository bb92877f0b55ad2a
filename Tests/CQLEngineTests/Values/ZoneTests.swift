import CassandraDice
import Testing

@testable import CQLEngine

/// The distances of zones, from a file that is made here.
@Suite struct ZoneTests {
  private static func number(_ value: Int64, bytes count: Int) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) }
  }

  private static func header(times: Int, types: Int) -> [UInt8] {
    var bytes = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
    for count in [0, 0, 0, times, types, 4] { bytes += number(Int64(count), bytes: 4) }
    return bytes
  }

  /// A file with an empty part of 32 bits, these changes to types, the types' distances, and a rule.
  private static func file(_ changes: [(Int64, UInt8)], _ offsets: [Int64], rule: String) -> [UInt8] {
    var bytes = header(times: 0, types: 0) + Array("abc\0".utf8)
    bytes += header(times: changes.count, types: offsets.count)
    for (at, _) in changes { bytes += number(at, bytes: 8) }
    bytes += changes.map(\.1)
    for offset in offsets { bytes += number(offset, bytes: 4) + [0, 0] }
    return bytes + Array("abc\0\n\(rule)\n".utf8)
  }

  /// Local mean time, then winter from 0 on, summer from 1,000,000 on, winter from 2,000,000 on, and a rule behind.
  private static let bytes = file(
    [(0, 1), (1_000_000, 2), (2_000_000, 1)], [561, 3600, 7200], rule: "CET-1CEST,M3.5.0,M10.5.0/3")

  @Test func aTimeIsFoundBetweenChanges() throws {
    let rules = try #require(ZoneRules(Self.bytes))
    #expect(rules.offset(atLocal: -10) == 561)
    #expect(rules.offset(atLocal: 3600) == 3600)
    // An hour is left out, and counts as if the clocks had not been changed.
    #expect(rules.offset(atLocal: 1_003_599) == 3600)
    #expect(rules.offset(atLocal: 1_005_000) == 3600)
    #expect(rules.offset(atLocal: 1_007_200) == 7200)
    // An hour comes twice, and the first one is meant.
    #expect(rules.offset(atLocal: 2_007_199) == 7200)
    #expect(rules.offset(atLocal: 2_007_200) == 3600)
  }

  /// 2100-03-28 and 2100-10-31 are the last Sundays of their months.
  @Test func behindTheLastChangeARuleHolds() throws {
    let rules = try #require(ZoneRules(Self.bytes))
    let march: Int64 = 4_109_875_200
    let october: Int64 = 4_128_624_000
    #expect(rules.offset(atLocal: march + 3 * 3600 - 1) == 3600)
    #expect(rules.offset(atLocal: march + 3 * 3600) == 7200)
    #expect(rules.offset(atLocal: october + 3 * 3600 - 1) == 7200)
    #expect(rules.offset(atLocal: october + 3 * 3600) == 3600)
  }

  @Test(arguments: [
    ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 4_102_444_800, 39_600),  // in January it is summer in the south
    ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 4_118_083_200, 37_800),
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 4_118_083_200, -3600),  // a change on the evening before
    ("EST5", 4_118_083_200, -18_000),
    ("XXX3YYY,J60/0,J300/0", 4_107_546_000, -7200),  // the 1st of March, in a year without a leap day
    ("XXX3YYY,59/0,300/0", 4_107_546_000, -7200),
    ("XXX3YYY,60/0,300/0", 4_107_546_000, -10_800),
  ])
  func rulesAreReadAsPOSIXWritesThem(rule: String, local: Int64, offset: Int64) throws {
    let rules = try #require(ZoneRules(Self.file([], [0], rule: rule)))
    #expect(rules.offset(atLocal: local) == offset)
  }

  @Test(arguments: [
    "", "CET", "CET-", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x",
  ])
  func whatIsNoRuleIsNone(text: String) { #expect(YearlyRule(text.utf8) == nil) }

  /// A file that is damaged gives other distances or none, and never more.
  @Test func damagedFilesHarmNobody() {
    for count in 0..<Self.bytes.count { _ = ZoneRules(Array(Self.bytes.prefix(count)))?.offset(atLocal: 4_118_083_200) }
    var dice = Dice(seed: 7)
    for _ in 0..<20_000 {
      var bytes = Self.bytes
      for _ in 0..<Int.random(in: 1...4, using: &dice) {
        bytes[Int.random(in: bytes.indices, using: &dice)] = UInt8.random(in: 0...255, using: &dice)
      }
      let rules = ZoneRules(bytes)
      for local: Int64 in [-200_000_000_000, 0, 1_500_000, 4_118_083_200, 253_402_300_799] {
        _ = rules?.offset(atLocal: local)
      }
    }
  }

  @Test(arguments: [
    "../etc/passwd", "Europe/../UTC", "/UTC", "Europe//Paris", "europe/paris", "posix/UTC", "", "U\0TC",
  ])
  func nothingButNamesOfZonesIsOpened(name: String) { #expect(ZoneDatabase.rules(of: Array(name.utf8)) == nil) }

  @Test(.enabled(if: ZoneDatabase.rules(of: Array("Europe/Paris".utf8)) != nil, "there is no database of zones"))
  func theSystemsDatabaseIsRead() throws {
    #expect(TimestampText.milliseconds("2020-01-01 00:00 Europe/Paris") == 1_577_833_200_000)
    #expect(TimestampText.milliseconds("2020-07-01 00:00 Europe/Paris") == 1_593_554_400_000)
    #expect(TimestampText.milliseconds("2020-01-01 00:00 Europe/Nowhere") == nil)
  }
}
