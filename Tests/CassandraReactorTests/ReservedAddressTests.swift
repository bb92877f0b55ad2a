import CassandraReactor
import Testing

@Suite(.timeLimit(.minutes(5))) struct ReservedAddressTests {
  @Test func itIsRefusedWhileNobodyListensAndListenedAtAgain() async throws {
    let loops = try EventLoops(count: 1)
    let reserved = try ReservedAddress(.loopback(port: 0))
    #expect(reserved.address.port != 0)
    let loop = loops[0]
    try await loop.run {
      for _ in 0..<3 {
        await #expect(throws: ReactorError.self) { try await Transport.connect(to: reserved.address, on: loop) }
        let listener = try Listener(at: reserved.address, on: loop) { $0.close() }
        #expect(listener.address == reserved.address)
        try await Transport.connect(to: reserved.address, on: loop).close()
        listener.close()
      }
    }
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
  }
}
