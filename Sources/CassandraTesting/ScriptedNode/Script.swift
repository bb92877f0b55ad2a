internal import CassandraWire

/// What a ``ScriptedNode`` knows: rules and statements. It decides, and does nothing itself.
struct Script {
  private struct Rule {
    var match: ScriptedNode.Match
    var reaction: ScriptedNode.Reaction
    var seen = 0
  }

  let options: ScriptedNode.Options
  private var rules: [Rule] = []
  private var statements: [[UInt8]: ScriptedNode.Statement] = [:]
  private var prepared: Set<[UInt8]> = []
  /// The cluster that the node is in; nil for one that tells of nobody.
  var cluster: ScriptedCluster?

  init(_ options: ScriptedNode.Options) { self.options = options }

  mutating func add(_ match: ScriptedNode.Match, _ reaction: ScriptedNode.Reaction) {
    rules.append(Rule(match: match, reaction: reaction))
  }

  mutating func removeRules() { rules = [] }

  mutating func define(_ statement: ScriptedNode.Statement) { statements[statement.id] = statement }

  mutating func forgetPrepared() { prepared = [] }
}

// MARK: - Answers

extension Script {
  /// The CQL of a request, when it is known.
  func text(of message: RequestMessage?) -> String? {
    switch message {
    case .query(let text, _), .prepare(let text, _): text
    case .execute(let id, _, _): statements[id]?.text
    case .startup, .options, .batch, .register, .authResponse, nil: nil
    }
  }

  /// What the first rule that is for this request says; the last ones that were added come first.
  mutating func reaction(to request: ScriptedNode.Request) -> ScriptedNode.Reaction {
    for index in rules.indices.reversed() where rules[index].match.includes(request) {
      rules[index].seen += 1
      let number = rules[index].seen - rules[index].match.skipping
      if number > 0 && number <= rules[index].match.times { return rules[index].reaction }
    }
    return .ordinary
  }

  /// What a well-behaved node answers.
  mutating func ordinary(_ request: ScriptedNode.Request) -> ScriptedNode.Reaction {
    guard let version = ProtocolVersion(rawValue: request.version), options.versions.contains(version) else {
      return .error(.protocolError, "Invalid or unsupported protocol version (\(request.version))")
    }
    switch request.message {
    case .options:
      return .answer(
        .supported([
          "CQL_VERSION": ["3.4.7"], "COMPRESSION": options.compression ? ["lz4"] : [],
          "PROTOCOL_VERSIONS": options.versions.map { "\($0.rawValue)/v\($0.rawValue)" },
        ]))
    case .startup:
      return .answer(
        options.credentials == nil
          ? .ready : .authenticate(authenticator: "org.apache.cassandra.auth.PasswordAuthenticator"))
    case .authResponse(let token):
      guard let (name, password) = options.credentials,
        token == [0] + Array(name.utf8) + [0] + Array(password.utf8)
      else { return .error(.badCredentials, "Provided username and/or password are incorrect") }
      return .answer(.authSuccess(nil))
    case .register: return .answer(.ready)
    case .query(let text, let parameters): return query(text, parameters, request)
    case .prepare(let text, _): return prepare(text, version)
    case .execute(let id, let metadataID, let parameters):
      guard prepared.contains(id), let statement = statements[id] else { return unprepared(id) }
      return rows(
        of: statement, parameters, isUnchanged: version >= .v5 ? metadataID == statement.metadataID : true, version)
    case .batch(let batch):
      for statement in batch.statements {
        if case .prepared(let id) = statement.text, !prepared.contains(id) { return unprepared(id) }
      }
      return .answer(.result(.void))
    case nil: return .error(.protocolError, "The message cannot be read")
    }
  }

  private func unprepared(_ id: [UInt8]) -> ScriptedNode.Reaction {
    .error(.unprepared, "Prepared query not found", .unprepared(id: id))
  }

  private func query(
    _ text: String, _ parameters: QueryParameters, _ request: ScriptedNode.Request
  ) -> ScriptedNode.Reaction {
    if text.hasPrefix("USE ") {
      let name = text.dropFirst(4).filter { $0 != "\"" }
      guard options.keyspaces.contains(name) else { return .error(.invalid, "Keyspace '\(name)' does not exist") }
      return .answer(.result(.setKeyspace(name)))
    }
    if let statement = statements.values.first(where: { $0.text == text }) {
      return rows(of: statement, parameters, isUnchanged: false, .v4)
    }
    if let reaction = cluster?.reaction(to: text) { return reaction }
    if text.contains("FROM system.local") {
      let columns = ["rpc_address": CQLType.inet, "schema_version": .uuid].sorted { $0.key < $1.key }.map {
        ColumnSpecification(keyspace: "system", table: "local", name: $0.key, type: $0.value)
      }
      return .rows(columns, [[.inet(.v4(0x7f00_0001)), .uuid(CQLUUID(high: 1, low: 1))]])
    }
    if text.contains("FROM system.peers") {
      return .rows([.init(keyspace: "system", table: "peers", name: "schema_version", type: .uuid)], [])
    }
    return .error(.invalid, "The script has no such statement")
  }

  private mutating func prepare(_ text: String, _ version: ProtocolVersion) -> ScriptedNode.Reaction {
    guard let statement = statements.values.first(where: { $0.text == text }) else {
      return .error(.invalid, "The script has no such statement")
    }
    prepared.insert(statement.id)
    let result = statement.columns.isEmpty ? ResultMetadata(columnCount: 0) : .init(columns: statement.columns)
    return .answer(
      .result(
        .prepared(
          PreparedResult(
            id: statement.id, resultMetadataID: version >= .v5 ? statement.metadataID : nil,
            parameters: PreparedMetadata(columns: statement.parameters, partitionKeyIndexes: statement.keys),
            result: result))))
  }

  private func rows(
    of statement: ScriptedNode.Statement, _ parameters: QueryParameters, isUnchanged: Bool, _ version: ProtocolVersion
  ) -> ScriptedNode.Reaction {
    guard !statement.columns.isEmpty else { return .answer(.result(.void)) }
    let number = Int(parameters.pageState?.first ?? 0)
    guard statement.pages.indices.contains(number) else { return .error(.protocolError, "Invalid page state") }
    let hasMore = number + 1 < statement.pages.count
    var page = ScriptedPage(
      columns: statement.columns, rows: statement.pages[number],
      pageState: hasMore ? [UInt8(truncatingIfNeeded: number + 1)] : nil)
    if parameters.skipsMetadata && isUnchanged { page.leavesColumnsOut = true }
    if version >= .v5 && !isUnchanged { page.newMetadataID = statement.metadataID }
    return .page(page)
  }
}
