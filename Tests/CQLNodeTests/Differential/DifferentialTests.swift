import CQLNode
import CassandraWire
import CassandraTesting
import CassandraReactor
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The same statements on the node and on a real Cassandra.
///
/// The files say what Cassandra answers. The node is always compared with them; a real Cassandra is too, where
/// `CASSANDRA_TEST_PLAIN=host:port` says where one is, so that the files cannot say something else than it does. With
/// `DIFFERENTIAL_RECORD=1` its answers are written into the files instead. `DIFFERENTIAL_FILES=name,name` chooses files.
/// `NODE_TEST_PLAIN=host:port` names a server that takes the place of the embedded node.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DifferentialTests {
  /// Texts of errors and warnings that differ from Cassandra's, by file; none in the others. These numbers only fall.
  private static let differingTexts = [
    "arithmetic": 3, "class_types": 1, "collections": 1, "compact_storage": 1, "composite_types": 3,
    "conditional_additions": 34, "conditions": 2,
    "counters": 1,
    "faults_behind_conditions": 2, "found_by_histories": 2, "found_by_matrices": 22, "functions": 5,
    "group_by": 8, "index_driver": 5,
    "json": 1, "literals": 1, "nulls_in_lists": 15, "of_the_suites": 11,
    "permissions_of_grammar": 3, "rare_values": 20, "refusals": 9, "sai_driver": 6, "select": 1, "smallest_inputs": 10,
    "static_conditions": 1,
    "static_writes": 1, "system_tables": 3, "unsupported": 1, "update_delete": 1, "user_functions": 7, "vectors": 43,
    "views": 7,
  ]

  private static let cassandra = cassandraAddress
  private static let other = address("NODE_TEST_PLAIN")
  private static let records = getenv("DIFFERENTIAL_RECORD") != nil
  private static let names: [String] = {
    let all = CorpusFile.all.map(\.name)
    guard let chosen = getenv("DIFFERENTIAL_FILES").map({ String(cString: $0) }) else { return all }
    return all.filter { chosen.split(separator: ",").contains($0[...]) }
  }()

  @Test(arguments: names) func theNodeAnswersAsTheFilesSay(name: String) async throws {
    let file = try #require(CorpusFile.all.first { $0.name == name })
    try await EmbeddedNode.withNode { node in
      let answers = try await run(file, at: Self.other ?? node.address)
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
      let allowed = Self.differingTexts[name] ?? 0
      #expect(texts.count <= allowed, "\(texts.joined(separator: "\n\n"))")
      if texts.count < allowed { print("\(name): \(texts.count) texts differ now, fewer than \(allowed)") }
    }
  }

  @Test(
    .enabled(if: cassandra != nil, "CASSANDRA_TEST_PLAIN=host:port says where a Cassandra is"), arguments: names)
  func cassandraAnswersAsTheFilesSay(name: String) async throws {
    var file = try #require(CorpusFile.all.first { $0.name == name })
    let answers = try await run(file, at: try #require(Self.cassandra), takesChances: true)
    if Self.records {
      for index in file.entries.indices { file.entries[index].expected = answers[index] }
      try file.save()
      return
    }
    for (entry, found) in zip(file.entries, answers) {
      // The texts list signatures in an order that changes with each start.
      #expect(
        CorpusRun.essence(found) == CorpusRun.essence(entry.expected), "\(name):\(entry.line): \(entry.text)")
    }
  }

  @Test func theCorpusIsLargeEnough() throws {
    let entries = CorpusFile.all.flatMap(\.entries).filter { !$0.statement.isEmpty }
    #expect(entries.count >= 600)
    #expect(entries.count(where: \.isRefusal) * 4 >= entries.count)
    let keys = Set(entries.compactMap { $0.directive("differs") })
    #expect(keys.count <= 20)
    let list = try CorpusFile.read("\(CorpusFile.folder)/../../../../Documentation/Node.md")
    for key in keys { #expect(list.contains("| `\(key)` |"), "the list of differences has no \(key)") }
    for entry in entries {
      #expect((entry.directive("differs") != nil) == (entry.expectedOfNode != nil), "\(entry.text)")
    }
  }

  private func run(
    _ file: CorpusFile, at address: SocketAddress, takesChances: Bool = false
  ) async throws -> [[String]] {
    try await WireClient.busyLoop.run {
      let client = try await WireClient.ready(to: address)
      defer { client.close() }
      return try await CorpusRun(client: client).answers(to: file, takesChances: takesChances)
    }
  }
}

/// The address in an environment variable, as `host:port`; nil when it is not set.
func address(_ variable: String) -> SocketAddress? {
  guard let text = getenv(variable).map({ String(cString: $0) }), let colon = text.lastIndex(of: ":"),
    let port = Int(text[text.index(after: colon)...])
  else { return nil }
  return try? SocketAddress(String(text[..<colon]), port: port)
}

/// The address of a Cassandra to compare with, if there is one; `CASSANDRA_TEST_IS_NODE` says that it is a node of ours.
let cassandraAddress = getenv("CASSANDRA_TEST_IS_NODE") == nil ? address("CASSANDRA_TEST_PLAIN") : nil
