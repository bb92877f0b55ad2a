internal import CQLEngine
internal import CassandraWire

/// A statement that a client has sent and that is not answered yet.
struct StatementRequest {
  /// Who gets the answer.
  let connection: ClientConnection
  /// The stream that the answer goes to.
  let stream: Int16
  let opcode: Opcode
  let flags: EnvelopeFlags
  let body: [UInt8]

  /// Runs the statement; the body of its RESULT is appended to `result`.
  func run(
    on executor: any RequestExecutor, session: inout EngineSession, into result: inout [UInt8]
  ) async throws(EngineFailure) -> EngineOutcome {
    // Nearly all requests are of this kind, and need no message that outlives their body.
    let version = session.version
    if opcode == .execute {
      let request = try read(version) { slice throws(WireError) in try ExecuteRequest(reading: slice, version: version)
      }
      return try await executor.execute(
        id: request.id, resultMetadataID: request.resultMetadataID, request.parameters, session: &session, into: &result
      )
    }
    let message = try read(version) { slice throws(WireError) in
      try RequestMessage(opcode: opcode, body: slice, version: version)
    }
    switch message {
    case .query(let text, let parameters):
      return try await executor.query(text, parameters, session: &session, into: &result)
    case .prepare(let text, let keyspace):
      return try executor.prepare(text, keyspace: keyspace, session: session, into: &result)
    case .batch(let batch): return try await executor.batch(batch, session: &session, into: &result)
    case .execute: preconditionFailure("an EXECUTE is read for itself")
    case .startup, .options, .register, .authResponse: preconditionFailure("only statements become requests")
    }
  }

  /// Reads the body behind its prefix.
  @inline(__always)
  private func read<Message>(
    _ version: ProtocolVersion, _ decode: (ArraySlice<UInt8>) throws(WireError) -> Message
  ) throws(EngineFailure) -> Message {
    guard version >= .v4 || !flags.contains(.customPayload) else {
      throw EngineFailure(
        .protocolError, "Received frame with CUSTOM_PAYLOAD flag for native protocol version < 4")
    }
    do throws(WireError) {
      var position = 0
      try RequestPrefix.skip(body.span, at: &position, flags: flags)
      return try decode(body[position...])
    } catch {
      throw EngineFailure(.protocolError, "\(error)")
    }
  }
}
