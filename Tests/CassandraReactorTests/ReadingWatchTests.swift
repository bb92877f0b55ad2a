import Testing

@testable import CassandraReactor

@Suite struct ReadingWatchTests {
  @Test func whoTakesNothingIsDue() {
    var watch = ReadingWatch(limit: .seconds(30), slowestBytesPerSecond: 1000)
    watch.note(acknowledged: 0, waiting: 100_000, now: 5_000)
    for now in stride(from: UInt64(6_000), through: 34_000, by: 1_000) {
      watch.note(acknowledged: 0, waiting: 100_000, now: now)
    }
    #expect(watch.due == 35_000)
  }

  /// What waits in the program does not move for minutes while the kernel's buffer is emptied.
  @Test func bytesThatAreAcknowledgedCount() {
    var watch = ReadingWatch(limit: .seconds(30), slowestBytesPerSecond: 1000)
    watch.note(acknowledged: 0, waiting: 5_000_000, now: 0)
    for second in UInt64(1)...600 {
      watch.note(acknowledged: second * 2_000, waiting: 5_000_000, now: second * 1_000)
      #expect((watch.due ?? 0) > second * 1_000 + 30_000)
    }
  }

  /// A system acknowledges when its program has read half of a buffer, which takes a slow one longer than the limit.
  @Test func aLargeStepMayTakeAsLong() {
    var watch = ReadingWatch(limit: .seconds(30), slowestBytesPerSecond: 1000)
    watch.note(acknowledged: 0, waiting: 5_000_000, now: 0)
    watch.note(acknowledged: 65_536, waiting: 5_000_000, now: 500)
    #expect(watch.due == 500 + 30_000 + 65_536)
    watch.note(acknowledged: 10_000_000, waiting: 5_000_000, now: 1_000)
    #expect(watch.due == 1_000 + 30_000 + ReadingWatch.longestStep)
  }

  @Test func nothingIsDueWhereNothingWaits() {
    var watch = ReadingWatch(limit: .seconds(30), slowestBytesPerSecond: 1000)
    #expect(watch.due == nil)
    watch.note(acknowledged: 10, waiting: 10, now: 1)
    watch.note(acknowledged: 20, waiting: 0, now: 2)
    #expect(watch.due == nil && !watch.isWaiting)
    watch.note(acknowledged: 20, waiting: 5, now: 90_000)
    #expect(watch.due == 120_000)
  }
}
