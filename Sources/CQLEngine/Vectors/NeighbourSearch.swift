import CQLLanguage
import CassandraWire

/// `ORDER BY column ANN OF vector`: what a statement says about it.
struct NeighbourOrder: Sendable {
  /// The slot of the column.
  let slot: Int
  /// The vector.
  let vector: Expression
  /// The column.
  let column: Column
  /// How near two vectors are, as the column's index says.
  let similarity: VectorSimilarity
}

/// A search for the neighbours of a vector with its values.
struct NeighbourSearch {
  /// The most neighbours that a statement may ask for: 1,000, as in Cassandra.
  static let maximumLimit = 1_000

  /// The rows so far.
  let rows: NearestRows
  /// What the client is warned of.
  let warnings: [String]

  /// Binds the order of a plan; throws what Cassandra refuses when it runs such a statement. `limit` is `Int.max` when
  /// there is none.
  init(
    _ order: NeighbourOrder, of plan: SelectPlan, limit: Int, pageSize: Int?, _ evaluator: Evaluator
  ) throws(EngineFailure) {
    if plan.isAggregate { throw EngineFailure.invalid("Top-K queries can not be run with aggregation") }
    guard limit != .max else {
      throw EngineFailure.invalid(
        "Top-K queries must have a limit specified and the limit must be less than the query page size")
    }
    if plan.perPartitionLimit != nil || plan.isDistinct {
      throw EngineFailure.invalid("Top-K queries do not support per-partition limits")
    }
    guard limit <= Self.maximumLimit else {
      throw EngineFailure.invalid(
        "Use of ANN OF in an ORDER BY clause requires a LIMIT that is not greater than \(Self.maximumLimit). LIMIT was "
          + "\(limit)")
    }
    let value = try evaluator.filtered(order.vector, order.column.name)
    let elements = FloatVector.elements(value.span)
    if let fault = VectorRules.fault(elements, order.similarity) { throw fault }
    rows = NearestRows(to: QueryVector(elements, order.similarity), limit: limit)
    if let pageSize, pageSize < limit {
      warnings = [
        "Top-K queries do not support paging and the page size is set to \(pageSize), which is less than LIMIT \(limit). "
          + "The page size has been set to \(limit) to match the LIMIT."
      ]
    } else {
      warnings = []
    }
  }

  /// The consistency that such a search is done with: a level of several nodes becomes one of one node.
  static func consistency(
    _ requested: Consistency
  ) throws(EngineFailure) -> (used: Consistency, warning: String?) {
    let used: Consistency
    switch requested {
    case .one, .localOne, .nodeLocal, .any: return (requested, nil)
    case .serial, .localSerial:
      throw EngineFailure.invalid(
        "Top-K queries can only be run with consistency level ONE/LOCAL_ONE. Consistency level \(requested) was used.")
    case .localQuorum: used = .localOne
    case .two, .three, .quorum, .all, .eachQuorum: used = .one
    }
    return (
      used,
      "Top-K queries can only be run with consistency level ONE / LOCAL_ONE / NODE_LOCAL. Consistency level \(requested) "
        + "was requested. Downgrading the consistency level to \(used)."
    )
  }
}
