internal import CQLEngine
internal import CQLLanguage
internal import CassandraBytes
internal import CassandraReactor
internal import CassandraWire

extension CQLServer {
  /// Bytes of what is wrong with an initial statement that are told: 1,000. It quotes the statement.
  private static let shownBytes = 1_000

  /// Carries out the statements that are to come before any client.
  func prepare(on executor: LoopBound<any RequestExecutor>) async throws(NodeError) {
    guard !configuration.initialStatements.isEmpty else { return }
    let parts: [CQLScript.Part]
    do throws(CQLSyntaxError) { parts = try CQLScript.parts(of: configuration.initialStatements) } catch {
      throw NodeError(
        .initialStatements, "the initial statements cannot be read: \("\(error)".shown(limit: Self.shownBytes))",
        cause: error)
    }
    try await executor.loop.run { () throws(NodeError) in
      var session = EngineSession(version: .v4)
      session.isInternal = true
      var body: [UInt8] = []
      for part in parts {
        body.removeAll(keepingCapacity: true)
        do throws(EngineFailure) {
          _ = try await executor.onLoop.query(
            part.text, QueryParameters(consistency: .one), session: &session, into: &body)
        } catch {
          guard error.response.code != .alreadyExists else { continue }
          throw NodeError(
            .initialStatements,
            "the initial statement in line \(part.line) fails: \(error.response.message.shown(limit: Self.shownBytes))",
            cause: error)
        }
      }
    }
  }
}
