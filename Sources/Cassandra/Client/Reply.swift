internal import CassandraBytes
internal import CassandraReactor
internal import CassandraWire

/// What the answer to a request means.
enum Reply {
  /// Done, with nothing to tell.
  case done(ResultInfo?)
  /// Rows, or none.
  case page(Page, ResultInfo?)
  /// The statement was prepared.
  case prepared(PreparedResult)
  /// The server does not know the prepared statement of this id.
  case unprepared(id: [UInt8], CassandraError)
  /// It failed.
  case failure(CassandraError)

  /// Why it brought nothing; nil when it did.
  var failure: CassandraError? {
    switch self {
    case .done, .page, .prepared: nil
    case .unprepared(_, let error), .failure(let error): error
    }
  }

  /// Reads an outcome.
  ///
  /// - Parameter layout: The columns that the server may leave out of the answer.
  init(_ outcome: Outcome, from connection: NodeConnection, layout: RowLayout?) {
    switch outcome {
    case .done: self = .done(nil)
    case .failure(let error): self = .failure(error)
    case .late(let answer):
      // Whoever asks to be told of that does not take it for a reply.
      answer.onLoop.abandon()
      self = .failure(
        CassandraError(.timedOut, "The database did not answer in time.", coordinator: connection.endPoint))
    case .answer(let header, let body):
      do throws(WireError) {
        self = try Reply(header, body, version: connection.version, coordinator: connection.endPoint, layout: layout)
      } catch {
        self = .failure(.protocolViolation("\(error)", coordinator: connection.endPoint, cause: error))
      }
    }
  }

  private init(
    _ header: EnvelopeHeader, _ body: [UInt8], version: ProtocolVersion, coordinator: EndPoint, layout: RowLayout?
  ) throws(WireError) {
    var position = 0
    var info: ResultInfo?
    if !ResponsePrefix.isEmpty(header.flags) {
      let prefix = try ResponsePrefix(reading: body.span, at: &position, flags: header.flags)
      info = ResultInfo(
        warnings: prefix.warnings, tracingID: prefix.tracingID, customPayload: prefix.customPayload,
        coordinator: coordinator)
    }
    guard let opcode = Opcode(rawValue: header.opcode) else {
      throw WireError(.unexpectedOpcode, at: 4, "\(header.opcode) is no opcode.")
    }
    if opcode == .result {
      var kindPosition = position
      if try ResultResponse.Kind(reading: body.span, at: &kindPosition) == .rows {
        self = .page(try Page(body: body, at: kindPosition, version: version, layout: layout), info)
        return
      }
    }
    let message = body.span.extracting(position..<body.count)
    switch try ResponseMessage(opcode: opcode, body: message, version: version) {
    case .error(let error):
      let failure = CassandraError(server: error, coordinator: coordinator)
      if case .unprepared(let id) = error.detail {
        self = .unprepared(id: id, failure)
      } else {
        self = .failure(failure)
      }
    case .result(.void), .result(.setKeyspace), .result(.rows): self = .done(info)
    case .result(.prepared(let result)): self = .prepared(result)
    case .result(.schemaChange(let change)):
      var info = info ?? ResultInfo(coordinator: coordinator)
      info.schemaChange = change
      self = .done(info)
    case .ready, .authenticate, .supported, .event, .authChallenge, .authSuccess:
      throw WireError(.unexpectedOpcode, at: 4, "\(opcode) is no answer to a statement.")
    }
  }
}

extension Outcome {
  /// The page of an answer that is nothing but the rows of a whole result; nil for every other answer, also for one that
  /// is wrong.
  func onlyPage(version: ProtocolVersion, layout: RowLayout) -> Page? {
    guard case .answer(let header, let body) = self, header.opcode == Opcode.result.rawValue,
      ResponsePrefix.isEmpty(header.flags), body.count >= 4,
      body.span.int32(at: 0) == ResultResponse.Kind.rows.rawValue,
      let page = try? Page(body: body, at: 4, version: version, layout: layout), page.isSimple
    else { return nil }
    return page
  }
}
