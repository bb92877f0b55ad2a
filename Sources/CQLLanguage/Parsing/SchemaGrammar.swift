internal import CassandraBytes

/// Definitions of keyspaces and triggers.
enum SchemaGrammar {
  static func createKeyspace(_ tokens: inout TokenStream) throws(ParseFailure) -> CreateKeyspaceStatement {
    try tokens.advance()
    try tokens.advance()
    let ifNotExists = try tokens.ifNotExists()
    let keyspace = try NameGrammar.keyspace(&tokens)
    try tokens.expect(.with)
    return CreateKeyspaceStatement(
      keyspace: keyspace, ifNotExists: ifNotExists, properties: try PropertyGrammar.properties(&tokens))
  }

  static func alterKeyspace(_ tokens: inout TokenStream) throws(ParseFailure) -> AlterKeyspaceStatement {
    try tokens.advance()
    try tokens.advance()
    let ifExists = try tokens.ifExists()
    let keyspace = try NameGrammar.keyspace(&tokens)
    try tokens.expect(.with)
    return AlterKeyspaceStatement(
      keyspace: keyspace, ifExists: ifExists, properties: try PropertyGrammar.properties(&tokens))
  }

  // MARK: Triggers

  static func createTrigger(_ tokens: inout TokenStream) throws(ParseFailure) -> CreateTriggerStatement {
    try tokens.advance()
    try tokens.advance()
    let ifNotExists = try tokens.ifNotExists()
    let trigger = try NameGrammar.name(&tokens)
    try tokens.expect(.on)
    let table = try NameGrammar.table(&tokens)
    try tokens.expect(.using)
    return CreateTriggerStatement(
      trigger: trigger, ifNotExists: ifNotExists, table: table, className: try tokens.string())
  }
}
