import CassandraBytes
import CQLLanguage
import CassandraWire

/// Makes, alters and drops keyspaces.
enum KeyspaceEditor {
  /// The most characters of a keyspace's name.
  private static let maximumNameLength = 48
  private static let locatorPackage = "org.apache.cassandra.locator."

  static func create(
    _ draft: inout SchemaDraft, _ statement: CreateKeyspaceStatement
  ) throws(EngineFailure) -> SchemaChange? {
    let name = statement.keyspace.name
    if draft.keyspaces[name]?.isSystem == true {
      throw EngineFailure.invalid("System keyspace '\(name)' is not user-modifiable")
    }
    guard Identifier.isWord(name) else {
      throw EngineFailure.invalid(
        "Keyspace name must not be empty and must contain alphanumeric or underscore characters only (got \"\(name)\")")
    }
    guard name.count <= Self.maximumNameLength else {
      throw EngineFailure.invalid(
        "Keyspace name must not be more than \(Self.maximumNameLength) characters long (got \(name.count) characters for "
          + "\"\(name)\")")
    }
    var keyspace = Keyspace(name: name, replication: [:])
    let hasReplication = try read(statement.properties, into: &keyspace)
    guard hasReplication else { throw EngineFailure.invalid("Missing mandatory option 'replication'") }
    guard draft.keyspaces[name] == nil else {
      if statement.ifNotExists { return nil }
      throw EngineFailure(
        .alreadyExists, "Cannot add existing keyspace \"\(name)\"", detail: .alreadyExists(keyspace: name, table: ""))
    }
    keyspace.replication = try replication(&draft, keyspace.replication, of: name)
    draft.keyspaces[name] = keyspace
    return SchemaChange(.created, keyspace: name, .keyspace)
  }

  static func alter(
    _ draft: inout SchemaDraft, _ statement: AlterKeyspaceStatement
  ) throws(EngineFailure) -> SchemaChange? {
    let name = statement.keyspace.name
    try draft.checkModifiable(name)
    guard var keyspace = draft.keyspaces[name] else {
      return try draft.missing("Keyspace '\(name)' doesn't exist", ifExists: statement.ifExists)
    }
    let before = keyspace
    if try read(statement.properties, into: &keyspace), !keyspace.replication.isEmpty {
      keyspace.replication = try replication(&draft, keyspace.replication, of: name)
      let factor = { (options: NameMap<String>) in
        options.filter { $0.key != "class" }.compactMap { Int($0.value) }.max()
      }
      if let old = factor(before.replication), let new = factor(keyspace.replication), new > old {
        draft.warnings.append(
          "When increasing replication factor you need to run a full (-full) repair to distribute the data.")
      }
    }
    // A replication without anything in it is that which there is.
    if keyspace.replication.isEmpty { keyspace.replication = before.replication }
    guard keyspace.replication != before.replication || keyspace.durableWrites != before.durableWrites else {
      return nil
    }
    draft.keyspaces[name] = keyspace
    return SchemaChange(.updated, keyspace: name, .keyspace)
  }

  /// Reads the properties; says whether replication is among them.
  private static func read(_ properties: [Property], into keyspace: inout Keyspace) throws(EngineFailure) -> Bool {
    var seen: Set<ByteText> = []
    for property in properties {
      guard seen.insert(property.name.name).inserted else {
        throw EngineFailure.syntax("Multiple definitions for property '\(property.name.name)'")
      }
      switch property.name.name {
      case "replication": keyspace.replication = try property.entries()
      case "durable_writes": keyspace.durableWrites = try property.boolean()
      default: throw EngineFailure.syntax("Unknown property '\(property.name.name)'")
      }
    }
    return seen.contains("replication")
  }

  /// Checks replication and completes it: the class with its package, a factor for the data centre.
  private static func replication(
    _ draft: inout SchemaDraft, _ options: NameMap<String>, of keyspace: String
  ) throws(EngineFailure) -> NameMap<String> {
    guard let given = options["class"] else {
      guard !options.isEmpty else {
        throw EngineFailure(
          .serverError,
          "java.lang.NullPointerException: Cannot invoke \"String.contains(java.lang.CharSequence)\" because \"cls\" is null"
        )
      }
      throw EngineFailure.configuration("Missing replication strategy class")
    }
    let className = given.contains(ascii: ".") ? given : Self.locatorPackage + given
    let strategy =
      className.hasPrefix(bytesOf: Self.locatorPackage)
      ? String(className.dropFirst(bytes: Self.locatorPackage.utf8.count)) : ""
    var result: NameMap<String> = ["class": className]
    var rest = options
    rest["class"] = nil
    let factor = rest.removeValue(forKey: "replication_factor")
    switch strategy {
    case "LocalStrategy":
      throw EngineFailure.invalid(
        "Unable to use given strategy class: LocalStrategy is reserved for internal use.")
    case "SimpleStrategy":
      result["replication_factor"] = factor ?? "1"
    case "NetworkTopologyStrategy":
      result[draft.dataCentre] = rest.removeValue(forKey: draft.dataCentre) ?? factor ?? (rest.isEmpty ? "1" : nil)
    default:
      throw EngineFailure.configuration("Unable to find replication strategy class '\(className)'")
    }
    if !rest.isEmpty {
      throw EngineFailure.configuration(
        "Unrecognized strategy option {\(rest.keys.sorted().joined(separator: ", "))} passed to \(strategy) for keyspace "
          + keyspace)
    }
    for (key, value) in result where key != "class" {
      let number = try replicas(value)
      guard number > 0 || key == "replication_factor" else {
        throw EngineFailure.configuration("Configuration for at least one datacenter must be present")
      }
      if number > 1 {
        draft.warnings.append(
          key == "replication_factor"
            ? "Your replication factor \(number) for keyspace \(keyspace) is higher than the number of nodes 1"
            : "Your replication factor \(number) for keyspace \(keyspace) is higher than the number of nodes 1 for "
              + "datacenter \(key)")
      }
    }
    return result
  }

  /// The number of replicas, behind which a slash and a number of transient ones may stand: none, as in a Cassandra by
  /// default.
  private static func replicas(_ text: String) throws(EngineFailure) -> Int32 {
    let parts = text.split(ascii: "/")
    guard parts.count <= 2 else {
      throw EngineFailure.configuration("Replication factor format is <replicas> or <replicas>/<transient>")
    }
    var numbers: [Int32] = []
    for part in parts {
      guard let number = Int32(part) else {
        throw EngineFailure.configuration("For input string: \"\(part)\"")
      }
      numbers.append(number)
    }
    guard let number = numbers.first else { throw EngineFailure.configuration("For input string: \"\(text)\"") }
    guard number >= 0 else {
      throw EngineFailure.configuration("Replication factor must be non-negative, found \(number)")
    }
    guard numbers.count == 1 || numbers[1] == 0 else {
      throw EngineFailure.configuration("Transient replication is not enabled on this node")
    }
    return number
  }

  static func drop(_ draft: inout SchemaDraft, _ statement: DropStatement) throws(EngineFailure) -> SchemaChange? {
    let name = statement.name.name.name
    try draft.checkModifiable(name)
    guard let keyspace = draft.keyspaces.removeValue(forKey: name) else {
      return try draft.missing("Keyspace '\(name)' doesn't exist", ifExists: statement.ifExists)
    }
    for table in keyspace.sortedTables { draft.drop(recordsOf: table) }
    return SchemaChange(.dropped, keyspace: name, .keyspace)
  }
}
