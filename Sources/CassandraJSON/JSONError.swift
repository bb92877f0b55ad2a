/// What was wrong with a text that was read, or with a value on its way to or from JSON.
///
/// An error of the reader knows the place in the text: ``line``, ``column`` and ``offset``. An error of the coders
/// knows the place in the value: ``pointer``. ``description`` says what was expected and what was found in words of this
/// package and never quotes more than one character of the input, so it is safe to show to whoever sent the text;
/// ``debugDescription`` adds what a type or its coder said.
public struct JSONError: Error, CustomStringConvertible, CustomDebugStringConvertible {
  private final class Storage: Sendable {
    let code: Code
    let message: String
    let location: Location?
    let pointer: JSONPointer?
    let cause: (any Error)?

    init(_ code: Code, _ message: String, _ location: Location?, _ pointer: JSONPointer?, _ cause: (any Error)?) {
      (self.code, self.message, self.location, self.pointer, self.cause) = (code, message, location, pointer, cause)
    }
  }

  struct Location: Sendable {
    let offset: Int
    let line: Int
    let column: Int
  }

  // One word, so that a function that may throw returns as fast as one that may not.
  private let storage: Storage

  init(_ code: Code, _ message: String, at location: Location) {
    storage = Storage(code, message, location, nil, nil)
  }

  init(_ code: Code, _ message: String, at pointer: JSONPointer?, cause: (any Error)? = nil) {
    storage = Storage(code, message, nil, pointer, cause)
  }

  /// What kind of problem it is.
  public var code: Code { storage.code }

  /// What was expected and what was found, without the place.
  public var message: String { storage.message }

  /// The line of the problem, counted from 1; nil for an error of the coders.
  ///
  /// A line ends with a line feed. A carriage return before it belongs to the line; one that stands alone ends none.
  public var line: Int? { storage.location?.line }

  /// The column of the problem, counted from 1; nil for an error of the coders.
  ///
  /// It counts Unicode scalars: every byte of the line before the problem that does not continue a UTF-8 sequence. So an
  /// accented letter is one column, an emoji with a modifier two, and a tab one; in a line that is not valid UTF-8 a
  /// stray byte counts as one unless it looks like the continuation of a sequence.
  public var column: Int? { storage.location?.column }

  /// The offset of the problem in bytes, counted from 0; nil for an error of the coders.
  public var offset: Int? { storage.location?.offset }

  /// The place in the value that was being encoded or decoded; nil for an error of the reader.
  public var pointer: JSONPointer? { storage.pointer }

  /// The error of a type's own coding that this one reports, if there is one.
  public var cause: (any Error)? { storage.cause }

  /// The place and the problem in one line.
  ///
  /// A pointer that is longer than 128 bytes is cut short here.
  public var description: String {
    if let location = storage.location { return "line \(location.line), column \(location.column): \(message)" }
    guard let pointer, !pointer.isRoot else { return message }
    let text = pointer.description
    let shown = text.utf8.count <= 128 ? text : String(text.unicodeScalars.prefix(32)) + "…"
    return "\(shown): \(message)"
  }

  /// The description with the code and, if there is one, what a type's own coding said.
  public var debugDescription: String {
    let text = "JSONError(\(code)): \(description)"
    return cause.map { "\(text); cause: \($0)" } ?? text
  }
}

extension JSONError {
  /// A kind of problem; more may be added, so a `switch` over codes needs a `default`.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    private init(_ name: String) { description = name }
  }
}

/// The codes of the reader.
extension JSONError.Code {
  /// A byte that JSON does not allow where it stands.
  public static var unexpectedByte: Self { .init("unexpectedByte") }
  /// The text ends before its value does.
  public static var unexpectedEnd: Self { .init("unexpectedEnd") }
  /// The text begins with a byte order mark.
  public static var byteOrderMark: Self { .init("byteOrderMark") }
  /// Something other than white space follows the value.
  public static var trailingBytes: Self { .init("trailingBytes") }
  /// A string holds bytes that are not UTF-8.
  public static var invalidUTF8: Self { .init("invalidUTF8") }
  /// A string holds a control character below U+0020 that is not escaped.
  public static var controlCharacter: Self { .init("controlCharacter") }
  /// A backslash is followed by something that is no escape.
  public static var invalidEscape: Self { .init("invalidEscape") }
  /// An escape names one half of a surrogate pair without the other.
  public static var loneSurrogate: Self { .init("loneSurrogate") }
  /// A number that is not written as JSON has it, such as `01`, `1.` or `-`.
  public static var invalidNumber: Self { .init("invalidNumber") }
  /// An object has two members with the same name.
  public static var duplicateKey: Self { .init("duplicateKey") }
  /// More arrays and objects inside each other than ``JSONLimits/depth``.
  public static var tooDeep: Self { .init("tooDeep") }
  /// More bytes than ``JSONLimits/bytes``.
  public static var inputTooLong: Self { .init("inputTooLong") }
  /// A string of more bytes than ``JSONLimits/stringBytes``.
  public static var stringTooLong: Self { .init("stringTooLong") }
  /// A number of more bytes than ``JSONLimits/numberBytes``.
  public static var numberTooLong: Self { .init("numberTooLong") }
}

/// The codes of the coders.
extension JSONError.Code {
  /// A value of another kind than the one wanted, such as a string in place of a number.
  public static var typeMismatch: Self { .init("typeMismatch") }
  /// An object or array without a member that has to be there.
  public static var missingMember: Self { .init("missingMember") }
  /// A null in place of a value.
  public static var unexpectedNull: Self { .init("unexpectedNull") }
  /// A number with a fraction in place of a whole one.
  public static var fractionalNumber: Self { .init("fractionalNumber") }
  /// A number that the type cannot hold.
  public static var numberOutOfRange: Self { .init("numberOutOfRange") }
  /// A value of the right kind that the type being decoded refuses.
  public static var rejectedValue: Self { .init("rejectedValue") }
  /// A NaN or an infinity, which JSON cannot say.
  public static var nonFiniteNumber: Self { .init("nonFiniteNumber") }
  /// A type's own encoding failed, or used its containers in a way that gives no JSON.
  public static var encodingFailed: Self { .init("encodingFailed") }
}
