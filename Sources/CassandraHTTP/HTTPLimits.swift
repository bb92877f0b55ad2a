/// The bounds of what a peer may send outside of a body's content.
///
/// Each is checked before the bytes are kept, so a connection never holds more than `headBytes` of an unfinished head or
/// `trailerBytes` of unfinished trailers. A body's size is bounded by whoever reads it.
public struct HTTPLimits: Sendable, Hashable {
  /// The longest first line, in bytes without its CRLF.
  ///
  /// 8,192 unless set otherwise; above, the message is refused with 414.
  public var requestLineBytes = 8_192

  /// The largest head, in bytes from the first line to the empty line's CRLF.
  ///
  /// 16,384 unless set otherwise; above, the message is refused with 431.
  public var headBytes = 16_384

  /// The most fields of a head or of a trailer section, in lines.
  ///
  /// 100 unless set otherwise; above, the message is refused with 431.
  public var fieldCount = 100

  /// The most empty lines before a request line that are passed over, in lines (RFC 9112 §2.2).
  ///
  /// 4 unless set otherwise; above, the message is refused with 400.
  public var leadingEmptyLines = 4

  /// The longest line in front of a chunk, in bytes with its CRLF.
  ///
  /// 1,024 unless set otherwise; above, the message is refused with 400.
  public var chunkLineBytes = 1_024

  /// The most that all chunk extensions of one body may take together, in bytes.
  ///
  /// 16,384 unless set otherwise; above, the message is refused with 400.
  ///
  /// Without it, chunks of one byte could carry a thousand times their size in extensions that are thrown away.
  public var chunkExtensionBytes = 16_384

  /// The largest trailer section, in bytes with the empty line's CRLF.
  ///
  /// 8,192 unless set otherwise; above, the message is refused with 431.
  public var trailerBytes = 8_192

  /// The defaults.
  public init() {}

  /// Traps unless the limits of what is kept lie within 0 and 1 GiB: offsets within a head are kept in 32 bits.
  func check() {
    let bounds = 0...1 << 30
    precondition(
      bounds ~= requestLineBytes && bounds ~= headBytes && bounds ~= trailerBytes, "A limit lies within 0 and 1 GiB.")
  }
}
