import CassandraDice
import CassandraBytes
import Testing

@testable import CassandraWire

/// What went in comes out, in every framing and however the stream is cut.
@Suite struct FramingTests {
  static let framings: [Framing] = [
    .envelopes(compressed: false), .envelopes(compressed: true), .segments(compressed: false),
    .segments(compressed: true),
  ]

  struct Sent: Equatable {
    var header: EnvelopeHeader
    var body: [UInt8]
  }

  private func messages(_ random: inout Dice, count: Int) -> [[Sent]] {
    (0..<count).map { turn in
      (0..<Int(random.next() % 5)).map { index in
        let size = [0, 1, 7, 600, 5000, 131_062, 131_063, 200_000, 400_000][Int(random.next() % 9)]
        let isRandom = random.next() % 2 == 0
        let body = (0..<size).map {
          isRandom ? UInt8(truncatingIfNeeded: random.next() >> 7) : UInt8(truncatingIfNeeded: $0 / 50)
        }
        let header = EnvelopeHeader(
          version: .v5, isResponse: random.next() % 2 == 0, flags: .warning, stream: Int16(turn * 8 + index),
          opcode: .result, bodyCount: size)
        return Sent(header: header, body: body)
      }
    }
  }

  private func encode(_ turns: [[Sent]], _ framing: Framing) -> [UInt8] {
    var encoder = EnvelopeEncoder(framing: framing)
    var output: [UInt8] = []
    for turn in turns {
      for message in turn { encoder.append(message.header, to: &output) { $0 += message.body } }
      encoder.seal(&output)
    }
    return output
  }

  /// What stands behind a body that is too large is read as if nothing had been.
  @Test(arguments: framings) func bodiesOverTheLimitArePassedOver(_ framing: Framing) throws {
    var random = Dice(seed: 7)
    let turns = messages(&random, count: 12)
    let all = turns.flatMap { $0 }
    let bytes = encode(turns, framing)
    for limit in [600, 5000, 131_062, 200_000] {
      let expected = all.map { message in
        var message = message
        if message.body.count > limit { message.body = [] }
        return message
      }
      for size in [997, 65_536, bytes.count] {
        let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
        let received = try decode(pieces, framing, dropsOver: limit)
        #expect(received.map(\.body) == expected.map(\.body), "limit \(limit), pieces of \(size)")
        #expect(received.map(\.header.stream) == expected.map(\.header.stream))
      }
    }
  }

  private func decode(
    _ pieces: [ArraySlice<UInt8>], _ framing: Framing, dropsOver limit: Int? = nil
  ) throws -> [Sent] {
    var decoder = EnvelopeDecoder(
      framing: framing, maximumBodyBytes: limit ?? EnvelopeDecoder.defaultMaximumBodyBytes,
      dropsLargeBodies: limit != nil)
    var received: [Sent] = []
    for piece in pieces {
      let input = Array(piece)
      var offset = 0
      while let (header, body) = try decoder.next(in: input.span, at: &offset) {
        switch body {
        case .inInput(let range): received.append(Sent(header: header, body: Array(input[range])))
        case .owned(let bytes): received.append(Sent(header: header, body: bytes))
        case .dropped: received.append(Sent(header: header, body: []))
        }
      }
      #expect(offset == input.count)
    }
    return received
  }

  private func same(_ received: [Sent], _ turns: [[Sent]]) -> Bool {
    let expected = turns.flatMap { $0 }
    return received.count == expected.count
      && zip(received, expected).allSatisfy { pair in
        var header = pair.0.header
        header.flags.remove(.compressed)
        return header == pair.1.header && pair.0.body == pair.1.body
      }
  }

  @Test(arguments: framings) func roundTrips(_ framing: Framing) throws {
    for seed in 0..<6 {
      var random = Dice(seed: UInt64(seed))
      let turns = messages(&random, count: 4)
      let stream = encode(turns, framing)
      #expect(same(try decode([stream[...]], framing), turns), "seed \(seed), whole")
      var pieces: [ArraySlice<UInt8>] = []
      var start = 0
      while start < stream.count {
        let end = min(stream.count, start + 1 + Int(random.next() % [3, 20, 5000, 300_000][Int(random.next() % 4)]))
        pieces.append(stream[start..<end])
        start = end
      }
      #expect(same(try decode(pieces, framing), turns), "seed \(seed), in pieces")
    }
  }

  @Test(arguments: framings) func aByteAtATime(_ framing: Framing) throws {
    let header = EnvelopeHeader(version: .v5, isResponse: true, stream: 3, opcode: .result)
    let turns = [[Sent(header: header, body: [])], [Sent(header: header, body: Array(repeating: 9, count: 700))]].map {
      turn in
      turn.map { message in
        var message = message
        message.header.bodyCount = message.body.count
        return message
      }
    }
    let stream = encode(turns, framing)
    #expect(same(try decode(stream.indices.map { stream[$0...$0] }, framing), turns))
  }

  /// Every single bit of a segment is covered by a checksum.
  @Test(arguments: [false, true]) func aChangedBitIsNoticed(_ compressed: Bool) throws {
    let header = EnvelopeHeader(version: .v5, isResponse: false, stream: 1, opcode: .query, bodyCount: 40)
    let stream = encode([[Sent(header: header, body: Array(0..<40))]], .segments(compressed: compressed))
    for bit in 0..<stream.count * 8 {
      var damaged = stream
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: WireError.self, "bit \(bit)") { try decode([damaged[...]], .segments(compressed: compressed)) }
    }
  }

  @Test func theChecksumsAreThoseOfTheSpecification() {
    // As the Python driver's cassandra.segment computes them.
    #expect(Checksum.crc24(0x02_0005, count: 3) == 0x9a_9919)
    #expect(Checksum.crc32(Checksum.crc32Start, Array("hello".utf8).span) == 0xb60e_8074)
  }

  /// However many bytes there are, where they lie, and in how many pieces they come.
  @Test func checksumsAreTheSameBitByBit() {
    var random = Dice(seed: 32)
    let bytes = (0..<3_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    func bitByBit(_ start: UInt32, _ bytes: ArraySlice<UInt8>) -> UInt32 {
      var crc = ~start
      for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0xedb8_8320 }
      }
      return ~crc
    }
    for count in Array(0...300) + [511, 512, 1_000, 2_048, 2_900] {
      let offset = random.number(0...20)
      let (start, part) = (UInt32.random(in: 0 ... .max, using: &random), bytes[offset..<offset + count])
      let expected = bitByBit(start, part)
      #expect(Checksum.crc32(start, Array(part).span) == expected, "\(count) bytes")
      let cut = random.number(0...count)
      let first = Checksum.crc32(start, Array(part.prefix(cut)).span)
      #expect(Checksum.crc32(first, Array(part.dropFirst(cut)).span) == expected, "\(cut) of \(count) bytes")
    }
  }

  @Test func aLengthOverTheLimitIsRefusedBeforeItArrives() {
    var decoder = EnvelopeDecoder(maximumBodyBytes: 1000)
    let claim: [UInt8] = [0x84, 0, 0, 1, 8, 0x0f, 0xff, 0xff, 0xff]
    #expect(throws: WireError.self) {
      var offset = 0
      _ = try decoder.next(in: claim.span, at: &offset)
    }
  }

  @Test func aBombOfCompressionIsRefused() {
    // 20 bytes of LZ4 cannot hold 100 MB.
    let header = EnvelopeHeader(version: .v4, isResponse: true, flags: .compressed, stream: 1, opcode: .result)
    var encoder = EnvelopeEncoder()
    var stream: [UInt8] = []
    encoder.append(header, to: &stream) { body in
      body.append(bigEndian: Int32(100_000_000))
      body += [UInt8](repeating: 0xff, count: 20)
    }
    let error = #expect(throws: WireError.self) { try decode([stream[...]], .envelopes(compressed: true)) }
    #expect(error?.code == .compression)
  }

  @Test func randomBytesNeverTrap() {
    for seed in 0..<2000 {
      var random = Dice(seed: UInt64(seed))
      let bytes = (0..<Int(random.next() % 200)).map { _ in UInt8(truncatingIfNeeded: random.next() >> 9) }
      for framing in Self.framings { _ = try? decode([bytes[...]], framing) }
    }
  }
}
