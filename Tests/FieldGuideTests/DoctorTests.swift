import CQLNode
import Cassandra
import CassandraTesting
import Foundation
import CassandraReactor
import CassandraTelemetry
import CassandraTerminal
import Testing

@testable import FieldGuide

/// What `fieldguide doctor` says of databases that are there.
@Suite(.timeLimit(.minutes(5))) struct DoctorTests {
  /// What the doctor says of the settings in a file.
  private func examine(
    _ text: String, in folder: SettingsFolder, data: String = "data"
  ) async throws -> (failures: Int, reported: Reported) {
    let reported = Reported()
    let loops = try EventLoops(count: 1)
    let doctor = Doctor(
      loops: loops, dataDirectory: "\(folder.path)/\(data)", report: { reported.add($0, $1) })
    let failures = await doctor.run { () throws(SettingsError) in
      let path: String
      do { path = try folder.write(text.utf8, to: "settings.env") } catch {
        throw SettingsError("The file cannot be written: \(error)")
      }
      return try Settings(SettingsSource(file: path, environment: [:]))
    }
    // A look-up of a name that nobody waits for any more ends on its thread; one that never does runs into the time limit.
    while await loops.openHandles > 0 { await Task.yield() }
    await loops.shutDown()
    return (failures, reported)
  }

  private func expectFine(_ reported: Reported, _ failures: Int, labels: [String]) {
    #expect(failures == 0)
    for label in ["settings"] + labels + ["login", "keyspace", "tables"] {
      let findings = reported[label]
      #expect(!findings.isEmpty, "nothing is said of \(label)")
      #expect(findings.allSatisfy { $0.mark == .ok || $0.mark == .warning }, "\(label): \(findings)")
    }
  }

  // MARK: - The embedded database

  @Test func theEmbeddedDatabase() async throws {
    let folder = try SettingsFolder()
    let none = try await examine("", in: folder)
    #expect(none.failures == 1)
    #expect(none.reported["data"].first?.advice.contains("fieldguide init") == true)
    #expect(none.reported["tables"].map(\.mark) == [.skipped])
    // Looking has made nothing.
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/data"))

    let settings = try folder.settings("")
    let data = "\(folder.path)/data"
    try await EmbeddedDatabase.with(settings, directory: data, logger: .silent) { settings in
      try await initialize(settings)
      let running = try await examine("", in: folder)
      #expect(running.failures == 0)
      #expect(running.reported["data"].map(\.mark) == [.warning])
      #expect(running.reported["data"].first?.text.contains("in use") == true)
    }
    let there = try await examine("", in: folder)
    expectFine(there.reported, there.failures, labels: ["data"])
  }

  @Test func dataThatAreNone() async throws {
    let folder = try SettingsFolder()
    try folder.write("x".utf8, to: "data")
    #expect(try await examine("", in: folder).reported["data"].first?.text.contains("not a folder") == true)
    try FileManager.default.createDirectory(atPath: "\(folder.path)/broken", withIntermediateDirectories: true)
    try folder.write([UInt8](repeating: 7, count: 4096), to: "broken/node.db")
    let broken = try await examine("", in: folder, data: "broken")
    #expect(broken.failures == 1)
    #expect(broken.reported["database"].map(\.mark) == [.failed])
    #expect(broken.reported["tables"].map(\.mark) == [.skipped])
  }

  // MARK: - A Cassandra

  private static func settings(_ node: EmbeddedNode, datacenter: String = "datacenter1", also: String = "") -> String {
    """
    CASSANDRA_CONTACT_POINTS=\(node.endPoint)
    CASSANDRA_LOCAL_DATACENTER=\(datacenter)
    \(also)

    """
  }

  @Test func aCassandra() async throws {
    let folder = try SettingsFolder()
    try await EmbeddedNode.withNode { node in
      let text = Self.settings(node)
      let empty = try await examine(text, in: folder)
      #expect(empty.failures == 1)
      #expect(empty.reported["keyspace"].first?.advice.contains("fieldguide init") == true)
      // A node that cannot be reached does not hide what the other one says.
      let partly = try await examine(
        "CASSANDRA_CONTACT_POINTS=127.0.0.1:9,\(node.endPoint)\nCASSANDRA_LOCAL_DATACENTER=datacenter1\n", in: folder)
      #expect(partly.reported["keyspace"].first?.text == "naturalist does not exist.")
      try await initialize(try folder.settings(text))
      let fine = try await examine(text, in: folder)
      expectFine(fine.reported, fine.failures, labels: ["name", "connection", "cluster"])

      let elsewhere = try await examine(Self.settings(node, datacenter: "dc2"), in: folder)
      #expect(elsewhere.reported["login"].map(\.mark) == [.failed])
      #expect(
        elsewhere.reported["login"].first?.text == "There is no data centre dc2; this cluster has: datacenter1.")
      #expect(elsewhere.reported["login"].first?.advice.contains("CASSANDRA_LOCAL_DATACENTER=datacenter1") == true)

      // Each contact point is looked at; the way to what is in the database leads over any of them.
      let two = try await examine(
        "CASSANDRA_CONTACT_POINTS=127.0.0.1:9,\(node.endPoint)\nCASSANDRA_LOCAL_DATACENTER=datacenter1\n", in: folder)
      #expect(two.failures == 1)
      #expect(two.reported["connection"].map(\.mark) == [.failed, .ok])
      #expect(two.reported["login"].map(\.mark) == [.skipped, .ok])
      #expect(two.reported["tables"].map(\.mark) == [.ok])
    }
  }

  @Test func tablesOfOthers() async throws {
    let folder = try SettingsFolder()
    try await EmbeddedNode.withNode { node in
      let text = Self.settings(node)
      let settings = try folder.settings(text)
      var database = settings.database
      database.keyspace = nil
      try await CassandraClient.withClient(database) { client in
        try await client.query(
          "CREATE KEYSPACE naturalist WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        try await client.query("CREATE TABLE naturalist.animals (genus text PRIMARY KEY)")
      }
      let reported = try await examine(text, in: folder).reported
      #expect(reported["keyspace"].map(\.mark) == [.ok])
      #expect(reported["tables"].map(\.mark) == [.failed, .failed])
      #expect(reported["tables"].map(\.advice)[0].contains("another keyspace"))
      #expect(reported["tables"].map(\.advice)[1].contains("fieldguide init"))
    }
  }

  @Test func passwordsAndTLS() async throws {
    let folder = try SettingsFolder()
    let authority = CertificateAuthority()
    let identity = authority.issue(
      CertificateAuthority.Request("node", alternativeNames: "DNS:localhost,IP:127.0.0.1"))
    let client = authority.issue(CertificateAuthority.Request("client"))
    try folder.write(authority.pem, to: "ca.pem")
    try folder.write(CertificateAuthority().pem, to: "other.pem")
    try folder.write(client.certificateChain, to: "client.pem")
    try folder.write(client.privateKey, to: "client.key")
    let secret = "hunter2-is-secret"
    var configuration = EmbeddedNode.defaultConfiguration
    configuration.user = NodeUser(name: "reader", password: Secret(secret))
    configuration.tls = NodeTLS(identity: identity, clientAuthorities: .authorities(pem: authority.pem))
    try await EmbeddedNode.withNode(configuration) { node in
      let user = "CASSANDRA_USERNAME=reader\nCASSANDRA_PASSWORD=\(secret)\n"
      let tls = "CASSANDRA_TLS_CA=ca.pem\n"
      let mutual = tls + "CASSANDRA_TLS_CERTIFICATE=client.pem\nCASSANDRA_TLS_KEY=client.key\n"
      let fine = Self.settings(node, also: user + mutual)
      try await initialize(try folder.settings(fine))
      let all = try await examine(fine, in: folder)
      expectFine(all.reported, all.failures, labels: ["certificates", "name", "connection", "TLS"])
      #expect(all.reported["certificates"].count == 2)
      #expect(all.reported["TLS"].first?.text.contains("CN = node") == true)

      let cases: [(settings: String, label: String, words: String)] = [
        (user, "login", "CASSANDRA_TLS_CA"), (user + "CASSANDRA_TLS_CA=other.pem\n", "TLS", "CASSANDRA_TLS_CA"),
        (user + tls, "login", "client certificate"), (mutual, "login", "CASSANDRA_USERNAME"),
        ("CASSANDRA_USERNAME=reader\nCASSANDRA_PASSWORD=wrong-\(secret)\n" + mutual, "login", "CASSANDRA_PASSWORD"),
      ]
      var output = all.reported.text
      for (settings, label, words) in cases {
        let result = try await examine(Self.settings(node, also: settings), in: folder)
        #expect(result.failures == 1)
        let finding = try #require(result.reported[label].last)
        #expect(finding.mark == .failed && finding.advice.contains(words), "\(label): \(finding)")
        #expect(result.reported["tables"].map(\.mark) == [.skipped])
        output += result.reported.text
      }
      #expect(!output.contains(secret) && !output.contains("PRIVATE KEY"))
    }
  }

  @Test func settingsThatCannotBeUsed() async throws {
    let folder = try SettingsFolder()
    let wrong = try await examine("CASSANDRA_USERNAME=a\n", in: folder)
    #expect(wrong.failures == 1)
    #expect(wrong.reported.marks == [.failed, .skipped])
    let files = try await examine(
      "CASSANDRA_CONTACT_POINTS=a\nCASSANDRA_LOCAL_DATACENTER=b\nCASSANDRA_TLS_CA=none.pem\n", in: folder)
    #expect(files.reported.marks == [.ok, .failed, .skipped])
    #expect(files.reported["certificates"].first?.text.contains("none.pem") == true)
    let bundle = try await examine(
      "ASTRA_DB_SECURE_BUNDLE_PATH=none.zip\nASTRA_DB_APPLICATION_TOKEN=AstraCS:a:b\n", in: folder)
    #expect(bundle.reported.marks == [.ok, .failed, .skipped])
    #expect(bundle.reported["bundle"].first?.text.contains("none.zip") == true)
    let misspelt = try await examine("CASSANDRA_PASWORD=x\n", in: folder)
    #expect(misspelt.reported["settings"].map(\.mark) == [.failed])
    #expect(misspelt.reported["settings"].first?.text.contains("Is CASSANDRA_PASSWORD meant?") == true)
    let unknown = try await examine("CASSANDRA_SOMETHING_ELSE=x\n", in: folder)
    #expect(unknown.reported["settings"].map(\.mark) == [.ok, .warning])
  }

  // MARK: - Astra

  private func withAstra(
    _ body: @escaping @Sendable (AstraEmulator, SettingsFolder) async throws -> Void
  ) async throws {
    let folder = try SettingsFolder()
    try await TestDatabase.astra.run { database in
      try await database.makeKeyspace("naturalist")
      try await database.withEmulator(keyspace: "naturalist", nodes: 3) { emulator in try await body(emulator, folder) }
    }
  }

  @Test func anAstraDatabase() async throws {
    try await withAstra { emulator, folder in
      let text = try folder.text(for: emulator)
      let empty = try await examine(text, in: folder)
      #expect(empty.failures == 2)
      #expect(empty.reported["keyspace"].map(\.mark) == [.ok])
      #expect(empty.reported["tables"].map(\.mark) == [.failed, .failed])
      try await initialize(try folder.settings(text))
      let fine = try await examine(text, in: folder)
      expectFine(
        fine.reported, fine.failures,
        labels: ["bundle", "certificates", "name", "connection", "metadata", "proxy", "nodes", "answers", "cluster"])
      #expect(fine.reported["nodes"].first?.text.contains("3 of 3 nodes") == true)
      #expect(fine.reported["certificates"].count == 2)

      let other = try await examine(text.replacing("=naturalist", with: "=elsewhere"), in: folder)
      #expect(other.failures == 1)
      #expect(other.reported["keyspace"].first?.advice.contains("portal") == true)
    }
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var label: String
    var words: String
    var change: @Sendable (inout AstraFaults) -> Void
  }

  /// Where each fault shows, and a word of what is said.
  static let faults: [Fault] = [
    Fault(testDescription: "hibernated", label: "metadata", words: "hibernated") { $0.metadata = .status(503) },
    Fault(testDescription: "401", label: "metadata", words: "401") { $0.metadata = .status(401) },
    Fault(testDescription: "404", label: "metadata", words: "404") { $0.metadata = .status(404) },
    Fault(testDescription: "HTML", label: "metadata", words: "JSON") { $0.metadata = .html },
    Fault(testDescription: "truncated", label: "metadata", words: "closed the connection") { $0.metadata = .truncated },
    Fault(testDescription: "without a port", label: "metadata", words: "without a port") { $0.metadata = .withoutPort },
    Fault(testDescription: "without nodes", label: "metadata", words: "no nodes") { $0.metadata = .emptyList },
    Fault(testDescription: "reset", label: "metadata", words: "ends the connection") { $0.metadata = .reset },
    Fault(testDescription: "metadata's authority", label: "metadata", words: "trusted authority") {
      $0.metadataCertificate = .otherAuthority
    },
    Fault(testDescription: "metadata's date", label: "metadata", words: "has expired") {
      $0.metadataCertificate = .expired
    },
    Fault(testDescription: "metadata's name", label: "metadata", words: "another name") {
      $0.metadataCertificate = .otherName
    },
    Fault(testDescription: "proxy's authority", label: "nodes", words: "trusted authority") {
      $0.proxyCertificate = .otherAuthority
    },
    Fault(testDescription: "proxy's date", label: "nodes", words: "has expired") { $0.proxyCertificate = .expired },
    Fault(testDescription: "proxy's name", label: "nodes", words: "another name") { $0.proxyCertificate = .otherName },
    Fault(testDescription: "credentials", label: "login", words: "token") { $0.refusesCredentials = true },
  ]

  @Test func everyFaultOfAstraIsFound() async throws {
    try await withAstra { emulator, folder in
      let text = try folder.text(for: emulator)
      var output = ""
      for fault in Self.faults {
        try await emulator.change { fault.change(&$0) }
        let result = try await examine(text, in: folder)
        #expect(result.failures == 1, "\(fault.testDescription): \(result.reported.text)")
        let finding = try #require(result.reported[fault.label].first { $0.mark == .failed }, "\(result.reported.text)")
        #expect(finding.text.contains(fault.words), "\(fault.testDescription): \(finding)")
        #expect(result.reported["tables"].map(\.mark) == [.skipped])
        output += result.reported.text
        try await emulator.heal()
      }
      // A proxy's TLS is there for a node that is not.
      await emulator.refuse(0)
      let oneDown = try await examine(text, in: folder)
      #expect(oneDown.reported["nodes"].allSatisfy { $0.mark == .ok }, "\(oneDown.reported.text)")
      #expect(oneDown.reported["answers"].map(\.mark) == [.ok, .warning])
      #expect(oneDown.reported["answers"].first?.text.contains("2 of 3 nodes") == true)
      for place in emulator.hostIDs.keys { await emulator.refuse(place) }
      let down = try await examine(text, in: folder)
      #expect(down.failures == 1)
      #expect(down.reported["answers"].map(\.mark) == [.failed])
      #expect(down.reported["login"].map(\.mark) == [.skipped])
      try await emulator.heal()
      let foreign = try await examine(try folder.text(for: emulator, certificate: .foreign), in: folder)
      #expect(foreign.reported["metadata"].contains { $0.mark == .failed }, "\(foreign.reported.text)")
      let expired = try await examine(try folder.text(for: emulator, certificate: .expired), in: folder)
      #expect(expired.reported["bundle"].map(\.mark) == [.failed])
      output += down.reported.text + foreign.reported.text + expired.reported.text
      expectNoSecret(of: emulator, in: output)
    }
  }

  /// Neither the token nor the bundle's key, nor a piece of either.
  private func expectNoSecret(of emulator: AstraEmulator, in output: String) {
    let token = emulator.configuration.token.reveal()
    #expect(!output.contains(token))
    for part in token.split(separator: ":").dropFirst() { #expect(!output.contains(part)) }
    #expect(!output.contains(emulator.configuration.clientSecret.reveal()))
    #expect(!output.contains("PRIVATE KEY"))
    let key = String(decoding: emulator.clientIdentity.privateKey, as: UTF8.self)
    for line in key.split(whereSeparator: \.isNewline) where !line.hasPrefix("-----") {
      #expect(!output.contains(line))
    }
  }
}
