import CQLLanguage

/// An index on a column.
struct Index: Sendable {
  /// What of the column is indexed.
  typealias Part = CreateIndexStatement.Target.Part

  /// Its name, which only one index of the keyspace has.
  var name: String
  /// The column.
  var column: String
  /// What of it.
  var part: Part
  /// The class behind `USING`, for an index that was made as a custom one.
  var className: String?
  /// Its further options in the order of their names.
  var options: [(String, String)] = []
  /// The number of its entries in the store.
  var number: TableNumber
  /// Whether it does not have all entries yet, so that nothing may be looked for in it.
  var isBuilding = false

  /// What is done with texts before they are compared; nil when nothing is.
  var analysis: TextAnalysis? { className == nil ? nil : TextAnalysis(options) }

  /// How near two vectors are, for an index on a column of them.
  var similarity: VectorSimilarity {
    options.first { $0.0 == IndexOptions.similarityFunction }.flatMap { VectorSimilarity(option: $0.1) } ?? .cosine
  }

  /// The target as `system_schema.indexes` and DESCRIBE write it.
  var target: String {
    let name = Identifier.cql(column)
    return part == .simple ? name : "\(part.rawValue)(\(name))"
  }
}
