import CassandraWire
import CassandraTelemetry
import Testing

@testable import Cassandra

@Suite struct HandshakeTests {
  /// A handshake with what it does written as text, so that a test reads like the wire.
  struct Transcript {
    var handshake: Handshake

    init(
      _ version: ProtocolVersion = .v5, compression: Bool = false, user: String? = nil, keyspace: String? = nil,
      authenticator: (any Authenticator)? = nil, introduction: ClientIntroduction = .init(clientID: nil)
    ) {
      handshake = Handshake(
        Handshake.Wishes(
          version: version, compression: compression,
          authenticator: authenticator ?? user.map { Credentials(username: $0, password: Secret("secret")) },
          keyspace: keyspace, driverName: "driver", driverVersion: "1", introduction: introduction))
    }

    mutating func start() -> String { text(handshake.start()) }
    mutating func receive(_ response: ResponseMessage) -> String { text(handshake.receive(response)) }

    private func text(_ action: Handshake.Action) -> String {
      switch action {
      case .send(let request): "send \(text(request))"
      case .reframe(let framing, let request): "reframe \(text(framing)), send \(text(request))"
      case .ready(let framing): "ready \(text(framing))"
      case .reconnect(let version): "reconnect \(version)"
      case .fail(let error): "fail \(error.code)"
      }
    }

    private func text(_ framing: Framing) -> String {
      switch framing {
      case .envelopes(let compressed): compressed ? "envelopes lz4" : "envelopes"
      case .segments(let compressed): compressed ? "segments lz4" : "segments"
      }
    }

    private func text(_ request: RequestMessage) -> String {
      switch request {
      case .startup(let options):
        "STARTUP \(options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))"
      case .query(let text, let parameters): "QUERY \(text) \(parameters.consistency)"
      case .authResponse(let token):
        "AUTH_RESPONSE \(String(decoding: (token ?? []).map { $0 == 0 ? UInt8(ascii: "|") : $0 }, as: UTF8.self))"
      default: "\(request.opcode)"
      }
    }
  }

  static let cassandra5 = ResponseMessage.supported([
    "PROTOCOL_VERSIONS": ["3/v3", "4/v4", "5/v5", "6/v6-beta"], "COMPRESSION": ["snappy", "lz4"],
    "CQL_VERSION": ["3.4.7"],
  ])
  static let startup = "send STARTUP CQL_VERSION=3.0.0 DRIVER_NAME=driver DRIVER_VERSION=1"
  static let password = ResponseMessage.authenticate(authenticator: "org.apache.cassandra.auth.PasswordAuthenticator")

  @Test func plain() {
    var wire = Transcript()
    #expect(wire.start() == "send OPTIONS")
    #expect(wire.receive(Self.cassandra5) == Self.startup)
    #expect(wire.receive(.ready) == "ready segments")
  }

  @Test func plainV4() {
    var wire = Transcript(.v4)
    #expect(wire.start() == "send OPTIONS")
    #expect(wire.receive(Self.cassandra5) == Self.startup)
    #expect(wire.receive(.ready) == "ready envelopes")
  }

  @Test func compressionIsAskedForWhereItIsOffered() {
    var wire = Transcript(compression: true)
    _ = wire.start()
    #expect(
      wire.receive(Self.cassandra5)
        == "send STARTUP COMPRESSION=lz4 CQL_VERSION=3.0.0 DRIVER_NAME=driver DRIVER_VERSION=1")
    #expect(wire.receive(.ready) == "ready segments lz4")
    var other = Transcript(compression: true)
    _ = other.start()
    #expect(other.receive(.supported(["COMPRESSION": ["snappy"], "PROTOCOL_VERSIONS": ["5/v5"]])) == Self.startup)
    #expect(other.receive(.ready) == "ready segments")
  }

  @Test func anOlderServerIsAskedAgainByWhatItLists() {
    var wire = Transcript()
    _ = wire.start()
    #expect(wire.receive(.supported(["PROTOCOL_VERSIONS": ["3/v3", "4/v4", "5/v5-beta"]])) == "reconnect v4")
  }

  @Test func anOlderServerIsAskedAgainByItsRefusal() {
    let refusal = ResponseMessage.error(ErrorResponse(.protocolError, "Invalid or unsupported protocol version (5)"))
    var atOptions = Transcript()
    _ = atOptions.start()
    #expect(atOptions.receive(refusal) == "reconnect v4")
    var atStartup = Transcript()
    _ = atStartup.start()
    #expect(atStartup.receive(.supported([:])) == Self.startup)
    #expect(atStartup.receive(refusal) == "reconnect v4")
    var v4 = Transcript(.v4)
    _ = v4.start()
    #expect(v4.receive(refusal) == "fail protocolError")
  }

  @Test func passwordIsPlain() {
    var wire = Transcript(user: "anna")
    _ = wire.start()
    _ = wire.receive(Self.cassandra5)
    #expect(wire.receive(Self.password) == "reframe segments, send AUTH_RESPONSE |anna|secret")
    #expect(wire.receive(.authSuccess(nil)) == "ready segments")
  }

  @Test func anAuthenticatorThatAsksForTheMechanismIsToldIt() {
    var wire = Transcript(.v4, user: "anna")
    _ = wire.start()
    _ = wire.receive(Self.cassandra5)
    #expect(
      wire.receive(.authenticate(authenticator: "com.datastax.bdp.cassandra.auth.DseAuthenticator"))
        == "reframe envelopes, send AUTH_RESPONSE PLAIN")
    #expect(wire.receive(.authChallenge(Array("PLAIN-START".utf8))) == "send AUTH_RESPONSE |anna|secret")
    #expect(wire.receive(.authSuccess([1])) == "ready envelopes")
  }

  @Test func wrongPassword() {
    var wire = Transcript(user: "anna")
    _ = wire.start()
    _ = wire.receive(Self.cassandra5)
    _ = wire.receive(Self.password)
    #expect(wire.receive(.error(ErrorResponse(.badCredentials, "anna is wrong"))) == "fail badCredentials")
  }

  @Test func noPassword() {
    var wire = Transcript()
    _ = wire.start()
    _ = wire.receive(Self.cassandra5)
    #expect(wire.receive(Self.password) == "fail credentialsMissing")
  }

  @Test func aChallengeThatIsNotAboutAPassword() {
    var wire = Transcript(user: "anna")
    _ = wire.start()
    _ = wire.receive(Self.cassandra5)
    _ = wire.receive(Self.password)
    #expect(wire.receive(.authChallenge([1, 2, 3])) == "fail badCredentials")
  }

  /// A mechanism of its own: it counts, and checks that the server can count, too.
  struct Counting: Authenticator {
    struct Exchange: AuthenticationExchange {
      var count: UInt8 = 0

      mutating func initialToken() -> [UInt8]? { [0x30] }

      mutating func answer(to challenge: [UInt8]?) throws(CassandraError) -> [UInt8]? {
        count += 1
        guard challenge == [count] else { throw CassandraError(.badCredentials, "The server cannot count.") }
        return [0x30 + count]
      }

      mutating func succeed(with token: [UInt8]?) throws(CassandraError) {
        guard token == [count] else { throw CassandraError(.badCredentials, "The server is not who it says.") }
      }
    }

    func begin(with serverAuthenticator: String) throws(CassandraError) -> any AuthenticationExchange {
      guard serverAuthenticator == "Counting" else { throw CassandraError(.configuration, "Only for counting.") }
      return Exchange()
    }
  }

  @Test func aMechanismAnswersChallengesAndChecksTheServer() {
    func begun() -> Transcript {
      var wire = Transcript(authenticator: Counting())
      _ = wire.start()
      _ = wire.receive(Self.cassandra5)
      #expect(wire.receive(.authenticate(authenticator: "Counting")) == "reframe segments, send AUTH_RESPONSE 0")
      #expect(wire.receive(.authChallenge([1])) == "send AUTH_RESPONSE 1")
      #expect(wire.receive(.authChallenge([2])) == "send AUTH_RESPONSE 2")
      return wire
    }
    var wire = begun()
    #expect(wire.receive(.authSuccess([2])) == "ready segments")
    var other = begun()
    #expect(other.receive(.authChallenge([9])) == "fail badCredentials")
    var impostor = begun()
    #expect(impostor.receive(.authSuccess(nil)) == "fail badCredentials")
    var unknown = Transcript(authenticator: Counting())
    _ = unknown.start()
    _ = unknown.receive(Self.cassandra5)
    #expect(unknown.receive(Self.password) == "fail configuration")
  }

  @Test func theClientIntroducesItself() {
    var wire = Transcript(
      introduction: .init(clientID: CQLUUID(high: 1, low: 2), applicationName: "birds", applicationVersion: "3.1"))
    _ = wire.start()
    #expect(
      wire.receive(Self.cassandra5)
        == "send STARTUP APPLICATION_NAME=birds APPLICATION_VERSION=3.1 CLIENT_ID=00000000-0000-0001-0000-000000000002 CQL_VERSION=3.0.0 DRIVER_NAME=driver DRIVER_VERSION=1"
    )
    #expect(ClientIntroduction().clientID != nil)
    #expect(ClientIntroduction().clientID != ClientIntroduction().clientID)
  }

  @Test func theKeyspaceComesLast() {
    var wire = Transcript(user: "anna", keyspace: "Natu\"ralist")
    _ = wire.start()
    _ = wire.receive(Self.cassandra5)
    _ = wire.receive(Self.password)
    #expect(wire.receive(.authSuccess(nil)) == #"send QUERY USE "Natu""ralist" ONE"#)
    #expect(wire.receive(.result(.setKeyspace("Natu\"ralist"))) == "ready segments")
    var open = Transcript(keyspace: "k")
    _ = open.start()
    _ = open.receive(Self.cassandra5)
    #expect(open.receive(.ready) == #"reframe segments, send QUERY USE "k" ONE"#)
    #expect(open.receive(.error(ErrorResponse(.invalid, "Keyspace 'k' does not exist"))) == "fail keyspaceMissing")
  }

  @Test func whatIsNoAnswerEndsIt() {
    let answers: [ResponseMessage] = [
      .ready, .authSuccess(nil), .authChallenge(nil), .result(.void), .supported([:]), Self.password,
      .event(.schemaChange(SchemaChange(.created, keyspace: "k"))),
    ]
    // After how many of these which answers are expected.
    let way: [ResponseMessage] = [Self.cassandra5, Self.password, .authSuccess(nil), .result(.setKeyspace("k"))]
    let expected: [[Opcode]] = [
      [.supported], [.ready, .authenticate], [.authSuccess, .authChallenge], [],
    ]
    for step in expected.indices {
      for answer in answers where !expected[step].contains(answer.opcode) {
        var wire = Transcript(user: "anna", keyspace: "k")
        _ = wire.start()
        for response in way.prefix(step) { _ = wire.receive(response) }
        #expect(wire.receive(answer) == "fail protocolViolation", "\(answer.opcode) at step \(step)")
        #expect(wire.receive(way[step]) == "fail protocolViolation", "it is over")
      }
    }
  }

  @Test func thePasswordIsInNoDescription() {
    let credentials = Credentials(username: "anna", password: Secret("secret"))
    #expect(!"\(credentials) \(String(reflecting: credentials))".contains("secret"))
  }
}
