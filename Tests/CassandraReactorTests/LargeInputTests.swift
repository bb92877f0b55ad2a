import CassandraReactor
import CassandraTelemetry
import CassandraTesting
import Testing

/// What many peers send at once is taken in turns that end, so that others are answered meanwhile.
@Suite(.timeLimit(.minutes(5))) struct LargeInputTests {
  /// Counts what a turn receives of all transports, and takes one piece of each in a turn.
  private final class Gauge: TransportDelegate {
    private(set) var all = 0
    private(set) var largestTurn = 0
    private var turn: UInt64 = 0
    private var ofTurn = 0

    func transport(_ transport: Transport, received bytes: Span<UInt8>) {
      if transport.loop.turnNumber != turn {
        turn = transport.loop.turnNumber
        ofTurn = 0
      }
      ofTurn += bytes.count
      all += bytes.count
      largestTurn = max(largestTurn, ofTurn)
      transport.pauseReading()
      transport.loop.atEndOfTurn { transport.startReading() }
    }

    func transportInputEnded(_ transport: Transport) {}
    func transportClosed(_ transport: Transport, error: ReactorError?) {}
  }

  private final class Accepted {
    let gauge = Gauge()
    var transports: [Transport] = []
  }

  private final class Silent: TransportDelegate {
    func transport(_ transport: Transport, received bytes: Span<UInt8>) {}
    func transportInputEnded(_ transport: Transport) {}
    func transportClosed(_ transport: Transport, error: ReactorError?) {}
  }

  @Test func aTurnReceivesNoMoreThanALittleFromEachOfMany() async throws {
    let count = 200
    let (servers, clients) = (try EventLoops(count: 1), try EventLoops(count: 1))
    let (server, client) = (servers[0], clients[0])
    let accepted = await server.run { LoopBound(Accepted(), on: server) }
    let listener = try await ListenerGroup(at: .loopback(port: 0), on: servers) { transport in
      accepted.withValue {
        transport.delegate = $0.gauge
        transport.pauseReading()
        $0.transports.append(transport)
      }
    }
    let address = listener.address
    let sent = [UInt8](repeating: 7, count: 1 << 20)
    let senders = try await client.run {
      var senders: [(Transport, Silent)] = []
      for _ in 0..<count {
        let transport = try await Transport.connect(to: address, on: client)
        let delegate = Silent()
        transport.delegate = delegate
        transport.write { $0 += sent }
        transport.flush()
        senders.append((transport, delegate))
      }
      return LoopBound(senders, on: client)
    }
    // What the kernel has taken of all lies there when the first of them is read.
    while await server.run({ accepted.withValue { $0.transports.count } }) < count { await Task.yield() }
    await server.run { accepted.withValue { for transport in $0.transports { transport.startReading() } } }
    while await server.run({ accepted.withValue { $0.gauge.all } }) < 20 << 20 { await Task.yield() }
    let largest = await server.run { accepted.withValue { $0.gauge.largestTurn } }
    #expect(largest <= (4 << 20) + (256 << 10) + count * (16 << 10))
    await client.run { senders.withValue { for (transport, _) in $0 { transport.close() } } }
    await server.run { accepted.withValue { for transport in $0.transports { transport.close() } } }
    await listener.close()
    await servers.shutDown()
    await clients.shutDown()
  }

  /// Counts what a turn receives of one transport.
  private final class Turns: TransportDelegate {
    private(set) var all = 0
    private(set) var largest = 0
    private var turn: UInt64 = 0
    private var ofTurn = 0

    func transport(_ transport: Transport, received bytes: Span<UInt8>) {
      if transport.loop.turnNumber != turn { (turn, ofTurn) = (transport.loop.turnNumber, 0) }
      ofTurn += bytes.count
      all += bytes.count
      largest = max(largest, ofTurn)
    }

    func transportInputEnded(_ transport: Transport) {}
    func transportClosed(_ transport: Transport, error: ReactorError?) {}
  }

  private final class Receiver {
    let turns = Turns()
    var transport: Transport?
  }

  /// One peer, however fast it sends, has a part of each turn; inside TLS a smaller one, for records may be of one byte.
  @Test(arguments: [false, true]) func aTurnReceivesNoMoreThanALittleFromOne(_ isSecure: Bool) async throws {
    let (servers, clients) = (try EventLoops(count: 1), try EventLoops(count: 1))
    let (server, client) = (servers[0], clients[0])
    let receiver = await server.run { LoopBound(Receiver(), on: server) }
    let authority = CertificateAuthority()
    var listening = ListenOptions()
    var connecting = ConnectOptions()
    if isSecure {
      let identity = authority.issue(.init("server", alternativeNames: "DNS:localhost"))
      listening.tls = TLSServer(try TLSServerContext(identity: identity))
      connecting.tls = try TLSClientContext(trust: .authorities(pem: authority.pem)).client(verifying: "localhost")
    }
    let listener = try await ListenerGroup(at: .loopback(port: 0), on: servers, options: listening) { transport in
      receiver.withValue {
        transport.delegate = $0.turns
        transport.pauseReading()
        $0.transport = transport
      }
    }
    let address = listener.address
    let options = connecting
    let count = 24 << 20
    let sender = try await client.run {
      let transport = try await Transport.connect(to: address, on: client, options: options)
      let delegate = Silent()
      transport.delegate = delegate
      transport.startReading()
      transport.write { $0 += [UInt8](repeating: 7, count: count) }
      transport.flush()
      return LoopBound((transport, delegate), on: client)
    }
    // What the kernel has taken lies there when it is read first.
    while await server.run({ receiver.withValue { $0.transport == nil } }) { await Task.yield() }
    await server.run { receiver.withValue { $0.transport?.startReading() } }
    while await server.run({ receiver.withValue { $0.turns.all } }) < count { await Task.yield() }
    let largest = await server.run { receiver.withValue { $0.turns.largest } }
    #expect(largest <= (isSecure ? 128 << 10 : 512 << 10))
    await client.run { sender.withValue { $0.0.close() } }
    await server.run { receiver.withValue { $0.transport?.close() } }
    await listener.close()
    await servers.shutDown()
    await clients.shutDown()
  }
}
