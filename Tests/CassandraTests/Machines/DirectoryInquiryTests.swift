import Testing

@testable import Cassandra

/// Transcripts: what is told, and what is to be done then. The waits are 250 ms, 500 ms, … 30 s.
@Suite struct DirectoryInquiryTests {
  private func inquiry() -> DirectoryInquiry {
    DirectoryInquiry(ReconnectionPolicy(first: .milliseconds(250), longest: .seconds(30)))
  }

  @Test func itAsksAtTheStartAndRestsAfterAnAnswer() {
    var inquiry = inquiry()
    #expect(inquiry.next(now: 1000) == .ask)
    inquiry.answered()
    #expect(inquiry.next(now: 1100) == .wait(until: .max))
  }

  @Test func itAsksAgainAfterFailuresWithLongerAndLongerWaits() {
    var inquiry = inquiry()
    var now: UInt64 = 1000
    for wait: UInt64 in [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000] {
      #expect(inquiry.next(now: now) == .ask)
      inquiry.failed(now: now, chance: 1)
      #expect(inquiry.next(now: now + 1) == .wait(until: now + wait))
      now += wait
    }
  }

  @Test func itAsksAgainWhenNoNodeCanBeReached() {
    var inquiry = inquiry()
    #expect(inquiry.next(now: 1000) == .ask)
    inquiry.answered()
    // Nobody was reached since the question, so the next one waits as after a failure.
    #expect(inquiry.nodesAreAway(now: 1010, chance: 1) == true)
    #expect(inquiry.next(now: 1010) == .wait(until: 1250))
    // Another loop finds the same: that changes nothing.
    #expect(inquiry.nodesAreAway(now: 1020, chance: 0) == false)
    #expect(inquiry.next(now: 1250) == .ask)
    // Nor does it while the question is under way.
    #expect(inquiry.nodesAreAway(now: 1260, chance: 1) == false)
    inquiry.answered()
    #expect(inquiry.nodesAreAway(now: 1270, chance: 1) == true)
    #expect(inquiry.next(now: 1270) == .wait(until: 1750))
  }

  @Test func aReachedNodeMakesTheNextQuestionPrompt() {
    var inquiry = inquiry()
    for _ in 0..<5 {
      #expect(inquiry.next(now: 1_000_000) == .ask)
      inquiry.failed(now: 0, chance: 1)
    }
    #expect(inquiry.next(now: 1_000_000) == .ask)
    inquiry.answered()
    inquiry.nodeWasReached()
    #expect(inquiry.nodesAreAway(now: 2_000_000, chance: 1) == true)
    #expect(inquiry.next(now: 2_000_000) == .ask)
  }

  @Test func aNodeThatStaysAwayIsAskedAboutNowAndThen() {
    var inquiry = inquiry()
    #expect(inquiry.next(now: 1000) == .ask)
    inquiry.answered()
    inquiry.nodeWasReached()
    #expect(inquiry.nodeIsAway(failures: 4, now: 100_000) == false)
    #expect(inquiry.nodeIsAway(failures: 5, now: 60_999) == false)
    #expect(inquiry.nodeIsAway(failures: 5, now: 61_000) == true)
    #expect(inquiry.nodeIsAway(failures: 6, now: 61_000) == false)
    #expect(inquiry.next(now: 61_000) == .ask)
    inquiry.answered()
    #expect(inquiry.nodeIsAway(failures: 7, now: 62_000) == false)
  }
}
