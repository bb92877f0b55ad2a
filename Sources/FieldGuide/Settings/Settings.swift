internal import Cassandra
internal import CassandraHTTPServer
internal import CassandraTelemetry

/// Everything that the environment and `.env` say.
struct Settings {
  /// The database; its address is not known yet while ``usesEmbeddedDatabase`` and the node has not started.
  var database: ClientConfiguration
  /// Whether the program runs a node itself, because no other database is set or because that was asked for.
  var usesEmbeddedDatabase: Bool
  /// Whether the embedded database was asked for, so that it may stand behind an API that others can reach.
  var asksForEmbeddedDatabase: Bool
  /// What is known of the Astra database; nil when it is another one.
  var astra: AstraSettings?
  /// The certificates of the settings for TLS, to look at their dates.
  var certificateFiles: [CertificateFile]
  /// The keyspace, which `init` makes, but on Astra.
  var keyspace: String
  /// Replicas in the local data centre, for a keyspace that `init` makes.
  var replicationFactor: Int
  /// Where spans are sent to; nil for nowhere.
  var spanEndpoint: String?
  /// The key of cursors; nil for one that only this process has.
  var cursorKey: Secret?
  /// How much is logged.
  var logLevel: LogLevel
  /// The form of log lines; nil for the one that suits standard error.
  var logFormat: LogFormat?
  /// What a person should look at, though it does not keep the program from running.
  var warnings: [String]

  static let names =
    CassandraSettings.names + AstraSettings.names + [
      "CASSANDRA_KEYSPACE", "CASSANDRA_REPLICATION_FACTOR", "FIELDGUIDE_DATABASE", "FIELDGUIDE_LOG_LEVEL",
      "FIELDGUIDE_LOG_FORMAT", "FIELDGUIDE_CURSOR_KEY", "FIELDGUIDE_OTLP_ENDPOINT",
    ] + ListenSettings.names + ServerSetting.all.map(\.name)

  init(_ source: SettingsSource) throws(SettingsError) {
    warnings = try source.warningsOfNames(known: Self.names)
    asksForEmbeddedDatabase = try Self.asksForEmbeddedDatabase(source)
    logLevel = try Self.logLevel(source)
    logFormat = try Self.logFormat(source)
    cursorKey = try Self.cursorKey(source)
    if let endpoint = source["FIELDGUIDE_OTLP_ENDPOINT"] {
      guard OTLPExporter(endpoint: endpoint.text, service: "") != nil else {
        throw SettingsError("\(endpoint.place) takes the address of a collector such as http://127.0.0.1:4318.")
      }
      spanEndpoint = endpoint.text
    }
    replicationFactor = try Self.integer(source, "CASSANDRA_REPLICATION_FACTOR", in: 1...99) ?? 1
    certificateFiles = []
    usesEmbeddedDatabase = false
    if Self.namesAstra(source) {
      try Self.refuseCassandraBesideAstra(source)
      let settings = try AstraSettings(source)
      astra = settings
      keyspace = settings.keyspace
      database = ClientConfiguration(settings.cluster)
    } else if CassandraSettings.names.contains(where: { source[$0] != nil }) {
      let settings = try CassandraSettings(source)
      keyspace = try Self.keyspace(source)
      database = settings.configuration
      certificateFiles = settings.certificateFiles
    } else {
      usesEmbeddedDatabase = true
      keyspace = try Self.keyspace(source)
      database = try EmbeddedDatabase.configuration()
    }
    database.keyspace = keyspace
  }

  private static func namesAstra(_ source: SettingsSource) -> Bool {
    AstraSettings.names.contains { source[$0] != nil }
  }

  private static func asksForEmbeddedDatabase(_ source: SettingsSource) throws(SettingsError) -> Bool {
    guard let value = source["FIELDGUIDE_DATABASE"] else { return false }
    guard value.text == "embedded" else {
      throw SettingsError(
        "\(value.place) is embedded, or left out for the database that CASSANDRA_* or ASTRA_DB_* names.")
    }
    if let other = (CassandraSettings.names + AstraSettings.names).lazy.compactMap({ source[$0] }).first {
      throw SettingsError("\(value.place) is embedded, and \(other.place) names another database.")
    }
    return true
  }

  /// One kind of database at a time: what is left from another would be used by nobody, or by surprise.
  private static func refuseCassandraBesideAstra(_ source: SettingsSource) throws(SettingsError) {
    let cassandra = CassandraSettings.names + ["CASSANDRA_KEYSPACE", "CASSANDRA_REPLICATION_FACTOR"]
    guard let astra = AstraSettings.names.lazy.compactMap({ source[$0]?.place }).first,
      let name = cassandra.first(where: { source[$0] != nil }), let other = source[name]?.place
    else { return }
    let hint =
      switch name {
      case "CASSANDRA_KEYSPACE": "the keyspace of Astra DB is ASTRA_DB_KEYSPACE."
      case "CASSANDRA_REPLICATION_FACTOR": "Astra DB chooses the number of replicas itself."
      default: "remove those of the database that is not meant."
      }
    throw SettingsError(
      "\(astra) and \(other) are both set, the one for Astra DB and the other for a Cassandra: \(hint)")
  }

  private static func logLevel(_ source: SettingsSource) throws(SettingsError) -> LogLevel {
    guard let value = source["FIELDGUIDE_LOG_LEVEL"] else { return .info }
    guard let level = LogLevel(name: value.text) else {
      throw SettingsError("\(value.place) is one of \(LogLevel.allCases.map(\.name).joined(separator: ", ")).")
    }
    return level
  }

  /// Letters that a key of cursors has at least: 32.
  private static let shortestCursorKey = 32

  private static func cursorKey(_ source: SettingsSource) throws(SettingsError) -> Secret? {
    guard let value = source["FIELDGUIDE_CURSOR_KEY"] else { return nil }
    guard value.text.utf8.count >= shortestCursorKey else {
      throw SettingsError("\(value.place) has \(shortestCursorKey) letters at least: `openssl rand -hex 32` makes one.")
    }
    return Secret(value.text)
  }

  private static func logFormat(_ source: SettingsSource) throws(SettingsError) -> LogFormat? {
    guard let value = source["FIELDGUIDE_LOG_FORMAT"] else { return nil }
    guard let format = LogFormat(rawValue: value.text) else {
      throw SettingsError("\(value.place) is one of \(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return format
  }

  private static func keyspace(_ source: SettingsSource) throws(SettingsError) -> String {
    guard let value = source["CASSANDRA_KEYSPACE"] else { return "naturalist" }
    return try keyspace(value.text, at: value.place)
  }

  /// `text` when it can be the name of a keyspace.
  static func keyspace(_ text: String, at place: String) throws(SettingsError) -> String {
    let isName =
      !text.isEmpty && text.utf8.count <= 48 && !text.hasPrefix("_")
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
    guard isName else {
      throw SettingsError("\(place): a keyspace has 1 to 48 letters, digits and _, and does not begin with _.")
    }
    return text
  }

  private static func integer(
    _ source: SettingsSource, _ name: String, in range: ClosedRange<Int>
  ) throws(SettingsError) -> Int? {
    guard let value = source[name] else { return nil }
    guard let number = Int(value.text), range.contains(number) else {
      throw SettingsError("\(value.place) is a number from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }
}
