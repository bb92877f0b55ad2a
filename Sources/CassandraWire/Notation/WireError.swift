/// Bytes that are not the native protocol, or a message that cannot be written in it.
///
/// What went wrong is in `code`, where in `position`. A decoder stops at the first problem. `description` holds no byte of
/// the message, so it may be shown to strangers and logged.
public struct WireError: Error, Hashable, Sendable {
  /// What kind of problem it is; more kinds may come.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    init(_ name: String) { description = name }

    /// The message ends before the field does.
    public static let truncated = Code("truncated")
    /// A length or a count that its field does not allow.
    public static let invalidLength = Code("invalidLength")
    /// More than a field of the protocol or a named limit can hold.
    public static let tooLong = Code("tooLong")
    /// Text that is not UTF-8.
    public static let invalidText = Code("invalidText")
    /// A number that stands for nothing in this version of the protocol.
    public static let unknownValue = Code("unknownValue")
    /// An opcode that this version of the protocol does not have, or not in this direction.
    public static let unexpectedOpcode = Code("unexpectedOpcode")
    /// A type inside of more types than ``CQLType/maximumNesting``.
    public static let nestedTooDeep = Code("nestedTooDeep")
    /// Something that the version of the protocol in use cannot say.
    public static let unsupported = Code("unsupported")
  }

  /// What kind of problem it is.
  public let code: Code
  /// The offset, in bytes from where decoding began, of the field that is wrong; for an encoder the bytes written so far.
  public let position: Int
  /// A sentence about it, without any byte of the message.
  public let reason: String

  /// An error of a kind at a place, explained in a sentence.
  public init(_ code: Code, at position: Int, _ reason: String) {
    self.code = code
    self.position = position
    self.reason = reason
  }
}

extension WireError: CustomStringConvertible {
  /// The sentence and the place; safe to show.
  public var description: String { "\(reason) (\(code) at byte \(position))" }
}

extension WireError {
  // The hot readers only branch to these; the text is made when something is wrong, outside of them.

  @usableFromInline @inline(never)
  static func truncated(at position: Int, needed: Int, available: Int) -> WireError {
    WireError(
      .truncated, at: position,
      "The message ends too early: \(needed) bytes are needed and \(max(available, 0)) are left.")
  }

  @usableFromInline @inline(never)
  static func invalidLength(_ length: Int, at position: Int) -> WireError {
    WireError(.invalidLength, at: position, "The length \(length) is not allowed here.")
  }

  @usableFromInline @inline(never)
  static func invalidText(at position: Int) -> WireError {
    WireError(.invalidText, at: position, "The text is not UTF-8.")
  }

  @inline(never)
  static func unknown(_ what: String, _ value: some BinaryInteger, at position: Int) -> WireError {
    WireError(.unknownValue, at: position, "\(value) is no known \(what).")
  }

  @usableFromInline @inline(never)
  static func tooLong(_ what: StaticString, _ length: Int, limit: Int, at position: Int) -> WireError {
    WireError(.tooLong, at: position, "\(what) of \(length) exceeds the limit of \(limit).")
  }
}
