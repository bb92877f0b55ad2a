internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry
internal import Synchronization

extension ClientContext {
  /// Asks a new connection to tell of changes of the schema, before any request is sent on it.
  ///
  /// Every connection is asked, and not one for all: a node tells of a change before it answers anything that it learnt
  /// from it, so on the connection that a statement goes over the news comes first. The id of a prepared statement stays
  /// the same when the types of its markers change, and a node that has prepared it anew for somebody else takes the bytes
  /// of the old type for those of the new one.
  ///
  /// It is the one way by which changes of the schema are heard; what they concern is in ``SchemaNews``.
  func watchSchema(over connection: NodeConnection, due: UInt64) async {
    let request = RequestMessage.register([.schemaChange])
    connection.onSchemaChange = { [schemaNews, weak connection] change in
      schemaNews.heard(change)
      // It may not be a node's yet.
      if let connection, connection.lacksKeyspace, schemaNews.makesAwaitedKeyspace(change) { connection.drain() }
    }
    let outcome = try? await connection.request(.register, due: due) {
      (output: inout [UInt8]) throws(WireError) in try request.encode(into: &output, version: connection.version)
    }
    guard case .answer(let header, _) = outcome, header.opcode == Opcode.ready.rawValue else {
      // It works without: then the server's word that it has forgotten a statement is all that there is.
      logger.debug("a node does not tell of changes of the schema", ["node": .text("\(connection.endPoint)")])
      return
    }
    guard connection.isUsable else { return }
    schemaNews.watchBegan()
    connection.onUnusable = { [schemaNews] in schemaNews.watchEnded() }
  }
}

/// Something that is done once.
final class Once: Sendable {
  private let isDone = Atomic<Bool>(false)

  /// True for the first caller only.
  func isFirst() -> Bool { !isDone.exchange(true, ordering: .relaxed) }
}
