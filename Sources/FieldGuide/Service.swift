internal import Cassandra
internal import CassandraReactor
internal import CassandraTelemetry
internal import CassandraTerminal
internal import CassandraHTTPServer
internal import CassandraWeb

/// The API while it runs: the one session of the process, and the server in front of it.
struct Service {
  private let settings: Settings
  private let configuration: ServerConfiguration
  private let loops: EventLoops
  private let logger: CassandraLogger
  private let client: CassandraClient
  private let exporter: OTLPExporter?
  private let renewal: CertificateRenewal?

  /// Puts the parts together; nothing is connected or bound yet.
  init(
    settings: Settings, configuration: ServerConfiguration, renewal: CertificateRenewal? = nil, loops: EventLoops,
    logger: CassandraLogger
  ) throws(CassandraError) {
    self.renewal = renewal
    self.settings = settings
    exporter = settings.spanEndpoint.flatMap {
      OTLPExporter(endpoint: $0, service: "fieldguide", loops: loops, logger: logger)
    }
    var configuration = configuration
    configuration.spans = exporter?.queue
    self.configuration = configuration
    self.loops = loops
    self.logger = logger
    var database = settings.database
    if let threshold = configuration.slowRequestThreshold {
      database.requestListener = SlowQueryLog(threshold: threshold, logger: logger)
    }
    if let exporter { database.requestListener = QuerySpans(sink: exporter.queue, other: database.requestListener) }
    client = try CassandraClient(database, loops: loops, logger: logger)
  }

  private enum Part: Sendable {
    case client
    case spans
    case server
    case renewal
    case end
  }

  /// Serves until `end` returns and the requests in flight have been answered.
  ///
  /// - Parameter onListening: Is told the address once connections are accepted.
  /// - Throws: ``CommandFailure`` when the address cannot be listened at.
  func run(
    onListening: @escaping @Sendable (SocketAddress) -> Void = { _ in },
    until end: @escaping @Sendable () async throws -> Void
  ) async throws {
    let places = configuration
    let server = Server(
      routes: fieldGuideRoutes(hasMetrics: configuration.countsRequests),
      context: FieldGuideContext(
        cassandra: client, dataDirectory: settings.usesEmbeddedDatabase ? EmbeddedDatabase.directory : nil,
        paging: settings.cursorKey.map { Paging(key: $0) } ?? .standard),
      configuration: configuration,
      loops: loops, logger: logger)
    let points = settings.database.cluster.description
    try await withThrowingTaskGroup(of: Part.self) { group in
      group.addTask {
        try await client.run()
        return .client
      }
      if let exporter {
        group.addTask {
          await exporter.run()
          return .spans
        }
      }
      if let renewal {
        group.addTask {
          do { try await renewal.run(on: loops[0], logger: logger) } catch is CancellationError {}
          return .renewal
        }
      }
      group.addTask {
        do {
          try await server.run(.part) { address in
            logger.info(
              "serving",
              [
                "address": .text(places.place(of: address)), "database": .text(points),
                "keyspace": .text(settings.keyspace),
              ])
            ServiceManager.tell(.ready)
            onListening(address)
          }
        } catch let error as ReactorError {
          throw CommandFailure(error, listeningAt: configuration.addresses)
        }
        return .server
      }
      group.addTask {
        try await end()
        ServiceManager.tell(.stopping)
        server.shutDown()
        return .end
      }
      // The session is closed after the last request has been answered.
      while let part = try await group.next() {
        if part == .server { group.cancelAll() }
      }
    }
  }
}
