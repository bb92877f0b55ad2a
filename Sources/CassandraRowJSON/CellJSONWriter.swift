public import CassandraBytes
public import CassandraJSON
public import CassandraWire

/// How a timestamp is written in JSON.
public enum TimestampForm: Sendable {
  /// As RFC 3339 has it, in UTC and with three digits of the second: `2024-02-29T11:30:00.250Z`. Years before 0 and past
  /// 9999, which it does not know, have a sign.
  case rfc3339
  /// As in Cassandra's own JSON, with a space for the `T`: `2024-02-29 11:30:00.250Z`.
  case cassandra
}

/// Writes the cells of one column as JSON, as Cassandra's `SELECT JSON` does.
///
/// It is made once per column and result, so that a cell costs no look at its type.
///
/// - Numbers of every type are JSON numbers with all their digits. A `float` or `double` is written as Java writes it
///   (`1.0E10`), with the fewest digits that read back as the same number; Cassandra on Java 17 has one more at times. NaN
///   and infinity are `null`.
/// - A `blob` is a string `"0x…"`, and so are values of types this module does not know, for which Cassandra has no JSON.
/// - Dates, times, timestamps, durations, UUIDs and addresses are strings in Cassandra's own format: a space between date
///   and time unless ``TimestampForm/rfc3339`` is asked for, IPv6 addresses with all their groups, a duration of nothing as
///   `""`.
/// - Maps and user-defined types are objects. A key that is not text is the text of its JSON. A field whose name is not all
///   lower-case has quotation marks within its name, as it has in CQL.
/// - Lists, sets, tuples and vectors are arrays. A part that is null or missing is `null`.
/// - A value of no bytes is `""`, also where that means nothing for its type.
///
/// Only spaces differ: there are none between elements, unless they are part of a key.
public struct CellJSONWriter: Sendable {
  /// How much longer than its cell a text may get, beside ``freeBytes``.
  ///
  /// Keys inside of keys and types with long names can make much from little; from a server that means well nothing comes
  /// near.
  public static let maximumExpansion = 64

  /// How many bytes of text any cell may have.
  public static let freeBytes = 1 << 20

  @usableFromInline let form: CellForm
  private let type: CQLType

  /// A writer for columns of a type.
  public init(_ type: CQLType, timestamps: TimestampForm = .cassandra) {
    self.type = type
    form = CellForm(type, timestamps)
  }

  /// Appends the JSON of a cell that is not null.
  ///
  /// For null the caller writes `null`, or what else it wants there.
  ///
  /// Throws when the bytes are no value of the type, or the text gets too long; then some of it may have been appended.
  @inlinable
  public func write(_ cell: Span<UInt8>, into buffer: inout [UInt8]) throws(CQLValueError) {
    switch form {
    case .text:
      guard cell.isUTF8 else { throw CQLValueError.invalidText(.text) }
      buffer.append(jsonString: cell)
    case .int where cell.count == 4: buffer.append(decimal: Int(cell.int32(at: 0)))
    case .bigint where cell.count == 8: buffer.append(decimal: Int(cell.int64(at: 0)))
    case .boolean where cell.count == 1: buffer.append(cell[0] == 0 ? "false" : "true")
    default: try writeOther(cell, into: &buffer)
    }
  }

  @usableFromInline
  func writeOther(_ cell: Span<UInt8>, into buffer: inout [UInt8]) throws(CQLValueError) {
    let (expansion, overflow) = cell.count.multipliedReportingOverflow(by: Self.maximumExpansion)
    let limit = overflow ? .max : buffer.count + Self.freeBytes + expansion
    try form.write(cell, into: &buffer, style: CellJSONStyle(type: type, limit: limit, isInKey: false))
  }
}

/// What the parts of a cell have in common while they are written.
struct CellJSONStyle {
  /// The type of the whole cell, for errors.
  let type: CQLType
  /// The length that the buffer must not exceed.
  let limit: Int
  /// Whether it is the text of a key, in which the spaces of Cassandra's JSON are kept: it would be another key otherwise.
  let isInKey: Bool

  func appendSeparator(to buffer: inout [UInt8]) throws(CQLValueError) {
    buffer.append(UInt8(ascii: ","))
    if isInKey { buffer.append(UInt8(ascii: " ")) }
    try checkLimit(buffer)
  }

  func appendColon(to buffer: inout [UInt8]) {
    buffer.append(UInt8(ascii: ":"))
    if isInKey { buffer.append(UInt8(ascii: " ")) }
  }

  func checkLimit(_ buffer: [UInt8]) throws(CQLValueError) {
    guard buffer.count <= limit else {
      throw CQLValueError(.tooLarge, type: type, "The JSON of the value is too long for its bytes.")
    }
  }
}

/// What to write for a type.
@usableFromInline
indirect enum CellForm: Sendable {
  case text
  case ascii
  case int
  case bigint
  case boolean
  case smallint
  case tinyint
  case varint
  case decimal
  case float
  case double
  case blob
  case uuid
  case inet
  case date
  case time
  case timestamp
  case cassandraTimestamp
  case duration
  case empty
  case list(CellForm)
  case map(key: CellForm, value: CellForm)
  case tuple([CellForm])
  case object([Field])
  case vector(CellForm, dimensions: Int, size: Int?)

  @usableFromInline
  struct Field: Sendable {
    /// The name as a JSON string, in its quotation marks.
    let name: [UInt8]
    let form: CellForm
  }

  init(_ type: CQLType, _ timestamps: TimestampForm) {
    switch type {
    case .text: self = .text
    case .ascii: self = .ascii
    case .int: self = .int
    case .bigint, .counter: self = .bigint
    case .boolean: self = .boolean
    case .smallint: self = .smallint
    case .tinyint: self = .tinyint
    case .varint: self = .varint
    case .decimal: self = .decimal
    case .float: self = .float
    case .double: self = .double
    case .blob, .custom: self = .blob
    case .uuid, .timeuuid: self = .uuid
    case .inet: self = .inet
    case .date: self = .date
    case .time: self = .time
    case .timestamp: self = timestamps == .cassandra ? .cassandraTimestamp : .timestamp
    case .duration: self = .duration
    case .empty: self = .empty
    case .list(let element), .set(let element): self = .list(CellForm(element, timestamps))
    case .map(let key, let value): self = .map(key: CellForm(key, timestamps), value: CellForm(value, timestamps))
    case .tuple(let types): self = .tuple(types.map { CellForm($0, timestamps) })
    case .udt(let definition):
      self = .object(
        definition.fields.map { field in
          let name = field.name == field.name.lowercased() ? field.name : "\"\(field.name)\""
          var text: [UInt8] = []
          text.append(jsonString: Array(name.utf8).span)
          return Field(name: text, form: CellForm(field.type, timestamps))
        })
    case .vector(let element, let dimensions):
      self = .vector(CellForm(element, timestamps), dimensions: dimensions, size: element.sizeInVector)
    }
  }

  /// Whether a value of no bytes is one like any other.
  var emptyIsValue: Bool {
    switch self {
    case .text, .ascii, .blob, .empty, .tuple, .object: true
    case .int, .bigint, .boolean, .smallint, .tinyint, .varint, .decimal, .float, .double, .uuid, .inet, .date, .time,
      .timestamp, .cassandraTimestamp, .duration, .list, .map, .vector:
      false
    }
  }
}
