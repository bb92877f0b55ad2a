internal import Cassandra
internal import Reactor
internal import Telemetry
public import Terminal
internal import Web

/// The reference API of animals and plants: `fieldguide serve` and `fieldguide init`.
public enum FieldGuide {
  /// The command line.
  public static let program = Program(
    "fieldguide", "An API of animals and plants on Apache Cassandra.",
    commands: [
      Command(
        "serve", "Serve the API.",
        details: """
          Listens at once and answers 503 until the database can be reached. SIGTERM or Ctrl-C lets the requests in
          flight finish; a second one ends at once.
          """,
        options: [
          CommandOption("host", "H", "address to listen at (127.0.0.1)"),
          CommandOption("port", "N", "port to listen at; 0 lets the system choose (5000)"), environmentOption,
        ], run: serve),
      Command(
        "init", "Make the keyspace where it is missing, the tables and the sample rows.",
        details: "Says what it writes where. What exists stays as it is, so it is safe to run twice.",
        options: [environmentOption], run: initialize),
    ],
    closing: """
      settings, from the environment or from .env (the environment wins):
        CASSANDRA_CONTACT_POINTS     host:port, with commas between
        CASSANDRA_LOCAL_DATACENTER   the data centre of these nodes
        CASSANDRA_KEYSPACE           the keyspace (naturalist)
        CASSANDRA_USERNAME, CASSANDRA_PASSWORD
        CASSANDRA_TLS_CA             PEM file of the authorities; turns TLS on
        CASSANDRA_TLS_CERTIFICATE, CASSANDRA_TLS_KEY    PEM files, for mutual TLS
        CASSANDRA_REPLICATION_FACTOR for a keyspace that init makes (1)
        FIELDGUIDE_DATABASE          embedded: the database in the program, with its data below ./data; it is used
                                     where no setting names another, for others than loopback only when set
        FIELDGUIDE_LOG_LEVEL         trace, debug, info, warning or error (info)
        FIELDGUIDE_LOG_FORMAT        text or json (text)
      """)

  private static let environmentOption = CommandOption(
    "env", "FILE", "file of settings (.env); paths in it are relative to it")

  private static func settings(_ arguments: Arguments) throws -> (Settings, ConsoleSink, Logger) {
    let settings = try Settings(try SettingsSource(file: arguments["env"]))
    let sink = ConsoleSink(format: settings.logFormat)
    let logger = Logger(label: "fieldguide", level: settings.logLevel, sink: sink)
    for warning in settings.warnings { logger.warning(warning) }
    return (settings, sink, logger)
  }

  @Sendable
  private static func initialize(_ arguments: Arguments) async throws {
    let (settings, sink, logger) = try settings(arguments)
    defer { sink.flush() }
    try await EmbeddedDatabase.with(settings, logger: logger) { settings in
      var database = settings.database
      database.keyspace = nil
      let points = database.cluster.description
      print("Field Guide: preparing keyspace \(settings.keyspace) at \(points)")
      do {
        try await CassandraClient.withClient(database, logger: logger) { client in
          try await Initialization(client: client, settings: settings).run()
        }
      } catch let error as CassandraError {
        throw CommandFailure(error, at: points)
      }
    }
  }

  @Sendable
  private static func serve(_ arguments: Arguments) async throws {
    var configuration = ServerConfiguration()
    let port = try arguments.integer("port", in: 0...65_535) ?? 5000
    let host = arguments["host"] ?? "127.0.0.1"
    guard let address = try? SocketAddress(host == "localhost" ? "127.0.0.1" : host, port: port) else {
      throw UsageError("--host takes an IP address, such as 127.0.0.1, ::1 or 0.0.0.0, not '\(host)'.")
    }
    configuration.address = address
    let (settings, sink, logger) = try settings(arguments)
    defer { sink.flush() }
    guard address.isLoopback || !settings.usesEmbeddedDatabase || settings.asksForEmbeddedDatabase else {
      throw UsageError(
        """
        no database is set, and the embedded one stands behind loopback only. Set CASSANDRA_CONTACT_POINTS and \
        CASSANDRA_LOCAL_DATACENTER, or FIELDGUIDE_DATABASE=embedded to use it for \(host) too.
        """)
    }
    let loops = try EventLoops(logger: logger)
    let server = configuration
    try await EmbeddedDatabase.with(settings, logger: logger) { settings in
      let service = try Service(settings: settings, configuration: server, loops: loops, logger: logger)
      try await service.run {
        let signal = try await loops[0].signal(.terminate, .interrupt)
        logger.info("stopping; a second signal ends at once", ["signal": .text("\(signal)")])
      }
    }
    logger.info("stopped")
  }
}
