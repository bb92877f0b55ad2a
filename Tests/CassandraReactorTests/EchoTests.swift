import CassandraTesting
import CassandraReactor
import Testing

/// Sends back what it receives.
final class Echo: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    for index in bytes.indices { transport.write { $0.append(bytes[index]) } }
  }
  func transportInputEnded(_ transport: Transport) { transport.finishOutput() }
  func transportClosed(_ transport: Transport, error: ReactorError?) {}
}

/// Collects what it receives; a task can wait for an amount or for the end.
final class Collector: TransportDelegate {
  var bytes: [UInt8] = []
  var hasEnded = false
  var isClosed = false
  var error: ReactorError?
  private var wanted = 0
  private var waiter: CheckedContinuation<Void, Never>?

  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    for index in bytes.indices { self.bytes.append(bytes[index]) }
    check()
  }
  func transportInputEnded(_ transport: Transport) {
    hasEnded = true
    check()
  }
  func transportClosed(_ transport: Transport, error: ReactorError?) {
    isClosed = true
    self.error = error
    check()
  }

  private func check() {
    guard isClosed || hasEnded || bytes.count >= wanted, let waiter else { return }
    self.waiter = nil
    waiter.resume()
  }

  func wait(for count: Int) async {
    wanted = count
    if bytes.count >= count || isClosed || hasEnded { return }
    await withCheckedContinuation { waiter = $0 }
  }
  func end() async { await wait(for: .max) }
  func closed() async {
    while !isClosed {
      wanted = .max
      hasEnded = false
      await withCheckedContinuation { waiter = $0 }
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct EchoTests {
  let loops = try! EventLoops(count: 2)
  let authority = CertificateAuthority()

  private func roundTrip(server: TLSServer?, client: TLSClient?, count: Int) async throws {
    var listening = ListenOptions()
    listening.tls = server
    let group = try await ListenerGroup(at: .loopback(port: 0), on: loops, options: listening) { transport in
      transport.delegate = Echo()
      transport.startReading()
    }
    var connecting = ConnectOptions()
    connecting.tls = client
    let options = connecting
    let loop = loops[0]
    let sent = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let (received, error) = try await loop.run {
      let transport = try await Transport.connect(to: group.address, on: loop, options: options)
      let collector = Collector()
      transport.delegate = collector
      transport.startReading()
      transport.write { $0 += sent }
      await collector.wait(for: count)
      transport.finishOutput()
      await collector.closed()
      return (collector.bytes, collector.error)
    }
    #expect(received == sent)
    #expect(error == nil)
    await group.close()
    await loops.shutDown()
  }

  @Test(arguments: [1, 1000, 5_000_000]) func plain(_ count: Int) async throws {
    try await roundTrip(server: nil, client: nil, count: count)
  }

  @Test(arguments: [1, 1000, 5_000_000]) func mutualTLS(_ count: Int) async throws {
    let trust = TLSTrust.authorities(pem: authority.pem)
    let server = try TLSServerContext(
      identity: authority.issue(.init("server", alternativeNames: "DNS:localhost")),
      clientCertificates: .required(trust))
    let client = try TLSClientContext(trust: trust, identity: authority.issue(.init("client")))
    try await roundTrip(server: TLSServer(server), client: client.client(verifying: "localhost"), count: count)
  }
}
