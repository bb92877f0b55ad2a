import CassandraBytes
import CassandraWire
import CassandraReactor

@testable import CassandraTesting

/// A client of the native protocol that sends the messages it is given and returns what comes. It belongs to one loop.
final class WireClient: TransportDelegate {
  /// What a client finds out that is no answer.
  struct Ended: Error {
    var cause: ReactorError?
  }

  /// An answer with what stands before it.
  struct Answer {
    var message: ResponseMessage
    var warnings: [String]
    var version: UInt8
    /// The rows, where there are some.
    var page: Page?
  }

  let version: ProtocolVersion
  private let transport: Transport
  private var codec = FrameCodec()
  private var arrived: [Frame] = []
  private var waiter: UnsafeContinuation<Void, Never>?
  private var hasEnded = false
  private var failure: ReactorError?
  private var nextStream: Int16 = 0
  private(set) var events: [Event] = []
  /// Whether requests leave one byte after the other, each in a turn of its own.
  var dribbles = false

  /// Connects; to be called on a loop.
  init(to address: SocketAddress, version: ProtocolVersion = .v4, tls: TLSClient? = nil) async throws(ReactorError) {
    guard let loop = EventLoop.current else { preconditionFailure("a client lives on a loop") }
    var options = ConnectOptions()
    options.tls = tls
    self.version = version
    transport = try await Transport.connect(to: address, on: loop, options: options)
    transport.delegate = self
    transport.startReading()
  }

  func close() { transport.close() }
  func pauseReading() { transport.pauseReading() }
  func startReading() { transport.startReading() }

  func send(_ message: RequestMessage) async throws -> Int16 {
    let stream = nextStream
    nextStream += 1
    let bytes = codec.bytes(of: try Frame(message, version: version, stream: stream))
    guard dribbles else {
      transport.write { $0 += bytes }
      return stream
    }
    for byte in bytes {
      transport.write { $0.append(byte) }
      try await transport.drain()
    }
    return stream
  }

  /// Sends a message and waits for its answer.
  func ask(_ message: RequestMessage) async throws -> Answer { try await answer(on: try await send(message)) }

  /// The answer on a stream, once it has come.
  func answer(on stream: Int16) async throws -> Answer {
    while true {
      if let index = arrived.firstIndex(where: { $0.header.stream == stream }) {
        return try decode(arrived.remove(at: index))
      }
      guard !hasEnded else { throw Ended(cause: failure) }
      await withUnsafeContinuation { waiter = $0 }
    }
  }

  /// Waits until the peer has ended the connection, and returns how.
  func untilEnd() async -> ReactorError? {
    while !hasEnded { await withUnsafeContinuation { waiter = $0 } }
    return failure
  }

  /// Waits for so many events.
  func events(_ count: Int) async throws -> [Event] {
    while events.count < count {
      guard !hasEnded else { throw Ended(cause: failure) }
      await withUnsafeContinuation { waiter = $0 }
    }
    return events
  }

  /// Goes through the handshake.
  func logIn(_ user: String, _ password: String, options: [String: String] = [:]) async throws -> ResponseMessage {
    let answer = try await ask(.startup(["CQL_VERSION": "3.0.0"].merging(options) { $1 }))
    guard case .authenticate = answer.message else { return answer.message }
    return try await ask(.authResponse([0] + Array(user.utf8) + [0] + Array(password.utf8))).message
  }

  func query(_ text: String, _ consistency: Consistency = .localQuorum) async throws -> Answer {
    try await ask(.query(text, QueryParameters(consistency: consistency)))
  }

  private func decode(_ frame: Frame) throws -> Answer {
    let version = ProtocolVersion(rawValue: frame.header.version) ?? version
    var position = 0
    let prefix = try ResponsePrefix(reading: frame.body.span, at: &position, flags: frame.header.flags)
    let body = Array(frame.body[position...])
    let message = try ResponseMessage(opcode: frame.opcode ?? .error, body: body.span, version: version)
    var page: Page?
    if case .result(.rows) = message { page = try Page(body: body, at: 4, version: version, layout: nil) }
    return Answer(message: message, warnings: prefix.warnings, version: frame.header.version, page: page)
  }

  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    var offset = 0
    do {
      while let frame = try codec.next(in: bytes, at: &offset) {
        if frame.opcode == .event, case .event(let event) = try decode(frame).message {
          events.append(event)
        } else {
          arrived.append(frame)
        }
      }
    } catch { transport.abort() }
    wake()
  }

  func transportInputEnded(_ transport: Transport) { transport.close() }

  func transportClosed(_ transport: Transport, error: ReactorError?) {
    hasEnded = true
    failure = error
    wake()
  }

  private func wake() {
    let waiter = waiter.take()
    waiter?.resume()
  }
}

/// The error of an answer.
extension ResponseMessage {
  var errorCode: ErrorResponse.Code? {
    if case .error(let error) = self { error.code } else { nil }
  }

  var errorText: String {
    if case .error(let error) = self { error.message } else { "" }
  }
}
