import CassandraBytes
import CQLLanguage
import CassandraWire

extension SchemaDescription {
  /// The statement that makes a view anew, as Cassandra's DESCRIBE writes it.
  static func view(_ view: Table, withInternals: Bool) -> String {
    guard let base = view.definition.base else { return "" }
    let definition = view.definition
    let keyspace = Identifier.cql(view.keyspace)
    let columns = base.view.selected == nil ? "*" : view.columns.map(\.cql).joined(separator: ", ")
    var clauses: [String] = []
    if withInternals { clauses.append("ID = \(definition.id)") }
    if !definition.clustering.isEmpty {
      let orders = definition.clustering.map { "\($0.cql) \($0.isDescending ? "DESC" : "ASC")" }
      clauses.append("CLUSTERING ORDER BY (\(orders.joined(separator: ", ")))")
    }
    // What is in a view lives as long as in the base.
    clauses += options(definition.options).filter { !$0.hasPrefix(bytesOf: "default_time_to_live") }
    return """
      CREATE MATERIALIZED VIEW \(keyspace).\(Identifier.cql(view.name)) AS
          SELECT \(columns)
          FROM \(keyspace).\(Identifier.cql(base.name))
          WHERE \(base.view.condition)
          \(primaryKey(definition))
       WITH \(clauses.joined(separator: "\n    AND "));
      """
  }
}
