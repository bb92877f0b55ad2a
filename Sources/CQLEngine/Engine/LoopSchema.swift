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
    case .any, .one, .localOne, .nodeLocal: return
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
    guard required > 1 else { return }
    let cure =
      replicas > 1
      ? ": keyspace \(table.keyspace) has \(replicas) replicas, and this node is the only one; alter its replication to 1, "
        + "or ask for ONE" : ""
    throw EngineFailure(
      .unavailable, "Cannot achieve consistency level \(consistency)\(cure)",
      detail: .unavailable(consistency, required: Int32(clamping: required), alive: 1))
  }
}
