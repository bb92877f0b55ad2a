import Testing

@testable import Cassandra

@Suite struct HedgingTests {
  private static let limits = Hedging.Limits(attempt: 2000, silence: 500)

  @Test func anAttemptHasItsTime() {
    var hedging = Hedging(Self.limits, began: 100)
    // The node speaks all the time, to others.
    #expect(hedging.reason(now: 2099, quietSince: 2090) == nil)
    #expect(hedging.reason(now: 2100, quietSince: 2090) == .attemptTimedOut)
    hedging.wentOn(.attemptTimedOut, now: 2100, Self.limits)
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
    let limits = Hedging.Limits(attempt: 2000, silence: 500, speculation: 100, speculations: 2)
    var hedging = Hedging(limits, began: 0)
    #expect(hedging.nextLook(now: 10, quietSince: 5) == 100)
    for began in [UInt64(0), 100] {
      #expect(hedging.reason(now: began + 99, quietSince: nil) == nil)
      #expect(hedging.reason(now: began + 100, quietSince: nil) == .speculation)
      hedging.wentOn(.speculation, now: began + 100, limits)
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
      hedging.wentOn(.attemptTimedOut, now: now, Self.limits)
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

  @Test func aPercentileIsThatOfTheNode() {
    let limits = Hedging.Limits(
      attempt: 2000, silence: 500, speculation: 1000, speculations: 1, percentile: .init(share: 0.99, least: 10))
    var shares: [Double] = []
    func resolved(_ latency: UInt64?) -> UInt64? {
      limits.resolved {
        shares.append($0)
        return latency
      }.speculation
    }
    #expect(resolved(nil) == 1000)
    #expect(resolved(3_000) == 10)
    #expect(resolved(70_001) == 71)
    #expect(resolved(5_000_000) == 1000)
    #expect(shares == [0.99, 0.99, 0.99, 0.99])
    #expect(Self.limits.resolved { _ in 1 } == Self.limits)
    // The next attempt is judged by its own node.
    var hedging = Hedging(limits, began: 0)
    hedging.began(now: 0, limits.resolved { _ in 70_000 })
    #expect(hedging.reason(now: 69, quietSince: nil) == nil)
    #expect(hedging.reason(now: 70, quietSince: nil) == .speculation)
    hedging.began(now: 100, limits.resolved { _ in 200_000 })
    #expect(hedging.reason(now: 299, quietSince: nil) == nil)
    #expect(hedging.reason(now: 300, quietSince: nil) == .speculation)
  }

  @Test(arguments: [0, 1, -0.5, 1.5, Double.nan]) func aPercentileIsAShare(_ share: Double) throws {
    let options = QueryOptions(speculation: .percentile(share))
    do {
      _ = try ResolvedOptions(options)
      Issue.record("\(share) was taken")
    } catch { #expect(error.code == .configuration) }
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

@Suite struct RecentLatenciesTests {
  @Test func onlyWhatWasLatelyCounts() {
    var histogram = LatencyHistogram()
    var recent = RecentLatencies()
    var now: UInt64 = 10_000_000
    #expect(recent.percentile(0.5, of: histogram, now: now) == nil)
    for _ in 0..<99 { histogram.record(microseconds: 1000) }
    now += RecentLatencies.period
    #expect(recent.percentile(0.5, of: histogram, now: now) == nil)
    histogram.record(microseconds: 1000)
    let first = recent.percentile(0.5, of: histogram, now: now)
    #expect(first.map { (1000...1250).contains($0) } == true)
    // A slower node; what it did before does not make it look fast.
    for _ in 0..<100 { histogram.record(microseconds: 50_000) }
    #expect(recent.percentile(0.5, of: histogram, now: now + 1) == first)
    now += RecentLatencies.period
    let second = recent.percentile(0.5, of: histogram, now: now)
    #expect(second.map { (50_000...62_500).contains($0) } == true)
    #expect(recent.percentile(0.01, of: histogram, now: now) == second)
    // With few answers it stays as it was.
    histogram.record(microseconds: 1)
    #expect(recent.percentile(0.5, of: histogram, now: now + 10 * RecentLatencies.period) == second)
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
