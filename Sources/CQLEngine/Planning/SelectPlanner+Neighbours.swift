import CQLLanguage
import CassandraWire

/// `ORDER BY … ANN OF`, with Cassandra's rules on what may stand beside it.
extension SelectPlanner {
  private static let needsIndexes = EngineFailure.invalid(
    "ANN ordering by vector requires all restricted column(s) to be indexed")

  /// The vector whose neighbours are wanted; nil when the statement asks for none.
  mutating func neighbourOrder() throws(EngineFailure) -> NeighbourOrder? {
    var orders: [(column: Column, vector: Expression)] = []
    for ordering in statement.orderBy {
      let column = try table.column(named: ordering.column)
      guard let vector = ordering.nearestNeighbourOf else { continue }
      orders.append((column, try terms.expression(vector, Receiver(column, of: table))))
    }
    guard let order = orders.first else { return nil }
    guard orders.count == 1 else { throw EngineFailure.invalid("Cannot specify more than one ANN ordering") }
    guard statement.orderBy.count == 1, let ordering = statement.orderBy.first else {
      throw EngineFailure.invalid("ANN ordering does not support any other ordering")
    }
    guard !ordering.isDescending else { throw EngineFailure.invalid("Descending ANN ordering is not supported") }
    return NeighbourOrder(
      slot: selectors.shape.slot(order.column), vector: order.vector, column: order.column,
      similarity: table.similarity(of: order.column) ?? .cosine)
  }

  /// Refuses a condition on the column whose neighbours are wanted.
  func checkOnlyNeighbour(_ order: NeighbourOrder) throws(EngineFailure) {
    guard restrictions.byColumn[order.column.name] != nil else { return }
    throw EngineFailure.invalid(
      "\(order.column.name) cannot be restricted by more than one relation in an ANN ordering")
  }

  /// Refuses what an index of vectors cannot be asked, and conditions that no index answers. `hasKeys` says that whole
  /// partition keys are given, `needsClusteringFilter` that conditions on clustering columns do not follow each other.
  func checkNeighbours(
    _ order: NeighbourOrder, hasKeys: Bool, needsClusteringFilter: Bool
  ) throws(EngineFailure) {
    guard FloatVector.dimensions(order.column.wire) != nil else {
      throw EngineFailure.invalid("ANN ordering is only supported on float vector indexes")
    }
    guard !table.indexes(on: order.column).isEmpty else {
      throw EngineFailure.invalid("ANN ordering by vector requires the column to be indexed")
    }
    let restricted = restrictions.byColumn.values.map { $0.columns[0] } + restrictions.tuples.flatMap(\.columns)
    if !hasKeys, restricted.contains(where: { $0.kind == .partitionKey }) { throw Self.needsIndexes }
    for column in restricted where column.kind != .partitionKey && table.indexes(on: column).isEmpty {
      guard column.kind == .clustering, hasKeys, !needsClusteringFilter else { throw Self.needsIndexes }
    }
  }

  /// Refuses conditions on indexed vectors, which only have neighbours.
  func checkVectors(_ restrictions: [Restriction]) throws(EngineFailure) {
    for restriction in restrictions {
      guard case .vector = restriction.columns[0].wire, !table.indexes(on: restriction.columns[0]).isEmpty else {
        continue
      }
      throw EngineFailure.invalid("Vector indexes only support ANN queries")
    }
  }
}
