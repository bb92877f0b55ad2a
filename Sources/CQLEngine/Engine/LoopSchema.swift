import CassandraWire

/// The schema as one loop has seen it last: it takes no lock while there is no newer one.
final class LoopSchema {
  private let engine: Engine
  private var known: Schema

  init(_ engine: Engine) {
    self.engine = engine
    known = engine.schema
  }

  /// The newest schema.
  @inline(__always)
  var current: Schema {
    if engine.generation != known.generation { known = engine.schema }
    return known
  }

  /// Refuses the levels that one node cannot reach for a table, as Cassandra does: two replicas of three, for one.
  func checkAvailable(_ consistency: Consistency, for table: Table) throws(EngineFailure) {
    switch consistency {
    case .any: return
    case .one, .localOne, .nodeLocal: return try checkReplicated(consistency, for: table)
    case .two, .three, .quorum, .all, .localQuorum, .eachQuorum, .serial, .localSerial: break
    }
    let replicas = current.keyspaces[table.keyspace]?.replicas(in: engine.configuration.dataCentre) ?? 1
    let required: Int =
      switch consistency {
      case .two: 2
      case .three: 3
      case .all: replicas
      default: replicas / 2 + 1
      }
    guard required > 1 else { return try checkReplicated(consistency, for: table) }
    let cure =
      replicas > 1
      ? ": keyspace \(table.keyspace) has \(replicas) replicas, and this node is the only one; alter its replication to 1, "
        + "or ask for ONE" : ""
    throw EngineFailure(
      .unavailable, "Cannot achieve consistency level \(consistency)\(cure)",
      detail: .unavailable(consistency, required: Int32(clamping: required), alive: 1))
  }

  /// Refuses what is about a table that nobody has a replica of.
  func checkReplicated(_ consistency: Consistency, for table: Table) throws(EngineFailure) {
    guard current.hasUnreplicated, current.keyspaces[table.keyspace]?.isUnreplicated ?? false else { return }
    throw EngineFailure(
      .unavailable,
      "Cannot achieve consistency level \(consistency): keyspace \(table.keyspace) has a replication factor of 0",
      detail: .unavailable(consistency, required: 1, alive: 0))
  }
}
