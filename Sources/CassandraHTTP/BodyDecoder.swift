import CassandraBytes

/// Finds the content of a body in bytes that arrive in any pieces, without copying it (RFC 9112 §6, §7).
///
/// ```swift
/// while true {
///   switch try decoder.next(input, from: &offset) {
///   case .bytes(let range): content.append(copying: input.extracting(range))
///   case .needsMore: return                                        // all of the input was taken
///   case .end: return                                              // the next message begins at the offset
///   }
/// }
/// ```
public struct BodyDecoder: Sendable {
  /// What comes next.
  public enum Event: Sendable, Hashable {
    /// Content, at these bytes of the input; the offset stands behind it.
    case bytes(Range<Int>)
    /// All of the input was taken, and the body goes on.
    case needsMore
    /// The body is complete. The offset stands behind it; further calls say the same.
    case end
  }

  private enum State: Sendable {
    case counted(Int)
    case untilClose
    case chunkLine
    case chunkData(Int)
    case chunkEnd
    case chunkLineFeed
    case trailers
    case ended
    case failed(HTTPError)
  }

  private let limits: HTTPLimits
  private var state: State
  private var chunkLine = ChunkLine()
  private var extensionBytes = 0
  /// How many bytes of the body have been taken, for the offsets of errors.
  private var position = 0
  private var trailerReader = TrailerReader()

  /// A decoder at the beginning of a body that `framing` bounds.
  public init(_ framing: BodyFraming, limits: HTTPLimits = HTTPLimits()) {
    limits.check()
    self.limits = limits
    state =
      switch framing {
      case .none, .length(0): .ended
      case .length(let count): .counted(count)
      case .chunked: .chunkLine
      case .untilClose: .untilClose
      }
  }

  /// Whether the body is complete.
  public var isAtEnd: Bool {
    if case .ended = state { true } else { false }
  }

  /// The trailer fields, once a chunked body is complete (RFC 9112 §7.1.2).
  ///
  /// Those that a trailer must not carry, because they say how the message is framed, routed, authorized or read, are
  /// dropped (RFC 9110 §6.5.1).
  public var trailers: Fields { trailerReader.fields }

  /// Reads on from `offset`.
  ///
  /// - Throws: What is wrong with the chunks; its offset counts from the body's first byte. Afterwards every further call
  ///   throws the same.
  public mutating func next(_ input: Span<UInt8>, from offset: inout Int) throws(HTTPError) -> Event {
    do {
      return try advance(input, from: &offset)
    } catch {
      state = .failed(error)
      throw error
    }
  }

  /// Tells that the peer will send nothing more.
  ///
  /// - Throws: `unexpectedEnd` when the body is not complete; one without a length or chunks is complete now.
  public mutating func finish() throws(HTTPError) {
    switch state {
    case .ended, .untilClose: state = .ended
    case .counted, .chunkLine, .chunkData, .chunkEnd, .chunkLineFeed, .trailers:
      let error = HTTPError(.unexpectedEnd, at: position, "The connection ended within the body")
      state = .failed(error)
      throw error
    case .failed(let error): throw error
    }
  }

  private mutating func advance(_ input: Span<UInt8>, from offset: inout Int) throws(HTTPError) -> Event {
    while true {
      switch state {
      case .ended: return .end
      case .failed(let error): throw error
      case .untilClose:
        return take(input.count - offset, input, from: &offset)
      case .counted(let count):
        let event = take(count, input, from: &offset)
        guard case .bytes(let range) = event else { return event }
        state = range.count == count ? .ended : .counted(count - range.count)
        return event
      case .chunkLine:
        guard try readChunkLine(input, from: &offset) else { return .needsMore }
      case .chunkData(let count):
        let event = take(count, input, from: &offset)
        guard case .bytes(let range) = event else { return event }
        state = range.count == count ? .chunkEnd : .chunkData(count - range.count)
        return event
      case .chunkEnd:
        guard try expect(.carriageReturn, input, from: &offset) else { return .needsMore }
        state = .chunkLineFeed
      case .chunkLineFeed:
        guard try expect(.lineFeed, input, from: &offset) else { return .needsMore }
        state = .chunkLine
      case .trailers:
        let before = offset
        let isComplete = try trailerReader.read(input, from: &offset, limits: limits, at: position)
        position &+= offset - before
        guard isComplete else { return .needsMore }
        state = .ended
      }
    }
  }

  @inline(__always)
  private mutating func take(_ count: Int, _ input: Span<UInt8>, from offset: inout Int) -> Event {
    let available = min(count, input.count - offset)
    guard available > 0 else { return .needsMore }
    let range = offset..<offset + available
    offset += available
    position &+= available
    return .bytes(range)
  }

  private mutating func readChunkLine(_ input: Span<UInt8>, from offset: inout Int) throws(HTTPError) -> Bool {
    while offset < input.count {
      let isInExtension = chunkLine.isInExtension
      let isComplete = try chunkLine.read(input[offset], at: position)
      offset += 1
      position &+= 1
      if isInExtension { extensionBytes += 1 }
      guard chunkLine.count <= limits.chunkLineBytes, extensionBytes <= limits.chunkExtensionBytes else {
        throw HTTPError(.chunkLineTooLong, at: position, "A chunk's line or all chunk extensions are too long")
      }
      if isComplete {
        state = chunkLine.size == 0 ? .trailers : .chunkData(chunkLine.size)
        chunkLine = ChunkLine()
        return true
      }
    }
    return false
  }

  private mutating func expect(
    _ byte: UInt8, _ input: Span<UInt8>, from offset: inout Int
  ) throws(HTTPError) -> Bool {
    guard offset < input.count else { return false }
    guard input[offset] == byte else {
      throw HTTPError(.invalidChunkEnd, at: position, "A chunk's data is not followed by CRLF")
    }
    offset += 1
    position &+= 1
    return true
  }
}
