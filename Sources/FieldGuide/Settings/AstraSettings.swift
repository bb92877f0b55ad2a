internal import Cassandra
internal import CassandraAstra
internal import CassandraTelemetry

/// The settings of an Astra database: its bundle, and who we are to it.
struct AstraSettings: Sendable {
  /// The bundle, read.
  let bundle: SecureConnectBundle
  /// Where it was read.
  let path: String
  /// The nodes, as the bundle and the credentials lead to them.
  let cluster: ClusterSource
  private let credentials: AstraCredentials
  /// The keyspace, as `ASTRA_DB_KEYSPACE` or else the bundle names it.
  let keyspace: String

  static let names = [
    "ASTRA_DB_SECURE_BUNDLE_PATH", "ASTRA_DB_APPLICATION_TOKEN", "ASTRA_DB_CLIENT_ID", "ASTRA_DB_CLIENT_SECRET",
    "ASTRA_DB_KEYSPACE",
  ]

  /// What a token begins with.
  private static let tokenPrefix = "AstraCS:"

  /// Reads the settings, and then the bundle that they name.
  init(_ source: SettingsSource) throws(SettingsError) {
    try Self.requireAll(source)
    let credentials = try Self.credentials(source)
    guard let place = source["ASTRA_DB_SECURE_BUNDLE_PATH"] else {
      throw SettingsError("ASTRA_DB_SECURE_BUNDLE_PATH is missing.")
    }
    path = place.path
    do throws(AstraError) {
      bundle = try SecureConnectBundle(path: path)
    } catch {
      throw SettingsError("\(place.place): \(error) (\(path))", about: .bundle)
    }
    self.credentials = credentials.value
    do throws(AstraError) {
      cluster = try .astra(bundle, credentials: credentials.value)
    } catch {
      throw error.code == .credentials
        ? SettingsError("\(credentials.place): \(error)")
        : SettingsError("\(place.place): \(error) (\(path))", about: .bundle)
    }
    if let set = source["ASTRA_DB_KEYSPACE"] {
      keyspace = try Settings.keyspace(set.text, at: set.place)
    } else if let hint = bundle.keyspace, !hint.isEmpty {
      keyspace = try Settings.keyspace(hint, at: "The keyspace in the bundle of \(place.place)")
    } else {
      throw SettingsError(
        "\(place.place) is set and ASTRA_DB_KEYSPACE is missing: the bundle names no keyspace. "
          + "Set it to one of those that the portal shows for the database.")
    }
  }

  /// The nodes, with a log of what the metadata service says of them and of what the bundle lets an operator know.
  func cluster(logger: CassandraLogger) throws(SettingsError) -> ClusterSource {
    do throws(AstraError) { return try .astra(bundle, credentials: credentials, logger: logger) } catch {
      throw SettingsError("\(error)")
    }
  }

  /// All that is missing is named at once.
  private static func requireAll(_ source: SettingsSource) throws(SettingsError) {
    var missing: [String] = []
    if source["ASTRA_DB_SECURE_BUNDLE_PATH"] == nil {
      missing.append("ASTRA_DB_SECURE_BUNDLE_PATH (the zip file that the portal gives under Connect)")
    }
    switch (source["ASTRA_DB_APPLICATION_TOKEN"], source["ASTRA_DB_CLIENT_ID"], source["ASTRA_DB_CLIENT_SECRET"]) {
    case (nil, nil, nil): missing.append("ASTRA_DB_APPLICATION_TOKEN (\(tokenPrefix)…, made in the portal)")
    case (nil, _?, nil): missing.append("ASTRA_DB_CLIENT_SECRET")
    case (nil, nil, _?): missing.append("ASTRA_DB_CLIENT_ID")
    case (_?, _, _), (nil, _?, _?): break
    }
    guard !missing.isEmpty else { return }
    let place = names.lazy.compactMap { source[$0]?.place }.first ?? ""
    throw SettingsError(
      "\(place) is set and \(missing.joined(separator: " and ")) \(missing.count == 1 ? "is" : "are") missing.")
  }

  private static func credentials(
    _ source: SettingsSource
  ) throws(SettingsError) -> (value: AstraCredentials, place: String) {
    let (id, secret) = (source["ASTRA_DB_CLIENT_ID"], source["ASTRA_DB_CLIENT_SECRET"])
    if let token = source["ASTRA_DB_APPLICATION_TOKEN"] {
      if let other = id ?? secret {
        throw SettingsError(
          "\(token.place) and \(other.place) are both set: use the token, or the client id with its secret.")
      }
      return (.token(Secret(token.text)), token.place)
    }
    guard let id, let secret else { throw SettingsError("The credentials of Astra DB are missing.") }
    guard !id.text.hasPrefix(tokenPrefix) else {
      throw SettingsError(
        "\(id.place) is a token (\(tokenPrefix)…): set it as ASTRA_DB_APPLICATION_TOKEN, and leave out "
          + "ASTRA_DB_CLIENT_ID and ASTRA_DB_CLIENT_SECRET.")
    }
    return (.client(id: id.text, secret: Secret(secret.text)), id.place)
  }
}
