public import CassandraWire
public import CassandraReactor
internal import Synchronization
public import CassandraTelemetry

/// A client of a Cassandra cluster: one for the whole process, shared by everything in it.
///
/// ```swift
/// let client = try CassandraClient(.init(.nodes(["127.0.0.1:9042"], localDatacenter: "datacenter1"), keyspace: "naturalist"))
/// try await withThrowingTaskGroup(of: Void.self) { group in
///   group.addTask { try await client.run() }
///   let rows = try await client.query("SELECT species FROM plants WHERE genus = \("Plantago")")
///   …
///   group.cancelAll()
/// }
/// ```
/// ``run()`` owns everything that happens in the background, and ends when its task is cancelled; for a program that
/// needs the client for a while, ``withClient(_:loops:logger:_:)`` does both.
///
/// Each event loop, up to ``ClientLimits/connectionsPerNode``, has a connection of its own to every node. A call from a
/// task of one of these loops stays on it; a call from elsewhere (a loop without one, the main actor, another framework) is
/// carried out on the loop with the fewest requests, and comes back. Every statement that selects or modifies is prepared
/// once, and only its values travel afterwards.
public final class CassandraClient: Sendable {
  let configuration: ClientConfiguration
  /// Where changes of the schema arrive.
  let schemaNews: SchemaNews
  let loops: EventLoops
  private let clients: [LoopBound<LoopClient>]
  private let loopClients: LoopClients
  private let loads: [Load]
  private let wasStarted = Atomic<Bool>(false)

  /// How many calls from elsewhere are on a loop.
  private final class Load: Sendable {
    let calls = Atomic<Int>(0)
  }

  /// Makes a client; nothing is connected before ``run()``.
  ///
  /// - Parameters:
  ///   - configuration: The cluster, the keyspace, the credentials, the limits.
  ///   - loops: The loops that the connections live on; the application's, so that its requests stay where they are.
  ///   - logger: Is told of connections that are made and lost, and of the server's warnings.
  /// - Throws: ``CassandraError/Code/configuration`` when a default or a limit is out of its range, or when TLS or
  ///   credentials are set for a cluster that brings its own.
  public init(
    _ configuration: ClientConfiguration, loops: EventLoops = .shared, logger: CassandraLogger = .silent
  ) throws(CassandraError) {
    self.loops = loops
    try configuration.limits.validate()
    guard configuration.protocolVersion >= .v4 else {
      throw CassandraError(.configuration, "The protocol version must be 4 or 5.")
    }
    var configuration = configuration
    try configuration.takeAccess(from: configuration.cluster.directory)
    let defaults = try ResolvedOptions(configuration.defaults, configuration.limits)
    for profile in configuration.profiles.values {
      _ = try ResolvedOptions(configuration.defaults.overridden(by: profile), configuration.limits)
    }
    self.configuration = configuration
    let count = configuration.connectedLoops(of: loops.count)
    let table = PreparedTable(
      capacity: configuration.limits.preparedStatements,
      maximumWaiting: count * (configuration.limits.requestsInFlight + configuration.limits.requestsWaiting))
    loopClients = LoopClients()
    schemaNews = SchemaNews(
      table, loopClients, awaiting: configuration.keyspaceMayBeMissing ? configuration.keyspace : nil)
    let context = ClientContext(
      configuration: configuration, defaults: defaults, defaultTimeout: defaults.timeout.wholeMilliseconds,
      firstLook: defaults.hedging.percentile == nil ? defaults.hedging.first : nil,
      routing: RoutingRules(configuration.defaults.routing ?? configuration.routing),
      remoteNodesPerDatacenter: configuration.remoteNodesPerDatacenter,
      table: table, timestamps: Timestamps(configuration.timestamps), loops: loopClients, schemaNews: schemaNews,
      logger: logger.labelled("cassandra"))
    clients = loops.prefix(count).map { LoopBound(giving: LoopClient(on: $0, context: context), to: $0) }
    loopClients.set(clients)
    loads = clients.map { _ in Load() }
  }

  deinit { loopClients.set([]) }

  /// Connects, and keeps the connections, until the task is cancelled; then lets the requests under way finish, for
  /// ``ClientLimits/drainTimeout`` at most, and closes.
  ///
  /// A database that cannot be reached does not end it: it tries again, and requests fail in the meantime.
  ///
  /// - Throws: ``CassandraError/Code/configuration`` when it is called a second time.
  public func run() async throws {
    guard wasStarted.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else {
      throw CassandraError(.configuration, "run() of a database client is called once.")
    }
    let clients = clients
    try await loops.runOnEach { loop in
      if loop.index < clients.count { await clients[loop.index].onLoop.run() }
    }
  }

  /// Runs a client around `body` and closes it afterwards.
  ///
  /// - Throws: What `body` throws, or ``CassandraError/Code/configuration``.
  @discardableResult
  public static func withClient<Result: Sendable>(
    _ configuration: ClientConfiguration, loops: EventLoops = .shared, logger: CassandraLogger = .silent,
    _ body: (CassandraClient) async throws -> Result
  ) async throws -> Result {
    let client = try CassandraClient(configuration, loops: loops, logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await client.run() }
      let outcome: Swift.Result<Result, any Error>
      do { outcome = .success(try await body(client)) } catch { outcome = .failure(error) }
      group.cancelAll()
      try await group.waitForAll()
      return try outcome.get()
    }
  }

  /// Carries a statement out.
  ///
  /// It returns when the first page of the result is there; further ones are asked for as they are read. A statement that
  /// changes the schema returns when all nodes have it (``Rows/isSchemaAgreed``).
  ///
  /// - Parameters:
  ///   - statement: CQL with its values; see ``Statement``.
  ///   - options: How it is to be carried out, where it differs from the client's defaults.
  ///   - file: Where the call stands, for ``CassandraError/callSite``.
  ///   - line: Its line.
  /// - Throws: ``CassandraError``.
  @discardableResult
  public nonisolated(nonsending) func query(
    _ statement: Statement, options: QueryOptions? = nil, file: StaticString = #fileID, line: UInt = #line
  ) async throws(CassandraError) -> Rows {
    do throws(CassandraError) {
      if let client = onThisLoop(#isolation) { return try await client.query(statement, options) }
      return try await elsewhere { (client: LoopClient) async throws(CassandraError) in
        try await client.query(statement, options)
      }
    } catch { throw error.called(at: file, line) }
  }

  /// The columns of a statement's rows, as the database says when it prepares the statement; none for a statement without
  /// rows, and for one that is not prepared. Nothing is carried out.
  ///
  /// - Throws: ``CassandraError``.
  public nonisolated(nonsending) func columns(
    of statement: Statement
  ) async throws(CassandraError) -> [ColumnSpecification] {
    if let client = onThisLoop(#isolation) { return try await client.statements.columns(of: statement) }
    return try await elsewhere { (client: LoopClient) async throws(CassandraError) in
      try await client.statements.columns(of: statement)
    }
  }

  /// Carries several statements out as one.
  ///
  /// ```swift
  /// try await client.batch(.unlogged) {
  ///   $0.add("INSERT INTO plants (genus, species) VALUES (\(genus), \(first))")
  ///   $0.add("INSERT INTO plants (genus, species) VALUES (\(genus), \(second))")
  /// }
  /// ```
  /// - Parameters:
  ///   - kind: Logged: all or none, at a price. Unlogged: for one partition. Counter: for counters.
  ///   - options: How it is to be carried out, where it differs from the client's defaults.
  ///   - file: Where the call stands, for ``CassandraError/callSite``.
  ///   - line: Its line.
  ///   - fill: Adds the statements: INSERT, UPDATE or DELETE, at least one and at most 65,535.
  /// - Throws: ``CassandraError``.
  @discardableResult
  public nonisolated(nonsending) func batch(
    _ kind: Batch.Kind = .logged, options: QueryOptions? = nil, file: StaticString = #fileID, line: UInt = #line,
    _ fill: (inout BatchStatements) throws -> Void
  ) async throws -> Rows {
    var batch = BatchStatements()
    try fill(&batch)
    let statements = batch.statements
    do throws(CassandraError) {
      if let client = onThisLoop(#isolation) { return try await client.batch(kind, statements, options) }
      return try await elsewhere { (client: LoopClient) async throws(CassandraError) in
        try await client.batch(kind, statements, options)
      }
    } catch { throw error.called(at: file, line) }
  }

  /// The client's part on the loop whose task this is. Code of an actor that happens to run on the loop's thread would
  /// leave it at its next wait, so it does not count.
  @inline(__always)
  private func onThisLoop(_ isolation: (any Actor)?) -> LoopClient? {
    guard isolation == nil, let index = loops.currentIndex, index < clients.count else { return nil }
    return clients[index].onLoop
  }

  /// What the client has done so far: counters and latencies of each node.
  public var metrics: ClientMetrics {
    get async {
      var all = ClientMetrics()
      for client in clients {
        all.add(await client.loop.run { client.withValue { $0.metrics } })
      }
      return all
    }
  }

  /// Counts the changes of the schema that the client has heard of, and the times in which it may have missed some: what
  /// was made of the schema is up to date while this stays the same.
  public var schemaVersion: UInt64 { schemaNews.version }

  /// Whether any loop has a connection that requests can be sent on.
  public var isConnected: Bool {
    get async {
      for client in clients where await client.loop.run({ client.withValue { $0.isConnected } }) { return true }
      return false
    }
  }

  /// The nodes of the cluster as all loops see them at the moment.
  public var topology: ClusterTopology {
    get async {
      var views: [ClusterTopology] = []
      for client in clients { views.append(await client.loop.run { client.withValue { $0.nodes.view } }) }
      return ClusterTopology(joining: views)
    }
  }

  private nonisolated(nonsending) func elsewhere<Result: Sendable>(
    _ body: @Sendable (LoopClient) async throws(CassandraError) -> Result
  ) async throws(CassandraError) -> Result {
    var least = 0
    for index in loads.indices
    where loads[index].calls.load(ordering: .relaxed) < loads[least].calls.load(ordering: .relaxed) { least = index }
    let load = loads[least]
    load.calls.add(1, ordering: .relaxed)
    defer { load.calls.subtract(1, ordering: .relaxed) }
    let client = clients[least]
    return try await client.loop.run { () async throws(CassandraError) in try await body(client.onLoop) }
  }
}
