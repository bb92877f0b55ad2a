import CassandraWire

/// Cassandra's rules on what may stand beside `ORDER BY … ANN OF`.
struct NeighbourRules {
  let table: Table
  let restrictions: RestrictionPlanner

  private static let needsIndexes = EngineFailure.invalid(
    "ANN ordering by vector requires all restricted column(s) to be indexed")

  /// Refuses a condition on the column whose neighbours are wanted.
  func checkOnly(_ order: NeighbourOrder) throws(EngineFailure) {
    guard restrictions.byColumn[order.column.name] != nil else { return }
    throw EngineFailure.invalid(
      "\(order.column.name) cannot be restricted by more than one relation in an ANN ordering")
  }

  /// Refuses what an index of vectors cannot be asked, and conditions that no index answers. `hasKeys` says that whole
  /// partition keys are given, `needsClusteringFilter` that conditions on clustering columns do not follow each other.
  func check(
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
