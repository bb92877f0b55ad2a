import CQLLanguage
import CassandraWire

/// The options of a storage-attached index: which there are, and what they may be.
enum IndexOptions {
  /// How near two vectors are.
  static let similarityFunction = "similarity_function"
  /// How its graph is searched, of which the node has none.
  private static let optimization = "optimize_for"
  /// How its graph is made, which nobody may say unless Cassandra was started with a setting of its own.
  private static let graph = [
    "maximum_node_connections": "Maximum node connections", "construction_beam_width": "Construction beam width",
  ]
  /// What is done with a text before it is compared.
  private static let analysis = ["case_sensitive", "normalize", "ascii"]

  /// Refuses options that a storage-attached index on such a column cannot have, as Cassandra does.
  static func check(
    _ options: [(String, String)], on column: Column, _ part: Index.Part
  ) throws(EngineFailure) {
    let known = [similarityFunction, optimization] + graph.keys + analysis
    let unknown = options.map(\.0).filter { !known.contains($0) }
    guard unknown.isEmpty else {
      throw EngineFailure.configuration(
        "Properties specified [\(unknown.joined(separator: ", "))] are not understood by StorageAttachedIndex")
    }
    try checkAnalysis(options.filter { analysis.contains($0.0) }, part, column)
    let ofVectors = options.filter { !analysis.contains($0.0) }
    guard case .vector(let element, let dimensions) = column.wire else {
      guard ofVectors.isEmpty else {
        throw EngineFailure.invalid("CQL type \(column.type.cql) cannot have vector options")
      }
      return
    }
    for (key, value) in ofVectors { try checkVectorOption(key, value) }
    guard element == .float else {
      throw EngineFailure.invalid("SAI ANN indexes are only allowed on vector columns with float elements")
    }
    let similarity = ofVectors.first { $0.0 == similarityFunction }.flatMap { VectorSimilarity(option: $0.1) }
    if dimensions == 1, similarity ?? .cosine == .cosine {
      throw EngineFailure.invalid("Cosine similarity is not supported for single-dimension vectors")
    }
  }

  private static func checkAnalysis(
    _ options: [(String, String)], _ part: Index.Part, _ column: Column
  ) throws(EngineFailure) {
    guard !options.isEmpty else { return }
    guard !column.isPrimaryKey else {
      let texts = options.map { "'\($0.0)': '\($0.1)'" }.joined(separator: ", ")
      throw EngineFailure.invalid(
        "Analysis options are not supported on primary key columns, but found {\(texts)}")
    }
    for (key, value) in options {
      guard !value.isEmpty else { throw EngineFailure.invalid("Empty value for boolean option '\(key)'") }
      guard ["true", "false"].contains(value.lowercased()) else {
        throw EngineFailure.invalid("Illegal value for boolean option '\(key)': \(value)")
      }
    }
    var type = column.wire
    if part != .full {
      switch type {
      case .list(let element), .set(let element): type = element
      case .map(let key, let value):
        // Entries are composites for Cassandra.
        if part == .entries {
          throw EngineFailure.invalid(
            "CQL type '\(ClassType.composite(CompositeType([key, value])).className)' cannot be analyzed.")
        }
        type = part == .keys ? key : value
      default: break
      }
    }
    guard type == .text || type == .ascii else {
      throw EngineFailure.invalid("CQL type \(column.type.cql) cannot be analyzed.")
    }
  }

  private static func checkVectorOption(_ key: String, _ value: String) throws(EngineFailure) {
    // Cassandra does not know the index's name yet where it checks this.
    if let what = graph[key] {
      throw EngineFailure.invalid("\(what) cannot be set without enabling SAI_VECTOR_ALLOW_CUSTOM_PARAMETERS")
    }
    if key == similarityFunction, VectorSimilarity(option: value) == nil {
      throw EngineFailure.invalid(
        "Similarity function \(value.uppercased()) was not recognized for index null. Valid values are: "
          + VectorSimilarity.allCases.map(\.option).joined(separator: ", "))
    }
    if key == optimization, !["LATENCY", "RECALL"].contains(value.uppercased()) {
      throw EngineFailure.invalid(
        "optimize_for '\(value.uppercased())' was not recognized for index null. Valid values are: LATENCY, RECALL")
    }
  }

  /// What Cassandra says to everybody who indexes vectors.
  static let vectorWarning = """
    SAI ANN indexes on vector columns are experimental and are not recommended for production use.
    They don't yet support SELECT queries with:
     * Consistency level higher than ONE/LOCAL_ONE.
     * Paging.
     * No LIMIT clauses.
     * PER PARTITION LIMIT clauses.
     * GROUP BY clauses.
     * Aggregation functions.
     * Filters on columns without a SAI index.
    """
}
