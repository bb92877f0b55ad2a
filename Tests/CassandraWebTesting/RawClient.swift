package import CassandraReactor

/// A client that sends bytes as they are given to it and reads answers from what comes; it belongs to one loop.
package final class RawClient: TransportDelegate {
  /// What a client can find instead of an answer.
  package enum Failure: Error {
    /// The connection ended before the answer did; so many bytes of it had come.
    case ended(Int)
    /// The answer is not HTTP.
    case malformed(String)
  }

  private let transport: Transport
  private var received: [UInt8] = []
  private var inputEnded = false
  /// Whether the connection has closed.
  package private(set) var isClosed = false
  private var waiter: CheckedContinuation<Void, Never>?

  private init(_ transport: Transport) { self.transport = transport }

  /// Connects from the present loop.
  package static func connect(to address: SocketAddress, tls: TLSClient? = nil, reads: Bool = true) async throws
    -> RawClient
  {
    guard let loop = EventLoop.current else { preconditionFailure("a client is made on a loop") }
    var options = ConnectOptions()
    options.tls = tls
    // A busy machine is no fault of the server.
    options.timeout = .seconds(60)
    let transport = try await Transport.connect(to: address, on: loop, options: options)
    let client = RawClient(transport)
    transport.delegate = client
    if reads { transport.startReading() }
    return client
  }

  /// Part of being a delegate.
  package func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    bytes.withUnsafeBufferPointer { received += $0 }
    wake()
  }

  /// Part of being a delegate.
  package func transportInputEnded(_ transport: Transport) {
    inputEnded = true
    transport.finishOutput()
    wake()
  }

  /// Part of being a delegate.
  package func transportClosed(_ transport: Transport, error: ReactorError?) {
    isClosed = true
    wake()
  }

  private func wake() {
    let waiter = waiter.take()
    waiter?.resume()
  }

  private func more() async { await withCheckedContinuation { waiter = $0 } }

  /// Sends text; it leaves at once.
  package func send(_ text: String) { send(Array(text.utf8)) }

  /// Sends bytes; they leave at once, as far as the kernel takes them.
  package func send(_ bytes: [UInt8]) {
    transport.write { $0 += bytes }
    transport.flush()
  }

  /// Sends `head` and the fields that every request needs.
  package func request(_ line: String, _ fields: String..., body: String = "") {
    send("\(line) HTTP/1.1\r\nHost: test\r\n\(fields.map { $0 + "\r\n" }.joined())\r\n\(body)")
  }

  /// Bytes that were sent and that the kernel has not taken.
  package var waitingBytes: Int { transport.waitingBytes }

  /// Waits until the server has taken all that was sent.
  package func drain() async throws { try await transport.drain() }

  /// Ends this half of the connection.
  package func end() { transport.finishOutput() }

  /// Closes in order.
  package func close() { transport.close() }

  /// Cuts the connection, which the server sees as a reset.
  package func reset() { transport.abort() }

  /// Reads from now on.
  package func startReading() { transport.startReading() }

  /// Waits for the end of the connection and closes; returns what came before it and was not asked for.
  package func ending() async -> [UInt8] {
    while !inputEnded && !isClosed { await more() }
    close()
    let rest = received
    received = []
    return rest
  }

  /// Waits until at least one byte is there that was not asked for.
  package func something() async throws {
    while received.isEmpty {
      if inputEnded || isClosed { throw Failure.ended(0) }
      await more()
    }
  }

  /// Takes as many bytes.
  package func take(_ count: Int) async throws -> [UInt8] {
    while received.count < count {
      if inputEnded || isClosed { throw Failure.ended(received.count) }
      await more()
    }
    let taken = Array(received.prefix(count))
    received.removeFirst(count)
    return taken
  }

  /// Takes a line, without its CRLF.
  package func line() async throws -> String {
    var searched = 0
    while true {
      if let end = received[searched...].firstIndex(of: 10) {
        let line = received[..<end]
        guard line.last == 13 else { throw Failure.malformed("a line does not end with CRLF") }
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        received.removeSubrange(...end)
        return text
      }
      searched = received.count
      if inputEnded || isClosed { throw Failure.ended(received.count) }
      await more()
    }
  }

  /// Takes a head: the status line and the fields.
  package func head() async throws -> Reply {
    let status = try await line()
    let parts = status.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "HTTP/1.1", parts[1].count == 3, let code = Int(parts[1]) else {
      throw Failure.malformed(status)
    }
    var reply = Reply(status: code)
    while true {
      let field = try await line()
      if field.isEmpty { return reply }
      guard let colon = field.firstIndex(of: ":"), field[field.index(after: colon)...].hasPrefix(" ") else {
        throw Failure.malformed(field)
      }
      let name = field[..<colon].lowercased()
      reply.fields.append((name, String(field[colon...].dropFirst(2))))
    }
  }

  /// Takes an answer with its body. What answers HEAD, and a status that has none, comes without one.
  package func reply(toHead: Bool = false) async throws -> Reply {
    var reply = try await head()
    if toHead || reply.status == 204 || reply.status == 304 || reply.status < 200 { return reply }
    if let length = reply["content-length"] {
      guard let count = Int(length), reply["transfer-encoding"] == nil else { throw Failure.malformed(length) }
      reply.body = try await take(count)
    } else if reply["transfer-encoding"] == "chunked" {
      while let chunk = try await chunk() { reply.body += chunk }
    } else {
      reply.body = await ending()
    }
    return reply
  }

  /// Takes a chunk of a body; nil for the last one, with the empty trailer section behind it.
  package func chunk() async throws -> [UInt8]? {
    let size = try await line()
    guard let count = Int(size, radix: 16) else { throw Failure.malformed(size) }
    let chunk = try await take(count)
    guard try await line().isEmpty else { throw Failure.malformed("a chunk is not followed by CRLF") }
    return count == 0 ? nil : chunk
  }
}

/// An answer as a client sees it.
package struct Reply {
  /// The status.
  package var status: Int
  /// The fields in their order, their names in lower case.
  package var fields: [(name: String, value: String)] = []
  /// The body, without its chunks.
  package var body: [UInt8] = []

  /// An answer without fields.
  package init(status: Int) { self.status = status }

  /// The value of the first field of that name.
  package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  /// The body as text.
  package var text: String { String(decoding: body, as: UTF8.self) }
}
