import CassandraBytes
import CassandraWire
import Testing

/// What a peer may name in a message, named with combining marks as long as the message allows. Compared as Swift compares
/// texts, each takes a second and more, and there are enough of them that the time limit tells.
@Suite(.timeLimit(.minutes(1))) struct NamesOfPeersTests {
  private static let marks =
    "e" + String(repeating: "\u{301}", count: 16_000) + String(repeating: "\u{316}", count: 16_000)
  private static let rounds = 100

  private static func string(_ text: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try bytes.append(string: text)
    return bytes
  }

  @Test func eventsThatNobodyKnows() throws {
    let name = try Self.string(Self.marks)
    for _ in 0..<Self.rounds {
      #expect(throws: WireError.self) { try RequestMessage(opcode: .register, body: [0, 1] + name, version: .v4) }
      #expect(throws: WireError.self) { try ResponseMessage(opcode: .event, body: name.span, version: .v4) }
    }
    let change = try Self.string("SCHEMA_CHANGE") + Self.string("CREATED") + name + Self.string("ks")
    for _ in 0..<Self.rounds {
      #expect(throws: WireError.self) { try ResponseMessage(opcode: .event, body: change.span, version: .v4) }
    }
  }

  @Test func optionsOfAServer() throws {
    var body: [UInt8] = [0, UInt8(Self.rounds)]
    for number in 0..<Self.rounds { body += try Self.string("\(number)\(Self.marks)") + [0, 0] }
    guard case .supported(let options) = try ResponseMessage(opcode: .supported, body: body.span, version: .v4) else {
      Issue.record("SUPPORTED is another message")
      return
    }
    #expect(options.count == Self.rounds)
    #expect(options["COMPRESSION"] == nil)
    let startup = try RequestMessage(opcode: .startup, body: body.map { $0 }, version: .v4)
    // The lists of SUPPORTED are empty, so the same bytes are texts without letters here.
    #expect(startup == .startup([:]))
  }

  @Test func payloadsAreNamedByBytes() throws {
    var body: [UInt8] = [0, UInt8(Self.rounds + 2)]
    for number in 0..<Self.rounds { body += try Self.string("\(number)\(Self.marks)") + [0, 0, 0, 1, 7] }
    for name in ["caf\u{e9}", "cafe\u{301}"] { body += try Self.string(name) + [0xff, 0xff, 0xff, 0xff] }
    var position = 0
    let prefix = try ResponsePrefix(reading: body.span, at: &position, flags: .customPayload)
    // Composed and decomposed they are two names.
    #expect(prefix.customPayload?.count == Self.rounds + 2)
    #expect(position == body.count)
  }

  @Test func typesOfTypesAreCounted() {
    var type = CQLType.int
    for level in 0..<30 {
      type = .udt(
        UserDefinedType(keyspace: "k", name: "t\(level)", fields: [.init("a", type), .init("b", type)]))
    }
    var bytes = 0
    #expect(!type.addExtent(to: &bytes, limit: 1 << 20))
    bytes = 0
    #expect(CQLType.map(key: .text, value: .list(.int)).addExtent(to: &bytes, limit: 1 << 20))
    #expect(bytes == 8)
  }

  @Test func aDurationIsReadByItsBytes() {
    for _ in 0..<Self.rounds {
      #expect(CQLDuration("1\(Self.marks)") == nil)
      #expect(CQLDuration("-\(Self.marks)") == nil)
    }
    #expect(CQLDuration("-1y2mo") == CQLDuration(months: -14))
    #expect(CQLDuration("10\u{b5}s") == CQLDuration(nanoseconds: 10_000))
  }
}
