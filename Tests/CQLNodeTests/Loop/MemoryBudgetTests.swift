import Testing

@testable import CQLNode

@Suite struct MemoryBudgetTests {
  @Test func theLargeLeaveAnEighthToTheSmall() {
    let share = MemoryShare(of: MemoryBudget(limit: 16 << 20))
    #expect(share.take(14 << 20, holding: 14 << 20))
    #expect(!share.take(1, holding: 1 << 20))
    #expect(share.take(2 << 20, holding: MemoryShare.smallBytes))
    #expect(!share.take(1, holding: MemoryShare.smallBytes))
  }

  /// When all is taken, a little is still given to everybody, and counted.
  @Test func aLittleIsNeverRefused() {
    let budget = MemoryBudget(limit: 1 << 20)
    let share = MemoryShare(of: budget)
    share.takeInAnyCase(3 << 20)
    #expect(!share.take(1, holding: MemoryShare.freeBytes + 1))
    for _ in 0..<10 { #expect(share.take(MemoryShare.freeBytes, holding: MemoryShare.freeBytes)) }
    #expect(share.used == 3 << 20 + 10 * MemoryShare.freeBytes)
    #expect(budget.left == (1 << 20) - share.used)
  }

  /// Who goes beyond the budget is one, and none comes after it while that is still there.
  @Test func nothingGoesBeyondTheBudgetTwice() {
    let budget = MemoryBudget(limit: 16 << 20)
    let share = MemoryShare(of: budget)
    #expect(share.take(14 << 20, holding: 14 << 20))
    #expect(budget.beginOverdraft())
    #expect(!budget.beginOverdraft())
    share.takeInAnyCase(5 << 20)
    budget.endOverdraft()
    #expect(!budget.beginOverdraft())
    share.giveBack(5 << 20)
    // What the share keeps for the next request is not given back.
    share.giveBack(2 << 20)
    #expect(budget.beginOverdraft())
  }
}
