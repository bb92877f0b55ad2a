internal import Cassandra
internal import CassandraReactor
internal import CassandraTelemetry
public import CassandraTerminal
internal import CassandraHTTPServer

/// The reference API of animals and plants: `fieldguide serve`, `fieldguide init` and `fieldguide doctor`.
public enum FieldGuide {
  /// The command line.
  public static let program = Program(
    "fieldguide", "An API of animals and plants on Apache Cassandra.",
    commands: [
      Command(
        "serve", "Serve the API.",
        details: """
          Listens at once and answers 503 until the database can be reached. SIGTERM or Ctrl-C lets the requests in
          flight finish; a second one ends at once. Each option can be a setting too: --idle-timeout is
          FIELDGUIDE_IDLE_TIMEOUT, in the environment or in .env.
          """,
        options: [
          CommandOption("host", "H", "addresses to listen at, with commas between; :: takes IPv4 too (127.0.0.1)"),
          CommandOption("port", "N", "port to listen at, also PORT; 0 lets the system choose (5000)"),
          CommandOption("listen", "LIST", "in their place: host:port or unix:/path, with commas between"),
          CommandOption("tls-certificate", "FILE", "PEM file of the API's certificate and its chain; turns TLS on"),
          CommandOption("tls-key", "FILE", "PEM file of its private key"),
        ] + ServerSetting.all.map { CommandOption($0.option, $0.value, $0.help) } + [environmentOption], run: serve),
      Command(
        "init", "Create the keyspace if it does not exist, the tables and the sample rows.",
        details: """
          Says what it writes where. What exists stays as it is, so it is safe to run twice. On Astra DB the keyspace has
          to be there: it is made in the portal.
          """,
        options: [
          CommandOption(flag: "wait", "wait for a database that is starting, for 60 s at most"),
          CommandOption("wait-seconds", "N", "the same, for N seconds at most, up to 86400"), environmentOption,
        ], run: initialize),
      Command(
        "doctor", "Check the settings, the way to the database, and what is in it.",
        details: """
          Goes from the settings to the tables, says what is wrong and what to do, and changes nothing. The status is 0
          when all is well and 1 when something is not.
          """,
        options: [environmentOption], run: examine),
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
        ASTRA_DB_SECURE_BUNDLE_PATH  instead of all of these: the zip file of an Astra database
        ASTRA_DB_APPLICATION_TOKEN   AstraCS:…; or both of ASTRA_DB_CLIENT_ID and ASTRA_DB_CLIENT_SECRET
        ASTRA_DB_KEYSPACE            the keyspace, made in the portal (the one that the bundle names)
        FIELDGUIDE_DATABASE          embedded: the database in the program, with its data below ./data/fieldguide; it
                                     is used where no setting names another, for others than loopback only when set
        FIELDGUIDE_LISTEN, FIELDGUIDE_HOST, FIELDGUIDE_PORT, PORT and what else `serve --help` names
        FIELDGUIDE_OTLP_ENDPOINT     http://host:port of a collector; spans of requests and queries are sent there
        FIELDGUIDE_CURSOR_KEY        32 letters or more that all processes behind one address share, for cursors of pages
        FIELDGUIDE_LOG_LEVEL         trace, debug, info, warning or error (info)
        FIELDGUIDE_LOG_FORMAT        text or json (text on a terminal, json otherwise)
      """)

  private static let environmentOption = CommandOption(
    "env", "FILE", "file of settings (.env); paths in it are relative to it")

  private static func settings(_ source: SettingsSource) throws -> (Settings, ConsoleSink, CassandraLogger) {
    var settings = try Settings(source)
    let sink = ConsoleSink(format: settings.logFormat ?? .suitingStandardError)
    let logger = CassandraLogger(label: "fieldguide", level: settings.logLevel, sink: sink)
    for warning in settings.warnings { logger.warning(warning) }
    if let astra = settings.astra { settings.database.cluster = try astra.cluster(logger: logger) }
    return (settings, sink, logger)
  }

  @Sendable
  private static func initialize(_ arguments: Arguments) async throws {
    let (settings, sink, logger) = try settings(try SettingsSource(file: arguments["env"]))
    defer { sink.flush() }
    let patience = try StartingDatabase.patience(arguments)
    try await EmbeddedDatabase.with(settings, logger: logger) { settings in
      if let patience {
        var database = StartingDatabase(settings: settings, logger: logger)
        database.patience = patience
        try await database.wait()
      }
      printLine("Field Guide: preparing keyspace \(settings.keyspace) at \(settings.database.cluster)")
      do { try await prepare(settings, logger: logger) } catch let error as CassandraError {
        if settings.astra != nil, error.saysKeyspaceMissing {
          throw CommandFailure(keyspaceMissingOnAstra: settings.keyspace)
        }
        throw CommandFailure(error, at: settings.database.cluster.description)
      }
    }
  }

  /// Makes what is missing in the database of the settings.
  static func prepare(
    _ settings: Settings, logger: CassandraLogger = .silent, progress: Progress = Progress()
  ) async throws {
    var database = settings.database
    // Where we may make the keyspace ourselves, it need not be there when we log in.
    if settings.astra == nil { database.keyspace = nil }
    try await CassandraClient.withClient(database, logger: logger) { client in
      try await Initialization(client: client, settings: settings, progress: progress).run()
    }
  }

  @Sendable
  private static func examine(_ arguments: Arguments) async throws {
    let checklist = Checklist()
    let loops = try EventLoops(count: 1)
    let doctor = Doctor(
      loops: loops, begin: { checklist.begin($0) },
      report: { label, finding in
        checklist.report(finding.mark, label, finding.text, advice: finding.advice)
      })
    let failures = await doctor.run { () throws(SettingsError) in
      try Settings(try SettingsSource(file: arguments["env"]))
    }
    await loops.shutDown()
    guard failures == 0 else { throw CommandFailure(failedChecks: failures) }
  }

  /// What the end may take besides the times that are set for it.
  private static let endAllowance: Duration = .seconds(15)

  @Sendable
  private static func serve(_ arguments: Arguments) async throws {
    // First of all: a signal that comes while the program starts is kept.
    Signal.take(.terminate, .interrupt)
    let source = try SettingsSource(file: arguments["env"])
    let server = try configuration(source, arguments)
    let (settings, sink, logger) = try settings(source)
    defer { sink.flush() }
    if let open = server.addresses.first(where: { !$0.isLoopback }), settings.usesEmbeddedDatabase,
      !settings.asksForEmbeddedDatabase
    {
      throw UsageError(
        """
        no database is set, and the embedded one stands behind loopback only. Set CASSANDRA_CONTACT_POINTS and \
        CASSANDRA_LOCAL_DATACENTER, or ASTRA_DB_SECURE_BUNDLE_PATH and a token, or FIELDGUIDE_DATABASE=embedded to use \
        it for \(open.host) too.
        """)
    }
    let loops = try EventLoops(logger: logger)
    try await EmbeddedDatabase.with(settings, logger: logger) { settings in
      let service = try Service(
        settings: settings, configuration: server, renewal: renewal(of: server, source, arguments), loops: loops,
        logger: logger)
      try await service.run {
        let signal = try await loops[0].signal(.terminate, .interrupt)
        logger.info("stopping; a second signal ends at once", ["signal": .text("\(signal)")])
        Signal.exitProcess(
          after: server.shutdownDelay + server.lastAnswersTimeout + server.shutdownTimeout + endAllowance)
      }
    }
    logger.info("stopped")
  }

  /// What reads the certificate again; nil without TLS, when SIGHUP does what it does to any program.
  private static func renewal(
    of server: ServerConfiguration, _ source: SettingsSource, _ arguments: Arguments
  ) -> CertificateRenewal? {
    guard let tls = server.tls else { return nil }
    Signal.take(.hangUp)
    var options: [String: String] = [:]
    for name in ["tls-certificate", "tls-key"] { options[name] = arguments[name] }
    return CertificateRenewal(tls: tls) { [options] in
      try ListenSettings.identity(source, options: options)
    } context: { [protocols = server.applicationProtocols] identity in
      try ListenSettings.tlsContext(identity, protocols: protocols)
    }
  }

  /// The server as the options and the settings want it.
  static func configuration(_ source: SettingsSource, _ arguments: Arguments) throws -> ServerConfiguration {
    var configuration = ServerConfiguration()
    var options: [String: String] = [:]
    for name in ["listen", "host", "port", "tls-certificate", "tls-key"] { options[name] = arguments[name] }
    configuration.addresses = try ListenSettings.addresses(source, options: options)
    for setting in ServerSetting.all {
      if let text = arguments[setting.option] {
        try setting.set(&configuration, SettingsSource.Value(text: text, place: "--\(setting.option)", folder: nil))
      } else if let value = source[setting.name] {
        try setting.set(&configuration, value)
      }
    }
    if let identity = try ListenSettings.identity(source, options: options) {
      configuration.tls = TLSServer(
        try ListenSettings.tlsContext(identity, protocols: configuration.applicationProtocols))
    }
    return configuration
  }
}
