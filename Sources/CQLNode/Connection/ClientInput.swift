internal import CassandraBytes
internal import CassandraWire

/// What a client sends, from its bytes to what follows from each message; without I/O.
struct ClientInput {
  /// What has been found in the bytes.
  enum Step {
    /// A message with its body, and what follows from it.
    case message(EnvelopeHeader, [UInt8], ConnectionMachine.Action)
    /// A message that was longer than ``ClientInput/maximumBodyBytes`` has passed by.
    case skipped(EnvelopeHeader)
    /// The client speaks a version that nobody here does: these bytes tell it, and nothing else is understood.
    case unknownVersion([UInt8])
    /// The rest cannot be understood.
    case broken(ErrorResponse)
  }

  private(set) var machine: ConnectionMachine
  private var decoder: EnvelopeDecoder
  private var isEmpty = true

  /// The input of a new connection; until it is ready, a body over `maximumLoginBytes` breaks it.
  init(password: PasswordCheck?, maximumLoginBytes: Int) {
    machine = ConnectionMachine(password: password)
    decoder = EnvelopeDecoder(maximumBodyBytes: maximumLoginBytes)
  }

  /// Lets bodies of messages that begin from now on have so many bytes; longer ones pass by.
  mutating func allow(bodyBytes: Int) {
    decoder.maximumBodyBytes = bodyBytes
    decoder.dropsLargeBodies = true
  }

  /// Bytes that the message takes, or will take, that has not arrived whole.
  var pendingBytes: Int { decoder.pendingBytes }

  /// The next step, or nil when the input is used up; `offset` moves behind what was used.
  mutating func next(in bytes: Span<UInt8>, at offset: inout Int) -> Step? {
    guard !machine.isEnded else { return nil }
    // Behind the end of the bytes there may still be messages of a segment that came in pieces.
    if isEmpty {
      guard offset < bytes.count else { return nil }
      isEmpty = false
      if let refusal = machine.refusal(ofFirstByte: bytes[offset]) { return .unknownVersion(refusal) }
    }
    let header: EnvelopeHeader
    let body: [UInt8]
    do throws(WireError) {
      guard let (nextHeader, nextBody) = try decoder.next(in: bytes, at: &offset) else { return nil }
      header = nextHeader
      switch nextBody {
      case .inInput(let range): body = Array(copying: bytes.extracting(range))
      case .owned(let owned): body = owned
      case .dropped: return .skipped(nextHeader)
      }
    } catch {
      machine.end()
      return .broken(ErrorResponse(.protocolError, "\(error)"))
    }
    let action = machine.receive(header, body)
    if case .reframe(_, let framing) = action { decoder.framing = framing }
    return .message(header, body, action)
  }

  /// Passes over what follows, to the end of the input or of the next message; returns whether there was one.
  mutating func skip(in bytes: Span<UInt8>, at offset: inout Int) -> Bool {
    do throws(WireError) { return try decoder.next(in: bytes, at: &offset) != nil } catch { return true }
  }

  /// The roles have said whether the client is who it says.
  mutating func decide(isLoggedIn: Bool) { machine.decide(isLoggedIn: isLoggedIn) }

  /// Lets nothing further be looked at.
  mutating func end() { machine.end() }
}
