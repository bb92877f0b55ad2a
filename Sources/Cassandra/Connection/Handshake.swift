internal import CassandraBytes
internal import CassandraWire

/// The first messages of a connection: OPTIONS, STARTUP, authentication, the keyspace (sections 2.3.1 and 4.1.1).
///
/// No I/O: it is told what the server said and says what to send next.
struct Handshake {
  /// What a connection wants from the server.
  struct Wishes: Sendable {
    var version: ProtocolVersion
    var compression: Bool
    var authenticator: (any Authenticator)?
    var keyspace: String?
    var driverName: String
    var driverVersion: String
    var introduction = ClientIntroduction()
    /// Whether the connection is of use without the keyspace, when that does not exist.
    var keyspaceMayBeMissing = false
  }

  enum Action {
    /// Send this, and give the answer to ``receive(_:)``.
    case send(RequestMessage)
    /// From now on the stream has this framing; then send this.
    case reframe(Framing, thenSend: RequestMessage)
    /// From now on the stream has this framing, and requests may be sent.
    case ready(Framing)
    /// The server does not speak this version; connect anew with that one.
    case reconnect(ProtocolVersion)
    /// It does not work.
    case fail(CassandraError)
  }

  private enum State {
    case initial
    case optionsSent
    case startupSent(compression: Bool)
    case authenticating(Framing, authenticator: String, any AuthenticationExchange)
    case settingKeyspace(Framing)
    case ended
  }

  private let wishes: Wishes
  /// Whether the keyspace does not exist, so that the connection has none.
  private(set) var lacksKeyspace = false
  private var state = State.initial

  init(_ wishes: Wishes) { self.wishes = wishes }

  /// The first message.
  mutating func start() -> Action {
    state = .optionsSent
    return .send(.options)
  }

  /// What follows from the server's answer to the last message.
  mutating func receive(_ response: ResponseMessage) -> Action {
    if case .error(let error) = response { return receive(error) }
    switch state {
    case .optionsSent: return receiveOptions(response)
    case .startupSent(let compression):
      let framing = framing(compression)
      switch response {
      case .ready: return established(framing, reframes: true)
      case .authenticate(let authenticator): return authenticate(authenticator, framing)
      case .error, .supported, .result, .event, .authChallenge, .authSuccess: return unexpected(response)
      }
    case .authenticating(let framing, let authenticator, var exchange):
      switch response {
      case .authSuccess(let token):
        do throws(CassandraError) { try exchange.succeed(with: token) } catch { return fail(error) }
        return established(framing, reframes: false)
      case .authChallenge(let challenge):
        do throws(CassandraError) {
          let token = try exchange.answer(to: challenge)
          state = .authenticating(framing, authenticator: authenticator, exchange)
          return .send(.authResponse(token))
        } catch { return fail(error) }
      case .error, .ready, .authenticate, .supported, .result, .event: return unexpected(response)
      }
    case .settingKeyspace(let framing):
      guard case .result(.setKeyspace) = response else { return unexpected(response) }
      state = .ended
      return .ready(framing)
    case .initial, .ended: return unexpected(response)
    }
  }

  private mutating func receiveOptions(_ response: ResponseMessage) -> Action {
    guard case .supported(let options) = response else { return unexpected(response) }
    let offered = options["COMPRESSION"] ?? []
    let compression = wishes.compression && offered.contains { $0.withUTF8Span { $0.isEqualIgnoringCase(to: "lz4") } }
    // Cassandra lists "3/v3", "4/v4", "5/v5"; one that lists nothing is asked for what we want.
    if let versions = options["PROTOCOL_VERSIONS"] {
      let numbers = versions.filter { !$0.withUTF8Span { $0.contains(bytesOf: "beta") } }
        .compactMap { UInt8($0.prefix(beforeASCII: "/")) }
      if !numbers.contains(wishes.version.rawValue), let lower = lowerVersion(than: wishes.version, among: numbers) {
        state = .ended
        return .reconnect(lower)
      }
    }
    var startup = [
      "CQL_VERSION": "3.0.0", "DRIVER_NAME": wishes.driverName, "DRIVER_VERSION": wishes.driverVersion,
    ]
    if compression { startup["COMPRESSION"] = "lz4" }
    startup["CLIENT_ID"] = wishes.introduction.clientID?.description
    startup["APPLICATION_NAME"] = wishes.introduction.applicationName
    startup["APPLICATION_VERSION"] = wishes.introduction.applicationVersion
    state = .startupSent(compression: compression)
    return .send(.startup(startup))
  }

  private func lowerVersion(than version: ProtocolVersion, among numbers: [UInt8]) -> ProtocolVersion? {
    ProtocolVersion.allCases.filter { $0 < version && numbers.contains($0.rawValue) && $0 >= .v4 }.max()
  }

  private func framing(_ compression: Bool) -> Framing {
    wishes.version >= .v5 ? .segments(compressed: compression) : .envelopes(compressed: compression)
  }

  private mutating func authenticate(_ authenticator: String, _ framing: Framing) -> Action {
    guard let mechanism = wishes.authenticator else {
      return fail(
        CassandraError(
          .credentialsMissing, "The database requires a username and a password, but none are configured.",
          logDetail: "authenticator \(authenticator)"))
    }
    do throws(CassandraError) {
      var exchange = try mechanism.begin(with: authenticator)
      let token = try exchange.initialToken()
      state = .authenticating(framing, authenticator: authenticator, exchange)
      return .reframe(framing, thenSend: .authResponse(token))
    } catch { return fail(error) }
  }

  private mutating func established(_ framing: Framing, reframes: Bool) -> Action {
    guard let keyspace = wishes.keyspace else {
      state = .ended
      return .ready(framing)
    }
    state = .settingKeyspace(framing)
    let use = RequestMessage.query(
      "USE \(Identifier(keyspace))", QueryParameters(consistency: .one))
    return reframes ? .reframe(framing, thenSend: use) : .send(use)
  }

  private mutating func receive(_ error: ErrorResponse) -> Action {
    switch state {
    case .optionsSent, .startupSent:
      if error.code == .protocolError, wishes.version > .v4 {
        state = .ended
        return .reconnect(.v4)
      }
    case .settingKeyspace(let framing):
      if error.code == .invalid {
        if wishes.keyspaceMayBeMissing {
          lacksKeyspace = true
          state = .ended
          return .ready(framing)
        }
        return fail(
          CassandraError(
            .keyspaceMissing, "The configured keyspace does not exist in the database.", server: error))
      }
    case .initial, .authenticating, .ended: break
    }
    return fail(CassandraError(server: error, coordinator: nil))
  }

  private mutating func unexpected(_ response: ResponseMessage) -> Action {
    fail(.protocolViolation("\(response.opcode) is not an answer to the last message", coordinator: nil))
  }

  private mutating func fail(_ error: CassandraError) -> Action {
    state = .ended
    return .fail(error)
  }
}
