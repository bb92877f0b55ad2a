internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor

/// Writes the body of a streamed answer, at the pace of its client.
///
/// What is written collects in a chunk; a full one goes to the kernel at once, and when the kernel takes no more, the
/// writer waits for the client. So one answer holds a chunk at a time, however long it is.
///
/// Nothing of the answer leaves before the first chunk: an error until then is an answer of its own, and a body that
/// ends before it goes out with its length.
public struct BodyWriter: ~Copyable, @unchecked Sendable {
  // Sendable because the channel, which belongs to its loop, is used only after the check that this is the loop's
  // thread. A function that a handler calls stays there, whatever the settings it was compiled with.

  /// Bytes after which a chunk is sent: 32 KiB.
  public static let chunkBytes = 32 << 10
  /// Bytes that are sent before the loop has to look at its other connections: 512 KiB. A client that takes them as fast as
  /// they are made would keep it from that for as long as the body is.
  static let bytesPerTurn = 512 << 10

  private let unchecked: RequestChannel
  private var channel: RequestChannel {
    unchecked.server.loop.preconditionIsCurrent()
    return unchecked
  }
  private let response: Response
  private var hasBegun = false
  private var isChunked = false
  private var remaining: Int?
  private var buffer: [UInt8] = []
  private var chunk: OpenChunk?
  private var start = 0
  private var compressor: Compressor?
  /// The turn in which bytes were sent last, and how many in it.
  private var turn: UInt64 = 0
  private var sentInTurn = 0

  init(_ channel: RequestChannel, _ response: Response, length: Int?, compressor: Compressor?) {
    unchecked = channel
    self.response = response
    self.compressor = compressor
    remaining = length
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
    // What goes out as it is written is written to where it leaves from.
    if buffer.isEmpty && hasBegun && compressor == nil {
      buffer = channel.takeOutput()
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
    let size = count
    try sendChunk(isEnd: false)
    try await channel.drain()
    let loop = channel.server.loop
    if loop.turnNumber != turn { (turn, sentInTurn) = (loop.turnNumber, 0) }
    sentInTurn += size
    if sentInTurn >= Self.bytesPerTurn { await loop.nextTurn() }
  }

  private mutating func sendChunk(isEnd: Bool) throws {
    let size = count
    if let remaining {
      guard size <= remaining else { throw BodyLengthMismatch() }
      self.remaining = remaining - size
    }
    channel.exchange.bodyBytes += size
    if let chunk {
      buffer.close(chunk)
      self.chunk = nil
    }
    var full: [UInt8] = []
    swap(&full, &buffer)
    start = 0
    if hasBegun && compressor == nil {
      channel.putBack(full)
      return
    }
    if let compressor { full = try compressor.compress(full.span, isEnd: isEnd) }
    begin()
    var output = channel.takeOutput()
    if isChunked { output.append(chunk: full.span) } else { output.append(copying: full.span) }
    channel.putBack(output)
    // The memory is used again while the writer has its own.
    if compressor != nil {
      full.removeAll(keepingCapacity: true)
      swap(&full, &buffer)
    }
  }

  private mutating func begin() {
    guard !hasBegun else { return }
    hasBegun = true
    // What is compressed has another length than was announced.
    isChunked = channel.beginStream(response, length: compressor == nil ? announced : nil) == .chunked
  }

  private var announced: Int? { remaining.map { $0 + channel.exchange.bodyBytes } }

  /// Ends the body; what is there leaves at the end of the turn.
  consuming func finish() throws {
    if let remaining, remaining != count { throw BodyLengthMismatch() }
    guard hasBegun else {
      channel.answerWhole(response, try compressor?.compress(buffer.span, isEnd: true) ?? buffer)
      return
    }
    if count > 0 || compressor != nil {
      try sendChunk(isEnd: true)
    } else if !buffer.isEmpty {
      // A chunk was opened and nothing was written to it.
      if let chunk { buffer.close(chunk) }
      channel.putBack(buffer)
    }
    guard isChunked else { return }
    var output = channel.takeOutput()
    output.appendLastChunk()
    channel.putBack(output)
  }
}

/// A handler wrote more or less than the length it announced.
struct BodyLengthMismatch: Error {}
