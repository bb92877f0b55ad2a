import CassandraBytes
internal import CassandraWire

/// The rules of a connection, without I/O: which message may come when, and what follows from it (sections 2.3.1 and
/// 4.1.1 of the protocol).
///
/// The texts of its errors are Cassandra's, because drivers read some of them to find a version that both speak.
struct ConnectionMachine {
  /// What a connection does with a message.
  enum Action {
    /// Answer this on the message's stream; the connection goes on.
    case answer(ResponseMessage)
    /// Answer this, and use that framing from then on in both directions.
    case reframe(ResponseMessage, Framing)
    /// The client is this user now; answer this.
    case logIn(user: String, ResponseMessage)
    /// The roles know whether the client is who it says; ``ConnectionMachine/decide(isLoggedIn:)`` is told.
    case askRoles(LoginAttempt)
    /// The client is not who it says, `user`; answer this and close.
    case refuseLogin(user: String, ErrorResponse)
    /// Send events of these kinds from now on, and answer READY.
    case register([EventKind])
    /// Run the statement of this message.
    case run(Opcode)
    /// Answer this and close: the client cannot be understood.
    case refuse(ErrorResponse)
  }

  private enum State {
    /// STARTUP has not come yet; the version is that of the first message.
    case establishing(ProtocolVersion?)
    /// The client has to log in.
    case authenticating(ProtocolVersion)
    /// Statements may come.
    case ready(ProtocolVersion)
    /// Nothing that comes is looked at any more; answers are still written in this version.
    case ended(ProtocolVersion)
  }

  private let password: PasswordCheck?
  private var state = State.establishing(nil)
  /// What STARTUP has said of the client's driver; nil before it.
  private(set) var driver: (name: String?, version: String?)?

  /// The machine of a new connection; with `password` the client has to log in.
  init(password: PasswordCheck?) { self.password = password }

  /// The version of the protocol; v5, the newest, until the client has named one.
  var version: ProtocolVersion {
    switch state {
    case .establishing(let version): version ?? .v5
    case .authenticating(let version), .ready(let version), .ended(let version): version
    }
  }

  /// Whether statements may come.
  var isReady: Bool {
    switch state {
    case .ready: true
    case .establishing, .authenticating, .ended: false
    }
  }

  /// Whether nothing that comes is looked at any more.
  var isEnded: Bool {
    switch state {
    case .ended: true
    case .establishing, .authenticating, .ready: false
    }
  }

  /// Lets nothing further be looked at.
  mutating func end() { state = .ended(version) }

  /// The roles have said whether the client is who it says.
  mutating func decide(isLoggedIn: Bool) {
    guard case .authenticating(let version) = state else { return }
    state = isLoggedIn ? .ready(version) : .ended(version)
  }
}

// MARK: - Versions

extension ConnectionMachine {
  /// The versions as SUPPORTED and a refusal name them.
  static let versionNames = ProtocolVersion.allCases.map { "\($0.rawValue)/v\($0.rawValue)" }

  /// Looks at the first byte of a connection, before anything can be decoded: versions below 3 have another header.
  ///
  /// - Returns: A whole envelope to send before closing, in the form that the client can read; nil when the version is
  ///   one of ours.
  mutating func refusal(ofFirstByte byte: UInt8) -> [UInt8]? {
    guard case .establishing(nil) = state else { return nil }
    let number = byte & 0x7f
    if ProtocolVersion(rawValue: number) != nil { return nil }
    end()
    let message =
      "Invalid or unsupported protocol version (\(number)); supported versions are "
      + "(\(Self.versionNames.joined(separator: ", ")))"
    var body: [UInt8] = []
    // Encoding this error cannot fail: its text is short.
    try? ResponseMessage.error(ErrorResponse(.protocolError, message)).encode(into: &body, version: .v5)
    // Version 1 and 2 have one byte for the stream. A newer one is told in ours, as it has to know it.
    let head: [UInt8] = (1...2).contains(number) ? [0x80 | number, 0, 0, 0] : [0x85, 0, 0, 0, 0]
    let count = UInt32(body.count)
    let length = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
    return head + length + body
  }

  /// Takes the version of `header`, or says what is wrong with the envelope as such.
  private mutating func check(_ header: EnvelopeHeader) -> ErrorResponse? {
    let name = Opcode(rawValue: header.opcode).map { "\(header.opcode) (\($0))" } ?? "\(header.opcode)"
    if header.isResponse {
      return ErrorResponse(
        .protocolError, "Wrong protocol direction (expected REQUEST, got RESPONSE) for opcode \(name)")
    }
    switch state {
    case .establishing(nil):
      guard let version = ProtocolVersion(rawValue: header.version) else {
        return ErrorResponse(.protocolError, "Invalid or unsupported protocol version (\(header.version))")
      }
      state = .establishing(version)
    case .establishing, .authenticating, .ready, .ended:
      guard header.version == version.rawValue else {
        return ErrorResponse(
          .protocolError,
          "Invalid message version. Got \(header.version)/v\(header.version) but previous messages on this connection "
            + "had version \(version.rawValue)/\(version)")
      }
    }
    guard let opcode = Opcode(rawValue: header.opcode) else {
      let isCredentials = header.opcode == 4
      return ErrorResponse(
        .protocolError, isCredentials ? "Unsupported message" : "Unknown opcode \(header.opcode)")
    }
    guard opcode.isRequest else {
      return ErrorResponse(
        .protocolError, "Wrong protocol direction (expected RESPONSE, got REQUEST) for opcode \(name)")
    }
    return nil
  }
}

// MARK: - Messages

extension ConnectionMachine {
  /// What follows from a message. Bodies of statements are not looked at.
  mutating func receive(_ header: EnvelopeHeader, _ body: [UInt8]) -> Action {
    if let error = check(header) { return .answer(.error(error)) }
    guard let opcode = Opcode(rawValue: header.opcode) else { preconditionFailure("the opcode has been checked") }
    switch state {
    case .establishing(let version):
      switch opcode {
      case .startup, .options: return handshake(opcode, header, body, version ?? .v5)
      case .query, .prepare, .execute, .batch, .register, .authResponse:
        return unexpected("Unexpected message \(opcode), expecting STARTUP or OPTIONS")
      case .error, .ready, .authenticate, .supported, .result, .event, .authChallenge, .authSuccess:
        preconditionFailure("the direction has been checked")
      }
    case .authenticating(let version):
      switch opcode {
      case .authResponse: return handshake(opcode, header, body, version)
      case .startup, .options, .query, .prepare, .execute, .batch, .register:
        return unexpected("Unexpected message \(opcode), expecting SASL_RESPONSE")
      case .error, .ready, .authenticate, .supported, .result, .event, .authChallenge, .authSuccess:
        preconditionFailure("the direction has been checked")
      }
    case .ready(let version):
      switch opcode {
      case .query, .prepare, .execute, .batch: return .run(opcode)
      case .options, .register, .authResponse: return handshake(opcode, header, body, version)
      case .startup: return unexpected("Unexpected message STARTUP, the connection is already initialized")
      case .error, .ready, .authenticate, .supported, .result, .event, .authChallenge, .authSuccess:
        preconditionFailure("the direction has been checked")
      }
    case .ended: return .answer(.error(ErrorResponse(.protocolError, "The connection is being closed")))
    }
  }

  private func unexpected(_ message: String) -> Action { .answer(.error(ErrorResponse(.protocolError, message))) }

  private mutating func handshake(
    _ opcode: Opcode, _ header: EnvelopeHeader, _ body: [UInt8], _ version: ProtocolVersion
  ) -> Action {
    let request: RequestMessage
    do throws(WireError) {
      var position = 0
      try RequestPrefix.skip(body.span, at: &position, flags: header.flags)
      if opcode == .startup {
        return start(try StartupOptions(reading: body.span.extracting(position..<body.count)), version)
      }
      request = try RequestMessage(opcode: opcode, body: body[position...], version: version)
    } catch {
      return unexpected("\(error)")
    }
    switch request {
    case .options: return .answer(.supported(Self.supported))
    case .register(let kinds): return .register(kinds)
    case .authResponse(let token): return logIn(token, version)
    case .startup, .query, .prepare, .execute, .batch:
      preconditionFailure("STARTUP has been read, and statements are run and not decoded here")
    }
  }

  private static let supported: [ByteText: [String]] = [
    "CQL_VERSION": ["3.4.7"], "COMPRESSION": ["lz4"], "PROTOCOL_VERSIONS": versionNames,
  ]

  private mutating func start(_ options: StartupOptions, _ version: ProtocolVersion) -> Action {
    guard let language = options.cqlVersion else {
      return unexpected("Missing value CQL_VERSION in STARTUP message")
    }
    let parts = language.split(ascii: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let major = Int(parts[0]), Int(parts[1]) != nil else {
      return unexpected("Invalid version value: \(language)")
    }
    guard major >= 3 else {
      return unexpected(
        "CQL version \(language) is not supported by the binary protocol (supported version are >= 3.0.0)")
    }
    var isCompressed = false
    if let compression = options.compression {
      guard compression == "lz4" || compression == "LZ4" else {
        return unexpected("Unknown compression algorithm: \(compression)")
      }
      isCompressed = true
    }
    driver = (options.driverName, options.driverVersion)
    let framing: Framing = version >= .v5 ? .segments(compressed: isCompressed) : .envelopes(compressed: isCompressed)
    guard password != nil else {
      state = .ready(version)
      return .reframe(.ready, framing)
    }
    state = .authenticating(version)
    return .reframe(.authenticate(authenticator: PasswordCheck.className), framing)
  }

  private mutating func logIn(_ token: [UInt8]?, _ version: ProtocolVersion) -> Action {
    // Without authentication, and once more after it, Cassandra takes whatever comes.
    guard let password, !isReady else { return .answer(.authSuccess(nil)) }
    do throws(ErrorResponse) {
      switch try password.verdict(on: token) {
      case .ask(let attempt): return .askRoles(attempt)
      case .user(let user):
        state = .ready(version)
        return .logIn(user: user, .authSuccess(nil))
      }
    } catch {
      end()
      return .refuseLogin(user: password.name(in: token), error)
    }
  }
}
