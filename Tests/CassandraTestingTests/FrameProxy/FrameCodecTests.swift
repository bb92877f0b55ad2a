import CassandraBytes
import CassandraWire
import Testing

@testable import CassandraTesting

/// The frames of a connection, found in its bytes and written as they were.
@Suite struct FrameCodecTests {
  private static func request(_ message: RequestMessage, _ version: ProtocolVersion, stream: Int16) throws -> Frame {
    try Frame(message, version: version, stream: stream)
  }

  /// A connection's beginning and some requests, one of them larger than a segment.
  private static func requests(_ version: ProtocolVersion, compressed: Bool) throws -> [Frame] {
    var options = ["CQL_VERSION": "3.0.0"]
    if compressed { options["COMPRESSION"] = "lz4" }
    return [
      try request(.options, version, stream: 0), try request(.startup(options), version, stream: 1),
      try request(.query("SELECT a FROM t", .init(consistency: .one)), version, stream: 2),
      try request(.query(String(repeating: "x", count: 200_000), .init(consistency: .one)), version, stream: 3),
      try request(.register([.statusChange]), version, stream: 4),
    ]
  }

  private static func answer(_ frame: Frame) throws -> Frame {
    try Frame(answering: frame.header, frame.opcode == .options ? .supported([:]) : .ready)
  }

  private static func matches(_ left: Frame, _ right: Frame) -> Bool {
    left.header.stream == right.header.stream && left.opcode == right.opcode && left.body == right.body
  }

  /// A driver's codec writes requests, the proxy's reads them in pieces of this size; the answers go the other way.
  private func run(_ version: ProtocolVersion, compressed: Bool, pieces: Int) throws {
    var (driver, proxy) = (FrameCodec(), FrameCodec())
    func transfer(_ frame: Frame, from sender: inout FrameCodec, to receiver: inout FrameCodec) throws -> [Frame] {
      let bytes = sender.bytes(of: frame)
      var frames: [Frame] = []
      for start in stride(from: 0, to: bytes.count, by: pieces) {
        let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
        var offset = 0
        while let frame = try receiver.next(in: piece.span, at: &offset) { frames.append(frame) }
      }
      return frames
    }
    for frame in try Self.requests(version, compressed: compressed) {
      let received = try transfer(frame, from: &driver, to: &proxy)
      #expect(received.count == 1 && received.allSatisfy { Self.matches($0, frame) })
      let answer = try Self.answer(frame)
      let returned = try transfer(answer, from: &proxy, to: &driver)
      #expect(returned.count == 1 && returned.allSatisfy { Self.matches($0, answer) })
    }
  }

  @Test(arguments: [ProtocolVersion.v4, .v5], [false, true])
  func framesComeAsTheyWereSent(_ version: ProtocolVersion, _ compressed: Bool) throws {
    for pieces in [7, 4096, .max / 2] { try run(version, compressed: compressed, pieces: pieces) }
  }

  @Test(arguments: [ProtocolVersion.v4, .v5])
  func aByteAtATimeIsTheSame(_ version: ProtocolVersion) throws {
    try run(version, compressed: false, pieces: 1)
  }

  @Test func aWrongChecksumIsFound() throws {
    var (driver, proxy) = (FrameCodec(), FrameCodec())
    let startup = try Self.request(.startup([:]), .v5, stream: 0)
    for codec in 0..<2 {
      // Both have seen the handshake.
      var bytes: [UInt8] = []
      if codec == 0 { driver.append(startup, to: &bytes) } else { proxy.append(startup, to: &bytes) }
    }
    let ready = try Frame(answering: startup.header, .ready)
    _ = (driver.bytes(of: ready), proxy.bytes(of: ready))
    var bytes = driver.bytes(of: try Self.request(.options, .v5, stream: 1))
    bytes[bytes.count - 1] ^= 1
    var offset = 0
    var code: WireError.Code?
    do throws(WireError) { _ = try proxy.next(in: bytes.span, at: &offset) } catch { code = error.code }
    #expect(code == .checksum)
  }
}
