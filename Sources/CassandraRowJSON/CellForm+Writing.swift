import CassandraBytes
import CassandraJSON
import CassandraWire

extension CellForm {
  /// Appends the JSON of a value inside of another one, or of a cell that is not one of the frequent types.
  func write(_ cell: Span<UInt8>, into buffer: inout [UInt8], style: CellJSONStyle) throws(CQLValueError) {
    if cell.isEmpty, !emptyIsValue { return buffer.append("\"\"") }
    switch self {
    case .text:
      guard cell.isUTF8 else { throw CQLValueError.invalidText(.text) }
      buffer.append(jsonString: cell)
    case .ascii:
      guard cell.isASCII else { throw CQLValueError.invalidText(.ascii) }
      buffer.append(jsonString: cell)
    case .int: buffer.append(decimal: try Self.integer(cell, size: 4, .int))
    case .bigint: buffer.append(decimal: try Self.integer(cell, size: 8, .bigint))
    case .smallint: buffer.append(decimal: try Self.integer(cell, size: 2, .smallint))
    case .tinyint: buffer.append(decimal: try Self.integer(cell, size: 1, .tinyint))
    case .varint: try CQLVarint.write(twosComplement: cell, into: &buffer)
    case .decimal: try CQLDecimal.write(cell, into: &buffer)
    case .boolean: buffer.append(try Bool.decode(cell, as: .boolean) ? "true" : "false")
    case .float: buffer.append(jsonFloat: try Float.decode(cell, as: .float))
    case .double:
      guard cell.count == 8 else { throw CQLValueError.wrongSize(cell.count, .double) }
      buffer.append(jsonFloat: Double(bitPattern: cell.uint64(at: 0)))
    case .blob: Self.writeBytes(cell, into: &buffer)
    case .uuid: try Self.writeQuoted(try CQLUUID.decode(cell, as: .uuid), into: &buffer) { $0.write(into: &$1) }
    case .inet:
      try Self.writeQuoted(try CQLInet.decode(cell, as: .inet), into: &buffer) { $0.writeUncompressed(into: &$1) }
    case .date: try Self.writeQuoted(try CQLDate.decode(cell, as: .date), into: &buffer) { $0.write(into: &$1) }
    case .time:
      // Cassandra keeps any number of nanoseconds; one that is beyond a day is no time of day, and is shown as its bytes.
      guard cell.count != 8 || (0..<86_400_000_000_000).contains(cell.int64(at: 0)) else {
        return Self.writeBytes(cell, into: &buffer)
      }
      try Self.writeQuoted(try CQLTime.decode(cell, as: .time), into: &buffer) { $0.write(into: &$1) }
    case .timestamp:
      try Self.writeQuoted(try CQLTimestamp.decode(cell, as: .timestamp), into: &buffer) { $0.write(into: &$1) }
    case .cassandraTimestamp:
      try Self.writeQuoted(try CQLTimestamp.decode(cell, as: .timestamp), into: &buffer) {
        $0.writeAsCassandra(into: &$1)
      }
    case .duration:
      try Self.writeQuoted(try CQLDuration.decode(cell, as: .duration), into: &buffer) { $0.write(into: &$1) }
    case .empty: buffer.append("\"\"")
    case .list(let element): try Self.writeList(cell, of: element, into: &buffer, style: style)
    case .map(let key, let value): try Self.writeMap(cell, key, value, into: &buffer, style: style)
    case .tuple(let forms): try Self.writeTuple(cell, of: forms, into: &buffer, style: style)
    case .object(let fields): try Self.writeObject(cell, of: fields, into: &buffer, style: style)
    case .vector(let element, let dimensions, let size):
      try Self.writeVector(cell, of: element, dimensions, size: size, into: &buffer, style: style)
    }
  }

  private func writePart(
    _ range: Range<Int>?, of cell: Span<UInt8>, into buffer: inout [UInt8], style: CellJSONStyle
  ) throws(CQLValueError) {
    guard let range else { return buffer.append("null") }
    try write(cell.extracting(range), into: &buffer, style: style)
  }

  /// The number of a cell that has exactly the size of its type.
  private static func integer(_ cell: Span<UInt8>, size: Int, _ type: CQLType) throws(CQLValueError) -> Int {
    guard cell.count == size else { throw CQLValueError.wrongSize(cell.count, type) }
    return try Int.decode(cell, as: type)
  }

  private static func writeBytes(_ cell: Span<UInt8>, into buffer: inout [UInt8]) {
    buffer.append("\"0x")
    buffer.append(hexadecimal: cell)
    buffer.append(UInt8(ascii: "\""))
  }

  private static func writeQuoted<Value>(
    _ value: Value, into buffer: inout [UInt8], _ write: (Value, inout [UInt8]) -> Void
  ) throws(CQLValueError) {
    buffer.append(UInt8(ascii: "\""))
    write(value, &buffer)
    buffer.append(UInt8(ascii: "\""))
  }

  private static func writeList(
    _ cell: Span<UInt8>, of element: CellForm, into buffer: inout [UInt8], style: CellJSONStyle
  ) throws(CQLValueError) {
    var position = 0
    let number = try cell.readElementCount(&position, of: style.type)
    buffer.append(UInt8(ascii: "["))
    for index in 0..<number {
      if index > 0 { try style.appendSeparator(to: &buffer) }
      let range = try cell.readPart(&position, of: style.type)
      if case .text = element, let range {
        let text = cell.extracting(range)
        guard text.isUTF8 else { throw CQLValueError.invalidText(.text) }
        buffer.append(jsonString: text)
      } else {
        try element.writePart(range, of: cell, into: &buffer, style: style)
      }
    }
    try cell.requireEnd(position, of: style.type)
    buffer.append(UInt8(ascii: "]"))
  }

  private static func writeVector(
    _ cell: Span<UInt8>, of element: CellForm, _ dimensions: Int, size: Int?, into buffer: inout [UInt8],
    style: CellJSONStyle
  ) throws(CQLValueError) {
    try cell.requireVector(dimensions, size: size, of: style.type)
    var position = 0
    buffer.append(UInt8(ascii: "["))
    for index in 0..<dimensions {
      if index > 0 { try style.appendSeparator(to: &buffer) }
      let range = try cell.readVectorElement(&position, size: size, of: style.type)
      try element.write(cell.extracting(range), into: &buffer, style: style)
    }
    try cell.requireEnd(position, of: style.type)
    buffer.append(UInt8(ascii: "]"))
  }

  private static func writeTuple(
    _ cell: Span<UInt8>, of forms: [CellForm], into buffer: inout [UInt8], style: CellJSONStyle
  ) throws(CQLValueError) {
    var position = 0
    buffer.append(UInt8(ascii: "["))
    for (index, form) in forms.enumerated() {
      if index > 0 { try style.appendSeparator(to: &buffer) }
      try form.writePart(
        try cell.readField(&position, of: style.type), of: cell, into: &buffer, style: style)
    }
    buffer.append(UInt8(ascii: "]"))
  }

  private static func writeObject(
    _ cell: Span<UInt8>, of fields: [Field], into buffer: inout [UInt8], style: CellJSONStyle
  ) throws(CQLValueError) {
    var position = 0
    buffer.append(UInt8(ascii: "{"))
    for (index, field) in fields.enumerated() {
      if index > 0 { try style.appendSeparator(to: &buffer) }
      buffer.append(contentsOf: field.name)
      style.appendColon(to: &buffer)
      try field.form.writePart(
        try cell.readField(&position, of: style.type), of: cell, into: &buffer, style: style)
    }
    buffer.append(UInt8(ascii: "}"))
  }

  private static func writeMap(
    _ cell: Span<UInt8>, _ key: CellForm, _ value: CellForm, into buffer: inout [UInt8], style: CellJSONStyle
  ) throws(CQLValueError) {
    var position = 0
    let number = try cell.readElementCount(&position, partsPerElement: 2, of: style.type)
    buffer.append(UInt8(ascii: "{"))
    for index in 0..<number {
      if index > 0 { try style.appendSeparator(to: &buffer) }
      try key.writeKey(try cell.readPart(&position, of: style.type), of: cell, into: &buffer, style: style)
      style.appendColon(to: &buffer)
      try value.writePart(try cell.readPart(&position, of: style.type), of: cell, into: &buffer, style: style)
    }
    try cell.requireEnd(position, of: style.type)
    buffer.append(UInt8(ascii: "}"))
  }

  /// Whether the JSON of every value is a string.
  private var isAlwaysString: Bool {
    switch self {
    case .text, .ascii, .blob, .uuid, .inet, .date, .time, .timestamp, .cassandraTimestamp, .duration, .empty: true
    case .int, .bigint, .boolean, .smallint, .tinyint, .varint, .decimal, .float, .double, .list, .map, .tuple, .object,
      .vector:
      false
    }
  }

  /// Appends a key: its JSON when that is a string, else its JSON as a string.
  private func writeKey(
    _ range: Range<Int>?, of cell: Span<UInt8>, into buffer: inout [UInt8], style: CellJSONStyle
  ) throws(CQLValueError) {
    if isAlwaysString, let range {
      return try write(cell.extracting(range), into: &buffer, style: style)
    }
    var text: [UInt8] = []
    let style = CellJSONStyle(type: style.type, limit: style.limit - buffer.count, isInKey: true)
    try writePart(range, of: cell, into: &text, style: style)
    try style.checkLimit(text)
    if text.first == UInt8(ascii: "\"") {
      buffer.append(contentsOf: text)
    } else {
      buffer.append(jsonString: text.span)
    }
  }
}
