import CassandraWire
import CassandraReactor
import CassandraTerminal
import Testing

@testable import Cassandra
@testable import FieldGuide

/// What the doctor makes of what it has seen; nothing is looked at here.
@Suite(.timeLimit(.minutes(5))) struct DoctorFindingTests {
  private static let day = 86_400
  private static let now = 1_795_737_600  // 2026-11-27

  @Test(arguments: [
    (0, "1970-01-01"), (-1, "1969-12-31"), (86_399, "1970-01-01"), (951_782_400, "2000-02-29"),
    (951_868_800, "2000-03-01"), (1_795_737_600, "2026-11-27"), (4_107_542_399, "2100-02-28"),
    (4_107_542_400, "2100-03-01"), (253_402_300_799, "9999-12-31"), (-62_135_596_800, "1-01-01"),
  ]) func aDayIsWritten(_ seconds: Int, _ text: String) {
    #expect(CalendarDay(secondsSince1970: seconds).description == text)
  }

  /// Days from now, and what is said of them.
  static let ages: [(from: Int, until: Int, mark: Checklist.Mark, words: String)] = [
    (-1, 30, .ok, "30 days left"), (-1, 400, .ok, "400 days left"), (0, 365, .ok, "until 2027-11-27"),
    (-1, 29, .warning, "29 days left"), (-1, 1, .warning, "1 day left"), (-1, 0, .warning, "0 days left"),
    (-9, -1, .failed, "has expired: it was valid until 2026-11-26"), (1, 9, .failed, "only from 2026-11-28"),
  ]

  @Test(arguments: ages) func datesAreJudged(_ from: Int, _ until: Int, _ mark: Checklist.Mark, _ words: String) {
    let certificate = CertificateDates(
      subject: "CN = node1", notBefore: Self.now + from * Self.day, notAfter: Self.now + until * Self.day)
    let finding = certificate.finding("The certificate", renewal: "Ask for a new one.", now: Self.now)
    #expect(finding.mark == mark)
    #expect(finding.text.contains(words) && finding.text.contains("CN = node1"))
    #expect(finding.advice.isEmpty == (mark == .ok))
  }

  @Test func aNameIsJudged() throws {
    let addresses = [try SocketAddress("10.0.0.1", port: 1), try SocketAddress("::1", port: 1)]
    let fine = NetworkFinding.name("db.example", .success(addresses), route: .cassandra)
    #expect(fine == .ok("db.example is 10.0.0.1, ::1"))
    #expect(
      NetworkFinding.name("10.0.0.1", .success([addresses[0]]), route: .cassandra) == .ok("10.0.0.1 is an address"))
    let missing = ReactorError(.nameNotFound, "this name does not exist")
    #expect(NetworkFinding.name("x", .failure(missing), route: .cassandra).advice.contains("CASSANDRA_CONTACT_POINTS"))
    #expect(NetworkFinding.name("x", .failure(missing), route: .metadata).advice.contains("portal"))
    let slow = NetworkFinding.name("x", .failure(ReactorError(.timedOut, "too long")), route: .metadata)
    #expect(slow.mark == .failed && slow.advice.contains("DNS"))
  }

  @Test func connectionsAreJudged() throws {
    let (one, two) = (try SocketAddress("10.0.0.1", port: 9042), try SocketAddress("10.0.0.2", port: 9042))
    let refused = ReactorError(.connectionRefused, "nothing is listening there", logDetail: "refused")
    #expect(NetworkFinding.connections(to: "db:9042", [(one, nil)], route: .cassandra).mark == .ok)
    #expect(
      NetworkFinding.connections(to: "db:9042", [(one, nil), (two, nil)], route: .cassandra).text.contains(
        "all of its 2"))
    let half = NetworkFinding.connections(to: "db:9042", [(one, nil), (two, refused)], route: .cassandra)
    #expect(half.mark == .warning && half.text.contains("10.0.0.2:9042") && !half.advice.isEmpty)
    let none = NetworkFinding.connections(to: "db:9042", [(one, refused)], route: .cassandra)
    #expect(none.mark == .failed && none.advice.contains("rpc_address"))
    #expect(NetworkFinding.connections(to: "db:9042", [(one, refused)], route: .proxy).advice.contains("hibernated"))
  }

  static let failuresOfTLS: [(code: ReactorError.Code, route: Route, advice: String)] = [
    (.tlsCertificate, .cassandra, "CASSANDRA_TLS_CA"), (.tlsCertificate, .proxy, "bundle again"),
    (.tlsCertificateExpired, .cassandra, "clock"), (.tlsCertificateName, .cassandra, "CASSANDRA_CONTACT_POINTS"),
    (.tlsCertificateName, .metadata, "DNS"), (.tlsClientCertificate, .cassandra, "CASSANDRA_TLS_CERTIFICATE"),
    (.tlsClientCertificate, .metadata, "bundle"), (.tlsProtocol, .cassandra, "does not speak TLS"),
    (.timedOut, .proxy, "does not answer"), (.tlsHandshake, .proxy, "does not know this node"),
  ]

  @Test(arguments: failuresOfTLS)
  func failuresOfTLSAreJudged(_ code: ReactorError.Code, _ route: Route, _ advice: String) {
    let finding = NetworkFinding.tls(
      to: "db:9042", .failure(ReactorError(code, "it failed", logDetail: "words")), route: route, now: Self.now)
    #expect(finding.mark == .failed && finding.text.contains("it failed (words)"))
    #expect(finding.advice.contains(advice))
  }

  @Test func nodesBehindAProxyAreCounted() {
    let certificate = CertificateDates(subject: "CN = proxy", notBefore: 0, notAfter: Self.now + 90 * Self.day)
    let good = Result<SecureContact, ReactorError>.success(
      SecureContact(version: "TLSv1.3", certificate: certificate))
    let bad = Result<SecureContact, ReactorError>.failure(ReactorError(.tlsHandshake, "it is closed"))
    let all = NetworkFinding.nodes([("a", good), ("b", good)], of: 2, now: Self.now)
    #expect(all.map(\.mark) == [.ok] && all[0].text.contains("2 of 2 nodes"))
    let some = NetworkFinding.nodes([("a", bad), ("b", good)], of: 9, now: Self.now)
    #expect(some.map(\.mark) == [.ok, .warning])
    #expect(some[0].text.contains("1 of 2 nodes") && some[0].text.contains("(of 9"))
    #expect(some[1].text.contains("1 of 2 nodes: it is closed\na"))
    let none = NetworkFinding.nodes([("a", bad), ("b", bad)], of: 2, now: Self.now)
    #expect(none.map(\.mark) == [.failed] && !none[0].advice.isEmpty)
    #expect(none[0].text.contains("2 of 2 nodes") && none[0].text.hasSuffix("a\nb"))
  }

  private static let facts = ServerFacts(datacenter: "datacenter1", release: "5.0.6", newestProtocol: "5")

  @Test func theDataCentreIsCompared() {
    let right = DatabaseFinding.login(
      at: "db:9042", .success(Self.facts), wantedDatacenter: "datacenter1", kind: .cassandra, usesTLS: false)
    #expect(right.mark == .ok && right.text.contains("5.0.6") && right.text.contains("v5"))
    let wrong = DatabaseFinding.login(
      at: "db:9042", .success(Self.facts), wantedDatacenter: "dc1", kind: .cassandra, usesTLS: false)
    #expect(wrong.mark == .failed && wrong.advice.contains("CASSANDRA_LOCAL_DATACENTER=datacenter1"))
    let astra = DatabaseFinding.login(
      at: "db", .success(Self.facts), wantedDatacenter: nil, kind: .astra, usesTLS: true)
    #expect(astra.mark == .ok && astra.text.contains("protocol v4"))
    // What imitates a Cassandra may answer a query that it does not know with no rows.
    let nothing = ServerFacts(datacenter: "", release: "", newestProtocol: "")
    let silent = DatabaseFinding.login(
      at: "db:9042", .success(nothing), wantedDatacenter: "dc1", kind: .cassandra, usesTLS: false)
    #expect(silent.mark == .failed && silent.text.contains("does not say") && silent.advice.contains("other than"))
  }

  /// Names are bytes, as for the driver, and a server may tell as many as it likes.
  @Test func namesOfServersAreBytesAndBounded() {
    func finding(_ datacenter: String, wanted: String, _ datacenters: [String]) -> Finding {
      DatabaseFinding.login(
        at: "db:9042", .success(ServerFacts(datacenter: datacenter, release: "5.0", newestProtocol: "5")),
        wantedDatacenter: wanted, datacenters: datacenters, kind: .cassandra, usesTLS: false)
    }
    #expect(finding("Re\u{301}gion", wanted: "R\u{e9}gion", []).mark == .failed)
    #expect(finding("a", wanted: "R\u{e9}gion", ["a", "Re\u{301}gion"]).text.contains("There is no data centre"))
    let facts = ClusterFacts(datacenters: ["R\u{e9}gion", "Re\u{301}gion"], schemaVersions: [])
    #expect(facts.datacenterNames.count == 2)
    let many = (0..<3000).map { "\($0)\u{1b}" + String(repeating: "x", count: 5000) }
    let told = finding("a", wanted: "b", many).text
    #expect(told.utf8.count < 4000 && told.contains("and 2980 more") && !told.contains("\u{1b}"))
  }

  @Test func aDataCentreThatTheClusterLacksIsTold() {
    func finding(_ datacenters: [String]) -> Finding {
      DatabaseFinding.login(
        at: "db:9042", .success(Self.facts), wantedDatacenter: "dc1", datacenters: datacenters, kind: .cassandra,
        usesTLS: false)
    }
    let missing = finding(["datacenter1", "east"])
    #expect(missing.mark == .failed && missing.advice.contains("nearest"))
    #expect(missing.text == "There is no data centre dc1; this cluster has: datacenter1, east.")
    #expect(finding(["datacenter1"]).advice == "Set CASSANDRA_LOCAL_DATACENTER=datacenter1.")
    #expect(finding(["datacenter1", "dc1"]).text.hasPrefix("db:9042 is in the data centre datacenter1"))
  }

  static let failedLogins: [(code: CassandraError.Code, kind: DatabaseKind, usesTLS: Bool, advice: String)] = [
    (.badCredentials, .cassandra, false, "CASSANDRA_PASSWORD"), (.badCredentials, .astra, true, "token"),
    (.credentialsMissing, .cassandra, false, "CASSANDRA_USERNAME"), (.noNodeAvailable, .cassandra, false, "TLS"),
    (.noNodeAvailable, .cassandra, true, "client certificate"), (.noNodeAvailable, .astra, true, "portal"),
  ]

  @Test(arguments: failedLogins)
  func failedLoginsAreJudged(_ code: CassandraError.Code, _ kind: DatabaseKind, _ usesTLS: Bool, _ advice: String) {
    let error = CassandraError(code, "It did not work.", cause: ReactorError(.tlsProtocol, "the cause"))
    let finding = DatabaseFinding.login(
      at: "db:9042", .failure(error), wantedDatacenter: nil, kind: kind, usesTLS: usesTLS)
    #expect(finding.mark == .failed && finding.text.contains("db:9042: It did not work. (the cause)"))
    #expect(finding.advice.contains(advice))
  }

  @Test func theKeyspaceIsJudged() {
    #expect(DatabaseFinding.keyspace("fauna", .success(Self.facts), kind: .astra) == .ok("fauna exists"))
    let missing = CassandraError(.keyspaceMissing, "It is not there.")
    let astra = DatabaseFinding.keyspace("fauna", .failure(missing), kind: .astra)
    #expect(astra.mark == .failed && astra.advice.contains("portal"))
    #expect(DatabaseFinding.keyspace("fauna", .failure(missing), kind: .cassandra).advice.contains("fieldguide init"))
  }

  @Test func theTablesAreJudged() throws {
    #expect(
      DatabaseFinding.tables([(.animals, nil), (.plants, nil)], kind: .astra) == [.ok("animals and plants can be read")]
    )
    func failure(_ code: CassandraError.Code, _ message: String, kind: DatabaseKind = .cassandra) -> [Finding] {
      let server = ErrorResponse(.invalid, message)
      let error = CassandraError(code, "It did not work.", server: server)
      return DatabaseFinding.tables([(.animals, nil), (.plants, error)], kind: kind)
    }
    let missing = failure(.invalid, "table plants does not exist")
    #expect(missing.map(\.mark) == [.failed] && missing[0].advice.contains("fieldguide init"))
    #expect(failure(.invalid, "Undefined column name sightings").map(\.advice)[0].contains("another keyspace"))
    #expect(failure(.unauthorized, "no", kind: .astra).map(\.advice)[0].contains("role"))
    #expect(failure(.unauthorized, "no").map(\.advice)[0].contains("SELECT"))
  }

  static let folders: [(facts: DataDirectoryFacts, mark: Checklist.Mark, words: String)] = [
    (DataDirectoryFacts(exists: true), .ok, "no program uses it"),
    (DataDirectoryFacts(exists: false), .failed, "There is no"),
    (DataDirectoryFacts(exists: true, isFolder: false), .failed, "is not a folder"),
    (DataDirectoryFacts(exists: true, isUsable: false), .failed, "cannot be read and written"),
    (DataDirectoryFacts(exists: true, hasDatabase: false), .failed, "no database in it"),
    (DataDirectoryFacts(exists: true, isInUse: true), .warning, "is in use"),
    (DataDirectoryFacts(exists: true, freeBytes: 2_000_000_000), .ok, "2000 MB are free"),
    (DataDirectoryFacts(exists: true, freeBytes: 499_999_999), .warning, "only 499 MB"),
  ]

  @Test(arguments: folders)
  func theDataFolderIsJudged(_ facts: DataDirectoryFacts, _ mark: Checklist.Mark, _ words: String) {
    let finding = facts.finding(at: "data")
    #expect(finding.mark == mark && finding.text.contains(words))
    #expect(finding.advice.isEmpty == (mark == .ok))
    // Little room is worth a warning, and does not hide what is wrong with the tables.
    #expect(facts.canBeOpened == (mark == .ok || words.hasPrefix("only")))
  }

  @Test func aClusterIsJudged() {
    func words(_ facts: ClusterFacts, wanted: String? = "a") -> [String] {
      ClusterFinding.cluster(.success(facts), wantedDatacenter: wanted, loops: 4).map { "\($0.mark) \($0.text)" }
    }
    let fine = ClusterFacts(
      datacenters: ["a", "b", "a"], schemaVersions: ["1", "1", "1"], clockDifference: -20, clockUncertainty: 2)
    let found = words(fine)
    #expect(found.allSatisfy { $0.hasPrefix("ok") })
    #expect(found.contains { $0.contains("up to 8 connections") })
    #expect(fine.datacenterNames == ["a", "b"])
    #expect(!words(fine, wanted: nil).contains { $0.hasPrefix("failed") })
    let torn = ClusterFacts(
      datacenters: ["a", "a"], schemaVersions: ["1", "2"], clockDifference: 503, clockUncertainty: 2)
    #expect(words(torn).filter { $0.hasPrefix("warning") }.count == 2)
    // What asking may have taken is no difference of the clocks.
    let slow = ClusterFacts(datacenters: ["a"], schemaVersions: ["1"], clockDifference: -900, clockUncertainty: 400)
    #expect(words(slow).allSatisfy { $0.hasPrefix("ok") })
  }

  @Test func nodesHaveToAnswer() {
    let facts = ServerFacts(datacenter: "a", release: "5", newestProtocol: "5")
    func marks(_ results: [Result<ServerFacts, CassandraError>]) -> [String] {
      DatabaseFinding.answers(results.enumerated().map { ("\($0)", $1) }).map { "\($0.mark)" }
    }
    let gone = CassandraError(.connectionLost, "It has gone.")
    #expect(marks([.success(facts), .success(facts)]) == ["ok"])
    #expect(marks([.success(facts), .failure(gone), .failure(gone)]) == ["ok", "warning"])
    #expect(marks([.failure(gone)]) == ["failed"])
    #expect(marks([.failure(CassandraError(.badCredentials, "No."))]) == ["ok"])
  }

  @Test func aCheckIsSkippedWhenWhatItNeedsHasFailed() async {
    let lines = Reported()
    let examination = Examination(begin: { _ in }, report: { lines.add($0, $1) })
    await examination.run([
      Check("one") { _ in [.ok("fine")] }, Check("two", needs: ["one"]) { _ in [.failed("no", "Help it.")] },
      Check("three", needs: ["two"]) { _ in [.ok("never looked at")] },
      Check("four", needs: ["three"]) { _ in [.ok("never looked at")] },
      Check("five", needsOneOf: ["two", "one"]) { _ in [.warning("look")] },
      Check("six", needs: ["five"]) { _ in [.ok("fine"), .failed("and not")] },
    ])
    #expect(
      lines.all == [
        "ok one: fine", "failed two: no", "skipped three: because of: two", "skipped four: because of: three",
        "warning five: look", "ok six: fine", "failed six: and not",
      ])
    #expect(await examination.failures == 2)
  }
}
