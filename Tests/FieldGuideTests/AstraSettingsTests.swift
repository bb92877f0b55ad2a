import Cassandra
import CassandraAstra
import CassandraTesting
import Foundation
import CassandraReactor
import CassandraTelemetry
import Testing
import CassandraWebTesting

@testable import FieldGuide

@Suite struct AstraSettingsTests {
  private let folder: SettingsFolder

  private static let token =
    "AstraCS:abcdefghijklmnopqrst:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  private static let bundle = "ASTRA_DB_SECURE_BUNDLE_PATH=bundle.zip\n"
  private static let access = bundle + "ASTRA_DB_APPLICATION_TOKEN=\(token)\n"

  init() throws { folder = try SettingsFolder() }

  private func refusal(_ text: String, environment: [String: String] = [:]) throws -> SettingsError {
    try #require(throws: SettingsError.self) { try folder.settings(text, environment: environment) }
  }

  private func writeBundle(keyspace: String? = "fauna", also settings: String = "", expired: Bool = false) throws {
    let authority = CertificateAuthority()
    var request = CertificateAuthority.Request("client")
    request.usesPKCS1 = true
    if expired { (request.validFrom, request.validUntil) = (-7200, -3600) }
    let identity = authority.issue(request)
    let hint = keyspace.map { #","keyspace":"\#($0)""# } ?? ""
    let config = #"{"host":"localhost","port":29080\#(hint)\#(settings)}"#
    let files: [String: [UInt8]] = [
      "config.json": Array(config.utf8), "ca.crt": authority.pem, "cert": identity.certificateChain,
      "key": identity.privateKey,
    ]
    try folder.write(AstraBundle.zip(files), to: "bundle.zip")
  }

  @Test func theBundleIsFoundBesideTheFile() throws {
    try writeBundle()
    let settings = try folder.settings(Self.access)
    #expect(settings.astra?.path == "\(folder.path)/bundle.zip")
    #expect(settings.astra?.bundle.host == "localhost")
    #expect(!settings.usesEmbeddedDatabase)
    #expect(settings.database.cluster.directory != nil)
    // The bundle brings both.
    #expect(settings.database.tls == nil && settings.database.credentials == nil)
    #expect(settings.warnings.isEmpty)
    // From the environment a path is as it stands.
    let elsewhere = try folder.settings(
      "ASTRA_DB_APPLICATION_TOKEN=\(Self.token)\n",
      environment: ["ASTRA_DB_SECURE_BUNDLE_PATH": "\(folder.path)/bundle.zip"])
    #expect(elsewhere.astra?.path == "\(folder.path)/bundle.zip")
  }

  @Test func theKeyspaceIsTheBundlesUnlessItIsSet() throws {
    try writeBundle(keyspace: "fauna")
    #expect(try folder.settings(Self.access).database.keyspace == "fauna")
    let settings = try folder.settings(Self.access + "ASTRA_DB_KEYSPACE=flora\n")
    #expect(settings.keyspace == "flora" && settings.database.keyspace == "flora")
    try writeBundle(keyspace: nil)
    let refusal = try refusal(Self.access).description
    #expect(refusal.contains("ASTRA_DB_KEYSPACE is missing") && refusal.contains("portal"))
    #expect(try self.refusal(Self.access + "ASTRA_DB_KEYSPACE=a-b\n").description.contains("ASTRA_DB_KEYSPACE"))
  }

  @Test func bothKindsOfCredentialsAreTaken() throws {
    try writeBundle()
    let byToken = try folder.settings(Self.access).database.cluster.directory?.credentials
    #expect(byToken?.username == "token" && byToken?.password.reveal() == Self.token)
    let byID = try folder.settings(
      Self.bundle + "ASTRA_DB_CLIENT_ID=someone\nASTRA_DB_CLIENT_SECRET=s,e=c#ret\n")
    #expect(byID.database.cluster.directory?.credentials.username == "someone")
    #expect(byID.database.cluster.directory?.credentials.password.reveal() == "s,e=c#ret")
  }

  /// Settings, and what the refusal has to name.
  static let refused: [(text: String, names: [String])] = [
    ("ASTRA_DB_KEYSPACE=a\n", ["ASTRA_DB_SECURE_BUNDLE_PATH (", "ASTRA_DB_APPLICATION_TOKEN (", "are missing"]),
    (bundle, ["ASTRA_DB_APPLICATION_TOKEN (", "is missing"]),
    ("ASTRA_DB_APPLICATION_TOKEN=\(token)\n", ["ASTRA_DB_SECURE_BUNDLE_PATH (", "is missing"]),
    (bundle + "ASTRA_DB_CLIENT_ID=a\n", ["ASTRA_DB_CLIENT_SECRET is missing"]),
    (bundle + "ASTRA_DB_CLIENT_SECRET=a\n", ["ASTRA_DB_CLIENT_ID is missing"]),
    (access + "ASTRA_DB_CLIENT_ID=a\n", ["ASTRA_DB_APPLICATION_TOKEN (", "ASTRA_DB_CLIENT_ID (", "both set"]),
    (access + "ASTRA_DB_CLIENT_SECRET=a\n", ["ASTRA_DB_APPLICATION_TOKEN (", "ASTRA_DB_CLIENT_SECRET (", "both set"]),
    (
      access + "ASTRA_DB_CLIENT_ID=a\nASTRA_DB_CLIENT_SECRET=b\n",
      ["ASTRA_DB_APPLICATION_TOKEN (", "ASTRA_DB_CLIENT_ID (", "both set"]
    ),
    (
      bundle + "ASTRA_DB_CLIENT_ID=\(token)\nASTRA_DB_CLIENT_SECRET=b\n",
      ["ASTRA_DB_CLIENT_ID (", "line 2", "is a token", "ASTRA_DB_APPLICATION_TOKEN"]
    ),
    (
      access + "FIELDGUIDE_DATABASE=embedded\n",
      ["FIELDGUIDE_DATABASE (", "ASTRA_DB_SECURE_BUNDLE_PATH (", "names another"]
    ),
    (
      access + "CASSANDRA_CONTACT_POINTS=a\n",
      ["ASTRA_DB_SECURE_BUNDLE_PATH (", "CASSANDRA_CONTACT_POINTS (", "line 3"]
    ),
    (access + "CASSANDRA_USERNAME=a\n", ["ASTRA_DB_SECURE_BUNDLE_PATH (", "CASSANDRA_USERNAME ("]),
    (access + "CASSANDRA_TLS_CA=a\n", ["ASTRA_DB_SECURE_BUNDLE_PATH (", "CASSANDRA_TLS_CA ("]),
    (access + "CASSANDRA_KEYSPACE=a\n", ["CASSANDRA_KEYSPACE (", "is ASTRA_DB_KEYSPACE"]),
    (
      access + "CASSANDRA_REPLICATION_FACTOR=3\n", ["CASSANDRA_REPLICATION_FACTOR (", "chooses the number of replicas"]
    ),
    ("ASTRA_DB_KEYSPACE=a\nCASSANDRA_CONTACT_POINTS=b\n", ["ASTRA_DB_KEYSPACE (", "CASSANDRA_CONTACT_POINTS ("]),
  ]

  @Test(arguments: refused) func whatDoesNotGoTogetherIsRefused(_ text: String, _ names: [String]) throws {
    try writeBundle()
    let refusal = try refusal(text)
    for name in names { #expect(refusal.description.contains(name), "\(refusal)") }
    #expect(refusal.subject == .settings)
    #expect(!refusal.description.contains(Self.token))
  }

  @Test func aBundleThatCannotBeUsedIsRefusedWithItsSetting() throws {
    func check(_ words: String...) throws {
      let refusal = try refusal(Self.access)
      #expect(refusal.subject == .bundle)
      for word in ["ASTRA_DB_SECURE_BUNDLE_PATH (", "line 1", "\(folder.path)/bundle.zip"] + words {
        #expect(refusal.description.contains(word), "\(refusal)")
      }
      #expect(!refusal.description.contains(Self.token))
    }
    try check()
    try folder.write("<html>Sign in</html>".utf8, to: "bundle.zip")
    try check("zip")
    try folder.write(AstraBundle.zip(["config.json": Array("{}".utf8)]), to: "bundle.zip")
    try check()
    try writeBundle(expired: true)
    try check("expired")
    // What is missing is said before the bundle is read.
    #expect(try refusal(Self.bundle).subject == .settings)
  }

  @Test func whatTheBundleLetsKnowIsLogged() throws {
    try writeBundle(also: #","username":"ann","password":"hunter2-is-secret""#)
    let astra = try #require(try folder.settings(Self.access).astra)
    let log = Log()
    _ = try astra.cluster(logger: CassandraLogger(label: "test", level: .info, sink: log))
    #expect(log.failures.count == 1)
    #expect(!log.records.contains { "\($0)".contains("hunter2") })
  }

  @Test func aMisspeltNameIsPointedOut() throws {
    try writeBundle()
    let settings = try folder.settings(Self.access + "ASTRA_DB_TOKEN=x\nASTRA_DB_SECURE_BUNDLE=y\n")
    #expect(settings.warnings.count == 2)
    #expect(settings.warnings.contains { $0.contains("ASTRA_DB_TOKEN is not a setting") })
  }

  @Test func secretsAreNeverShown() throws {
    try writeBundle()
    let secret = "hunter2-is-secret"
    for settings in [
      try folder.settings(Self.bundle + "ASTRA_DB_APPLICATION_TOKEN=AstraCS:\(secret)\n"),
      try folder.settings(Self.bundle + "ASTRA_DB_CLIENT_ID=a\nASTRA_DB_CLIENT_SECRET=\(secret)\n"),
    ] {
      var dumped = ""
      dump(settings, to: &dumped)
      #expect(!dumped.contains(secret) && !dumped.contains("PRIVATE KEY"))
      #expect(!"\(settings)".contains(secret) && !String(reflecting: settings).contains(secret))
    }
  }
}
