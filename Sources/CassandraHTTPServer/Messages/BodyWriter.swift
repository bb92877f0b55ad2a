internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor

/// Writes the body of a streamed answer, at the pace of its client.
///
/// What is written collects in a chunk; a full one goes to the kernel at once, and when the kernel takes no more, the
/// writer waits for the client. So one answer holds a chunk at a time, however long it is.
public struct BodyWriter: ~Copyable, @unchecked Sendable {
  // Sendable because the connection, which belongs to its loop, is used only after the check that this is the loop's
  // thread. A function that a handler calls stays there, whatever the settings it was compiled with.

  /// Bytes after which a chunk is sent: 32 KiB.
  public static let chunkBytes = 32 << 10

  private let unchecked: HTTPConnection
  private var connection: HTTPConnection {
    unchecked.server.loop.preconditionIsCurrent()
    return unchecked
  }
  private let isChunked: Bool
  /// Without a body, as in the answer to HEAD, everything written is dropped.
  private let isSuppressed: Bool
  private var remaining: Int?
  private var buffer: [UInt8] = []
  private var chunk: OpenChunk?
  private var start = 0

  init(_ connection: HTTPConnection, framing: BodyFraming, isSuppressed: Bool) {
    unchecked = connection
    self.isSuppressed = isSuppressed
    isChunked = framing == .chunked
    if case .length(let count) = framing { remaining = count } else { remaining = nil }
  }

  /// Appends `bytes`, and sends what has become full.
  ///
  /// - Throws: `ReactorError` when the client has gone; `CancellationError` when the task is cancelled.
  public mutating func write(_ bytes: [UInt8]) async throws {
    append { $0 += bytes }
    try await flushIfFull()
  }

  /// Appends `text` as UTF-8, and sends what has become full.
  ///
  /// - Throws: `ReactorError` when the client has gone; `CancellationError` when the task is cancelled.
  public mutating func write(_ text: String) async throws {
    append { $0.append(utf8: text) }
    try await flushIfFull()
  }

  /// Lets `body` append to the chunk; nothing is sent before ``flushIfFull()`` or ``flush()``.
  public mutating func append<Result, Failure: Error>(
    _ body: (inout [UInt8]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if buffer.isEmpty {
      buffer = connection.transport.takeOutput()
      if isChunked { chunk = buffer.openChunk() }
      start = buffer.count
    }
    return try body(&buffer)
  }

  /// How many bytes the chunk has room for before it is sent; at least 1.
  public var room: Int { max(1, Self.chunkBytes - count) }

  /// Bytes in the chunk.
  public var count: Int { buffer.isEmpty ? 0 : buffer.count - start }

  /// Sends the chunk when it is full.
  ///
  /// - Throws: `ReactorError` when the client has gone; `CancellationError` when the task is cancelled.
  public mutating func flushIfFull() async throws {
    if count >= Self.chunkBytes { try await flush() }
  }

  /// Sends what is there, and waits while the client takes no more.
  ///
  /// - Throws: `ReactorError` when the client has gone; `CancellationError` when the task is cancelled.
  public mutating func flush() async throws {
    try Task.checkCancellation()
    guard count > 0 else { return }
    try closeChunk()
    try await connection.drain()
  }

  private mutating func closeChunk() throws {
    if let remaining {
      guard count <= remaining else { throw BodyLengthMismatch() }
      self.remaining = remaining - count
    }
    if let chunk { buffer.close(chunk) }
    chunk = nil
    var full: [UInt8] = []
    swap(&full, &buffer)
    if isSuppressed { full.removeAll(keepingCapacity: true) }
    connection.transport.putBack(full)
  }

  /// Ends the body; what is there leaves at the end of the turn.
  consuming func finish() throws {
    if !buffer.isEmpty { try closeChunk() }
    if let remaining, remaining > 0 && !isSuppressed { throw BodyLengthMismatch() }
    if isChunked && !isSuppressed { connection.transport.write { $0.appendLastChunk() } }
  }
}

/// A handler wrote more or less than the length it announced.
struct BodyLengthMismatch: Error {}
