import Testing

@testable import Cassandra

@Suite struct HedgingTests {
  private static let limits = Hedging.Limits(attempt: 2000, silence: 500)

  @Test func anAttemptHasItsTime() {
    var hedging = Hedging(Self.limits, began: 100)
    // The node speaks all the time, to others.
    #expect(hedging.reason(now: 2099, quietSince: 2090) == nil)
    #expect(hedging.reason(now: 2100, quietSince: 2090) == .attemptTimedOut)
    hedging.wentOn(.attemptTimedOut, now: 2100)
    #expect(hedging.reason(now: 2101, quietSince: 2090) == nil)
    #expect(hedging.reason(now: 4100, quietSince: 4090) == .attemptTimedOut)
  }

  @Test func silenceOfTheNodeIsNotWaitedFor() {
    let hedging = Hedging(Self.limits, began: 1000)
    #expect(hedging.reason(now: 1499, quietSince: 900) == nil)
    #expect(hedging.reason(now: 1500, quietSince: 900) == .nodeIsSilent)
    #expect(hedging.reason(now: 1599, quietSince: 1100) == nil)
    #expect(hedging.reason(now: 1600, quietSince: 1100) == .nodeIsSilent)
    #expect(hedging.reason(now: 1900, quietSince: nil) == nil)
    #expect(hedging.nextLook(now: 1200, quietSince: 1100) == 1600)
    #expect(hedging.nextLook(now: 2900, quietSince: 2800) == 3000)
  }

  @Test func speculationIsBounded() {
    var hedging = Hedging(
      Hedging.Limits(attempt: 2000, silence: 500, speculation: 100, speculations: 2), began: 0)
    #expect(hedging.nextLook(now: 10, quietSince: 5) == 100)
    for began in [UInt64(0), 100] {
      #expect(hedging.reason(now: began + 99, quietSince: nil) == nil)
      #expect(hedging.reason(now: began + 100, quietSince: nil) == .speculation)
      hedging.wentOn(.speculation, now: began + 100)
    }
    #expect(hedging.reason(now: 300, quietSince: nil) == nil)
    #expect(hedging.reason(now: 2200, quietSince: nil) == .attemptTimedOut)
  }

  @Test func whatIsNotIdempotentWaits() {
    let hedging = Hedging(nil, began: 0)
    #expect(hedging.reason(now: 1 << 40, quietSince: 0) == nil)
    #expect(hedging.nextLook(now: 5, quietSince: 0) == .max)
  }

  @Test func attemptsAreBounded() {
    var hedging = Hedging(Self.limits, began: 0)
    for attempt in 1..<Hedging.maximumAttempts {
      let now = UInt64(attempt) * 2000
      #expect(hedging.reason(now: now, quietSince: nil) == .attemptTimedOut)
      hedging.wentOn(.attemptTimedOut, now: now)
    }
    #expect(hedging.reason(now: 1 << 40, quietSince: 0) == nil)
    #expect(hedging.nextLook(now: 1 << 40, quietSince: 0) == .max)
  }

  @Test func withoutAnotherNodeItIsLookedAgain() {
    var hedging = Hedging(Self.limits, began: 0)
    hedging.couldNot(now: 2000)
    #expect(hedging.reason(now: 2099, quietSince: nil) == nil)
    #expect(hedging.nextLook(now: 2000, quietSince: nil) == 2100)
    #expect(hedging.reason(now: 2100, quietSince: nil) == .attemptTimedOut)
  }

  @Test func theFirstLookIsTheEarliest() {
    #expect(Self.limits.first == 2000)
    #expect(Hedging.Limits(attempt: 2000, silence: 500, speculation: 100, speculations: 1).first == 100)
    #expect(Hedging.Limits(attempt: 2000, silence: 500, speculation: 0, speculations: 0).first == 2000)
  }

  @Test func theBudgetIsATenth() {
    var budget = HedgingBudget()
    var spent = 0
    while budget.spend() { spent += 1 }
    #expect(spent == HedgingBudget.inAdvance)
    for _ in 0..<1000 {
      budget.earn()
      if budget.spend() { spent += 1 }
    }
    #expect(spent == HedgingBudget.inAdvance + 100)
    for _ in 0..<100_000 { budget.earn() }
    spent = 0
    while budget.spend() { spent += 1 }
    #expect(spent == HedgingBudget.inAdvance)
  }
}

@Suite struct ConnectionPulseTests {
  private let pulse = ConnectionPulse(interval: 30_000, patience: 5000, timeout: 2000)

  @Test func anIdleConnectionIsAskedNowAndThen() {
    var pulse = pulse
    var actions: [ConnectionPulse.Action] = []
    actions.append(pulse.next(now: 0, heard: 0, owesSince: nil))
    actions.append(pulse.next(now: 29_999, heard: 0, owesSince: nil))
    actions.append(pulse.next(now: 30_000, heard: 0, owesSince: nil))
    actions.append(pulse.next(now: 30_001, heard: 0, owesSince: 30_000))
    // It has answered.
    actions.append(pulse.next(now: 32_000, heard: 30_010, owesSince: nil))
    #expect(
      actions == [
        .wait(until: 5000), .wait(until: 30_000), .ask, .wait(until: 32_000), .wait(until: 37_000),
      ])
  }

  @Test func oneThatOwesAnswersIsAskedSoonerAndReplaced() {
    var pulse = pulse
    var actions: [ConnectionPulse.Action] = []
    actions.append(pulse.next(now: 1000, heard: 900, owesSince: 950))
    actions.append(pulse.next(now: 5950, heard: 900, owesSince: 950))
    actions.append(pulse.next(now: 7949, heard: 900, owesSince: 950))
    actions.append(pulse.next(now: 7950, heard: 900, owesSince: 950))
    #expect(actions == [.wait(until: 5950), .ask, .wait(until: 7950), .replace])
  }

  @Test func anySignOfLifeCounts() {
    var pulse = pulse
    var actions: [ConnectionPulse.Action] = []
    actions.append(pulse.next(now: 5000, heard: 0, owesSince: 0))
    // The answer to another request; the one in question is slow.
    actions.append(pulse.next(now: 7000, heard: 6000, owesSince: 6000))
    actions.append(pulse.next(now: 11_000, heard: 6000, owesSince: 6000))
    #expect(actions == [.ask, .wait(until: 11_000), .ask])
  }

  @Test func shortIntervalsCountForBoth() {
    var pulse = ConnectionPulse(interval: 10, patience: 5000, timeout: 2000)
    let first = pulse.next(now: 10, heard: 0, owesSince: 9)
    #expect(first == .ask)
  }
}
