import CassandraBytes
import CassandraWire
import Testing

/// What a peer may name in a message, named with combining marks as long as the message allows. Compared as Swift compares
/// texts, each takes a second and more, and there are enough of them that the time limit tells.
@Suite(.timeLimit(.minutes(5))) struct NamesOfPeersTests {
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

  /// What has a raw value gets its equality from the standard library, unless it has one of its own.
  @Test func kindsOfWritesAreBytes() throws {
    typealias WriteType = ErrorResponse.WriteType
    #expect(WriteType(rawValue: "caf\u{e9}") != WriteType(rawValue: "cafe\u{301}"))
    #expect(Set([WriteType(rawValue: "caf\u{e9}"), WriteType(rawValue: "cafe\u{301}")]).count == 2)
    let body: [UInt8] = [0, 0, 0x11, 0, 0, 1, 0x78, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1] + (try Self.string("S" + Self.marks))
    guard case .error(let error) = try ResponseMessage(opcode: .error, body: body.span, version: .v4),
      case .writeTimeout(_, _, _, let kind, _) = error.detail
    else {
      Issue.record("it is no time-out of a write")
      return
    }
    let known: [WriteType] = [.simple, .batch, .unloggedBatch, .counter, .batchLog, .cas, .view, .cdc]
    let other = WriteType(rawValue: "S\u{301}" + Self.marks)
    for _ in 0..<Self.rounds { #expect(!known.contains(kind) && kind != other && Set([kind, other]).count == 2) }
  }

  /// Two bytes name a type within another, which takes a hundred in memory: a server cannot name millions.
  @Test func typesOfColumnsAreBounded() throws {
    func metadata(columns: Int, lists: Int) throws -> [UInt8] {
      var body: [UInt8] = [0, 0, 0, 1]
      withUnsafeBytes(of: UInt32(columns).bigEndian) { body += $0 }
      body += try Self.string("k") + Self.string("t")
      let type: [UInt8] = (0..<lists).flatMap { _ in [0, 0x20] as [UInt8] } + [0, 9]
      for _ in 0..<columns { body += try Self.string("c") + type }
      return body
    }
    var position = 0
    let plain = try metadata(columns: 65_535, lists: 6)
    #expect(try ResultMetadata(reading: plain.span, at: &position, version: .v4).columns?.count == 65_535)
    #expect(position == plain.count)
    let deep = try metadata(columns: 20_000, lists: 40)
    let error = #expect(throws: WireError.self) {
      var position = 0
      _ = try ResultMetadata(reading: deep.span, at: &position, version: .v4)
    }
    #expect(error?.code == .tooLong)
    // What is cut is cut, and not too long.
    let cut = Array(plain.dropLast())
    let truncated = #expect(throws: WireError.self) {
      var position = 0
      _ = try ResultMetadata(reading: cut.span, at: &position, version: .v4)
    }
    #expect(truncated?.code == .truncated)
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
