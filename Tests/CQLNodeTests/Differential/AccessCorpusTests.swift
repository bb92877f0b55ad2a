import CQLNode
import CassandraReactor
import CassandraTelemetry
import CassandraTesting
import CassandraWire
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The statements about roles and permissions, on the node and on a Cassandra where clients log in.
///
/// A line `@ as NAME PASSWORD` says who asks from there on. `CASSANDRA_TEST_ROLES=host:port` says where a Cassandra is that
/// was started with `--auth`, `--yaml 'permissions_validity: 0ms'`, `--yaml 'roles_validity: 0ms'` and
/// `--yaml 'credentials_validity: 0ms'` and `--yaml 'dynamic_data_masking_enabled: true'`, so that what it answers does not depend on how long ago it was asked. All its
/// roles but the first are dropped. With `DIFFERENTIAL_RECORD=1` its answers are written into the files.
@Suite(.serialized, .timeLimit(.minutes(5))) struct AccessCorpusTests {
  private static let folder = "\(CorpusFile.folder)/../Access"
  private static let files = CorpusFile.all(in: folder)
  private static let cassandra = address("CASSANDRA_TEST_ROLES")
  private static let records = getenv("DIFFERENTIAL_RECORD") != nil
  /// Texts of errors and warnings that differ from Cassandra's, by file. These numbers only fall.
  private static let differingTexts = ["permissions": 4, "views_and_functions": 3]

  @Test(arguments: files.map(\.name)) func theNodeAnswersAsTheFilesSay(name: String) async throws {
    let file = try #require(Self.files.first { $0.name == name })
    var configuration = EmbeddedNode.defaultConfiguration
    configuration.user = NodeUser(name: "cassandra", password: Secret("cassandra"))
    try await EmbeddedNode.withNode(configuration) { node in
      let answers = try await run(file, at: node.address)
      var differences: [CorpusRun.Difference] = []
      var texts: [String] = []
      for (entry, found) in zip(file.entries, answers) {
        let expected = entry.expectedOfNode ?? entry.expected
        if CorpusRun.essence(found) != CorpusRun.essence(expected) {
          differences.append(CorpusRun.Difference(file: name, entry: entry, found: found, expected: expected))
        } else if found != expected {
          texts.append("\(entry.text): \(found) instead of \(expected)")
        }
      }
      #expect(differences.isEmpty, "\(differences.map(\.description).joined(separator: "\n\n"))")
      #expect(texts.count <= Self.differingTexts[name] ?? 0, "\(texts.joined(separator: "\n\n"))")
    }
  }

  @Test(
    .enabled(if: cassandra != nil, "CASSANDRA_TEST_ROLES=host:port says where a Cassandra is"),
    arguments: files.map(\.name))
  func cassandraAnswersAsTheFilesSay(name: String) async throws {
    var file = try #require(Self.files.first { $0.name == name })
    let answers = try await run(file, at: try #require(Self.cassandra))
    if Self.records {
      for index in file.entries.indices { file.entries[index].expected = answers[index] }
      try file.save()
      return
    }
    for (entry, found) in zip(file.entries, answers) {
      #expect(CorpusRun.essence(found) == CorpusRun.essence(entry.expected), "\(name):\(entry.line): \(entry.text)")
    }
  }

  @Test func theFilesAreThere() throws {
    #expect(Self.files.flatMap(\.entries).count { !$0.statement.isEmpty } >= 400)
    for entry in Self.files.flatMap(\.entries) {
      #expect((entry.directive("differs") != nil) == (entry.expectedOfNode != nil), "\(entry.text)")
    }
  }

  private func run(_ file: CorpusFile, at address: SocketAddress) async throws -> [[String]] {
    try await WireClient.busyLoop.run { try await AccessRun(address: address).answers(to: file) }
  }
}

/// Runs a file whose statements come from several clients.
private final class AccessRun {
  private let address: SocketAddress
  private var clients: [String: WireClient] = [:]

  init(address: SocketAddress) { self.address = address }

  func answers(to file: CorpusFile) async throws -> [[String]] {
    defer { for client in clients.values { client.close() } }
    try await clear()
    var answers: [[String]] = []
    var login: [Substring] = []
    for entry in file.entries {
      if let who = entry.directive("as") { login = who.split(separator: " ") }
      guard !entry.statement.isEmpty else {
        answers.append([])
        continue
      }
      do {
        let client = try await client(String(login[0]), String(login[1]))
        answers.append(try await CorpusRun(client: client).answer(to: entry))
      } catch let refusal as Refusal { answers.append(refusal.lines) }
    }
    try await clear()
    return answers
  }

  /// Drops what an earlier run has left.
  private func clear() async throws {
    let client = try await client("cassandra", "cassandra")
    for keyspace in ["k1", "k2", "k3"] { _ = try await client.query("DROP KEYSPACE IF EXISTS \(keyspace)") }
    let answer = try await client.query("LIST ROLES")
    guard case .result(.rows(let rows)) = answer.message else { return }
    for line in try AnswerText.rows(rows, rows.metadata.columns ?? [], answer.body) {
      let name = line.dropFirst(4).prefix { $0 != "|" }.dropLast().dropFirst().dropLast()
      guard name != "cassandra" else { continue }
      let quoted = name.replacing("'", with: "''")
      let answer = try await client.query("DROP ROLE '\(quoted)'")
      if case .error(let error) = answer.message { throw WireClient.Failure(description: "\(name): \(error.message)") }
    }
  }

  /// A server that lets a client not in.
  private struct Refusal: Error {
    var lines: [String]
  }

  /// The client of a role with a password, which logs in when it is wanted first.
  private func client(_ name: String, _ password: String) async throws -> WireClient {
    let key = "\(name) \(password)"
    if let known = clients[key], !known.hasEnded { return known }
    let client = try await WireClient(to: address)
    _ = try await client.ask(.startup(["CQL_VERSION": "3.0.0"]))
    client.reframe(compressed: false)
    let answer = try await client.ask(.authResponse([0] + Array(name.utf8) + [0] + Array(password.utf8)))
    guard case .authSuccess = answer.message else {
      client.close()
      throw Refusal(lines: try AnswerText.lines(answer, version: client.version))
    }
    clients[key] = client
    return client
  }
}
