import CassandraHTTP
import Foundation
import Testing

@testable import CassandraHTTPServer

@Suite(.timeLimit(.minutes(5))) struct PairTests {
  private static var limits: ConnectionLimits {
    var configuration = ServerConfiguration()
    configuration.maximumUnreadBytes = 1000
    configuration.idleTimeout = .milliseconds(2_000)
    configuration.headTimeout = .milliseconds(700)
    configuration.bodyTimeout = .milliseconds(900)
    configuration.lingerTimeout = .milliseconds(300)
    return ConnectionLimits(configuration)
  }

  private static var steps: Int { ProcessInfo.processInfo.environment["PAIR_STEPS"].flatMap { Int($0) } ?? 20_000 }
  private static var seed: UInt64 { ProcessInfo.processInfo.environment["PAIR_SEED"].flatMap { UInt64($0) } ?? 1 }

  /// A client and a server over a wire that a seed rules: every answer is the one to its request, in order and whole, and
  /// every connection comes to its end. A failure names the seed that repeats it.
  @Test func theHalvesUnderstandEachOther() throws {
    var phases: [ServerMachine.Phase: Int] = [:]
    var timers: [ServerMachine.Timer: Int] = [:]
    var (left, answered, seed) = (Self.steps, 0, Self.seed)
    while left > 0 {
      var pair = Pair(seed: seed, limits: Self.limits)
      do {
        for _ in 0..<min(left, 500) where !pair.isOver { try pair.step() }
        try pair.comeToTheEnd()
      } catch {
        Issue.record("seed \(seed): \(error)")
        return
      }
      phases.merge(pair.phases) { $0 + $1 }
      timers.merge(pair.timers) { $0 + $1 }
      answered += pair.answered
      left -= 500
      seed += 1
    }
    #expect(answered > Self.steps / 100)
    for phase in ServerMachine.Phase.allCases { #expect(phases[phase, default: 0] > 0, "\(phase) was not visited") }
    for timer in [ServerMachine.Timer.head, .bodyPause, .idle, .glance] {
      #expect(timers[timer, default: 0] > 0, "\(timer) did not pass")
    }
  }
}
