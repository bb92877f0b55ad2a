internal import CassandraWire
internal import CassandraReactor

/// The two services of an emulated database, on their loop: the metadata service, and the proxy that stands before the
/// nodes.
final class AstraServices {
  let frames: FrameProxyCore
  private let loop: EventLoop
  private let watched: Watched<AstraState>
  private let certificates: AstraCertificates
  private let metadata: MetadataService
  private var proxy: Listener?
  /// The addresses of both, which are listened at more than once.
  private var reserved: [ReservedAddress] = []

  init(
    on loop: EventLoop, _ watched: Watched<AstraState>, _ observation: Watched<FrameObservation>,
    _ certificates: AstraCertificates
  ) {
    self.loop = loop
    self.watched = watched
    self.certificates = certificates
    frames = FrameProxyCore(on: loop, observation)
    metadata = MetadataService(watched)
  }

  /// Begins to listen, both at a port of their own.
  func start() throws(ReactorError) {
    let (metadata, proxy) = (
      try ReservedAddress(.loopback(port: 0)), try ReservedAddress(.loopback(port: 0))
    )
    reserved = [metadata, proxy]
    try listenForMetadata(at: metadata.address)
    try listenForNodes(at: proxy.address)
  }

  /// Listens anew with the certificates as the faults say; connections that stand go on.
  ///
  /// A new listener has new keys for its tickets, so that no client resumes a session and skips the certificate.
  func renewCertificates(metadata isForMetadata: Bool, proxy isForProxy: Bool) throws(ReactorError) {
    if isForMetadata { try listenForMetadata(at: watched.read { $0.metadataAddress }) }
    if isForProxy { try listenForNodes(at: watched.read { $0.proxyAddress }) }
  }

  private func listenForMetadata(at address: SocketAddress) throws(ReactorError) {
    metadata.stop()
    let context = try certificates.serverContext(watched.read { $0.faults.metadataCertificate })
    let found = try metadata.listen(at: address, on: loop, tls: TLSServer(context))
    watched.change { $0.metadataAddress = found }
  }

  /// Listens for drivers at an address, in place of the one before.
  func listenForNodes(at address: SocketAddress) throws(ReactorError) {
    proxy?.close()
    proxy = nil
    let context = try certificates.serverContext(watched.read { $0.faults.proxyCertificate })
    var options = ListenOptions()
    options.handshakeTimeout = FrameProxy.handshakeTime
    options.tls = TLSServer(context) { [watched] name in
      let isKnown = watched.change { state in
        let isKnown = state.topology.node(named: name) != nil
        if !isKnown { state.observed.unknownNames += 1 }
        return isKnown
      }
      return isKnown ? context : nil
    }
    let listener = try Listener(at: address, on: loop, options: options) { [self] in accept($0) }
    proxy = listener
    watched.change { $0.proxyAddress = listener.address }
  }

  private func accept(_ transport: Transport) {
    let name = transport.tlsFacts?.serverName
    let node: AstraTopology.Node? = watched.change { state in
      guard let node = name.flatMap({ state.topology.node(named: $0) }) else {
        if name == nil { state.observed.unknownNames += 1 }
        return nil
      }
      guard !node.isRefused else {
        state.observed.refusedConnections += 1
        return nil
      }
      state.observed.connections += 1
      return node
    }
    guard let node else { return transport.close() }
    frames.accept(
      transport, to: FrameTarget(node.target.address, tls: node.target.tls), label: Self.label(node.index),
      inspector: AstraSession(to: node.index, watched))
  }

  /// Cuts the connections to a node.
  func cut(_ place: Int) { frames.cut { $0.label == Self.label(place) } }

  private static func label(_ place: Int) -> String { "node \(place)" }

  /// Listens no more, and cuts all connections.
  func stop() {
    proxy?.close()
    proxy = nil
    metadata.stop()
    frames.stop()
    reserved = []
  }
}
