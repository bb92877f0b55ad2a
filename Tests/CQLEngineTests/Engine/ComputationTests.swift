import CassandraBytes
import CassandraDice
import CassandraWire
import Testing

@testable import CQLEngine

/// What the corpus cannot say by examples: laws of long numbers, and what is bounded.
@Suite(.timeLimit(.minutes(5))) struct ComputationTests {
  private static func number(_ dice: inout Dice, words: Int) -> BigInteger {
    // Words at their ends are where carries and estimates go wrong.
    let values = (0..<words).map { _ -> UInt32 in
      switch dice.number(0...3) {
      case 0: 0
      case 1: .max
      case 2: 1 << 31
      default: UInt32(truncatingIfNeeded: dice.next())
      }
    }
    return BigInteger(isNegative: dice.number(0...1) == 0, words: values)
  }

  @Test func quotientsAndRemaindersMakeTheDividend() {
    var dice = Dice(seed: 17)
    for _ in 0..<20_000 {
      let dividend = Self.number(&dice, words: 1 + dice.number(0...8))
      let divisor = Self.number(&dice, words: 1 + dice.number(0...5))
      guard !divisor.isZero else { continue }
      let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
      var sum = quotient * divisor
      sum.add(remainder)
      #expect(sum.twosComplement == dividend.twosComplement)
      #expect(remainder.isSmaller(than: divisor))
      #expect(remainder.isZero || remainder.isNegative == dividend.isNegative)
    }
  }

  @Test func digitsAreThoseOfTheText() {
    var dice = Dice(seed: 18)
    for words in 0..<200 {
      let number = Self.number(&dice, words: 1 + words / 4)
      let text = CQLVarint(twosComplement: number.twosComplement.span).description
      #expect(number.digits == text.utf8.count - (number.isNegative ? 1 : 0))
    }
    for power in 1..<80 {
      var number = BigInteger(1)
      number.multiply(byPowerOfTen: power)
      #expect(number.digits == power + 1)
      number.add(BigInteger(-1))
      #expect(number.digits == power)
    }
  }

  /// Java counts a month at a time; so does this, day by day over the calendar's reform.
  @Test func monthsAreThoseOfTheCalendar() {
    let day: Int64 = 86_400_000
    var moment: Int64 = -141_427 * day - 800 * day
    for _ in 0..<1_600 {
      let (year, month, dayOfMonth, _) = CalendarMonths.date(moment)
      let moved = CalendarMonths.date(CalendarMonths.moved(moment, by: 1))
      #expect(moved.year * 12 + moved.month == year * 12 + month + 1)
      // The ten days that October 1582 does not have are counted on behind it, as Java counts them.
      #expect(moved.day <= dayOfMonth + (moved.year == 1582 && moved.month == 10 ? 10 : 0))
      let back = CalendarMonths.date(CalendarMonths.moved(moment, by: -12))
      #expect(back.year == year - 1 && back.month == month)
      moment += day
    }
    // The ends of the range are computed with, and nothing traps.
    for end in [Int64.min, .max] {
      for months: Int64 in [-1, 1, Int64(Int32.min), Int64(Int32.max)] { _ = CalendarMonths.moved(end, by: months) }
    }
  }

  @Test func longNumbersAreRefused() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, v varint, m decimal)")
    let scale: [UInt8] = [0x88, 0xca, 0x6c, 0x00]
    _ = try await node.page(
      "INSERT INTO t (k, v, m) VALUES (1, ?, ?)",
      values: [.bytes([1] + Array(repeating: 0, count: 5_000)), .bytes(scale + [1])])
    for expression in ["v * v", "v / 3", "v % v", "m + 1", "m * m", "m / 3", "m % 7", "m - v"] {
      await #expect("\(expression)") { try await node.run("SELECT \(expression) FROM t") } throws: { error in
        (error as? EngineFailure)?.response.code == .functionFailure
      }
    }
    #expect(try await node.run("SELECT v - v, -m FROM t") == "0 -1E+2000000000")
  }

  @Test func deepJSONIsRefused() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TABLE t (k int PRIMARY KEY, x text)")
    let deep = String(repeating: "[", count: 100_000)
    for text in ["{\"k\": 1, \"x\": \(deep)", deep] {
      await #expect { try await node.run("INSERT INTO t JSON '\(text)'") } throws: { error in
        (error as? EngineFailure)?.response.code == .invalid
      }
    }
  }

  /// What a parser must never do with the text of a stranger is trap.
  @Test func anyJSONIsAnswered() {
    var dice = Dice(seed: 19)
    let seeds = [
      #"{"k": 1, "x": "a\u00e9\ud83d\ude00\n", "l": [1, -2.5e3, null, true, false, {"a": {}}]}"#, "[1, \"\\ud800\"]",
      "-0", "1e999", "\"\\u12", "tru", "{\"a\":", "[[[", "NaN", "+1",
    ]
    for _ in 0..<20_000 {
      var bytes = Array(seeds[dice.number(0...seeds.count - 1)].utf8)
      for _ in 0..<1 + dice.number(0...2) where !bytes.isEmpty {
        switch dice.number(0...2) {
        case 0: bytes.remove(at: dice.number(0...bytes.count - 1))
        case 1: bytes.insert(UInt8(dice.number(0...255)), at: dice.number(0...bytes.count - 1))
        default: bytes = Array(bytes.prefix(dice.number(0...bytes.count - 1)))
        }
      }
      do throws(JSONSyntaxProblem) {
        _ = try JSONParser.parse(bytes).text
      } catch {
        #expect(!error.described.isEmpty)
      }
    }
  }

  /// A row of JSON that is written reads back as the row.
  @Test func writtenJSONReadsBack() async throws {
    let node = try await TestNode.withKeyspace()
    try await node.run("CREATE TYPE u (a int, \"B\" text)")
    try await node.run(
      "CREATE TABLE t (k int PRIMARY KEY, x text, \"Q\"\"q\" int, m map<text, frozen<list<double>>>, s set<blob>, f frozen<u>, "
        + "ts timestamp, d decimal, ve vector<float, 2>, mt map<frozen<tuple<int, text>>, date>)")
    try await node.run(
      "INSERT INTO t (k, x, \"Q\"\"q\", m, s, f, ts, d, ve, mt) VALUES (1, 'a\"\\ é', 5, {'k\"': [1.5, -0.0]}, {0x00ff, 0x}, "
        + "{a: 1, \"B\": 'x'}, -1, 1.5E-10, [1, 2.5], {(1, '\"'): '2024-02-29'})")
    let before = try await node.run("SELECT * FROM t")
    let json = try await node.page("SELECT JSON * FROM t").rows[0][0]
    guard case .text(let text) = json else { throw TestFailure("no text") }
    try await node.run("TRUNCATE t")
    _ = try await node.page("INSERT INTO t JSON ?", values: [.bytes(Array(text.utf8))])
    #expect(try await node.run("SELECT * FROM t") == before)
  }
}
