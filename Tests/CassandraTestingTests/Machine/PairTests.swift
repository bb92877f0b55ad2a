import Foundation
import Testing

@testable import CQLNode
@testable import Cassandra

/// The driver's half of a connection against the node's, without sockets.
@Suite(.timeLimit(.minutes(5))) struct PairTests {
  private static func number(_ name: String, _ standard: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
  }

  /// Every question has one answer, which is its own, or an end; both sides come to theirs, and then nothing is held for
  /// the connection. A failure names the seed that repeats it; `PAIR_STEPS` and `PAIR_SEED` in the environment try more.
  @Test func theMachinesUnderstandEachOther() throws {
    let steps = Self.number("PAIR_STEPS", 20_000)
    var seed = UInt64(Self.number("PAIR_SEED", 1))
    var left = steps
    var answered = 0
    var pauses = 0
    var ends: Set<String> = []
    var clientPhases: [ClientSide.Machine.Phase: Int] = [:]
    var serverPhases: [ServerMachine.Phase: Int] = [:]
    var clientTimers: [ClientSide.Machine.Timer: Int] = [:]
    var serverTimers: [ServerMachine.Timer: Int] = [:]
    while left > 0 {
      do {
        var pair = try Pair(seed: seed)
        for _ in 0..<800 where pair.client.machine.phase != .closed {
          try pair.step()
          left -= 1
        }
        try pair.comeToTheEnd()
        clientPhases.merge(pair.clientPhases) { $0 + $1 }
        serverPhases.merge(pair.serverPhases) { $0 + $1 }
        clientTimers.merge(pair.client.timers) { $0 + $1 }
        serverTimers.merge(pair.server.timers) { $0 + $1 }
        ends.formUnion(pair.client.ends)
        answered += pair.client.answered
        pauses += pair.server.pauses
      } catch {
        Issue.record("seed \(seed): \(error)")
        return
      }
      seed += 1
    }
    #expect(answered > steps / 50)
    #expect(pauses > 0, "no client was slow enough to be waited for")
    for phase in ClientSide.Machine.Phase.allCases {
      #expect(clientPhases[phase, default: 0] > 0, "the client was never \(phase)")
    }
    for phase in ServerMachine.Phase.allCases {
      #expect(serverPhases[phase, default: 0] > 0, "the node was never \(phase)")
    }
    for timer in ClientSide.Machine.Timer.allCases {
      #expect(clientTimers[timer, default: 0] > 0, "\(timer) of the client did not pass")
    }
    for timer in ServerMachine.Timer.allCases {
      #expect(serverTimers[timer, default: 0] > 0, "\(timer) of the node did not pass")
    }
    #expect(ends == ["silent", "drained", "deceived"])
  }
}
