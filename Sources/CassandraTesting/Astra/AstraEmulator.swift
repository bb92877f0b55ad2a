public import CassandraWire
public import CassandraReactor
internal import CassandraTelemetry

/// An Astra database on loopback, as strict as a real one where drivers can tell, in front of nodes of any kind: its
/// secure connect bundle, the metadata service, and the proxy that finds nodes by the name in the greeting of TLS.
///
/// ```swift
/// try await EmbeddedNode.withNode { node in
///   let nodes = [AstraTarget](repeating: .embedded(node.address), count: 3)
///   try await AstraEmulator.withEmulator(AstraConfiguration(nodes: nodes)) { emulator in
///     let bundle = try SecureConnectBundle(zip: emulator.bundle)
///     …
///     await emulator.kill(0)
///   }
/// }
/// ```
/// Certificates, ids and secrets are made when it starts. It is Astra in that
/// - the metadata service and every node want the bundle's certificate, and show one for `localhost`;
/// - a node is its host id; who asks for another is turned away during TLS;
/// - the token is compared as a whole; Cassandra's own hash reads 72 bytes of it;
/// - version 5 is refused, weak writes are refused, keyspaces come from elsewhere, options of tables are ignored;
/// - nodes report addresses that nobody can reach.
///
/// What is wrong with it is told by ``change(_:)``, and what frames suffer by the rules of ``frames``. Places of nodes
/// count from 0 in the order in which they were made and never change, while their ids may.
public final class AstraEmulator: Sendable {
  /// The database that it plays.
  public let configuration: AstraConfiguration
  /// The rules for single frames, between drivers and the emulator, and what has passed.
  public let frames: FrameControl
  private let watched: Watched<AstraState>
  private let services: LoopBound<AstraServices>
  private let certificates: AstraCertificates

  /// Runs `body` with an emulator, and ends it and its connections afterwards.
  ///
  /// - Parameters:
  ///   - configuration: The database to play.
  ///   - seed: Decides the order of chances of rules with a probability.
  ///   - body: Uses it.
  /// - Throws: `ReactorError` when it cannot listen, and what `body` throws.
  public static func withEmulator<Result: Sendable>(
    _ configuration: AstraConfiguration, seed: UInt64 = 1, _ body: (AstraEmulator) async throws -> Result
  ) async throws -> Result {
    let loops = try EventLoops(count: 1)
    let result: Swift.Result<Result, any Error>
    do {
      let emulator = try await AstraEmulator(configuration, on: loops[0], seed: seed)
      result = await withTaskGroup(of: Void.self) { group in
        group.addTask(executorPreference: loops[0]) { await emulator.services.onLoop.frames.run() }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(emulator)) } catch { result = .failure(error) }
        await emulator.services.loop.run { emulator.services.onLoop.stop() }
        return result
      }
    } catch { result = .failure(error) }
    // What was cut closes in the turns that follow.
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
    return try result.get()
  }

  private init(_ configuration: AstraConfiguration, on loop: EventLoop, seed: UInt64) async throws(ReactorError) {
    precondition(!configuration.nodes.isEmpty, "a database has a node")
    self.configuration = configuration
    let watched = Watched(AstraState(configuration))
    let observation = Watched(FrameObservation(seed: seed))
    let certificates = AstraCertificates()
    self.watched = watched
    self.certificates = certificates
    frames = FrameControl(observation)
    services = try await loop.run { () throws(ReactorError) in
      let services = AstraServices(on: loop, watched, observation, certificates)
      try services.start()
      return LoopBound(services, on: loop)
    }
  }

  /// Where the metadata service listens.
  public var metadataAddress: SocketAddress { watched.read { $0.metadataAddress } }
  /// Where the proxy listens now.
  public var proxyAddress: SocketAddress { watched.read { $0.proxyAddress } }
  /// The host ids of the nodes that the database has now, by their places.
  public var hostIDs: [Int: CQLUUID] {
    watched.read { state in
      Dictionary(uniqueKeysWithValues: state.topology.nodes.map { ($0.index, $0.hostID) })
    }
  }
  /// The certificate of the authority that has signed all others, as PEM.
  public var authority: [UInt8] { certificates.authority.pem }
  /// The certificate and the key of the bundle.
  public var clientIdentity: TLSIdentity { certificates.client }

  /// How the names of both services become addresses: for `ClientConfiguration.resolver`. The proxy's name leads to where
  /// the proxy is at that moment.
  public var resolver: @Sendable (_ host: String, _ port: Int, _ loop: EventLoop) async throws -> [SocketAddress] {
    { [watched] host, port, loop in
      let state = watched.value
      guard host == "localhost" else { return try await loop.resolve(host, port: port) }
      if state.faults.hidesNames { throw ReactorError(.nameNotFound, "looking up a host name: there is no such name") }
      return [Int(state.proxyAddress.port) == port ? state.proxyAddress : state.metadataAddress]
    }
  }
}

// MARK: - The bundle

extension AstraEmulator {
  /// What may be wrong with the client certificate of a bundle.
  public enum BundleCertificate: Sendable {
    /// Nothing.
    case ordinary
    /// There is none, and no key.
    case missing
    /// It was valid until yesterday.
    case expired
    /// It is of another authority than the services trust.
    case foreign
  }

  /// The secure connect bundle, a zip archive.
  public var bundle: [UInt8] { AstraBundle.zip(bundleFiles()) }

  /// The files of the bundle by their names, to be changed and given to ``AstraBundle/zip(_:)``.
  public func bundleFiles(_ certificate: BundleCertificate = .ordinary) -> [String: [UInt8]] {
    let state = watched.value
    let settings = """
      {
        "host": "localhost",
        "port": \(state.metadataAddress.port),
        "cql_port": \(state.proxyAddress.port),
        "keyspace": "\(configuration.keyspace)",
        "localDC": "\(configuration.localDatacenter)",
        "caCertLocation": "./ca.crt",
        "keyLocation": "./key",
        "certLocation": "./cert",
        "keyStoreLocation": "./identity.jks",
        "trustStoreLocation": "./trustStore.jks"
      }
      """
    var files = ["config.json": Array(settings.utf8), "ca.crt": certificates.authority.pem]
    let identity: TLSIdentity? =
      switch certificate {
      case .ordinary: certificates.client
      case .missing: nil
      case .expired: certificates.expiredClient()
      case .foreign: certificates.foreignClient()
      }
    if let identity {
      files["cert"] = identity.certificateChain
      files["key"] = identity.privateKey
    }
    return files
  }
}

// MARK: - Faults

extension AstraEmulator {
  /// What is wrong at the moment.
  public var faults: AstraFaults { watched.read { $0.faults } }

  /// Makes something wrong, or right again. Connections that stand go on as they are.
  ///
  /// - Parameter body: Changes the faults; the emulator is locked meanwhile, so it must not be asked anything.
  /// - Throws: `ReactorError` when a service cannot listen with its new certificate.
  public func change(_ body: @Sendable (inout AstraFaults) -> Void) async throws(ReactorError) {
    let (before, after) = watched.change { state in
      let before = state.faults
      body(&state.faults)
      return (before, state.faults)
    }
    let metadata = before.metadataCertificate != after.metadataCertificate
    let proxy = before.proxyCertificate != after.proxyCertificate
    guard metadata || proxy else { return }
    try await services.loop.run { () throws(ReactorError) in
      try services.onLoop.renewCertificates(metadata: metadata, proxy: proxy)
    }
  }

  /// Makes everything right again: no fault, no rule, every node up.
  ///
  /// - Throws: `ReactorError` when a service cannot listen with its new certificate.
  public func heal() async throws(ReactorError) {
    frames.removeRules()
    try await change { $0 = AstraFaults() }
    for place in hostIDs.keys { await restore(place) }
  }

  /// Refuses connections to a node, after TLS; those that stand go on.
  public func refuse(_ place: Int) async { watched.change { $0.topology.change(place) { $0.isRefused = true } } }

  /// Cuts all connections to a node and refuses further ones. Who has registered for it is told that the node is down.
  public func kill(_ place: Int) async {
    await refuse(place)
    await onServices { $0.cut(place) }
    await announce(place) { .statusChange(.down, $0) }
  }

  /// Lets a node be reached again. Who has registered for it is told that the node is up.
  public func restore(_ place: Int) async {
    let wasRefused = watched.change { state in
      let wasRefused = state.topology.node(at: place)?.isRefused == true
      state.topology.change(place) { $0.isRefused = false }
      return wasRefused
    }
    if wasRefused { await announce(place) { .statusChange(.up, $0) } }
  }

  /// Adds a node; who has registered for it is told of it.
  ///
  /// - Returns: Its place.
  @discardableResult
  public func addNode(_ target: AstraTarget) async -> Int {
    let place = watched.change { $0.topology.add(target).index }
    await announce(place) { .topologyChange(.newNode, $0) }
    await announce(place) { .statusChange(.up, $0) }
    return place
  }

  /// Gives every node another id, as when a database was resumed elsewhere: the old ids lead nowhere, and connections
  /// are cut.
  public func rotateIDs() async {
    watched.change { state in
      state.topology.rotateAll()
      state.observed.rotations += 1
    }
    await cutConnections()
  }

  /// Moves the proxy to another address of loopback, with the same port: all connections are cut, nothing listens at the
  /// old address, and ``resolver`` gives the new one.
  ///
  /// - Throws: `ReactorError` when the address cannot be listened at.
  public func moveProxy(to host: String) async throws(ReactorError) {
    let address = try SocketAddress(host, port: Int(proxyAddress.port))
    try await services.loop.run { () throws(ReactorError) in
      try services.onLoop.listenForNodes(at: address)
      services.onLoop.frames.cutAll()
    }
  }

  /// Cuts all connections to nodes, as a network that fails.
  public func cutConnections() async { await onServices { $0.frames.cutAll() } }

  private func onServices(_ body: @Sendable (AstraServices) -> Void) async {
    await services.loop.run { body(services.onLoop) }
  }

  private func announce(_ place: Int, _ event: @Sendable (NodeAddress) -> Event) async {
    let address: NodeAddress? = watched.read { state in
      guard let node = state.topology.node(at: place), state.faults.reportsPrivateAddresses else { return nil }
      return NodeAddress(address: node.privateAddress, port: 9042)
    }
    guard let address else { return }
    let event = event(address)
    await onServices { $0.frames.announce(event) }
  }
}

// MARK: - What has happened

extension AstraEmulator {
  /// What it has seen so far.
  public var observed: AstraObservation { watched.read { $0.observed } }

  /// Waits until `condition` holds, or until the task is cancelled.
  public func wait(until condition: @escaping @Sendable (AstraObservation) -> Bool) async {
    await watched.wait { condition($0.observed) }
  }
}
