import Testing

@testable import CassandraReactor

@Suite(.timeLimit(.minutes(5))) struct OutputTests {
  private final class Listener: TransportDelegate {
    func transport(_ transport: Transport, received bytes: Span<UInt8>) {}
    func transportInputEnded(_ transport: Transport) {}
    func transportClosed(_ transport: Transport, error: ReactorError?) {}
  }

  /// The peer of a turn that works for many need not wait until the turn has worked for all.
  @Test func whatIsEnoughLeavesBeforeTheTurnEnds() async throws {
    let loops = try EventLoops(count: 1)
    let pieces = try await loops[0].run {
      var pieces: [Int] = []
      let (transport, _) = try MemoryPeer.transport(
        on: loops[0], output: { pieces.append($0.count) }, ended: {}, closed: {})
      transport.delegate = Listener()
      // One turn: nothing waits in between.
      for _ in 0..<10 {
        transport.write { $0 += [UInt8](repeating: 7, count: 1000) }
        transport.flushIfReady()
      }
      let before = pieces
      await loops[0].nextTurn()
      transport.close()
      return (before: before, after: pieces)
    }
    #expect(pieces.before == [5000, 5000])
    #expect(pieces.after == [5000, 5000])
  }

  @Test func whatIsLittleWaitsForTheEndOfTheTurn() async throws {
    let loops = try EventLoops(count: 1)
    let pieces = try await loops[0].run {
      var pieces: [Int] = []
      let (transport, _) = try MemoryPeer.transport(
        on: loops[0], output: { pieces.append($0.count) }, ended: {}, closed: {})
      transport.delegate = Listener()
      for _ in 0..<4 {
        transport.write { $0 += [UInt8](repeating: 7, count: 1000) }
        transport.flushIfReady()
      }
      let before = pieces
      await loops[0].nextTurn()
      transport.close()
      return (before: before, after: pieces)
    }
    #expect(pieces.before == [])
    #expect(pieces.after == [4000])
  }
}
