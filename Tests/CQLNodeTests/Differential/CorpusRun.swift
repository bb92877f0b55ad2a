import CassandraWire
import CassandraReactor

/// Runs a file of the corpus on a server, in a keyspace of its own.
struct CorpusRun {
  /// A statement whose answer is another than expected.
  struct Difference: CustomStringConvertible {
    var file: String
    var entry: CorpusFile.Entry
    var found: [String]
    var expected: [String]

    var description: String {
      "\(file):\(entry.line): \(entry.text)\n  expected: \(expected.joined(separator: "\n    "))"
        + "\n  found:    \(found.joined(separator: "\n    "))"
    }
  }

  let client: WireClient

  /// Runs all statements and returns what the server answered to each.
  ///
  /// With `takesChances` a read that is marked `@ sometimes` is asked again until its answer is the one that is recorded:
  /// a Cassandra takes one of two indexes by chance, and answers by one of them with fewer rows.
  func answers(to file: CorpusFile, takesChances: Bool = false) async throws -> [[String]] {
    let keyspace = "d_\(file.name)"
    try await prepare("DROP KEYSPACE IF EXISTS \(keyspace)")
    try await prepare(
      "CREATE KEYSPACE \(keyspace) WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
    try await prepare("USE \(keyspace)")
    var answers: [[String]] = []
    for entry in file.entries {
      var found = try await answer(to: entry)
      if takesChances, entry.directive("sometimes") != nil {
        for _ in 0..<Self.chances where CorpusRun.essence(found) != CorpusRun.essence(entry.expected) {
          found = try await answer(to: entry)
        }
      }
      answers.append(found)
      if entry.text.contains("CREATE") && entry.text.contains("INDEX") { try await waitForIndexes(of: keyspace) }
      if entry.text.hasPrefix("CREATE MATERIALIZED VIEW") { try await waitForViews(of: keyspace) }
    }
    try await prepare("DROP KEYSPACE IF EXISTS \(keyspace)")
    return answers
  }

  /// Waits until a Cassandra has filled the indexes of a keyspace, which it does in the background: until then it answers
  /// reads by them with a part of the rows, or with an error. What answers no such question has nothing to wait for.
  private func waitForIndexes(of keyspace: String) async throws {
    try await waitUntilAsMany(
      "SELECT index_name FROM system_schema.indexes WHERE keyspace_name = '\(keyspace)'",
      "SELECT index_name FROM system.\"IndexInfo\" WHERE table_name = '\(keyspace)'")
  }

  /// Waits until a Cassandra has filled the views of a keyspace.
  private func waitForViews(of keyspace: String) async throws {
    try await waitUntilAsMany(
      "SELECT view_name FROM system_schema.views WHERE keyspace_name = '\(keyspace)'",
      "SELECT view_name FROM system.built_views WHERE keyspace_name = '\(keyspace)'")
  }

  /// Waits until two questions have as many rows as answers.
  private func waitUntilAsMany(_ questions: String...) async throws {
    for _ in 0..<Self.questionsAboutIndexes {
      var counts: [String] = []
      for question in questions {
        let answer = try await client.query(question)
        guard case .result(.rows) = answer.message else { return }
        counts += try AnswerText.lines(answer, version: client.version).prefix(1)
      }
      if counts[0] == counts[1] { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw WireClient.Failure(description: "what was made was not filled in time: \(questions[0])")
  }

  /// How often a read is asked whose answer depends on chance: one of eight is the recorded one where it is least likely.
  private static let chances = 300

  /// How often it is asked whether indexes are filled, 20 ms apart.
  private static let questionsAboutIndexes = 500

  private func prepare(_ text: String) async throws {
    if case .error(let error) = try await client.query(text).message {
      throw WireClient.Failure(description: "\(text): \(error.message)")
    }
  }

  /// Runs one statement.
  func answer(to entry: CorpusFile.Entry) async throws -> [String] {
    guard !entry.statement.isEmpty else { return [] }
    let version = client.version
    var parameters = QueryParameters(consistency: .one)
    if let name = entry.directive("consistency") {
      guard let consistency = Consistency.allCases.first(where: { "\($0)".lowercased() == name }) else {
        throw CorpusFile.Malformed(description: "there is no consistency \(name)")
      }
      parameters.consistency = consistency
    }
    if let timestamp = entry.directive("timestamp").flatMap({ Int64($0) }) { parameters.defaultTimestamp = timestamp }
    if let now = entry.directive("now").flatMap({ Int32($0) }) { parameters.nowInSeconds = now }
    if let size = entry.directive("page").flatMap({ Int32($0) }) { parameters.pageSize = size }
    if entry.directive("prepare") != nil {
      return try AnswerText.lines(try await client.ask(.prepare(entry.text, keyspace: nil)), version: version)
    }
    var message = RequestMessage.query(entry.text, parameters)
    if let values = entry.directive("bind") {
      let prepared = try await client.ask(.prepare(entry.text, keyspace: nil))
      guard case .result(.prepared(let statement)) = prepared.message else {
        return try AnswerText.lines(prepared, version: version)
      }
      parameters.values = .positional(try values.split(separator: " ").map { try CorpusRun.value($0) })
      message = .execute(id: statement.id, resultMetadataID: statement.resultMetadataID, parameters)
    }
    var lines: [String] = []
    while true {
      let answer = try await client.ask(message)
      lines += try AnswerText.lines(answer, version: version).enumerated().map { index, line in
        lines.isEmpty || index > 0 ? line : "  then \(line)"
      }
      guard case .result(.rows(let rows)) = answer.message, let state = rows.metadata.pageState,
        entry.directive("first") == nil
      else { return lines }
      parameters.pageState = state
      switch message {
      case .query(let text, _): message = .query(text, parameters)
      case .execute(let id, let metadata, _): message = .execute(id: id, resultMetadataID: metadata, parameters)
      default: return lines
      }
    }
  }

  /// `null`, `unset`, `empty`, or bytes in hexadecimal; `61*70000` is a byte so many times, and `+` stands between pieces.
  private static func value(_ text: Substring) throws -> BoundValue {
    if text.contains("*") || text.contains("+") {
      var bytes: [UInt8] = []
      for piece in text.split(separator: "+") {
        let parts = piece.split(separator: "*")
        guard case .bytes(let unit) = try value(parts[0]) else { continue }
        for _ in 0..<(parts.count > 1 ? Int(parts[1]) ?? 1 : 1) { bytes += unit }
      }
      return .bytes(bytes)
    }
    switch text {
    case "null": return .null
    case "unset": return .unset
    case "empty": return .bytes([])
    default:
      var bytes: [UInt8] = []
      var rest = text
      while let byte = UInt8(rest.prefix(2), radix: 16), rest.count >= 2 {
        bytes.append(byte)
        rest = rest.dropFirst(2)
      }
      guard rest.isEmpty else { throw CorpusFile.Malformed(description: "\(text) is no value") }
      return .bytes(bytes)
    }
  }

  /// What counts: everything but the texts of errors and warnings, which follow the code.
  static func essence(_ lines: [String]) -> [String] {
    lines.filter { !$0.hasPrefix("  warning ") }.map { line in
      line.hasPrefix("error ") ? line.split(separator: " ").prefix(2).joined(separator: " ") : line
    }
  }
}
