import CassandraBytes

/// The line in front of a chunk, read byte by byte: a size and perhaps extensions (RFC 9112 §7.1).
///
/// Extensions are checked and thrown away. Blanks are let through where the grammar has BWS, and nowhere else: not behind
/// the size unless an extension follows.
struct ChunkLine: Sendable {
  private enum State: Sendable {
    case size
    /// Behind the size or a value and a blank: only an extension may follow.
    case blankBeforeSemicolon
    /// Behind a semicolon.
    case beforeName
    case name
    case blankAfterName
    /// Behind an equals sign.
    case beforeValue
    case value
    case quoted
    case escaped
    case afterQuoted
    case lineFeed
  }

  private(set) var size = 0
  /// How many bytes of the line have been read.
  private(set) var count = 0
  private var digits = 0
  private var state = State.size

  /// Whether what comes next belongs to an extension.
  var isInExtension: Bool {
    switch state {
    case .size, .lineFeed: false
    case .blankBeforeSemicolon, .beforeName, .name, .blankAfterName: true
    case .beforeValue, .value, .quoted, .escaped, .afterQuoted: true
    }
  }

  /// Takes one byte, which is the body's byte `position`; whether the line is complete with it.
  @inline(__always)
  mutating func read(_ byte: UInt8, at position: Int) throws(HTTPError) -> Bool {
    count += 1
    switch state {
    case .size: try readSize(byte, at: position)
    case .lineFeed:
      guard byte == .lineFeed else {
        throw HTTPError(.bareCarriageReturn, at: position, "A carriage return stands without its line feed")
      }
      return true
    case .blankBeforeSemicolon, .beforeName, .name, .blankAfterName,
      .beforeValue, .value, .quoted, .escaped, .afterQuoted:
      guard let next = following(byte) else { throw ChunkLine.refusal(of: byte, at: position) }
      state = next
    }
    return false
  }

  private mutating func readSize(_ byte: UInt8, at position: Int) throws(HTTPError) {
    if let digit = hexadecimalValue(byte) {
      digits += 1
      guard digits <= 16, size <= Int.max >> 4 else {
        throw HTTPError(.invalidChunkSize, at: position, "A chunk's size is too large")
      }
      size = size << 4 | Int(digit)
      return
    }
    guard digits > 0 else {
      throw HTTPError(.invalidChunkSize, at: position, "A chunk's size is not a hexadecimal number")
    }
    switch byte {
    case .carriageReturn: state = .lineFeed
    case UInt8(ascii: ";"): state = .beforeName
    case .space, .tab: state = .blankBeforeSemicolon
    case .lineFeed: throw ChunkLine.refusal(of: byte, at: position)
    case _: throw HTTPError(.invalidChunkSize, at: position, "A chunk's size is not a hexadecimal number")
    }
  }

  /// The state after a byte within an extension, or nil when it may not stand there.
  private func following(_ byte: UInt8) -> State? {
    let semicolon = UInt8(ascii: ";")
    let equals = UInt8(ascii: "=")
    let quote = UInt8(ascii: "\"")
    switch state {
    case .blankBeforeSemicolon:
      return byte.isBlank ? .blankBeforeSemicolon : byte == semicolon ? .beforeName : nil
    case .beforeName:
      return byte.isBlank ? .beforeName : byte.isIn(.token) ? .name : nil
    case .name:
      if byte.isIn(.token) { return .name }
      return byte == equals ? .beforeValue : byte.isBlank ? .blankAfterName : afterExtension(byte)
    case .blankAfterName:
      return byte.isBlank ? .blankAfterName : byte == equals ? .beforeValue : byte == semicolon ? .beforeName : nil
    case .beforeValue:
      return byte.isBlank ? .beforeValue : byte == quote ? .quoted : byte.isIn(.token) ? .value : nil
    case .value:
      return byte.isIn(.token) ? .value : byte.isBlank ? .blankBeforeSemicolon : afterExtension(byte)
    case .quoted:
      return byte == quote ? .afterQuoted : byte == UInt8(ascii: "\\") ? .escaped : byte.isIn(.value) ? .quoted : nil
    case .escaped:
      return byte.isIn(.value) ? .quoted : nil
    case .afterQuoted:
      return byte.isBlank ? .blankBeforeSemicolon : afterExtension(byte)
    case .size, .lineFeed:
      return nil
    }
  }

  private func afterExtension(_ byte: UInt8) -> State? {
    byte == UInt8(ascii: ";") ? .beforeName : byte == .carriageReturn ? .lineFeed : nil
  }

  private static func refusal(of byte: UInt8, at position: Int) -> HTTPError {
    byte == .lineFeed
      ? HTTPError(.bareLineFeed, at: position, "A line ends with a line feed alone")
      : HTTPError(.invalidChunkExtension, at: position, "A chunk extension is malformed")
  }
}
