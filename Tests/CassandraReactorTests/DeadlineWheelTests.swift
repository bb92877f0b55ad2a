import CassandraDice
import Testing

@testable import CassandraReactor

@Suite struct DeadlineWheelTests {
  @Test func firesInOrderAndNeverEarly() {
    var wheel = DeadlineWheel<Int>(now: 1000)
    for due in [1001, 1064, 1065, 5096, 5097, 300_000, 20_000_000, 1000, 3] {
      _ = wheel.insert(due, due: UInt64(due))
    }
    var passed: [Int] = []
    while let next = wheel.nextDue {
      // The earliest date may be a slot's beginning, where entries only move down.
      if let due = wheel.popExpired(at: next) {
        #expect(UInt64(due) <= next)
        passed.append(due)
      }
    }
    #expect(passed.sorted() == [3, 1000, 1001, 1064, 1065, 5096, 5097, 300_000, 20_000_000])
    #expect(passed.filter { $0 > 1000 } == passed.filter { $0 > 1000 }.sorted())
    #expect(wheel.count == 0)
  }

  @Test func aCancelledOneDoesNotFireAndItsKeyIsDead() {
    var wheel = DeadlineWheel<String>(now: 0)
    let first = wheel.insert("first", due: 10)
    let cancelled = wheel.cancel(first)
    #expect(cancelled == "first")
    let again = wheel.cancel(first)
    #expect(again == nil)
    let second = wheel.insert("second", due: 10)
    let stale = wheel.cancel(first)
    #expect(stale == nil, "the key of a cancelled deadline must not reach the one that took its place")
    #expect(first != second)
    let fired = wheel.popExpired(at: 10)
    #expect(fired == "second")
  }

  /// Against a plain list, over times that step by one and by hours.
  @Test(arguments: 0..<20) func agreesWithAList(_ seed: UInt64) {
    var random = Dice(seed: seed)
    var wheel = DeadlineWheel<Int>(now: random.below(1 << 40))
    var now = wheel.now
    var expected: [Int: UInt64] = [:]
    var keys: [Int: DeadlineKey] = [:]
    for step in 0..<3000 {
      switch random.below(4) {
      case 0, 1:
        let due = now + (1 << random.below(30)) + random.below(100)
        keys[step] = wheel.insert(step, due: due)
        expected[step] = due
      case 2:
        if let victim = expected.keys.sorted().randomElement(using: &random), let key = keys[victim] {
          let payload = wheel.cancel(key)
          #expect(payload == victim)
          expected[victim] = nil
        }
      default:
        now += random.below(2) == 0 ? random.below(5) : 1 << random.below(28)
        while let fired = wheel.popExpired(at: now) {
          guard let due = expected.removeValue(forKey: fired) else {
            Issue.record("\(fired) fired twice or after it was cancelled")
            return
          }
          #expect(due <= now)
        }
        let late = expected.filter { $0.value <= now }
        #expect(late.isEmpty, "seed \(seed), step \(step): \(late) did not fire at \(now)")
        if let nextDue = wheel.nextDue, let earliest = expected.values.min() { #expect(nextDue <= earliest) }
      }
    }
    #expect(wheel.count == expected.count)
  }
}

extension Dice {
  mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }
}
