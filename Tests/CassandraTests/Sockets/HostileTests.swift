import CassandraWire
import Cassandra
import CassandraTesting
import Testing

/// A node that sends what is not the protocol: the connection ends with an error that says so, or the one request
/// fails; nothing traps, and nothing hangs.
@Suite(.timeLimit(.minutes(5))) struct HostileTests {
  private static func envelope(
    version: UInt8 = 0x84, flags: UInt8 = 0, stream: UInt16 = 0, opcode: UInt8, length: UInt32? = nil, _ body: [UInt8]
  ) -> [UInt8] {
    let length = length ?? UInt32(body.count)
    return [version, flags, UInt8(stream >> 8), UInt8(stream & 0xff), opcode]
      + [24, 16, 8, 0].map { UInt8(length >> $0 & 0xff) } + body
  }

  /// Sends `bytes` while a request is under way, and gives the errors of that one and of another that may be repeated.
  private func expectClosed(
    _ version: ProtocolVersion, _ bytes: [UInt8], _ code: CassandraError.Code = .protocolViolation,
    detail: String = "", configure: (inout ClientLimits) -> Void = { _ in }
  ) async throws {
    try await withScriptedNode(version, configure: { configure(&$0.limits) }) { client, node in
      _ = try await client.texts(Known.select)
      node.when(.init(.execute, text: Known.insert, connection: 1), .bytes(bytes))
      let error = try await failure { try await client.insert() }
      #expect(error.code == code, "\(error.debugDescription)")
      #expect(error.debugDescription.contains(detail), "\(error.debugDescription)")
      #expect(!error.isRetrySafe)
      await node.wait { $0.endedConnections == 1 }
      #expect(try await client.texts(Known.select) == ["one"])
      #expect(node.observed.connections == 2)
    }
  }

  @Test func answersToNothing() async throws {
    let void: [UInt8] = [0, 0, 0, 1]
    try await expectClosed(.v4, Self.envelope(stream: 7, opcode: 8, void), detail: "stream 7")
    try await expectClosed(.v4, Self.envelope(stream: 0x7fff, opcode: 8, void), detail: "stream 32767")
  }

  @Test func aRequestFromTheServer() async throws {
    try await expectClosed(.v4, Self.envelope(version: 4, opcode: 5, []), detail: "request")
  }

  @Test func lengths() async throws {
    try await expectClosed(.v4, Self.envelope(opcode: 8, length: 0xffff_ffff, []), detail: "negative")
    try await expectClosed(.v4, Self.envelope(opcode: 8, length: 0x7fff_ffff, []), detail: "over the limit")
    try await expectClosed(.v4, Self.envelope(opcode: 8, length: 1 << 28 + 1, []), detail: "over the limit")
  }

  /// The answers beside it and behind it come to whoever waits for them.
  @Test(arguments: bothVersions) func anAnswerThatIsTooLargeFailsItsRequestAlone(
    _ version: ProtocolVersion
  ) async throws {
    for compression in [false, true] {
      var options = ScriptedNode.Options()
      options.compression = compression
      try await withScriptedNode(
        version, options: options,
        configure: {
          $0.compression = compression
          $0.limits.responseBytes = 1000
        }
      ) { client, node in
        let large = "SELECT large FROM t"
        node.define(
          .init(
            large, columns: Known.columns,
            pages: [(0..<300).map { Known.row(String(repeating: "x", count: 1000), $0) }]))
        _ = try await client.texts(Known.select)
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in 0..<30 {
            group.addTask {
              if number % 3 == 0 {
                let error = try await failure { _ = try await client.texts(large) }
                #expect(error.code == .responseTooLarge)
                #expect(error.description.contains("pageSize"))
              } else {
                #expect(try await client.texts(Known.select) == ["one"])
              }
            }
          }
          try await group.waitForAll()
        }
        #expect(node.observed.connections == 1)
      }
    }
  }

  @Test func garbageInSegments() async throws {
    try await expectClosed(.v5, Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), detail: "checksum")
    try await expectClosed(.v5, Array(repeating: 0, count: 64), detail: "checksum")
    // A header with the right checksum, of a payload with a wrong one.
    var encoder = EnvelopeEncoder(framing: .segments(compressed: false))
    var segment: [UInt8] = []
    let header = EnvelopeHeader(version: .v5, isResponse: true, stream: 0, opcode: .ready)
    encoder.append(header, to: &segment) { _ in }
    encoder.seal(&segment)
    segment[segment.count - 5] ^= 1
    try await expectClosed(.v5, segment, detail: "checksum")
  }

  @Test func garbageInEnvelopes() async throws {
    try await expectClosed(.v4, Array(repeating: 0xff, count: 64), .protocolViolation)
    try await expectClosed(.v4, Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), detail: "over the limit")
  }

  @Test(arguments: bothVersions) func anEndInTheMiddle(_ version: ProtocolVersion) async throws {
    try await withScriptedNode(version) { (client, node) async throws in
      _ = try await client.texts(Known.select)
      node.when(.init(.execute, connection: 1), .all([.bytes([0x84, 0, 0]), .close]))
      let error = try await failure { try await client.insert() }
      #expect(error.code == .connectionLost)
      #expect(!error.isRetrySafe)
      #expect(try await client.texts(Known.select) == ["one"])
    }
  }

  /// Answers that are well framed and make no sense: the request fails, the others do not.
  @Test(arguments: bothVersions) func answersThatMakeNoSense(_ version: ProtocolVersion) async throws {
    let row = ColumnSpecification(keyspace: "k", table: "t", name: "a", type: .text)
    let prepared = PreparedResult(
      id: [1], resultMetadataID: [1], parameters: PreparedMetadata(columns: []),
      result: ResultMetadata(columnCount: 0))
    let answers: [(ResponseMessage, CassandraError.Code)] = [
      (.ready, .protocolViolation), (.authSuccess(nil), .protocolViolation), (.supported([:]), .protocolViolation),
      (.authenticate(authenticator: "x"), .protocolViolation), (.authChallenge([1]), .protocolViolation),
      (.event(.schemaChange(SchemaChange(.created, keyspace: "k"))), .protocolViolation),
      (.result(.prepared(prepared)), .protocolViolation),
      (.result(.rows(RowsResult(metadata: ResultMetadata(columns: [row]), rowCount: 1_000_000))), .protocolViolation),
      (.result(.rows(RowsResult(metadata: ResultMetadata(columns: []), rowCount: 1_000_000))), .protocolViolation),
      (.result(.rows(RowsResult(metadata: ResultMetadata(columnCount: 7), rowCount: 0))), .protocolViolation),
      (.error(ErrorResponse(.init(rawValue: 0x7777), "?")), .otherServerError),
    ]
    try await withScriptedNode(version) { client, node in
      _ = try await client.texts(Known.other)
      for (answer, code) in answers {
        node.removeRules()
        node.when(.init(.execute, text: Known.select), .answer(answer))
        let error = try await failure { _ = try await client.texts(Known.select) }
        #expect(error.code == code, "\(answer.opcode)")
        #expect(try await client.texts(Known.other) == ["other"])
      }
      node.removeRules()
      node.define(.init("SELECT unknown FROM t"))
      node.when(.init(.prepare, text: "SELECT unknown FROM t"), .answer(.result(.void)))
      let error = try await failure { _ = try await client.texts("SELECT unknown FROM t") }
      #expect(error.code == .protocolViolation)
      #expect(node.observed.connections == 1)
    }
  }

  @Test func aCellThatIsLongerThanItsPage() async throws {
    try await withScriptedNode(.v4) { client, node in
      _ = try await client.texts(Known.other)
      var body: [UInt8] = [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0x6b, 0, 1, 0x74]
      body += [0, 1, 0x61, 0, 13, 0, 1, 0x6e, 0, 9, 0, 0, 0, 1] + [0, 0, 0, 1, 0x61, 0x7f, 0xff, 0xff, 0xff]
      // The request's own stream is the one that was free last.
      let stream = UInt16(node.observed.requests(.execute)[0].stream)
      _ = try await client.texts(Known.select)
      node.when(.init(.execute, text: Known.select), .bytes(Self.envelope(stream: stream, opcode: 8, body)))
      func query() async throws -> Rows { try await client.query(Statement(unsafeCQL: Known.select)) }
      struct Row: Decodable { var a: String, n: Int }
      #expect(try await failure { _ = try await query().first((String, Int).self) }.code == .undecodableRow)
      #expect(try await failure { _ = try await query().first(Row.self) }.code == .undecodableRow)
      #expect(try await failure { _ = try await query().first() }.code == .protocolViolation)
      #expect(try await failure { for try await _ in try await query() {} }.code == .protocolViolation)
      #expect(try await failure { for try await _ in try await query().pages {} }.code == .protocolViolation)
      #expect(try await failure { try await query().forEach((String, Int).self) { _, _ in } }.code == .undecodableRow)
    }
  }

  @Test(arguments: bothVersions) func eventsThatNobodyAskedForAreLeftAside(_ version: ProtocolVersion) async throws {
    try await withScriptedNode(version) { (client, node) async throws in
      let event = ResponseMessage.event(.schemaChange(SchemaChange(.dropped, keyspace: "k")))
      node.when(.init(.execute), .all([.answerOnStream(-1, event), .ordinary]))
      #expect(try await client.texts(Known.select) == ["one"])
      #expect(node.observed.connections == 1)
    }
  }

  /// An answer in another version would be read wrongly.
  @Test(arguments: [3, 5, 127] as [UInt8]) func answersOfAnotherVersion(_ version: UInt8) async throws {
    try await withScriptedNode(.v4) { (client, node) async throws in
      _ = try await client.texts(Known.select)
      let stream = UInt16(node.observed.requests(.execute)[0].stream)
      let answer = Self.envelope(version: 0x80 | version, stream: stream, opcode: 8, [0, 0, 0, 1])
      node.when(.init(.execute), .bytes(answer))
      let error = try await failure { try await client.query(Statement(unsafeCQL: Known.select)) }
      #expect(error.code == .protocolViolation)
      #expect(error.debugDescription.contains("version \(version)"))
    }
  }

  /// What a server says of a message whose stream it could not read is told.
  @Test(arguments: bothVersions) func anErrorOnNoRequestsStreamIsToldWithItsText(
    _ version: ProtocolVersion
  ) async throws {
    try await withScriptedNode(version) { (client, node) async throws in
      _ = try await client.texts(Known.select)
      for stream: Int16 in [-1, 1000] {
        let refusal = ResponseMessage.error(ErrorResponse(.protocolError, "the frame is upside down"))
        node.when(.init(.execute, times: 1), .answerOnStream(stream, refusal))
        let options = QueryOptions(isIdempotent: false)
        let error = try await failure { _ = try await client.texts(Known.select, options: options) }
        #expect(error.code == .connectionLost)
        #expect(error.debugDescription.contains("upside down"))
      }
    }
  }

  /// A server that is none of ours: the first answers of a connection.
  @Test func handshakesThatFail() async throws {
    let reactions: [(ScriptedNode.Reaction, String)] = [
      (.bytes(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)), "protocolViolation"),
      (.bytes(Array("SSH-2.0-OpenSSH_9.2p1\r\n".utf8)), "protocolViolation"),
      (.answer(.result(.void)), "protocolViolation"),
      (.close, "noNodeAvailable"), (.reset, "noNodeAvailable"),
      (.error(.overloaded), "overloaded"),
      (.error(.protocolError, "Invalid or unsupported protocol version (4)"), "protocolError"),
    ]
    for opcode in [Opcode.options, .startup] {
      for (reaction, expected) in reactions {
        try await withScriptedNode { (client, node) async throws in
          node.when(.init(opcode), reaction)
          await node.cutConnections()
          await node.wait(for: 1, opcode)
          await node.wait { $0.endedConnections >= 2 }
          // The first attempt may have been cut before the rule was there; the next ones meet it.
          while true {
            let error = try await failure { try await client.insert() }
            #expect(error.code == .noNodeAvailable)
            if error.debugDescription.contains(expected) { break }
          }
          node.removeRules()
          await client.untilConnected()
          try await client.insert()
        }
      }
    }
  }

  @Test func aServerThatNeverAnswers() async throws {
    try await withScriptedNode(configure: { $0.limits.connectTimeout = .milliseconds(30) }) { client, node in
      node.when(.init(.options), .nothing)
      node.when(.init(.startup), .nothing)
      await node.cutConnections()
      await node.wait { $0.endedConnections >= 2 }
      let error = try await failure { try await client.insert() }
      #expect(error.code == .noNodeAvailable)
      #expect(error.description.contains("does not answer"), "\(error.debugDescription)")
    }
  }
}
