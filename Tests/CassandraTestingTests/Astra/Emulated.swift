import CassandraBytes
import CassandraWire
import CassandraTesting
import CassandraHTTP
import CassandraReactor
import CassandraTelemetry

/// An emulator in front of an embedded node, and how a client without a driver gets in.
struct Emulated: Sendable {
  let emulator: AstraEmulator
  let node: EmbeddedNode

  /// Runs `body` with a database of so many nodes, all of them one embedded node.
  static func run(nodes count: Int = 3, _ body: @Sendable (Emulated) async throws -> Void) async throws {
    try await EmbeddedNode.withNode { node in
      let targets = [AstraTarget](repeating: .embedded(node.address), count: count)
      try await AstraEmulator.withEmulator(AstraConfiguration(nodes: targets)) { emulator in
        let emulated = Emulated(emulator: emulator, node: node)
        try await EventLoops.shared[0].run { try await body(emulated) }
      }
    }
  }

  /// TLS as the bundle says.
  func context(authority: [UInt8]? = nil, identity: TLSIdentity?) throws -> TLSClientContext {
    try TLSClientContext(trust: .authorities(pem: authority ?? emulator.authority), identity: identity)
  }

  /// Connects to the node at a place, or to the one of another name, as a client of the bundle.
  func connect(
    _ place: Int = 0, name: String? = nil, version: ProtocolVersion = .v4, identity: TLSIdentity?? = nil
  ) async throws -> WireClient {
    let name = name ?? emulator.hostIDs[place]?.description
    let context = try context(identity: identity ?? emulator.clientIdentity)
    return try await WireClient(
      to: emulator.proxyAddress, version: version, tls: context.client(verifying: "localhost", serverName: name))
  }

  /// Connects to a node and logs in with the token.
  func logIn(_ place: Int = 0, version: ProtocolVersion = .v4, options: [String: String] = [:]) async throws
    -> WireClient
  {
    let client = try await connect(place, version: version)
    let answer = try await client.logIn("token", emulator.configuration.token.reveal(), options: options)
    guard answer == .authSuccess(nil) else { throw WireClient.Ended(cause: nil) }
    return client
  }

  /// What the metadata service answers: the status and the body, as far as it came before the end.
  func metadata(identity: TLSIdentity?? = nil, host: String? = nil) async throws -> (status: Int, text: String) {
    let context = try context(identity: identity ?? emulator.clientIdentity)
    let address = emulator.metadataAddress
    let client = try await TextClient(to: address, tls: context.client(verifying: "localhost"))
    client.send("GET /metadata HTTP/1.1\r\nHost: \(host ?? "localhost:\(address.port)")\r\nConnection: close\r\n\r\n")
    let text = try await client.untilEnd()
    return (Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0, text)
  }
}

/// A client that sends text and collects what comes.
final class TextClient: TransportDelegate {
  private let transport: Transport
  private(set) var received: [UInt8] = []
  private var failure: ReactorError?
  private var isOver = false
  private var waiter: UnsafeContinuation<Void, Never>?

  init(to address: SocketAddress, tls: TLSClient?) async throws(ReactorError) {
    guard let loop = EventLoop.current else { preconditionFailure("a client lives on a loop") }
    var options = ConnectOptions()
    options.tls = tls
    transport = try await Transport.connect(to: address, on: loop, options: options)
    transport.delegate = self
    transport.startReading()
  }

  func send(_ text: String) { transport.write { $0 += Array(text.utf8) } }

  func close() { transport.close() }

  /// All that has come, once the peer has ended the connection.
  func untilEnd() async throws(ReactorError) -> String {
    while !isOver { await withUnsafeContinuation { waiter = $0 } }
    if let failure { throw failure }
    return String(decoding: received, as: UTF8.self)
  }

  func transport(_ transport: Transport, received bytes: Span<UInt8>) { received.append(copying: bytes) }
  func transportInputEnded(_ transport: Transport) { transport.close() }

  func transportClosed(_ transport: Transport, error: ReactorError?) {
    isOver = true
    failure = error
    let waiter = waiter.take()
    waiter?.resume()
  }
}
