internal import Cassandra
internal import Reactor
internal import Telemetry

/// Everything that the environment and `.env` say.
struct Settings {
  /// The database; its address is not known yet while ``usesEmbeddedDatabase`` and the node has not started.
  var database: ClientConfiguration
  /// Whether the program runs a node itself, because no other database is set or because that was asked for.
  var usesEmbeddedDatabase: Bool
  /// Whether the embedded database was asked for, so that it may stand behind an API that others can reach.
  var asksForEmbeddedDatabase: Bool
  /// The keyspace, which `init` makes.
  var keyspace: String
  /// Replicas in the local data centre, for a keyspace that `init` makes.
  var replicationFactor: Int
  /// How much is logged.
  var logLevel: LogLevel
  /// The form of log lines.
  var logFormat: LogFormat
  /// What a person should look at, though it does not keep the program from running.
  var warnings: [String]

  static let names = [
    "CASSANDRA_CONTACT_POINTS", "CASSANDRA_LOCAL_DATACENTER", "CASSANDRA_KEYSPACE", "CASSANDRA_USERNAME",
    "CASSANDRA_PASSWORD", "CASSANDRA_TLS_CA", "CASSANDRA_TLS_CERTIFICATE", "CASSANDRA_TLS_KEY",
    "CASSANDRA_REPLICATION_FACTOR", "FIELDGUIDE_DATABASE", "FIELDGUIDE_LOG_LEVEL", "FIELDGUIDE_LOG_FORMAT",
  ]

  /// Those that say which database it is; without any of them it is the embedded one.
  private static let databaseNames = [
    "CASSANDRA_CONTACT_POINTS", "CASSANDRA_LOCAL_DATACENTER", "CASSANDRA_USERNAME", "CASSANDRA_PASSWORD",
    "CASSANDRA_TLS_CA", "CASSANDRA_TLS_CERTIFICATE", "CASSANDRA_TLS_KEY",
  ]

  init(_ source: SettingsSource) throws(SettingsError) {
    asksForEmbeddedDatabase = try Self.asksForEmbeddedDatabase(source)
    usesEmbeddedDatabase = Self.databaseNames.allSatisfy { source[$0] == nil }
    database = try usesEmbeddedDatabase ? EmbeddedDatabase.configuration() : Self.cassandra(source)
    keyspace = try Self.keyspace(source)
    database.keyspace = keyspace
    replicationFactor = try Self.integer(source, "CASSANDRA_REPLICATION_FACTOR", in: 1...99) ?? 1
    logLevel = .info
    if let value = source["FIELDGUIDE_LOG_LEVEL"] {
      guard let level = LogLevel(name: value.text) else {
        throw SettingsError("\(value.place) is one of \(LogLevel.allCases.map(\.name).joined(separator: ", ")).")
      }
      logLevel = level
    }
    logFormat = .text
    if let value = source["FIELDGUIDE_LOG_FORMAT"] {
      guard let format = LogFormat(rawValue: value.text) else {
        throw SettingsError("\(value.place) is one of \(LogFormat.allCases.map(\.rawValue).joined(separator: ", ")).")
      }
      logFormat = format
    }
    warnings = source.unknownNames(known: Self.names, prefixes: ["CASSANDRA_", "FIELDGUIDE_"])
      .map { "\($0) is not a setting of this program" }
  }

  private static func asksForEmbeddedDatabase(_ source: SettingsSource) throws(SettingsError) -> Bool {
    guard let value = source["FIELDGUIDE_DATABASE"] else { return false }
    guard value.text == "embedded" else {
      throw SettingsError("\(value.place) is embedded, or left out for the database that CASSANDRA_* names.")
    }
    if let other = databaseNames.lazy.compactMap({ source[$0] }).first {
      throw SettingsError("\(value.place) is embedded, and \(other.place) names another database.")
    }
    return true
  }

  private static func cassandra(_ source: SettingsSource) throws(SettingsError) -> ClientConfiguration {
    guard let points = source["CASSANDRA_CONTACT_POINTS"] else {
      let place = databaseNames.lazy.compactMap { source[$0]?.place }.first ?? ""
      throw SettingsError(
        "\(place) is set and CASSANDRA_CONTACT_POINTS is missing: it says where the database is (.env.sample shows how)."
      )
    }
    guard let datacenter = source["CASSANDRA_LOCAL_DATACENTER"] else {
      throw SettingsError(
        "\(points.place) is set and CASSANDRA_LOCAL_DATACENTER is missing: it is what `SELECT data_center FROM system.local` says."
      )
    }
    let cluster: ClusterSource
    do throws(CassandraError) {
      cluster = try .nodes(points.text.split(separator: ",").map(String.init), localDatacenter: datacenter.text)
    } catch { throw SettingsError("\(points.place): \(error) Write host:port, with commas between.") }
    var configuration = ClientConfiguration(cluster)
    configuration.credentials = try credentials(source)
    configuration.tls = try tls(source)
    return configuration
  }

  private static func credentials(_ source: SettingsSource) throws(SettingsError) -> Credentials? {
    switch (source["CASSANDRA_USERNAME"], source["CASSANDRA_PASSWORD"]) {
    case (nil, nil): return nil
    case (let user?, let password?): return Credentials(username: user.text, password: Secret(password.text))
    case (let user?, nil): throw SettingsError("\(user.place) is set and CASSANDRA_PASSWORD is missing.")
    case (nil, let password?): throw SettingsError("\(password.place) is set and CASSANDRA_USERNAME is missing.")
    }
  }

  private static func tls(_ source: SettingsSource) throws(SettingsError) -> TLSClientContext? {
    let authorities = source["CASSANDRA_TLS_CA"]
    var identity: TLSIdentity?
    switch (source["CASSANDRA_TLS_CERTIFICATE"], source["CASSANDRA_TLS_KEY"]) {
    case (nil, nil): break
    case (let certificate?, let key?):
      guard authorities != nil else {
        throw SettingsError("\(certificate.place) is set and CASSANDRA_TLS_CA is missing.")
      }
      identity = TLSIdentity(certificateChain: try pem(certificate), privateKey: try pem(key))
    case (let certificate?, nil): throw SettingsError("\(certificate.place) is set and CASSANDRA_TLS_KEY is missing.")
    case (nil, let key?): throw SettingsError("\(key.place) is set and CASSANDRA_TLS_CERTIFICATE is missing.")
    }
    guard let authorities else { return nil }
    do throws(ReactorError) {
      return try TLSClientContext(trust: .authorities(pem: try pemOrRethrow(authorities)), identity: identity)
    } catch {
      throw SettingsError("The TLS settings cannot be used: \(error).")
    }
  }

  private static func pemOrRethrow(_ value: SettingsSource.Value) throws(ReactorError) -> [UInt8] {
    do throws(SettingsError) { return try pem(value) } catch {
      throw ReactorError(.tlsConfiguration, error.description)
    }
  }

  /// The file that a setting names.
  private static func pem(_ value: SettingsSource.Value) throws(SettingsError) -> [UInt8] {
    var path = value.text
    if !path.hasPrefix("/"), let folder = value.folder { path = "\(folder)/\(path)" }
    do throws(TextFile.Failure) { return try TextFile.read(path, limit: 1 << 20) } catch {
      switch error {
      case .missing: throw SettingsError("\(value.place): there is no file \(path).")
      case .unreadable(let why): throw SettingsError("\(value.place): \(path) cannot be read: \(why).")
      case .tooLarge: throw SettingsError("\(value.place): \(path) has more than 1 MiB, so it is no PEM file.")
      }
    }
  }

  private static func keyspace(_ source: SettingsSource) throws(SettingsError) -> String {
    guard let value = source["CASSANDRA_KEYSPACE"] else { return "naturalist" }
    let isName =
      value.text.utf8.count <= 48 && !value.text.hasPrefix("_")
      && value.text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
    guard isName else {
      throw SettingsError("\(value.place): a keyspace has 1 to 48 letters, digits and _, and does not begin with _.")
    }
    return value.text
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
