import CCassandraNghttp2
import CassandraReactor
import CassandraWebTesting

/// A client of HTTP/2 that writes its frames by hand, wrong ones too, and reads what comes; it belongs to one loop. Its own
/// fields go out in the plainest form of HPACK; the server's are read with nghttp2's decoder.
final class FrameClient {
  struct Frame {
    var type: UInt8
    var flags: UInt8
    var stream: Int
    var payload: [UInt8]

    func number(at start: Int) -> Int { payload[start..<start + 4].reduce(0) { $0 << 8 | Int($1) } }
    var endsStream: Bool { flags & 1 != 0 }
  }

  /// What became of a request.
  enum Outcome: Equatable {
    case status(Int)
    /// The stream was reset, with this code.
    case reset(Int)
    /// The connection ended, with this code.
    case goAway(Int)
    /// It ended without a word.
    case closed
  }

  static let data: UInt8 = 0
  static let headers: UInt8 = 1
  static let priority: UInt8 = 2
  static let reset: UInt8 = 3
  static let settings: UInt8 = 4
  static let ping: UInt8 = 6
  static let goAway: UInt8 = 7
  static let windowUpdate: UInt8 = 8
  static let continuation: UInt8 = 9
  static let endStream: UInt8 = 1
  static let endHeaders: UInt8 = 4

  let client: RawClient
  private var inflater: OpaquePointer?
  /// Frames that came for streams that nobody has asked about yet.
  private var kept: [Frame] = []

  init(_ client: RawClient) {
    self.client = client
    nghttp2_hd_inflate_new(&inflater)
  }

  deinit { nghttp2_hd_inflate_del(inflater) }

  /// Connects and says the preface and the settings.
  static func connect(
    to server: Running, tls: TLSClient? = nil, settings: [(Int, Int)] = []
  ) async throws -> FrameClient {
    let client = FrameClient(try await RawClient.connect(to: server.address, tls: tls))
    client.client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    client.send(Self.settings, payload: settings.flatMap { Self.bytes($0.0, 2) + Self.bytes($0.1, 4) })
    return client
  }

  static func bytes(_ number: Int, _ count: Int) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
  }
}

// MARK: - Sending

extension FrameClient {
  static func frame(_ type: UInt8, flags: UInt8 = 0, stream: Int = 0, payload: [UInt8] = []) -> [UInt8] {
    bytes(payload.count, 3) + [type, flags] + bytes(stream, 4) + payload
  }

  func send(_ type: UInt8, flags: UInt8 = 0, stream: Int = 0, payload: [UInt8] = []) {
    client.send(Self.frame(type, flags: flags, stream: stream, payload: payload))
  }

  /// Fields without a table and without Huffman's code (RFC 7541 §6.2.2).
  static func block(_ fields: [(String, String)]) -> [UInt8] { fields.flatMap { [0] + text($0.0) + text($0.1) } }

  /// A field that goes into the table (RFC 7541 §6.2.1).
  static func indexed(_ name: String, _ value: String) -> [UInt8] { [0x40] + text(name) + text(value) }

  private static func text(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
    var length: [UInt8] = [127]
    var rest = bytes.count - 127
    while rest >= 128 {
      length.append(UInt8(rest % 128 + 128))
      rest /= 128
    }
    return length + [UInt8(rest)] + bytes
  }

  /// The fields of a request.
  static func fields(
    _ method: String, _ path: String, _ more: [(String, String)] = []
  ) -> [(String, String)] {
    [(":method", method), (":scheme", "http"), (":path", path), (":authority", "test")] + more
  }

  func request(
    _ stream: Int, _ method: String, _ path: String, _ more: [(String, String)] = [], body: [UInt8]? = nil
  ) {
    headers(stream, Self.fields(method, path, more), ends: body == nil)
    if let body { data(stream, body, ends: true) }
  }

  func headers(_ stream: Int, _ fields: [(String, String)], ends: Bool) {
    let block = Self.block(fields)
    let flags = ends ? Self.endStream : 0
    guard block.count > 16_384 else {
      return send(Self.headers, flags: flags | Self.endHeaders, stream: stream, payload: block)
    }
    send(Self.headers, flags: flags, stream: stream, payload: Array(block.prefix(16_384)))
    send(Self.continuation, flags: Self.endHeaders, stream: stream, payload: Array(block.dropFirst(16_384)))
  }

  func data(_ stream: Int, _ bytes: [UInt8], ends: Bool) {
    send(Self.data, flags: ends ? Self.endStream : 0, stream: stream, payload: bytes)
  }

  func openWindow(_ stream: Int, by count: Int) {
    send(Self.windowUpdate, stream: stream, payload: Self.bytes(count, 4))
  }
}

// MARK: - Reading

extension FrameClient {
  /// The next frame; settings and pings are answered on the way.
  func frame() async throws -> Frame {
    let head = try await client.take(9)
    let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
    let payload = try await client.take(length)
    let stream = head[5...8].reduce(0) { $0 << 8 | Int($1) } & 0x7fff_ffff
    return Frame(type: head[3], flags: head[4], stream: stream, payload: payload)
  }

  /// The next frame of a type, whatever comes before.
  func frame(of type: UInt8) async throws -> Frame {
    while true {
      let frame = try await frame()
      if frame.type == type { return frame }
    }
  }

  /// The next frame of a stream, or one that ends the connection.
  private func frame(on stream: Int) async throws -> Frame {
    if let index = kept.firstIndex(where: { $0.stream == stream }) { return kept.remove(at: index) }
    while true {
      let frame = try await frame()
      if frame.stream == stream && frame.type != Self.windowUpdate { return frame }
      if frame.type == Self.goAway && frame.number(at: 4) != 0 { return frame }
      if frame.stream > 0 && frame.type != Self.windowUpdate { kept.append(frame) }
    }
  }

  /// The whole answer on a stream; the windows are opened as it comes.
  func reply(_ stream: Int) async throws -> Reply {
    var reply = Reply(status: 0)
    while true {
      let frame = try await frame(on: stream)
      switch frame.type {
      case Self.headers:
        reply.fields = fields(frame.payload)
        reply.status = reply[":status"].flatMap { Int($0) } ?? 0
      case Self.data:
        reply.body += frame.payload
        if !frame.payload.isEmpty {
          openWindow(0, by: frame.payload.count)
          if !frame.endsStream { openWindow(stream, by: frame.payload.count) }
        }
      case Self.reset: throw RawClient.Failure.malformed("reset with \(frame.number(at: 0))")
      default: throw RawClient.Failure.malformed("a frame of type \(frame.type)")
      }
      if frame.endsStream && reply.status >= 200 { return reply }
    }
  }

  /// What becomes of the request on a stream.
  func outcome(_ stream: Int) async throws -> Outcome {
    do {
      while true {
        let frame = try await frame(on: stream)
        switch frame.type {
        case Self.headers:
          return .status(fields(frame.payload).first { $0.name == ":status" }.flatMap { Int($0.value) } ?? 0)
        case Self.reset: return .reset(frame.number(at: 0))
        case Self.goAway: return .goAway(frame.number(at: 4))
        default: continue
        }
      }
    } catch RawClient.Failure.ended { return .closed }
  }

  func fields(_ block: [UInt8]) -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    var start = 0
    while true {
      var field = nghttp2_nv()
      var flags: Int32 = 0
      let used = block.withUnsafeBufferPointer {
        nghttp2_hd_inflate_hd2(inflater, &field, &flags, $0.baseAddress.map { $0 + start }, $0.count - start, 1)
      }
      guard used >= 0 else { return fields }
      start += used
      if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
        func text(_ start: UnsafeMutablePointer<UInt8>?, _ count: Int) -> String {
          String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
        }
        fields.append((text(field.name, field.namelen), text(field.value, field.valuelen)))
      }
      if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
        nghttp2_hd_inflate_end_headers(inflater)
        return fields
      }
    }
  }
}
