import CQLNode
import CassandraWire
import CassandraTesting
import CassandraReactor
import CassandraTelemetry
import Testing

/// How a connection begins, and what a client hears that begins it wrongly.
@Suite(.timeLimit(.minutes(10))) struct HandshakeTests {
  @Test(arguments: ProtocolVersion.allCases, [false, true])
  func everyVersionIsSpoken(version: ProtocolVersion, compressed: Bool) async throws {
    try await withStandIn { address, _, _ in
      let client = try await WireClient.ready(to: address, version: version, compressed: compressed)
      let answer = try await client.query("size 300000")
      #expect(answer.version == version.rawValue)
      #expect(answer.body.count == 300_004)
      #expect(try await client.query("use \(version)").message == .result(.setKeyspace("\(version)")))
      #expect(try await client.query("where").message == .result(.setKeyspace("\(version)")))
      client.close()
    }
  }

  @Test func optionsNameVersionsAndCompression() async throws {
    try await withStandIn { address, _, _ in
      let client = try await WireClient(to: address, version: .v4)
      let answer = try await client.ask(.options)
      #expect(
        answer.message
          == .supported([
            "CQL_VERSION": ["3.4.7"], "COMPRESSION": ["lz4"], "PROTOCOL_VERSIONS": ["3/v3", "4/v4", "5/v5"],
          ]))
      client.close()
    }
  }

  /// Versions 1 and 2 have a header of eight bytes, so the server must not wait for a ninth; 6 is the difference
  /// `protocol-beta` of the documentation.
  @Test(arguments: [1, 2, 6, 66, 71] as [UInt8])
  func anUnknownVersionIsToldTheKnownOnes(version: UInt8) async throws {
    try await withStandIn { address, _, _ in
      let client = try await WireClient(to: address, isRaw: true)
      client.send(bytes: [version, 0, 0, 5, 0, 0, 0, 0])
      await client.untilEnd()
      let headBytes = version <= 2 ? 8 : 9
      #expect(client.rawInput[0] == (version <= 2 ? 0x80 | version : 0x85))
      let text = String(decoding: client.rawInput.dropFirst(headBytes + 6), as: UTF8.self)
      #expect(
        text
          == "Invalid or unsupported protocol version (\(version)); supported versions are (3/v3, 4/v4, 5/v5)")
    }
  }

  /// What a client says, and the message of the PROTOCOL error that it gets; the connection goes on.
  @Test(arguments: [
    (
      RequestMessage.query("x", QueryParameters(consistency: .one)),
      "Unexpected message QUERY, expecting STARTUP or OPTIONS"
    ),
    (.authResponse(nil), "Unexpected message AUTH_RESPONSE, expecting STARTUP or OPTIONS"),
    (.startup([:]), "Missing value CQL_VERSION in STARTUP message"),
    (.startup(["CQL_VERSION": "3"]), "Invalid version value: 3"),
    (
      .startup(["CQL_VERSION": "2.0.0"]),
      "CQL version 2.0.0 is not supported by the binary protocol (supported version are >= 3.0.0)"
    ),
    (.startup(["CQL_VERSION": "3.0.0", "COMPRESSION": "snappy"]), "Unknown compression algorithm: snappy"),
    (.startup(["CQL_VERSION": "3.0.0", "COMPRESSION": ""]), "Unknown compression algorithm: "),
  ])
  func aWrongBeginningIsRefused(request: RequestMessage, text: String) async throws {
    try await withStandIn { address, _, _ in
      let client = try await WireClient(to: address, version: .v5)
      #expect(try await client.ask(request).message == .error(ErrorResponse(.protocolError, text)))
      guard case .ready = try await client.ask(.startup(["CQL_VERSION": "3.0.0"])).message else {
        Issue.record("the connection should go on")
        return
      }
      client.close()
    }
  }

  @Test func aSecondStartupAndAnotherVersionAreRefused() async throws {
    try await withStandIn { address, _, _ in
      let client = try await WireClient.ready(to: address, version: .v4)
      #expect(
        try await client.ask(.startup(["CQL_VERSION": "3.0.0"])).message
          == .error(
            ErrorResponse(.protocolError, "Unexpected message STARTUP, the connection is already initialized")))
      client.send(bytes: [3, 0, 0, 9, 5, 0, 0, 0, 0])
      let text = "Invalid message version. Got 3/v3 but previous messages on this connection had version 4/v4"
      #expect(try await client.answer(on: 9).message == .error(ErrorResponse(.protocolError, text)))
      client.close()
    }
  }

  @Test func aClientThatSaysNothingIsClosed() async throws {
    try await withStandIn {
      $0.limits.handshakeTimeout = .milliseconds(20)
    } _: { address, _, _ in
      let client = try await WireClient(to: address)
      await client.untilEnd()
      #expect(client.hasEnded)
    }
  }
}

/// Who may log in.
@Suite(.timeLimit(.minutes(10))) struct LoginTests {
  private static let user = NodeUser(name: "ann", password: Secret("a long secret"))

  @Test(arguments: ProtocolVersion.allCases) func theRightPasswordLogsIn(version: ProtocolVersion) async throws {
    try await withStandIn {
      $0.user = Self.user
    } _: { address, _, _ in
      let client = try await WireClient.ready(to: address, version: version, user: ("ann", "a long secret"))
      #expect(try await client.query("who").message == .result(.setKeyspace("ann")))
      client.close()
    }
  }

  @Test(arguments: [
    ("ann", ""), ("ann", "a long secreT"), ("ann", "a long secret "), ("ann", "a long secre"), ("", "a long secret"),
    ("anna", "a long secret"), ("ann", "a long secreta long secret"),
  ])
  func anythingElseDoesNot(name: String, password: String) async throws {
    try await withStandIn {
      $0.user = Self.user
    } _: { address, _, _ in
      let client = try await WireClient(to: address, version: .v4)
      guard
        case .authenticate("org.apache.cassandra.auth.PasswordAuthenticator") = try await client.ask(
          .startup(["CQL_VERSION": "3.0.0"])
        ).message
      else {
        Issue.record("the server should ask for a password")
        return
      }
      let refused = try await client.query("where")
      #expect(
        refused.message
          == .error(ErrorResponse(.protocolError, "Unexpected message QUERY, expecting SASL_RESPONSE")))
      let answer = try await client.ask(.authResponse([0] + Array(name.utf8) + [0] + Array(password.utf8)))
      #expect(answer.version == 4)
      #expect(
        answer.message
          == .error(
            ErrorResponse(.badCredentials, "Provided username \(name) and/or password are incorrect")))
      await client.untilEnd()
    }
  }

  @Test(arguments: [nil, [], [0], [0, 0], [1, 2, 3], [0, 65, 0, 66, 0, 67]] as [[UInt8]?])
  func aTokenThatIsNoneIsRefused(token: [UInt8]?) async throws {
    try await withStandIn {
      $0.user = Self.user
    } _: { address, _, _ in
      let client = try await WireClient(to: address, version: .v4)
      _ = try await client.ask(.startup(["CQL_VERSION": "3.0.0"]))
      guard case .error(let error) = try await client.ask(.authResponse(token)).message else {
        Issue.record("the token should be refused")
        return
      }
      #expect(error.code == .badCredentials)
    }
  }

  @Test func aPublicAddressWantsALogin() throws {
    var configuration = NodeConfiguration()
    configuration.address = try SocketAddress("0.0.0.0", port: 0)
    #expect(throws: NodeError.self) { try CQLServer(configuration) }
    configuration.user = Self.user
    _ = try CQLServer(configuration)
    configuration.user = nil
    configuration.allowsAnonymousAccess = true
    _ = try CQLServer(configuration)
  }

  @Test func tlsAndClientCertificates() async throws {
    let authority = CertificateAuthority()
    let identity = authority.issue(.init("node", alternativeNames: "DNS:localhost,IP:127.0.0.1"))
    let trusted = TLSTrust.authorities(pem: authority.pem)
    try await withStandIn {
      $0.tls = NodeTLS(identity: identity, clientAuthorities: trusted)
    } _: { address, _, _ in
      let context = try TLSClientContext(trust: trusted, identity: authority.issue(.init("client")))
      let client = try await WireClient.ready(to: address, tls: context.client(verifying: "localhost"))
      #expect(try await client.query("size 200000").body.count == 200_004)
      client.close()
      let stranger = try TLSClientContext(trust: trusted)
      await #expect(throws: (any Error).self) {
        _ = try await WireClient.ready(to: address, tls: stranger.client(verifying: "localhost"))
      }
    }
  }
}
