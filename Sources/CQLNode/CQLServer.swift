internal import CQLEngine
internal import CassandraWire
public import CassandraReactor
public import CassandraTelemetry

/// A node that speaks the native protocol of Cassandra (v3, v4 and v5) and keeps its data on this machine.
///
/// It is for development, for tests, and for what one machine can carry: drivers and cqlsh talk to it as to a Cassandra
/// of one node.
/// ```swift
/// var configuration = NodeConfiguration()
/// configuration.storage = .directory("data")
/// let server = try CQLServer(configuration, loops: loops, logger: logger)
/// try await withThrowingTaskGroup(of: Void.self) { group in
///   group.addTask { try await server.run { print("listening at \($0)") } }
///   _ = try await loops[0].signal(.terminate, .interrupt)
///   server.shutDown()
///   try await group.waitForAll()
/// }
/// ```
/// Give it loops of its own, also inside of another program: a long statement then takes no time from that program's.
public final class CQLServer: Sendable {
  let configuration: NodeConfiguration
  private let loops: EventLoops
  let logger: CassandraLogger
  private let stopping = OneShot<Void>()
  /// The engine while it runs.
  private let engine = Locked<Engine?>(nil)

  /// Makes a node; nothing is opened or bound before ``run(onListening:onFirstUser:)``.
  ///
  /// - Parameters:
  ///   - configuration: Where it listens, where it keeps its data, and its limits.
  ///   - loops: The loops that its connections live on.
  ///   - logger: Is told what an operator should know.
  /// - Throws: ``NodeError/Code/configuration`` when others than this machine could use it without logging in.
  public init(
    _ configuration: NodeConfiguration = NodeConfiguration(), loops: EventLoops = .shared,
    logger: CassandraLogger = .silent
  ) throws(NodeError) {
    guard configuration.address.isLoopback || configuration.asksWhoIsThere || configuration.allowsAnonymousAccess else {
      throw NodeError(
        .configuration,
        "\(configuration.address) can be reached by others than this machine, and nobody would have to log in")
    }
    self.configuration = configuration
    self.loops = loops
    self.logger = logger.labelled("node")
  }

  /// Opens the data, listens, and serves until ``shutDown()`` has been called and the requests in flight are answered.
  ///
  /// When the task is cancelled, connections are cut instead. Either way the data is closed in order. It may run once.
  ///
  /// - Parameters:
  ///   - onListening: Is told the address once statements are answered, with the port that the system chose.
  ///   - onFirstUser: Is told the superuser that the first start makes where clients have to log in and no
  ///     ``NodeConfiguration/user`` is given. Its password is told here, once, and kept as a hash only.
  /// - Throws: ``NodeError``: the address cannot be listened at, the data cannot be opened, TLS cannot be set up, one of the
  ///   initial statements failed.
  public func run(
    onListening: @Sendable (SocketAddress) -> Void = { _ in }, onFirstUser: @Sendable (NodeUser) -> Void = { _ in }
  ) async throws(NodeError) {
    let engine: Engine
    do throws(EngineStartError) {
      var settings = EngineConfiguration(configuration)
      settings.report = { [logger] in logger.error("the storage failed in the background", ["reason": .text($0)]) }
      engine = try await Engine(settings)
    } catch { throw NodeError(.storage, error.description, cause: error) }
    self.engine.withLock { $0 = engine }
    defer { self.engine.withLock { $0 = nil } }
    do throws(NodeError) {
      try await makeRoles(engine, onFirstUser: onFirstUser)
      async let settled: Void = settleRoles(engine)
      try await serve(engine, onListening: onListening)
      await settled
    } catch {
      await engine.close()
      throw error
    }
    await engine.close()
  }

  /// Writes down what the node holds: everything that was acknowledged before the call, and nothing by halves.
  ///
  /// It blocks the calling thread until all is written, so it is for tests and small data.
  ///
  /// - Throws: ``NodeError/Code/storage`` when the node does not run or the file cannot be written.
  public func snapshot() throws(NodeError) -> NodeSnapshot {
    guard let engine = engine.withLock({ $0 }) else { throw NodeError(.storage, "the node is not running") }
    let snapshot = NodeSnapshot()
    do throws(EngineStartError) { try engine.copy(to: snapshot.path) } catch {
      throw NodeError(.storage, error.description, cause: error)
    }
    return snapshot
  }

  /// Lets the node end: no further connection is accepted, and requests in flight get ``NodeLimits/shutdownTimeout`` to
  /// finish. Returns at once; ``run(onListening:onFirstUser:)`` returns when it is done.
  public func shutDown() { stopping.fulfill() }
}

// MARK: - Serving

extension CQLServer {
  /// Listens and serves what `backend` answers, as ``run(onListening:onFirstUser:)`` does.
  package func serve(
    _ backend: any RequestBackend, onListening: @Sendable (SocketAddress) -> Void
  ) async throws(NodeError) {
    let memory = MemoryBudget(limit: configuration.limits.memoryBytes)
    let clients = ClientDirectory()
    let servers = loops.map { loop in
      LoopBound(
        giving: LoopServer(
          on: loop, configuration: configuration, loopCount: loops.count, memory: memory, clients: clients,
          authority: backend.logins, logger: logger), to: loop)
    }
    backend.onSchemaChange { change in
      for server in servers { server.loop.post { server.withValue { $0.announce(.schemaChange(change)) } } }
    }
    var executors: [LoopBound<any RequestExecutor>] = []
    for server in servers {
      do throws(EngineStartError) {
        executors.append(
          try await server.loop.run { () throws(EngineStartError) in
            let turns = server.onLoop.turns
            let loop = server.loop
            let executor = try backend.executor(
              turns: LoopTurns(atEndOfTurn: { loop.atEndOfTurn($0) }, post: { loop.post($0) })
            ) { await turns.wait() }
            return LoopBound(executor, on: loop)
          })
      } catch { throw NodeError(.storage, error.description, cause: error) }
    }
    if let first = executors.first { try await prepare(on: first) }
    let listeners = try await listen(servers)
    if let address = NodeAddress(listeners.address) { backend.advertise(address) }
    let (requests, settings) = (configuration.limits.requestsInFlight, configuration.settings(at: listeners.address))
    backend.observe { clients.status(maximumRequests: requests, settings: settings) }
    onListening(listeners.address)
    let executorOfLoop = executors
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [stopping] in
        await stopping.wait()
        await listeners.close()
        for server in servers { await server.loop.run { server.withValue { $0.stop() } } }
      }
      await withTaskGroup(of: Void.self) { serving in
        for (server, executor) in zip(servers, executorOfLoop) {
          serving.addTask(executorPreference: server.loop) { await server.onLoop.run(on: executor.onLoop) }
        }
      }
      group.cancelAll()
    }
    await listeners.close()
  }

  private func listen(_ servers: [LoopBound<LoopServer>]) async throws(NodeError) -> ListenerGroup {
    EventLoops.raiseOpenFileLimit()
    do throws(ReactorError) {
      var options = ListenOptions()
      options.backlog = configuration.limits.backlog
      options.maximumConnections = configuration.limits.connections
      options.handshakeTimeout = configuration.limits.handshakeTimeout
      if let tls = configuration.tls {
        let context = try TLSServerContext(
          identity: tls.identity, clientCertificates: tls.clientAuthorities.map { .required($0) } ?? .notAsked)
        CertificateWarnings().note(context.identityDates, of: "the certificate of the node", to: logger)
        options.tls = TLSServer(context)
      }
      return try await ListenerGroup(at: configuration.address, on: loops, options: options) { transport in
        servers[transport.loop.index].withValue { $0.accept(transport) }
      }
    } catch {
      if error.code == .tlsConfiguration { throw NodeError(.configuration, error.description, cause: error) }
      throw NodeError(
        .listening, "\(configuration.address): \(error.description)", cause: error)
    }
  }
}

extension EngineConfiguration {
  /// What a node's settings say about its engine.
  init(_ configuration: NodeConfiguration) {
    let location: Location
    switch configuration.storage {
    case .directory(let path): location = .directory(path)
    case .memory: location = .temporary
    case .snapshot(let snapshot): location = .temporaryCopy(of: snapshot.path)
    }
    self.init(location: location, clusterName: configuration.clusterName)
    acceptsLoss = configuration.acceptsLoss
    enforcesRoles = configuration.hasLogins
  }
}
