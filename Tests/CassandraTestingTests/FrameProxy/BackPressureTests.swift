import CassandraWire
import CassandraTesting
import CassandraReactor
import Testing

/// What a proxy does when one side takes nothing: it stops reading from the other, and nothing is lost.
@Suite(.timeLimit(.minutes(5))) struct BackPressureTests {
  private static let valueBytes = 300_000
  private static let requests = 100
  private static let select = "SELECT v FROM k.t WHERE k = 1"

  /// Two clients of a proxy before a node with one large value.
  private func with(
    _ body: @Sendable (_ slow: WireClient, _ other: WireClient, FrameProxy) async throws -> Void
  ) async throws {
    try await EmbeddedNode.withNode { node in
      try await FrameProxy.withProxy(to: node.address) { proxy in
        try await EventLoops.shared[0].run {
          let clients = [try await WireClient(to: proxy.address), try await WireClient(to: proxy.address)]
          for client in clients {
            #expect(try await client.ask(.startup(["CQL_VERSION": "3.0.0"])).message == .ready)
          }
          let value = "large" + String(repeating: "x", count: Self.valueBytes)
          for statement in [
            "CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
            "CREATE TABLE k.t (k int PRIMARY KEY, v text)", "INSERT INTO k.t (k, v) VALUES (1, '\(value)')",
          ] { #expect(try await clients[0].query(statement).message.errorCode == nil) }
          try await body(clients[0], clients[1], proxy)
          for client in clients { client.close() }
        }
      }
    }
  }

  private static func ask(_ client: WireClient) async throws -> [Int16] {
    var streams: [Int16] = []
    for _ in 0..<requests {
      streams.append(try await client.send(.query(select, QueryParameters(consistency: .one))))
    }
    return streams
  }

  /// So many turns of the proxy that all would have come if it still read.
  private static func letOthersWork(_ client: WireClient) async throws {
    for _ in 0..<200 { _ = try await client.query("SELECT cluster_name FROM system.local") }
  }

  @Test func framesThatAreHeldCount() async throws {
    try await with { slow, other, proxy in
      let gate = Gate()
      let rule = proxy.frames.add(FrameMatch(.toDriver, .result, text: "large"), .hold(gate))
      let streams = try await Self.ask(slow)
      let most = FrameProxy.maximumWaitingBytes / Self.valueBytes + 1
      await proxy.frames.wait(for: most, matchesOf: rule)
      try await Self.letOthersWork(other)
      // One more may have come with the bytes that were read last.
      #expect(proxy.frames.matches(of: rule) <= most + 1)
      gate.open()
      for stream in streams { #expect(try await slow.answer(on: stream).page?.rowCount == 1) }
      #expect(proxy.frames.matches(of: rule) == Self.requests)
    }
  }

  @Test func aReaderThatTakesNothingHoldsTheNodeBack() async throws {
    try await with { slow, other, proxy in
      let rule = proxy.frames.add(FrameMatch(.toDriver, .result, text: "large"), .pass)
      slow.pauseReading()
      let streams = try await Self.ask(slow)
      await proxy.frames.wait(for: 1, matchesOf: rule)
      try await Self.letOthersWork(other)
      // The kernel's buffers take some megabytes, and the proxy one.
      #expect(proxy.frames.matches(of: rule) < Self.requests * 2 / 3)
      slow.startReading()
      for stream in streams { #expect(try await slow.answer(on: stream).page?.rowCount == 1) }
    }
  }
}
