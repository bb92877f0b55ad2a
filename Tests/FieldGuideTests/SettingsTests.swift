import Cassandra
import Foundation
import CassandraTelemetry
import CassandraTesting
import Testing

@testable import FieldGuide

@Suite final class SettingsTests {
  private let folder: String

  init() throws {
    folder = NSTemporaryDirectory() + "field-guide-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func file(_ text: String, _ name: String = "settings.env") throws -> String {
    let path = "\(folder)/\(name)"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  private static let nodes = "CASSANDRA_CONTACT_POINTS=127.0.0.1:9142,::1\nCASSANDRA_LOCAL_DATACENTER=datacenter1\n"

  private func settings(_ text: String, environment: [String: String] = [:]) throws -> Settings {
    try Settings(SettingsSource(file: try file(text), environment: environment))
  }

  private func refusal(_ text: String, environment: [String: String] = [:]) throws -> String {
    try #require(throws: SettingsError.self) { try settings(text, environment: environment) }.description
  }

  @Test func defaultsStandWhereNothingIsSet() throws {
    let settings = try settings(Self.nodes)
    #expect(settings.database.cluster.knownMap?.endPoints.map(\.description) == ["127.0.0.1:9142", "[::1]:9042"])
    #expect(settings.database.cluster.knownMap?.localDatacenter == "datacenter1")
    #expect(settings.database.keyspace == "naturalist")
    #expect(settings.database.credentials == nil)
    #expect(settings.database.tls == nil)
    #expect(settings.replicationFactor == 1)
    #expect(settings.logLevel == .info)
    #expect(settings.logFormat == nil)
    #expect(settings.warnings.isEmpty)
  }

  @Test func withoutADatabaseItIsTheEmbeddedOne() throws {
    let settings = try settings("CASSANDRA_KEYSPACE=guide\nFIELDGUIDE_LOG_LEVEL=debug\n")
    #expect(settings.usesEmbeddedDatabase && !settings.asksForEmbeddedDatabase)
    #expect(settings.database.keyspace == "guide")
    #expect(settings.database.cluster.knownMap?.localDatacenter == "datacenter1")
    #expect(try !self.settings(Self.nodes).usesEmbeddedDatabase)
  }

  @Test func theEmbeddedDatabaseMayBeAskedFor() throws {
    let settings = try settings("FIELDGUIDE_DATABASE=embedded\n")
    #expect(settings.usesEmbeddedDatabase && settings.asksForEmbeddedDatabase)
    #expect(try refusal("FIELDGUIDE_DATABASE=sqlite\n").contains("is embedded, or left out"))
    #expect(try refusal("FIELDGUIDE_DATABASE=embedded\n" + Self.nodes).contains("names another database"))
    #expect(try refusal("CASSANDRA_USERNAME=ann\n").contains("CASSANDRA_CONTACT_POINTS is missing"))
  }

  @Test func everySettingIsRead() throws {
    let settings = try settings(
      Self.nodes + """
        CASSANDRA_KEYSPACE=Guide_2
        CASSANDRA_USERNAME=reader
        CASSANDRA_PASSWORD="open sesame"
        CASSANDRA_REPLICATION_FACTOR=3
        FIELDGUIDE_LOG_LEVEL=debug
        FIELDGUIDE_LOG_FORMAT=json
        """)
    #expect(settings.keyspace == "Guide_2")
    #expect(settings.database.keyspace == "Guide_2")
    #expect(settings.database.credentials?.username == "reader")
    #expect(settings.database.credentials?.password.reveal() == "open sesame")
    #expect(settings.replicationFactor == 3)
    #expect(settings.logLevel == .debug)
    #expect(settings.logFormat == .json)
  }

  @Test func theEnvironmentGoesBeforeTheFile() throws {
    let settings = try settings(
      Self.nodes + "CASSANDRA_KEYSPACE=file\n",
      environment: ["CASSANDRA_KEYSPACE": "environment", "CASSANDRA_LOCAL_DATACENTER": ""])
    #expect(settings.keyspace == "environment")
    // What is empty counts as not set.
    #expect(settings.database.cluster.knownMap?.localDatacenter == "datacenter1")
    // And without a file it is enough.
    let alone = try Settings(
      SettingsSource(
        file: try file(""),
        environment: ["CASSANDRA_CONTACT_POINTS": "db.example", "CASSANDRA_LOCAL_DATACENTER": "dc"]))
    #expect(alone.database.cluster.knownMap?.endPoints.map(\.description) == ["db.example:9042"])
  }

  @Test func pathsAreRelativeToTheFile() throws {
    _ = try file("not a certificate", "ca.pem")
    let wrong = try refusal(Self.nodes + "CASSANDRA_TLS_CA=ca.pem\n")
    // It was found; that it is no certificate is another matter.
    #expect(wrong.contains("TLS"))
    let missing = try refusal(Self.nodes + "CASSANDRA_TLS_CA=other/ca.pem\n")
    #expect(missing.contains("CASSANDRA_TLS_CA") && missing.contains("line 3"))
    #expect(missing.contains("\(folder)/other/ca.pem"))
  }

  @Test func certificatesThatAreReplacedCountForNewConnections() async throws {
    func write(_ authority: CertificateAuthority) throws {
      try Data(authority.pem).write(to: URL(fileURLWithPath: "\(folder)/ca.pem"))
    }
    try write(CertificateAuthority(name: "First"))
    let database = try settings(Self.nodes + "CASSANDRA_TLS_CA=ca.pem\n").database
    let endPoint = try #require(database.cluster.knownMap?.endPoints.first)
    let context = try #require(database.nodeTLS)
    let first = try await context(endPoint)
    #expect(try await context(endPoint) === first)
    try write(CertificateAuthority(name: "Second"))
    #expect(try await context(endPoint) !== first)
  }

  static let partial: [(text: String, missing: String)] = [
    ("CASSANDRA_CONTACT_POINTS=a\n", "CASSANDRA_LOCAL_DATACENTER"),
    ("CASSANDRA_LOCAL_DATACENTER=a\n", "CASSANDRA_CONTACT_POINTS"),
    (nodes + "CASSANDRA_USERNAME=a\n", "CASSANDRA_PASSWORD"), (nodes + "CASSANDRA_PASSWORD=a\n", "CASSANDRA_USERNAME"),
    (nodes + "CASSANDRA_TLS_CERTIFICATE=a\n", "CASSANDRA_TLS_KEY"),
    (nodes + "CASSANDRA_TLS_KEY=a\n", "CASSANDRA_TLS_CERTIFICATE"),
    (nodes + "CASSANDRA_TLS_KEY=a\nCASSANDRA_TLS_CERTIFICATE=b\n", "CASSANDRA_TLS_CA"),
  ]

  @Test(arguments: partial) func whatIsMissingIsNamed(_ text: String, _ missing: String) throws {
    #expect(try refusal(text).contains(missing))
  }

  static let wrong: [(setting: String, name: String)] = [
    ("CASSANDRA_KEYSPACE=a-b", "CASSANDRA_KEYSPACE"), ("CASSANDRA_KEYSPACE=_a", "CASSANDRA_KEYSPACE"),
    ("CASSANDRA_KEYSPACE=\(String(repeating: "a", count: 49))", "CASSANDRA_KEYSPACE"),
    ("CASSANDRA_REPLICATION_FACTOR=0", "CASSANDRA_REPLICATION_FACTOR"),
    ("CASSANDRA_REPLICATION_FACTOR=three", "CASSANDRA_REPLICATION_FACTOR"),
    ("FIELDGUIDE_LOG_LEVEL=loud", "FIELDGUIDE_LOG_LEVEL"), ("FIELDGUIDE_LOG_FORMAT=xml", "FIELDGUIDE_LOG_FORMAT"),
    ("CASSANDRA_TLS_CA=/nowhere/ca.pem", "CASSANDRA_TLS_CA"), ("CASSANDRA_TLS_CA=/dev/zero", "CASSANDRA_TLS_CA"),
  ]

  @Test(arguments: wrong) func aWrongValueIsRefusedWithNameAndLine(_ setting: String, _ name: String) throws {
    let refusal = try refusal(Self.nodes + "\n" + setting + "\n")
    #expect(refusal.contains(name))
    #expect(refusal.contains("settings.env, line 4"))
  }

  @Test(arguments: ["", "host:port", "host:0", "host:70000", "[::1", ":9042"])
  func aContactPointIsChecked(_ point: String) throws {
    let refusal = try refusal("CASSANDRA_LOCAL_DATACENTER=a\nCASSANDRA_CONTACT_POINTS=\(point)\n")
    #expect(refusal.contains("CASSANDRA_CONTACT_POINTS"))
  }

  @Test func secretsAreNeverShown() throws {
    let secret = "hunter2-is-secret"
    let wrong = [
      "CASSANDRA_PASSWORD=\(secret)\n", Self.nodes + "CASSANDRA_PASSWORD=\(secret)\n",
      Self.nodes + "CASSANDRA_PASSWORD='\(secret)\n", Self.nodes + "CASSANDRA_PASSWORD=\"\(secret)\\q\"\n",
      Self.nodes + "CASSANDRA_PASSWORD='\(secret)' x\n", Self.nodes + "CASSANDRA_PASSWORD \(secret)\n",
      Self.nodes + "CASSANDRA_PASSWORD=a\nCASSANDRA_PASSWORD=\(secret)\n",
    ]
    for text in wrong { #expect(try !refusal(text).contains(secret)) }
    let settings = try settings(Self.nodes + "CASSANDRA_USERNAME=a\nCASSANDRA_PASSWORD=\(secret)\n")
    var dumped = ""
    dump(settings, to: &dumped)
    #expect(!dumped.contains(secret))
    #expect(!"\(settings)".contains(secret))
    #expect(!String(reflecting: settings).contains(secret))
  }

  @Test func aMisspeltNameOfTheFileIsRefused() throws {
    let refusal = try refusal(Self.nodes + "CASSANDRA_PASWORD=x-secret\n")
    #expect(refusal.contains("line 3") && refusal.contains("Is CASSANDRA_PASSWORD meant?"))
    #expect(!refusal.contains("x-secret"))
    let settings = try settings(Self.nodes + "CASSANDRA_SOMETHING_ELSE=x\nOTHER=1\n")
    #expect(settings.warnings == ["CASSANDRA_SOMETHING_ELSE is not a setting of this program"])
  }

  /// Without a warning the embedded database would be used in the place of the one that is meant.
  @Test func aMisspeltNameOfTheEnvironmentIsWarnedOf() throws {
    let settings = try settings(
      "", environment: ["CASSANDRA_CONTACT_POINT": "db", "CASSANDRA_HOME": "/x", "PATH": "/"])
    #expect(settings.warnings.count == 1)
    #expect(settings.warnings.first?.contains("is CASSANDRA_CONTACT_POINTS meant?") == true)
  }

  @Test func aURLIsNoContactPoint() throws {
    let refusal = try refusal("CASSANDRA_CONTACT_POINTS=http://db:9042\nCASSANDRA_LOCAL_DATACENTER=a\n")
    #expect(refusal.contains("is a URL"))
  }

  @Test func otherProgramsSettingsAreLeftAlone() throws {
    let settings = try settings(
      "my-app.name=1\nnothing at all\nQUOTED='unfinished\nOTHER=a\nOTHER=b\nKEY : value\n" + Self.nodes
        + "CASSANDRA_KEYSPACE = guide\n")
    #expect(settings.keyspace == "guide")
    #expect(settings.warnings.isEmpty)
  }

  @Test func filesThatCannotBeReadAreRefused() throws {
    func refusal(_ path: String) throws -> String {
      try #require(throws: SettingsError.self) { try SettingsSource(file: path, environment: [:]) }.description
    }
    #expect(try refusal("\(folder)/none.env").contains("no such file"))
    #expect(try refusal(folder).contains("cannot be read"))
    #expect(try refusal("/dev/zero").contains("more than 65536 bytes"))
    let binary = "\(folder)/binary"
    try Data([0x41, 0x3d, 0xff, 0xfe]).write(to: URL(fileURLWithPath: binary))
    #expect(try refusal(binary).contains("not UTF-8"))
    // Only the file that was asked for has to be there.
    _ = try SettingsSource(file: nil, environment: [:])
  }
}
