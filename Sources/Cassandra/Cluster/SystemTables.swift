internal import CassandraBytes
internal import CassandraWire
internal import CassandraReactor

/// Questions to the system tables of a node.
enum SystemTables {
  /// The rows of a SELECT without values, in one page.
  static func rows(
    of text: String, on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> Page {
    let request = RequestMessage.query(text, QueryParameters(consistency: .one))
    switch Reply(try await send(request, on: connection, due: due), from: connection, layout: nil) {
    case .page(let page, _): return page
    case .failure(let error), .unprepared(_, let error): throw error
    // Some that speak the protocol answer so where they do not know a table.
    case .done: return Page(emptyWith: .empty)
    case .prepared:
      throw CassandraError.protocolViolation("a SELECT was answered without rows", coordinator: connection.endPoint)
    }
  }

  /// What the node behind a connection calls itself; nil when it does not tell.
  static func hostID(on connection: NodeConnection, due: UInt64) async -> CQLUUID? {
    let page = try? await rows(of: "SELECT host_id FROM system.local WHERE key = 'local'", on: connection, due: due)
    return try? page?.first?.decode(CQLUUID.self, "host_id")
  }

  /// Asks for events on a connection.
  static func register(
    _ kinds: [EventKind], on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) {
    let outcome = try await send(.register(kinds), on: connection, due: due)
    guard case .answer(let header, _) = outcome, header.opcode == Opcode.ready.rawValue else {
      switch Reply(outcome, from: connection, layout: nil) {
      case .failure(let error), .unprepared(_, let error): throw error
      case .done, .page, .prepared:
        throw CassandraError.protocolViolation("REGISTER was answered otherwise", coordinator: connection.endPoint)
      }
    }
  }

  /// Everything that the tables of a node say of the cluster.
  static func read(
    on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> SystemReading {
    // What cannot be read there is a matter of permissions or of a proxy; the node itself is one in any case.
    let local = try await rowsIfAny(
      of: "SELECT * FROM system.local WHERE key = 'local'", on: connection, due: due)?.first
    var belief = SystemBelief()
    var slices = WorkSlices(on: connection.loop, of: SystemLimits.bytesAtOnce)
    var reading = SystemReading(local: local.map { SystemNodeRow($0, &belief) } ?? SystemNodeRow(), peers: [])
    let partitioner = local.flatMap { belief.name("partitioner", in: $0) }
    for row in try await peers(on: connection, due: due) {
      guard belief.takesPeer(reading.peers.count) else { break }
      reading.peers.append(SystemNodeRow(row, &belief))
      await slices.spend(row.byteCount)
    }
    reading.hasRing = belief.hasRing && partitioner.map { isMurmur3($0) } ?? true
    // Without these, requests go to any node.
    let keyspaces = try await rowsIfAny(
      of: "SELECT keyspace_name, replication FROM system_schema.keyspaces", on: connection, due: due)
    if let keyspaces {
      for row in keyspaces {
        guard belief.takesKeyspace(of: keyspaces.rowCount) else { break }
        if let (keyspace, replication) = belief.replication(in: row) { reading.replication[keyspace] = replication }
        await slices.spend(row.byteCount)
      }
    }
    reading.excess = belief.excess
    return reading
  }

  private static func isMurmur3(_ partitioner: ByteText) -> Bool {
    partitioner.text.utf8.split(separator: UInt8(ascii: ".")).last.map(Array.init)
      == Array("Murmur3Partitioner".utf8)
  }

  /// The other nodes. Before 4.0 there is no table with their ports, and some that speak the protocol leave it empty.
  private static func peers(on connection: NodeConnection, due: UInt64) async throws(CassandraError) -> Page {
    if let page = try await rowsIfAny(of: "SELECT * FROM system.peers_v2", on: connection, due: due), !page.isEmpty {
      return page
    }
    return try await rowsIfAny(of: "SELECT * FROM system.peers", on: connection, due: due) ?? Page(emptyWith: .empty)
  }

  /// The same, or nil when the server refuses.
  private static func rowsIfAny(
    of text: String, on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> Page? {
    do throws(CassandraError) { return try await rows(of: text, on: connection, due: due) } catch {
      guard error.server != nil else { throw error }
      return nil
    }
  }

  private static func send(
    _ request: RequestMessage, on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> Outcome {
    try await connection.request(request.opcode, due: due) { (output: inout [UInt8]) throws(CassandraError) in
      do throws(WireError) { try request.encode(into: &output, version: connection.version) } catch {
        throw .unsendable(error)
      }
    }
  }
}
