import CassandraDice
import Testing

@testable import Cassandra

/// What is done to keep a node connected.
struct NodeKeepingTests {
  private let policy = ReconnectionPolicy(first: .milliseconds(250), longest: .seconds(30))

  @Test func failuresMakeTheWaitsLonger() {
    var node = NodeKeeping(policy, isWanted: true)
    #expect(!node.isKept)
    #expect(node.begin(delay: .zero) == .connect)
    #expect(node.isKept && !node.wasTried)
    #expect(node.failed(chance: 1) == .pause(.milliseconds(250)))
    #expect(node.wasTried)
    #expect(node.paused() == .connect)
    #expect(node.failed(chance: 1) == .pause(.milliseconds(500)))
    #expect(node.failures == 2)
  }

  @Test func newsEndTheWaitsAndBeginThemAnew() {
    var node = NodeKeeping(policy, isWanted: true)
    #expect(node.begin(delay: .zero) == .connect)
    for _ in 0..<5 {
      guard case .pause = node.failed(chance: 1) else {
        Issue.record("no pause")
        return
      }
      #expect(node.paused() == .connect)
    }
    // While an attempt is under way: there is no wait after it.
    node.wake()
    #expect(node.failed(chance: 1) == .connect)
    #expect(node.failed(chance: 1) == .pause(.milliseconds(250)))
    // During a wait: the next one is the first again.
    node.wake()
    #expect(node.paused() == .connect)
    #expect(node.failed(chance: 1) == .pause(.milliseconds(250)))
  }

  @Test func aLostConnectionIsReplacedAtOnceUnlessItServedNobody() {
    var node = NodeKeeping(policy, isWanted: true)
    _ = node.begin(delay: .zero)
    node.connected(now: 1000)
    #expect(node.wasTried)
    #expect(node.lost(now: 61_000, chance: 1) == .connect)
    #expect(!node.wasTried, "requests wait for the next one")
    node.connected(now: 61_001)
    #expect(node.lost(now: 61_002, chance: 1) == .connect)
    node.connected(now: 61_003)
    #expect(node.lost(now: 61_004, chance: 1) == .pause(.milliseconds(500)))
    #expect(node.wasTried, "nobody waits for a node that loses each connection")
  }

  @Test func aNodeThatIsNotWantedFinishesItsRequests() {
    var node = NodeKeeping(policy, isWanted: true)
    _ = node.begin(delay: .zero)
    node.connected(now: 0)
    node.want(false)
    #expect(node.lost(now: 5000, chance: 1) == .drain)
    #expect(node.isKept, "nobody else begins while it drains")
    // It is wanted again before it has drained: the same task goes on.
    node.want(true)
    #expect(node.drained() == .connect)
    node.connected(now: 6000)
    node.leave()
    #expect(node.lost(now: 12_000, chance: 1) == .drain)
    #expect(node.drained() == .end)
    #expect(!node.isKept && node.isGone)
  }

  @Test func aNodeThatLeavesIsNotTriedAgain() {
    var node = NodeKeeping(policy, isWanted: true)
    #expect(node.begin(delay: .seconds(1)) == .pause(.seconds(1)))
    node.leave()
    #expect(node.paused() == .end)
    var other = NodeKeeping(policy, isWanted: true)
    _ = other.begin(delay: .zero)
    other.leave()
    #expect(other.failed(chance: 1) == .end)
  }

  /// Whatever happens in whatever order: a node that is wanted is kept, one that is gone comes to its end, a wait is never
  /// longer than the policy's, and after news there is none.
  @Test(arguments: [1, 2, 3, 4] as [UInt64]) func anyOrder(seed: UInt64) {
    var dice = Dice(seed: seed)
    var visited: Set<String> = []
    for _ in 0..<500 {
      var node = NodeKeeping(policy, isWanted: true)
      var step = node.begin(delay: .zero)
      var now: UInt64 = 0
      for _ in 0..<40 where step != .end {
        now += UInt64.random(in: 0...400, using: &dice)
        switch UInt64.random(in: 0...9, using: &dice) {
        case 0: node.wake()
        case 1: node.want(false)
        case 2: node.want(true)
        case 3 where Bool.random(using: &dice): node.leave()
        default: break
        }
        let wasGone = node.isGone
        switch step {
        case .connect:
          visited.insert("connect")
          if Bool.random(using: &dice) {
            node.connected(now: now)
            now += UInt64.random(in: 0...1000, using: &dice)
            step = node.lost(now: now, chance: 0.5)
          } else {
            step = node.failed(chance: 0.5)
          }
        case .pause(let delay):
          visited.insert("pause")
          #expect(delay > .zero && delay <= policy.longest)
          step = node.paused()
        case .drain:
          visited.insert("drain")
          #expect(!node.isWanted || node.isGone || node.isKept)
          step = node.drained()
        case .end: break
        }
        if step == .end { visited.insert("end") }
        #expect(node.isKept == (step != .end))
        #expect(step != .end || !node.isWanted || node.isGone)
        if wasGone, case .pause = step { Issue.record("a wait for a node that is gone") }
      }
      node.want(true)
      node.leave()
      for _ in 0..<3 where step != .end {
        switch step {
        case .connect: step = node.failed(chance: 0)
        case .pause: step = node.paused()
        case .drain: step = node.drained()
        case .end: break
        }
      }
      #expect(step == .end)
    }
    #expect(visited == ["connect", "pause", "drain", "end"])
  }
}
