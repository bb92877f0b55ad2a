import CassandraBytes
import CassandraWire
import CassandraReactor
import CassandraTelemetry

/// A client of the native protocol that hides nothing: it sends the messages it is given and returns what comes.
///
/// Belongs to one loop. The answers of pipelined requests are found by their streams.
final class WireClient {
  /// What a client finds out that is no answer.
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// An answer with what stands before it.
  struct Answer {
    var version: UInt8
    var message: ResponseMessage
    var warnings: [String]
    /// The trace that was announced.
    var tracingID: CQLUUID?
    /// The body behind the prefix.
    var body: [UInt8]
  }

  /// For tests that have thousands of answers to decode: on a shared loop they would keep the clients of other suites
  /// from connecting in time.
  static let busyLoop = try! EventLoops(count: 1)[0]

  let loop: EventLoop
  private(set) var version: ProtocolVersion
  private let transport: Transport
  private var decoder = EnvelopeDecoder()
  private var encoder = EnvelopeEncoder()
  private var answers: [Int16: Answer] = [:]
  private var waiters: [Int16: UnsafeContinuation<Void, Never>] = [:]
  private var endWaiter: UnsafeContinuation<Void, Never>?
  private var eventWaiter: UnsafeContinuation<Void, Never>?
  /// The stream of the next request.
  var nextStream: Int16 = 0
  private(set) var events: [Event] = []
  private(set) var hasEnded = false
  private var failure: (any Error)?
  /// Every byte that came, when nothing is to be decoded.
  private(set) var rawInput: [UInt8] = []
  private let isRaw: Bool
  /// Is told how many bytes came, which are then kept until ``decodeHeldInput()``: a client that decodes each answer as it
  /// comes may be thousands of answers behind its server.
  var onHeldInput: ((Int) -> Void)?

  /// Connects; to be called on a loop. A raw client decodes nothing.
  init(
    to address: SocketAddress, version: ProtocolVersion = .v5, tls: TLSClient? = nil, isRaw: Bool = false
  ) async throws {
    guard let loop = EventLoop.current else { throw Failure(description: "a client lives on a loop") }
    var options = ConnectOptions()
    options.tls = tls
    self.loop = loop
    self.version = version
    self.isRaw = isRaw
    transport = try await Transport.connect(to: address, on: loop, options: options)
    transport.delegate = self
    transport.startReading()
  }

  /// Connects and begins the protocol, with a password when one is given.
  static func ready(
    to address: SocketAddress, version: ProtocolVersion = .v5, compressed: Bool = false,
    user: (name: String, password: String)? = nil, tls: TLSClient? = nil
  ) async throws -> WireClient {
    let client = try await WireClient(to: address, version: version, tls: tls)
    var options = ["CQL_VERSION": "3.0.0"]
    if compressed { options["COMPRESSION"] = "lz4" }
    let answer = try await client.ask(.startup(options))
    client.reframe(compressed: compressed)
    switch answer.message {
    case .ready: return client
    case .authenticate:
      guard let user else { throw Failure(description: "the server wants a password") }
      let token = [0] + Array(user.name.utf8) + [0] + Array(user.password.utf8)
      let answer = try await client.ask(.authResponse(token))
      guard case .authSuccess = answer.message else { throw Failure(description: "\(answer.message)") }
      return client
    default: throw Failure(description: "\(answer.message)")
    }
  }

  /// Uses the framing that the version has after STARTUP.
  func reframe(compressed: Bool) {
    let framing: Framing =
      version >= .v5 ? .segments(compressed: compressed) : .envelopes(compressed: compressed)
    decoder.framing = framing
    encoder.framing = framing
  }

  func close() { transport.close() }
  func finishOutput() { transport.finishOutput() }
  func pauseReading() { transport.pauseReading() }
  func startReading() { transport.startReading() }
  /// Bytes of requests that the server has not taken.
  var waitingBytes: Int { transport.waitingBytes }
}

// MARK: - Requests

extension WireClient {
  /// Sends a message and returns the stream that its answer will come on.
  @discardableResult
  func send(_ message: RequestMessage, flags: EnvelopeFlags = [], prefix: [UInt8] = []) throws -> Int16 {
    let stream = nextStream
    nextStream = nextStream == .max ? 0 : nextStream + 1
    let header = EnvelopeHeader(
      version: version, isResponse: false, flags: flags, stream: stream, opcode: message.opcode)
    let version = version
    var output = transport.takeOutput()
    defer { transport.putBack(output) }
    try encoder.append(header, to: &output) { output throws(WireError) in
      output += prefix
      try message.encode(into: &output, version: version)
    }
    return stream
  }

  /// Sends bytes as they are.
  func send(bytes: [UInt8]) { transport.write { $0 += bytes } }

  /// Whether the answer on a stream has come and nobody has taken it.
  func hasAnswer(on stream: Int16) -> Bool { answers[stream] != nil }

  /// The answer on a stream, once it has come.
  func answer(on stream: Int16) async throws -> Answer {
    if answers[stream] == nil && !hasEnded { await withUnsafeContinuation { waiters[stream] = $0 } }
    guard let answer = answers.removeValue(forKey: stream) else {
      throw Failure(
        description: "the server has ended the connection without an answer, \(failure.map { "\($0)" } ?? "")")
    }
    return answer
  }

  /// Sends a message and waits for its answer.
  func ask(_ message: RequestMessage) async throws -> Answer { try await answer(on: try send(message)) }

  /// Runs a statement given as text.
  func query(
    _ text: String, consistency: Consistency = .one, pageSize: Int32? = nil, pageState: [UInt8]? = nil,
    timestamp: Int64? = nil
  ) async throws -> Answer {
    try await ask(
      .query(
        text,
        QueryParameters(
          consistency: consistency, pageSize: pageSize, pageState: pageState, defaultTimestamp: timestamp)))
  }

  /// Waits until the server has ended the connection.
  func untilEnd() async {
    if !hasEnded { await withUnsafeContinuation { endWaiter = $0 } }
  }

  /// The next event.
  func nextEvent() async throws -> Event {
    if events.isEmpty && !hasEnded { await withUnsafeContinuation { eventWaiter = $0 } }
    guard !events.isEmpty else { throw Failure(description: "the connection has ended without an event") }
    return events.removeFirst()
  }
}

// MARK: - Answers

extension WireClient: TransportDelegate {
  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    guard !isRaw && onHeldInput == nil else {
      rawInput.append(copying: bytes)
      onHeldInput?(bytes.count)
      return
    }
    decode(bytes)
  }

  /// Decodes what was kept.
  func decodeHeldInput() {
    onHeldInput = nil
    let bytes = rawInput
    rawInput = []
    decode(bytes.span)
  }

  private func decode(_ bytes: Span<UInt8>) {
    var offset = 0
    do {
      while let (header, body) = try decoder.next(in: bytes, at: &offset) {
        switch body {
        case .inInput(let range): try receive(header, Array(copying: bytes.extracting(range)))
        case .owned(let body): try receive(header, body)
        case .dropped: preconditionFailure("this decoder refuses what is too large")
        }
      }
    } catch {
      failure = error
      transport.close()
      end()
    }
  }

  private func receive(_ header: EnvelopeHeader, _ body: [UInt8]) throws(WireError) {
    guard header.isResponse, let opcode = Opcode(rawValue: header.opcode) else {
      throw WireError(.unexpectedOpcode, at: 0, "This is no response.")
    }
    var position = 0
    let prefix = try ResponsePrefix(reading: body.span, at: &position, flags: header.flags)
    let rest = Array(body[position...])
    let version = ProtocolVersion(rawValue: header.version) ?? version
    let message = try ResponseMessage(opcode: opcode, body: rest.span, version: version)
    if case .event(let event) = message {
      events.append(event)
      let waiter = eventWaiter.take()
      waiter?.resume()
      return
    }
    answers[header.stream] = Answer(
      version: header.version, message: message, warnings: prefix.warnings, tracingID: prefix.tracingID,
      body: rest)
    waiters.removeValue(forKey: header.stream)?.resume()
  }

  func transportWillFlush(_ transport: Transport) {
    guard transport.outputCount > 0 else { return }
    var output = transport.takeOutput()
    encoder.seal(&output)
    transport.putBack(output)
  }

  func transportInputEnded(_ transport: Transport) {
    end()
    transport.finishOutput()
  }

  func transportClosed(_ transport: Transport, error: ReactorError?) { end() }

  private func end() {
    hasEnded = true
    for waiter in waiters.values { waiter.resume() }
    waiters = [:]
    let (end, event) = (endWaiter.take(), eventWaiter.take())
    end?.resume()
    event?.resume()
  }
}
