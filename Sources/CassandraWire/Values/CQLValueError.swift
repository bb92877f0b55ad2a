/// A value that does not fit its CQL type, or bytes that are no value of it.
///
/// `description` holds neither the value nor names of the schema, so it may be shown to strangers; `debugDescription` adds
/// the type.
public struct CQLValueError: Error, Hashable, Sendable {
  /// What kind of problem it is; more kinds may come.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    init(_ name: String) { description = name }

    /// The Swift type and the CQL type have nothing to do with each other.
    public static let typeMismatch = Code("typeMismatch")
    /// A null where the Swift type has none.
    public static let unexpectedNull = Code("unexpectedNull")
    /// A value of no bytes, which means nothing for its CQL type, where the Swift type is not optional.
    public static let unexpectedEmpty = Code("unexpectedEmpty")
    /// A number that the other side cannot hold, or a count that is not the type's.
    public static let outOfRange = Code("outOfRange")
    /// Bytes that are no value of the type.
    public static let malformed = Code("malformed")
    /// Text that is not UTF-8, or not ASCII where only that is allowed.
    public static let invalidText = Code("invalidText")
    /// More than a named limit of this module or a length of the protocol allows.
    public static let tooLarge = Code("tooLarge")
  }

  /// What kind of problem it is.
  public let code: Code
  /// The CQL type of the value, or of the part of it that is wrong.
  public let type: CQLType?
  /// A sentence about it.
  public let reason: String

  /// An error of a kind, explained in a sentence.
  public init(_ code: Code, type: CQLType? = nil, _ reason: String) {
    self.code = code
    self.type = type
    self.reason = reason
  }
}

extension CQLValueError: CustomStringConvertible, CustomDebugStringConvertible {
  /// The sentence; safe to show.
  public var description: String { "\(reason) (\(code))" }

  /// The sentence and the CQL type.
  public var debugDescription: String { type.map { "\(reason) (\(code), CQL type \($0))" } ?? description }
}

extension CQLValueError {
  // The hot paths only branch to these; the text is made when something is wrong, outside of them.

  /// The Swift type cannot hold values of the CQL type, or the other way round.
  @inlinable @inline(never)
  public static func mismatch<Value>(_ swiftType: Value.Type, _ type: CQLType) -> CQLValueError {
    CQLValueError(.typeMismatch, type: type, "\(swiftType) does not go with the CQL type of the value.")
  }

  @usableFromInline @inline(never)
  static func null() -> CQLValueError {
    CQLValueError(.unexpectedNull, "The value is null, and the type it is decoded into is not optional.")
  }

  /// The wrong number of bytes for a type of fixed size, or none at all.
  @usableFromInline @inline(never)
  package static func wrongSize(_ count: Int, _ type: CQLType) -> CQLValueError {
    guard count > 0 else {
      return CQLValueError(.unexpectedEmpty, type: type, "The value has no bytes, which means nothing for its type.")
    }
    return CQLValueError(.malformed, type: type, "A value of the type cannot have \(count) bytes.")
  }

  @usableFromInline @inline(never)
  static func malformed(_ type: CQLType?, _ reason: StaticString) -> CQLValueError {
    CQLValueError(.malformed, type: type, "\(reason)")
  }

  @usableFromInline @inline(never)
  static func outOfRange(_ type: CQLType?, _ reason: StaticString) -> CQLValueError {
    CQLValueError(.outOfRange, type: type, "\(reason)")
  }

  @usableFromInline @inline(never)
  package static func invalidText(_ type: CQLType) -> CQLValueError {
    if case .ascii = type { return CQLValueError(.invalidText, type: type, "The text is not ASCII.") }
    return CQLValueError(.invalidText, type: type, "The text is not UTF-8.")
  }

  @usableFromInline @inline(never)
  static func integerOutOfRange(_ type: CQLType) -> CQLValueError {
    outOfRange(type, "The number does not fit into the other side's integer type.")
  }

  @usableFromInline @inline(never)
  static func truncated(_ type: CQLType) -> CQLValueError { malformed(type, "The value ends before its parts do.") }

  @usableFromInline @inline(never)
  static func tooLong(_ type: CQLType) -> CQLValueError {
    CQLValueError(.tooLarge, type: type, "The value has more than \(Int32.max) bytes or elements.")
  }

  @usableFromInline @inline(never)
  static func wrongColumnCount(columns: Int, elements: Int) -> CQLValueError {
    CQLValueError(.typeMismatch, "A row of \(columns) columns does not fit a tuple of \(elements) elements.")
  }
}
