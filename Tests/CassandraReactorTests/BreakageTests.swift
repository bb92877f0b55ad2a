import CassandraDice
import CassandraTesting
import Glibc
import CassandraReactor
import CassandraTelemetry
import Testing

/// Opens connections and breaks them in every state and from either side, by a seed. Afterwards no handle, no file
/// descriptor and no waiting task may be left.
///
/// `REACTOR_BREAKAGES` sets how many (10,000), `REACTOR_SEED` which.
@Suite(.serialized, .timeLimit(.minutes(5))) struct BreakageTests {
  /// What a connection meets at the other side, by the listener that it chooses.
  enum Server: Int, CaseIterable, Sendable {
    /// Sends back what it gets, and more.
    case talkative
    /// Accepts and never says anything; in place of a TLS server it leaves the client in its handshake.
    case silent
    /// Closes as soon as it has accepted.
    case closing
    /// Resets as soon as it has accepted.
    case resetting
    /// Says something that is not TLS, and closes.
    case babbling
    /// Ends its half at once and reads on.
    case halfClosing
  }

  @Test func everythingComesBackToZero() async throws {
    let count = getenv("REACTOR_BREAKAGES").flatMap { Int(String(cString: $0)) } ?? 10_000
    let seed = getenv("REACTOR_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...UInt64.max)
    // Before anything happens: a run that hangs is repeated with it, too.
    print("breakages: REACTOR_SEED=\(seed)")
    let loops = try EventLoops(count: 2)
    let authority = CertificateAuthority()
    let trust = TLSTrust.authorities(pem: authority.pem)
    let secure = TLSServer(
      try TLSServerContext(identity: authority.issue(.init("server", alternativeNames: "DNS:localhost"))))
    let client = try TLSClientContext(trust: trust).client(verifying: "localhost")

    var plainServers: [ListenerGroup] = []
    var secureServers: [ListenerGroup] = []
    for server in Server.allCases {
      plainServers.append(try await listen(server, on: loops, tls: nil))
      secureServers.append(try await listen(server, on: loops, tls: secure))
    }
    let outcomes = Locked<[String: Int]>([:])
    let (plain, encrypted) = (plainServers.map(\.address), secureServers.map(\.address))
    try await withThrowingTaskGroup(of: Void.self) { group in
      var random = Dice(seed: seed)
      for index in 0..<count {
        if index >= 200 { try await group.next() }
        let breakage = Breakage(&random)
        let loop = loops[Int(random.below(2))]
        let addresses = breakage.isServerSecure ? encrypted : plain
        group.addTask(executorPreference: loop) {
          let outcome = await breakage.run(on: loop, to: addresses[breakage.server.rawValue], tls: client)
          outcomes.withLock { $0[outcome, default: 0] += 1 }
        }
      }
      try await group.waitForAll()
    }
    for server in plainServers + secureServers { await server.close() }
    // The other side of a connection notices its end a moment later.
    let patience = ContinuousClock.now + .seconds(30)
    while await loops.openHandles > 0, ContinuousClock.now < patience { await Task.yield() }
    #expect(await loops.openHandles == 0, "seed \(seed)")
    let summary = outcomes.withLock { $0 }
    print("breakages:", summary.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
    #expect(summary.values.reduce(0, +) == count, "seed \(seed)")
    // A breakage that never happens is not tested.
    for expected in ["open", "connecting", "handshake", "resolving", "drain"] {
      #expect(summary.keys.contains { $0.hasPrefix(expected) }, "seed \(seed): \(summary)")
    }
    await loops.shutDown()
    #expect(openSockets(at: (plain + encrypted).compactMap(\.port).map { Int($0) }) == 0, "seed \(seed)")
  }

  @Test(arguments: [ListenerGroup.Spreading.kernel, .firstLoop]) func noChildProcessInheritsAConnection(
    _ spreading: ListenerGroup.Spreading
  ) async throws {
    let loops = try EventLoops(count: 2)
    let accepted = Locked(0)
    let server = try await ListenerGroup(at: .loopback(port: 0), on: loops, spreading: spreading) { transport in
      transport.delegate = Peer(.silent)
      accepted.withLock { $0 += 1 }
    }
    let (loop, address) = (loops[0], server.address)
    let clients = try await loop.run {
      var clients: [Transport] = []
      for _ in 0..<4 { clients.append(try await Transport.connect(to: address, on: loop)) }
      return LoopBound(clients, on: loop)
    }
    while accepted.withLock({ $0 }) < 4 { await Task.yield() }
    let sockets = sockets(at: [Int(address.port)])
    #expect(sockets.count >= 8)
    for socket in sockets { #expect(fcntl(socket, F_GETFD) & FD_CLOEXEC != 0) }
    await loop.run { clients.withValue { for client in $0 { client.close() } } }
    await server.close()
    await loops.shutDown()
  }

  /// How many sockets of this process have one of these ports at either end. Other suites run at the same time, so that
  /// the number of all descriptors says nothing.
  private func openSockets(at ports: [Int]) -> Int { sockets(at: ports).count }

  /// The descriptors of these sockets.
  private func sockets(at ports: [Int]) -> [Int32] {
    guard let directory = opendir("/proc/self/fd") else { return [] }
    defer { closedir(directory) }
    var sockets: [Int32] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      guard let descriptor = Int32(name) else { continue }
      let ends = [port(of: descriptor, getsockname), port(of: descriptor, getpeername)]
      if ends.contains(where: { $0.map(ports.contains) ?? false }) { sockets.append(descriptor) }
    }
    return sockets
  }

  private func port(
    of descriptor: Int32, _ end: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> Int? {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { end(descriptor, $0, &length) }
    }
    guard result == 0, address.sin_family == AF_INET else { return nil }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  private func listen(_ server: Server, on loops: EventLoops, tls: TLSServer?) async throws -> ListenerGroup {
    var options = ListenOptions()
    options.tls = tls
    options.handshakeTimeout = .milliseconds(300)
    let spreading: ListenerGroup.Spreading = server.rawValue % 2 == 0 ? .kernel : .firstLoop
    return try await ListenerGroup(at: .loopback(port: 0), on: loops, options: options, spreading: spreading) {
      transport in
      let peer = Peer(server)
      transport.delegate = peer
      peer.begin(transport)
    }
  }

  /// The accepting side.
  final class Peer: TransportDelegate {
    let server: Server

    init(_ server: Server) { self.server = server }

    func begin(_ transport: Transport) {
      switch server {
      case .talkative: transport.startReading()
      case .silent: transport.startReading()
      case .closing: transport.close()
      case .resetting: transport.abort()
      case .babbling:
        transport.write { $0 += Array("220 this is not what you expect\r\n".utf8) }
        transport.finishOutput()
        transport.startReading()
      case .halfClosing:
        transport.finishOutput()
        transport.startReading()
      }
    }

    func transport(_ transport: Transport, received bytes: Span<UInt8>) {
      guard server == .talkative, transport.isOpen else { return }
      let first = bytes[0]
      if first % 16 == 1 {
        transport.abort()
      } else if first % 16 == 2 {
        transport.finishOutput()
      } else {
        transport.write { $0 += [UInt8](repeating: first, count: 1 << (Int(first) % 18)) }
      }
    }

    func transportInputEnded(_ transport: Transport) { transport.finishOutput() }
    func transportClosed(_ transport: Transport, error: ReactorError?) {}
  }

  /// What a client does, and when it stops.
  struct Breakage: Sendable {
    let server: Server
    let isServerSecure: Bool
    let isClientSecure: Bool
    let action: UInt64
    let byte: UInt8
    let amount: Int
    let delay: UInt64

    init(_ random: inout Dice) {
      server = Server.allCases[Int(random.below(6))]
      isServerSecure = random.below(2) == 0
      isClientSecure = random.below(4) == 0 ? !isServerSecure : isServerSecure
      action = random.below(8)
      byte = UInt8(random.below(256))
      amount = 1 << Int(random.below(20))
      delay = random.below(4)
    }

    /// Runs and tells in which state it ended.
    func run(on loop: EventLoop, to address: SocketAddress, tls: TLSClient) async -> String {
      if action == 0 { return await resolveAndCancel(on: loop) }
      var options = ConnectOptions()
      options.tls = isClientSecure ? tls : nil
      options.timeout = .milliseconds(action == 1 ? Int(delay) : 400)
      let connectOptions = options
      if action == 2 {
        let connecting = Task(executorPreference: loop) {
          let transport = try await Transport.connect(to: address, on: loop, options: connectOptions)
          transport.close()
        }
        if delay > 0 { try? await loop.sleep(for: .milliseconds(Int(delay - 1))) }
        connecting.cancel()
        _ = await connecting.result
        return isClientSecure ? "handshake cancelled" : "connecting cancelled"
      }
      let transport: Transport
      do throws(ReactorError) {
        transport = try await Transport.connect(to: address, on: loop, options: connectOptions)
      } catch {
        return isClientSecure ? "handshake failed" : "connecting failed"
      }
      return await use(transport, on: loop)
    }

    private func resolveAndCancel(on loop: EventLoop) async -> String {
      let name = byte % 16 != 0 ? "localhost" : "nobody.invalid"
      let resolving = Task(executorPreference: loop) { try await loop.resolve(name, port: 1) }
      if delay > 1 { try? await loop.sleep(for: .milliseconds(Int(delay))) }
      resolving.cancel()
      _ = await resolving.result
      return "resolving"
    }

    private func use(_ transport: Transport, on loop: EventLoop) async -> String {
      let collector = Collector()
      transport.delegate = collector
      if action != 5 { transport.startReading() }
      let bytes = [UInt8](repeating: byte, count: amount)
      transport.write { $0 += bytes }
      switch action {
      case 3:
        transport.abort()
        await collector.closed()
        return "open, aborted while writing"
      case 4:
        transport.close()
        await collector.closed()
        return "open, closed while writing"
      case 5:
        // The peer talks and we do not read, so one of us cannot write any more.
        let drainer = Drainer(transport)
        let bound = LoopBound(drainer, on: loop)
        let draining = Task(executorPreference: loop) { await bound.withValue { $0 }.drain() }
        try? await loop.sleep(for: .milliseconds(Int(delay)))
        if byte % 2 == 0 { draining.cancel() }
        if byte % 3 == 0 { transport.abort() } else { transport.close() }
        await draining.value
        await collector.closed()
        return "drain"
      case 6:
        transport.finishOutput()
        await collector.wait(for: 1)
        if byte % 2 == 0 { transport.abort() } else { transport.close() }
        await collector.closed()
        return "open, half closed"
      default:
        if server != .silent { await collector.wait(for: 1) }
        transport.finishOutput()
        try? await loop.sleep(for: .milliseconds(Int(delay)))
        transport.close()
        await collector.closed()
        return "open, closed"
      }
    }
  }

  final class Drainer {
    private let transport: Transport
    init(_ transport: Transport) { self.transport = transport }
    func drain() async { try? await transport.drain() }
  }
}
