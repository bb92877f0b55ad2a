internal import CQLLanguage
internal import CassandraWire

/// What an Astra database looks at in a statement before a node does.
struct AstraStatement: Sendable, Equatable {
  enum SystemTable: String, Sendable {
    case local, peers
    case peersV2 = "peers_v2"
  }

  /// Whether it writes rows, so that its consistency matters.
  var isWrite = false
  /// What it would make, change or drop that only the portal may, as in `CREATE KEYSPACE`.
  var forbidden: String?
  /// Which table of the nodes it reads.
  var systemTable: SystemTable?
  /// The statement without the options of a table that are ignored, and their names.
  var rewritten: String?
  var ignoredOptions: [String] = []
  /// The columns of its rows, once it is prepared.
  var columns: [ColumnSpecification]?

  /// Looks at CQL. What cannot be parsed is for the node to refuse.
  init(_ text: String) {
    guard let statement = try? CQLParser.parse(text).statement else { return }
    switch statement {
    case .insert, .update, .delete, .batch: isWrite = true
    case .select(let select): systemTable = Self.systemTable(select.table)
    case .createKeyspace, .alterKeyspace, .createView, .alterView, .createFunction, .createAggregate, .dropFunction:
      forbidden = statement.name
    case .drop(let drop):
      switch drop.kind {
      case .keyspace, .view: forbidden = statement.name
      case .table, .type, .index: break
      }
    case .createTable(let table): keepOptions(of: table.options, in: text)
    case .alterTable(let alter):
      if case .properties(let properties) = alter.change { keepOptions(of: properties.map { .property($0) }, in: text) }
    case .use, .truncate, .createType, .alterType, .createIndex, .createTrigger, .dropTrigger, .grantPermissions,
      .revokePermissions, .listPermissions, .grantRole, .revokeRole, .listRoles, .listUsers, .createUser, .alterUser,
      .dropUser, .createRole, .alterRole, .dropRole, .addIdentity, .dropIdentity, .describe:
      break
    }
  }

  private static func systemTable(_ name: QualifiedName) -> SystemTable? {
    guard name.keyspace?.name == "system" else { return nil }
    return SystemTable(rawValue: name.name.name)
  }

  /// Takes out every option but the time to live and the order of rows.
  private mutating func keepOptions(of options: [TableOption], in text: String) {
    var kept: [String] = []
    for option in options {
      switch option {
      case .property(let property):
        if property.name.name == "default_time_to_live", case .constant(let value) = property.value {
          kept.append("default_time_to_live = \(value.cql)")
        } else {
          ignoredOptions.append(property.name.name)
        }
      case .clusteringOrder(let orders):
        kept.append(
          "CLUSTERING ORDER BY ("
            + orders.map { "\($0.column.cql) \($0.isDescending ? "DESC" : "ASC")" }.joined(separator: ", ") + ")")
      case .compactStorage: kept.append("COMPACT STORAGE")
      }
    }
    guard !ignoredOptions.isEmpty, let start = Self.optionsStart(in: text) else { return }
    let beginning = text[..<start]
    rewritten = kept.isEmpty ? String(beginning) : "\(beginning)WITH \(kept.joined(separator: " AND "))"
  }

  /// Where `WITH` stands that begins the options: outside of quotes and parentheses.
  private static func optionsStart(in text: String) -> String.Index? {
    var depth = 0
    var quote: Character?
    var isInWord = false
    for index in text.indices {
      let character = text[index]
      defer { isInWord = character.isLetter || character.isNumber || character == "_" }
      if let open = quote {
        if character == open { quote = nil }
        continue
      }
      switch character {
      case "'", "\"": quote = character
      case "(": depth += 1
      case ")": depth -= 1
      case "w", "W":
        if depth == 0, !isInWord, text[index...].prefix(4).lowercased() == "with" { return index }
      default: break
      }
    }
    return nil
  }
}
