internal import CassandraBytes
internal import CassandraWire
internal import CassandraTelemetry

/// One connection to a node of an emulated Astra database, behind TLS: who may come in, what is refused, and what the
/// nodes say of themselves. It decides, and does nothing itself.
struct AstraSession: FrameInspector {
  private enum Phase {
    /// Nothing was asked yet.
    case fresh
    /// The driver is asked who it is; its STARTUP waits.
    case challenged(startup: Frame)
    /// The driver is who it says; the node is told the STARTUP, and the answer goes to this request.
    case loggingIn(request: EnvelopeHeader, startup: EnvelopeHeader)
    case ready
  }

  /// What is to be done with the answer to a request.
  private enum Pending {
    case supported
    case prepared(AstraStatement)
    case systemRows(AstraStatement)
    case warned([String])
  }

  private let place: Int
  private let watched: Watched<AstraState>
  private var phase = Phase.fresh
  /// Whether the driver wants to know of nodes, and in which version of the protocol.
  private var events: (kinds: [EventKind], version: UInt8)?
  private var pending: [Int16: Pending] = [:]

  /// A connection to the node at this place.
  init(to place: Int, _ watched: Watched<AstraState>) {
    self.place = place
    self.watched = watched
  }
}

// MARK: - Requests

extension AstraSession {
  mutating func requests(_ frame: Frame) -> [FrameStep] {
    let refusesV5 = watched.read { $0.faults.refusesV5 }
    if refusesV5 && frame.header.version >= ProtocolVersion.v5.rawValue {
      var header = frame.header
      header.version = ProtocolVersion.v4.rawValue
      return refuse(
        header, .protocolError,
        "Invalid or unsupported protocol version (\(frame.header.version)); supported versions are (3/v3, 4/v4)")
    }
    guard let message = frame.request else { return [.toNode(frame)] }
    if case .options = message {
      pending[frame.header.stream] = .supported
      return [.toNode(frame)]
    }
    switch phase {
    case .fresh:
      guard case .startup = message else { return refuse(frame.header, .protocolError, "STARTUP is expected") }
      phase = .challenged(startup: frame)
      return answer(frame.header, .authenticate(authenticator: watched.read { $0.faults.authenticator.rawValue }))
    case .challenged(let startup):
      guard case .authResponse(let token) = message else {
        return refuse(frame.header, .protocolError, "AUTH_RESPONSE is expected")
      }
      return logIn(token ?? [], frame, startup: startup)
    case .loggingIn: return refuse(frame.header, .protocolError, "The login is not done")
    case .ready: return ready(message, frame)
    }
  }

  private mutating func logIn(_ token: [UInt8], _ frame: Frame, startup: Frame) -> [FrameStep] {
    if token == Array("PLAIN".utf8), watched.read({ $0.faults.authenticator == .dse }) {
      return answer(frame.header, .authChallenge(Array("PLAIN-START".utf8)))
    }
    // An authorization id, which is empty, the user and the password, each behind a zero byte (RFC 4616).
    let parts = token.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
    let isRight = watched.change { state in
      let isRight = parts.count == 3 && state.accepts(user: parts[1], password: parts[2])
      if isRight { state.observed.logins += 1 } else { state.observed.refusedLogins += 1 }
      return isRight
    }
    guard isRight else {
      return refuse(frame.header, .badCredentials, "Provided username and/or password are incorrect")
    }
    phase = .loggingIn(request: frame.header, startup: startup.header)
    return [.toNode(startup)]
  }

  private mutating func ready(_ message: RequestMessage, _ frame: Frame) -> [FrameStep] {
    switch message {
    case .query(let text, let parameters):
      return run(AstraStatement(text), parameters.consistency, frame) { .query($0, parameters) }
    case .prepare(let text, let keyspace):
      var statement = AstraStatement(text)
      if let refusal = refusal(of: statement, nil, frame.header) { return refusal }
      // What is run later is not changed any more.
      statement.rewritten = nil
      pending[frame.header.stream] = .prepared(statement)
      _ = keyspace
      return [.toNode(frame)]
    case .execute(let id, _, let parameters):
      guard let statement = watched.read({ $0.statement(id) }) else { return [.toNode(frame)] }
      return run(statement, parameters.consistency, frame, rewriting: nil)
    case .batch(let batch):
      var statement = AstraStatement("")
      statement.isWrite = true
      return run(statement, batch.parameters.consistency, frame, rewriting: nil)
    case .register(let kinds):
      events = (kinds, frame.header.version)
      return [.toNode(frame)]
    case .options, .startup, .authResponse: return [.toNode(frame)]
    }
  }

  private mutating func run(
    _ statement: AstraStatement, _ consistency: Consistency, _ frame: Frame,
    rewriting: ((String) -> RequestMessage)?
  ) -> [FrameStep] {
    if let refusal = refusal(of: statement, consistency, frame.header) { return refusal }
    let stream = frame.header.stream
    if statement.systemTable != nil { pending[stream] = .systemRows(statement) }
    guard watched.read({ $0.faults.ignoresTableOptions }), let text = statement.rewritten, let rewriting,
      let version = ProtocolVersion(rawValue: frame.header.version),
      let changed = try? Frame(rewriting(text), version: version, stream: stream)
    else { return [.toNode(frame)] }
    let names = statement.ignoredOptions.joined(separator: ", ")
    let warning = "Ignoring options that are not allowed here: [\(names)]"
    if text.last?.isWhitespace == true && text.uppercased().hasPrefix("ALTER") {
      // Nothing is left to be changed.
      return answer(frame.header, .result(.void), ResponsePrefix(warnings: [warning]))
    }
    pending[stream] = .warned([warning])
    return [.toNode(changed)]
  }

  private mutating func refusal(
    of statement: AstraStatement, _ consistency: Consistency?, _ header: EnvelopeHeader
  ) -> [FrameStep]? {
    let faults = watched.read { $0.faults }
    if let forbidden = statement.forbidden, faults.refusesKeyspaceChanges {
      return refuse(header, .unauthorized, "Missing correct permission for \(forbidden)")
    }
    if statement.isWrite, faults.refusesWeakWrites, let consistency, Self.weak.contains(consistency) {
      let names = Self.weak.map(\.description).joined(separator: ", ")
      return refuse(
        header, .invalid,
        "Provided value \(consistency) is not allowed for Write Consistency Level (disallowed values are: [\(names)])")
    }
    if statement.systemTable == .peersV2, !faults.hasPeersV2 {
      return refuse(header, .invalid, "unconfigured table peers_v2")
    }
    return nil
  }

  private static let weak: [Consistency] = [.any, .one, .localOne]

  private mutating func refuse(
    _ header: EnvelopeHeader, _ code: ErrorResponse.Code, _ message: String
  ) -> [FrameStep] {
    if code != .badCredentials { watched.change { $0.observed.refusedRequests += 1 } }
    return answer(header, .error(ErrorResponse(code, message)))
  }

  private func answer(
    _ header: EnvelopeHeader, _ message: ResponseMessage, _ prefix: ResponsePrefix = ResponsePrefix()
  ) -> [FrameStep] {
    guard let frame = try? Frame(answering: header, message, prefix: prefix) else {
      preconditionFailure("an answer of the emulator cannot be written in version \(header.version)")
    }
    return [.toDriver(frame)]
  }
}

// MARK: - Answers

extension AstraSession {
  mutating func answers(_ frame: Frame) -> [FrameStep] {
    if frame.header.stream < 0 { return [.toDriver(rewriteEvent(frame))] }
    if case .loggingIn(let request, let startup) = phase, frame.header.stream == startup.stream || isLogin(frame) {
      return goOn(frame, request, startup)
    }
    guard let pending = pending.removeValue(forKey: frame.header.stream) else { return [.toDriver(frame)] }
    return [.toDriver((try? rewrite(frame, pending)) ?? frame)]
  }

  private func isLogin(_ frame: Frame) -> Bool {
    frame.opcode == .ready || frame.opcode == .authenticate || frame.opcode == .authSuccess
  }

  /// The node's answer to the STARTUP or to our login, while the driver waits for the end of its own.
  private mutating func goOn(_ frame: Frame, _ request: EnvelopeHeader, _ startup: EnvelopeHeader) -> [FrameStep] {
    switch frame.opcode {
    case .ready, .authSuccess:
      phase = .ready
      return answer(request, .authSuccess(nil))
    case .authenticate:
      let credentials = watched.read { $0.topology.node(at: place)?.target.credentials }
      guard let credentials, let version = ProtocolVersion(rawValue: startup.version) else {
        return answer(
          request, .error(ErrorResponse(.serverError, "The node wants a login that the proxy does not have")))
      }
      let token = [0] + Array(credentials.user.utf8) + [0] + Array(credentials.password.reveal().utf8)
      let frame = try? Frame(.authResponse(token), version: version, stream: startup.stream)
      return frame.map { [.toNode($0)] } ?? []
    case .error:
      phase = .fresh
      var frame = frame
      frame.header.stream = request.stream
      return [.toDriver(frame)]
    case .startup, .options, .supported, .query, .result, .prepare, .execute, .register, .event, .batch,
      .authChallenge, .authResponse, nil:
      return [.toDriver(frame)]
    }
  }

  private func rewrite(_ frame: Frame, _ pending: Pending) throws(WireError) -> Frame {
    guard let opcode = frame.opcode, let version = ProtocolVersion(rawValue: frame.header.version) else { return frame }
    var position = 0
    var prefix = try ResponsePrefix(reading: frame.body.span, at: &position, flags: frame.header.flags)
    let message = frame.body.span.extracting(position..<frame.body.count)
    switch pending {
    case .supported:
      guard case .supported(var options) = try ResponseMessage(opcode: opcode, body: message, version: version) else {
        return frame
      }
      options["PRODUCT_TYPE"] = ["DATASTAX_APOLLO"]
      if watched.read({ $0.faults.refusesV5 }) {
        options["PROTOCOL_VERSIONS"]?.removeAll { !$0.hasPrefix("3/") && !$0.hasPrefix("4/") }
      }
      return try Frame(answering: frame.header, .supported(options), prefix: prefix)
    case .prepared(var statement):
      guard opcode == .result,
        case .result(.prepared(let prepared)) = try ResponseMessage(opcode: opcode, body: message, version: version)
      else {
        return frame
      }
      statement.columns = prepared.result.columns
      watched.change { $0.remember(statement, as: prepared.id) }
      return frame
    case .systemRows(let statement):
      let state = watched.value
      guard opcode == .result, let table = statement.systemTable, let node = state.topology.node(at: place),
        let body = try AstraSystemRows(state: state, node: node).rewrite(
          message, table, known: statement.columns, version: version)
      else { return frame }
      return Frame(frame.header, body: Array(frame.body.prefix(position)) + body)
    case .warned(let warnings):
      prefix.warnings += warnings
      var changed = Frame(frame.header, body: [])
      changed.header.flags.insert(.warning)
      try prefix.encode(into: &changed.body)
      changed.body.append(copying: message)
      return changed
    }
  }

  /// The address of a node in an event, as the cluster sees it, becomes the one that the nodes report.
  private func rewriteEvent(_ frame: Frame) -> Frame {
    guard let version = ProtocolVersion(rawValue: frame.header.version), frame.opcode == .event,
      case .event(let event)? = try? ResponseMessage(opcode: .event, body: frame.body.span, version: version)
    else { return frame }
    let changed: Event
    switch event {
    case .topologyChange(let change, let address): changed = .topologyChange(change, reported(address))
    case .statusChange(let change, let address): changed = .statusChange(change, reported(address))
    case .schemaChange: return frame
    }
    return (try? Frame(answering: frame.header, .event(changed))) ?? frame
  }

  private func reported(_ address: NodeAddress) -> NodeAddress {
    watched.read { state in
      guard state.faults.reportsPrivateAddresses, let node = state.topology.node(at: address.address) else {
        return address
      }
      return NodeAddress(address: node.privateAddress, port: address.port)
    }
  }

  mutating func announce(_ event: Event) -> [FrameStep] {
    guard case .ready = phase, let events, events.kinds.contains(event.kind) else { return [] }
    var header = EnvelopeHeader(version: .v4, isResponse: true, stream: -1, opcode: .event)
    header.version = events.version
    return answer(header, .event(event))
  }
}
