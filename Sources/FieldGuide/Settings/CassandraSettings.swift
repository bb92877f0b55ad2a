internal import CassandraTerminal
internal import Cassandra
internal import CassandraReactor
internal import CassandraTelemetry

/// A file of certificates that a setting names.
struct CertificateFile: Sendable {
  /// The setting.
  var setting: String
  /// The certificates, as PEM.
  var pem: [UInt8]
}

/// The settings of a Cassandra: its contact points, and how to get in.
struct CassandraSettings {
  let configuration: ClientConfiguration
  let certificateFiles: [CertificateFile]

  /// Those that say which database it is; without any of them it is the embedded one.
  static let names = [
    "CASSANDRA_CONTACT_POINTS", "CASSANDRA_LOCAL_DATACENTER", "CASSANDRA_USERNAME", "CASSANDRA_PASSWORD",
    "CASSANDRA_TLS_CA", "CASSANDRA_TLS_CERTIFICATE", "CASSANDRA_TLS_KEY",
  ]

  init(_ source: SettingsSource) throws(SettingsError) {
    guard let points = source["CASSANDRA_CONTACT_POINTS"] else {
      let place = Self.names.lazy.compactMap { source[$0]?.place }.first ?? ""
      throw SettingsError(
        "\(place) is set and CASSANDRA_CONTACT_POINTS is missing: it says where the database is (.env.sample shows how)."
      )
    }
    guard let datacenter = source["CASSANDRA_LOCAL_DATACENTER"] else {
      throw SettingsError(
        "\(points.place) is set and CASSANDRA_LOCAL_DATACENTER is missing: it is what `SELECT data_center FROM system.local` says."
      )
    }
    if let address = points.text.split(separator: ",").first(where: { $0.contains("://") }) {
      throw SettingsError(
        "\(points.place): '\(address)' is a URL; a contact point is host:port, without a scheme, with commas between.")
    }
    let cluster: ClusterSource
    do throws(CassandraError) {
      cluster = try .nodes(points.text.split(separator: ",").map(String.init), localDatacenter: datacenter.text)
    } catch { throw SettingsError("\(points.place): \(error) Write host:port, with commas between.") }
    var configuration = ClientConfiguration(cluster)
    configuration.credentials = try Self.credentials(source)
    let tls = try Self.tls(source)
    if let tls {
      configuration.tls = tls.context
      // Certificates that are replaced while the program runs count for the connections that are made from then on.
      configuration.nodeTLS = { _ in await tls.files.context() }
    }
    certificateFiles = tls?.certificates ?? []
    self.configuration = configuration
  }

  private static func credentials(_ source: SettingsSource) throws(SettingsError) -> Credentials? {
    switch (source["CASSANDRA_USERNAME"], source["CASSANDRA_PASSWORD"]) {
    case (nil, nil): return nil
    case (let user?, let password?): return Credentials(username: user.text, password: Secret(password.text))
    case (let user?, nil): throw SettingsError("\(user.place) is set and CASSANDRA_PASSWORD is missing.")
    case (nil, let password?): throw SettingsError("\(password.place) is set and CASSANDRA_USERNAME is missing.")
    }
  }

  private static func tls(
    _ source: SettingsSource
  ) throws(SettingsError) -> (context: TLSClientContext, files: TLSClientFiles, certificates: [CertificateFile])? {
    let authorities = source["CASSANDRA_TLS_CA"]
    let (certificate, key) = (source["CASSANDRA_TLS_CERTIFICATE"], source["CASSANDRA_TLS_KEY"])
    var identity: TLSIdentity?
    switch (certificate, key) {
    case (nil, nil): break
    case (let certificate?, let key?):
      guard authorities != nil else {
        throw SettingsError("\(certificate.place) is set and CASSANDRA_TLS_CA is missing.")
      }
      identity = TLSIdentity(
        certificateChain: try pem(certificate), privateKey: try pem(key), file: certificate.path)
    case (let certificate?, nil): throw SettingsError("\(certificate.place) is set and CASSANDRA_TLS_KEY is missing.")
    case (nil, let key?): throw SettingsError("\(key.place) is set and CASSANDRA_TLS_CERTIFICATE is missing.")
    }
    guard let authorities else { return nil }
    let trusted = try pem(authorities)
    var certificates = [CertificateFile(setting: "CASSANDRA_TLS_CA", pem: trusted)]
    if let identity {
      certificates.append(CertificateFile(setting: "CASSANDRA_TLS_CERTIFICATE", pem: identity.certificateChain))
    }
    do throws(ReactorError) {
      let files = try TLSClientFiles(
        authorities: authorities.path, certificate: certificate?.path, privateKey: key?.path)
      return (try TLSClientContext(trust: .authorities(pem: trusted), identity: identity), files, certificates)
    } catch {
      throw SettingsError("The TLS settings cannot be used: \(error).", about: .certificates)
    }
  }

  /// The file that a setting names.
  static func pem(_ value: SettingsSource.Value) throws(SettingsError) -> [UInt8] {
    let path = value.path
    do throws(SmallFile.Failure) { return try SmallFile.contents(of: path, limit: 1 << 20) } catch {
      let why =
        switch error {
        case .missing: "there is no file \(path)"
        case .unreadable(let why): "\(path) cannot be read: \(why)"
        case .tooLarge: "\(path) has more than 1 MiB, so it is no PEM file"
        }
      throw SettingsError("\(value.place): \(why).", about: .certificates)
    }
  }
}
