internal import Synchronization

/// The bytes that all connections of a node may hold together; see ``NodeLimits/memoryBytes``.
final class MemoryBudget: Sendable {
  /// Bytes in all.
  let limit: Int
  /// Bytes that have been given to the shares of loops.
  private let given = Atomic(0)
  /// Whether somebody goes beyond the limit.
  private let isOverdrawn = Atomic(false)

  init(limit: Int) { self.limit = limit }

  /// Bytes that have not been given away.
  var left: Int { limit - given.load(ordering: .relaxed) }

  /// Gives `count` bytes, unless more than `bound` would be given away then.
  func give(_ count: Int, within bound: Int) -> Bool {
    var present = given.load(ordering: .relaxed)
    while present + count <= bound {
      let (exchanged, original) = given.weakCompareExchange(
        expected: present, desired: present + count, ordering: .relaxed)
      if exchanged { return true }
      present = original
    }
    return false
  }

  /// Gives `count` bytes that are used already.
  func giveInAnyCase(_ count: Int) { given.add(count, ordering: .relaxed) }

  /// Takes bytes back.
  func takeBack(_ count: Int) { given.subtract(count, ordering: .relaxed) }

  /// Lets the caller go beyond the limit, unless somebody does already, or what somebody has made beyond it is still
  /// there; until ``endOverdraft()``.
  func beginOverdraft() -> Bool {
    guard given.load(ordering: .relaxed) <= limit - limit / 8 else { return false }
    return isOverdrawn.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
  }

  /// Lets somebody else go beyond the limit.
  func endOverdraft() { isOverdrawn.store(false, ordering: .relaxed) }
}

/// What one loop has of a ``MemoryBudget``: it takes pieces of it and gives them back, so that a request costs no
/// operation that other threads have to see.
final class MemoryShare {
  /// Bytes of which the budget is taken: 1 MiB.
  private static let pieceBytes = 1 << 20
  /// Bytes that a connection may take whatever the others hold: 64 KiB. Who asks for little is never refused for those who
  /// ask for much.
  static let freeBytes = 64 << 10
  /// Bytes up to which a connection may take from the part that is kept for small ones: 256 KiB.
  static let smallBytes = 256 << 10

  let budget: MemoryBudget
  /// Bytes that the loop's connections hold.
  private(set) var used = 0
  private var taken = 0

  init(of budget: MemoryBudget) { self.budget = budget }

  deinit { budget.takeBack(taken) }

  /// The part of the budget that somebody who holds so much may use.
  private func bound(_ holding: Int) -> Int {
    holding <= Self.smallBytes ? budget.limit : budget.limit - budget.limit / 8
  }

  /// Bytes that somebody could take who holds much already.
  var left: Int { taken - used + budget.left - budget.limit / 8 }

  /// Takes `count` bytes for somebody who will hold `holding` then; false when there are not as many.
  func take(_ count: Int, holding: Int) -> Bool {
    let missing = used + count - taken
    if missing > 0 {
      let pieces = (missing + Self.pieceBytes - 1) / Self.pieceBytes * Self.pieceBytes
      if budget.give(pieces, within: bound(holding)) {
        taken += pieces
      } else {
        if !budget.give(missing, within: bound(holding)) {
          guard holding <= Self.freeBytes else { return false }
          budget.giveInAnyCase(missing)
        }
        taken += missing
      }
    }
    used += count
    return true
  }

  /// Takes bytes that are there already.
  func takeInAnyCase(_ count: Int) {
    used += count
    guard used > taken else { return }
    budget.giveInAnyCase(used - taken)
    taken = used
  }

  /// Gives `count` bytes back.
  func giveBack(_ count: Int) {
    used -= count
    guard taken - used >= 2 * Self.pieceBytes else { return }
    let idle = taken - used - Self.pieceBytes
    taken -= idle
    budget.takeBack(idle)
  }
}
