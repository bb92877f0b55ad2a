internal import CassandraBytes
internal import CassandraWire
internal import CassandraReactor

/// One connection of a client to a ``ScriptedNode``: frames in, frames out.
final class ScriptedConnection: TransportDelegate {
  let transport: Transport
  private let number: Int
  private let node: ScriptedNode
  private var decoder = EnvelopeDecoder()
  private var encoder = EnvelopeEncoder()
  private var compresses = false
  /// The events that the client has asked for, and the version of its request.
  private var events: (kinds: [EventKind], version: ProtocolVersion)?

  init(_ transport: Transport, number: Int, of node: ScriptedNode) {
    self.transport = transport
    self.number = number
    self.node = node
    transport.delegate = self
    transport.startReading()
  }

  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    var offset = 0
    do throws(WireError) {
      while let (header, body) = try decoder.next(in: bytes, at: &offset) {
        switch body {
        case .inInput(let range): receive(header, [UInt8](copying: bytes.extracting(range)))
        case .owned(let body): receive(header, body)
        case .dropped: preconditionFailure("this decoder refuses what is too large")
        }
      }
    } catch { transport.abort() }
  }

  func transportWillFlush(_ transport: Transport) {
    guard transport.outputCount > 0 else { return }
    transport.write { encoder.seal(&$0) }
  }

  func transportInputEnded(_ transport: Transport) { transport.close() }

  func transportClosed(_ transport: Transport, error: ReactorError?) { node.closed(number) }

  private func receive(_ header: EnvelopeHeader, _ body: [UInt8]) {
    var message: RequestMessage?
    if let opcode = Opcode(rawValue: header.opcode), let version = ProtocolVersion(rawValue: header.version) {
      var position = 0
      if (try? RequestPrefix(reading: body.span, at: &position, flags: header.flags)) != nil {
        message = try? RequestMessage(opcode: opcode, body: body[position...], version: version)
      }
    }
    let request = ScriptedNode.Request(
      connection: number, version: header.version, flags: header.flags, stream: header.stream,
      opcode: Opcode(rawValue: header.opcode) ?? .error, message: message)
    if case .register(let kinds) = message, let version = ProtocolVersion(rawValue: header.version) {
      // What was asked for before stays asked for, as with Cassandra.
      events = ((events?.kinds ?? []) + kinds, version)
    }
    if case .startup(let options) = message { compresses = options["COMPRESSION"] != nil }
    perform(node.receive(request), for: request, prefix: ResponsePrefix())
  }

  private func perform(_ reaction: ScriptedNode.Reaction, for request: ScriptedNode.Request, prefix: ResponsePrefix) {
    switch reaction {
    case .ordinary: perform(node.ordinary(request), for: request, prefix: prefix)
    case .answer(let message): send(message, on: request.stream, for: request, prefix: prefix)
    case .answerOnStream(let stream, let message): send(message, on: stream, for: request, prefix: prefix)
    case .rows(let columns, let rows, let pageState):
      let page = ScriptedPage(columns: columns, rows: rows, pageState: pageState)
      perform(.page(page), for: request, prefix: prefix)
    case .page(let page):
      write(.result, on: request.stream, for: request, prefix: prefix) { try page.encode(into: &$0, version: $1) }
    case .prefixed(let prefix, let reaction): perform(reaction, for: request, prefix: prefix)
    case .after(let gate, let reaction):
      let (bound, loop) = (LoopBound(self, on: transport.loop), transport.loop)
      gate.pass { loop.post { bound.withValue { $0.perform(reaction, for: request, prefix: prefix) } } }
    case .nothing: break
    case .bytes(let bytes): send(bytes)
    case .all(let reactions): for reaction in reactions { perform(reaction, for: request, prefix: prefix) }
    case .close:
      transport.flush()
      transport.close()
    case .reset: transport.abort()
    }
  }

  /// Tells of an event when the client has asked for its kind.
  func tell(_ event: Event) {
    guard let (kinds, version) = events, kinds.contains(event.kind) else { return }
    let header = EnvelopeHeader(version: version, isResponse: true, flags: [], stream: -1, opcode: .event)
    transport.write { output in
      do {
        try encoder.append(header, to: &output) { (output: inout [UInt8]) throws in
          try ResponseMessage.event(event).encode(into: &output, version: version)
        }
      } catch { preconditionFailure("the event cannot be encoded: \(error)") }
    }
  }

  /// Sends bytes as they are, behind what was said before.
  func send(_ bytes: [UInt8]) {
    transport.write { output in
      encoder.seal(&output)
      output += bytes
    }
  }

  private func send(
    _ message: ResponseMessage, on stream: Int16, for request: ScriptedNode.Request, prefix: ResponsePrefix
  ) {
    write(message.opcode, on: stream, for: request, prefix: prefix) { try message.encode(into: &$0, version: $1) }
    switch (request.opcode, message) {
    case (.startup, .ready), (.startup, .authenticate):
      // From the answer to STARTUP on, both sides use the framing of the version.
      let framing: Framing =
        request.version >= ProtocolVersion.v5.rawValue
        ? .segments(compressed: compresses) : .envelopes(compressed: compresses)
      encoder.framing = framing
      decoder.framing = framing
    default: break
    }
  }

  private func write(
    _ opcode: Opcode, on stream: Int16, for request: ScriptedNode.Request, prefix: ResponsePrefix,
    _ body: (inout [UInt8], ProtocolVersion) throws -> Void
  ) {
    let version = ProtocolVersion(rawValue: request.version) ?? .v4
    let header = EnvelopeHeader(
      version: version, isResponse: true, flags: prefix.flags, stream: stream, opcode: opcode)
    transport.write { output in
      do {
        try encoder.append(header, to: &output) { (output: inout [UInt8]) throws in
          try prefix.encode(into: &output)
          try body(&output, version)
        }
      } catch { preconditionFailure("the script has an answer that cannot be encoded: \(error)") }
    }
  }
}
