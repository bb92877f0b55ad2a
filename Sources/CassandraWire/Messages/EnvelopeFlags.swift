/// The flags of an envelope (section 2.2 of v4, 2.4.1.2 of v5); unknown ones are kept and mean nothing.
public struct EnvelopeFlags: OptionSet, Hashable, Sendable {
  /// The byte in the envelope's header.
  public let rawValue: UInt8

  /// Flags from the byte in the header.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The body is compressed; v5 compresses segments instead and ignores the flag.
  public static let compressed = EnvelopeFlags(rawValue: 0x01)
  /// A request wants to be traced; a response begins with the id of the trace.
  public static let tracing = EnvelopeFlags(rawValue: 0x02)
  /// A custom payload stands before the message.
  public static let customPayload = EnvelopeFlags(rawValue: 0x04)
  /// The response has warnings before the message.
  public static let warning = EnvelopeFlags(rawValue: 0x08)
  /// The client agrees to a version of the protocol that is not final.
  public static let useBeta = EnvelopeFlags(rawValue: 0x10)
}
