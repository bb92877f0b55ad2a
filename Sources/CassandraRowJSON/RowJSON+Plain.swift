internal import CassandraBytes
internal import CassandraWire

/// Rows whose cells are all of the frequent types, and whose texts need no escapes: nearly all rows there are.
///
/// A row's room is reserved once, then its bytes are written one after the other without another look at the buffer. What
/// is different in any way is left to the writers of the columns.
extension RowJSON {
  /// The frequent types, as small as they can be: a table of these is read for every cell.
  enum PlainForm: UInt8, Sendable {
    case text
    case int
    case bigint
    case boolean
    case float
    case textList

    init?(_ form: CellForm) {
      switch form {
      case .text: self = .text
      case .int: self = .int
      case .bigint: self = .bigint
      case .boolean: self = .boolean
      case .float: self = .float
      case .list(.text): self = .textList
      default: return nil
      }
    }
  }

  /// What rows of the frequent types have in common.
  struct Plain: Sendable {
    /// The longest text of a number, or of what stands for null.
    static let numberBytes = 24

    let forms: [PlainForm]
    /// The prefixes of the members one behind the other, and where each of them ends.
    let prefixes: [UInt8]
    let prefixEnds: [Int]
    let nullForms: [NullForm]
    /// Bytes that a row needs beside the bytes of its cells.
    let fixedBytes: Int

    /// Nil when a column is of another type.
    init?(_ members: [Member]) {
      var forms: [PlainForm] = []
      var prefixes: [UInt8] = []
      var prefixEnds: [Int] = []
      for member in members {
        guard let form = PlainForm(member.writer.form) else { return nil }
        forms.append(form)
        prefixes += member.prefix
        prefixEnds.append(prefixes.count)
      }
      guard !forms.isEmpty else { return nil }
      self.forms = forms
      self.prefixes = prefixes
      self.prefixEnds = prefixEnds
      nullForms = members.map(\.nullForm)
      fixedBytes = prefixes.count + members.count * Self.numberBytes + 2
    }
  }
}

extension Page {
  /// Appends rows as ``appendJSON(from:isFirst:into:limit:nullCollections:timestamps:separator:)`` does, up to the first one that is not
  /// plain, and moves behind them.
  func appendPlainJSON(
    _ plain: RowJSON.Plain, from position: inout RowPosition, isFirst: inout Bool, into buffer: inout [UInt8],
    limit: Int, _ style: RowTextStyle
  ) {
    let nullCollections: NullCollections = style.emptiesNullCollections ? .empty : .null
    let separator = style.separator
    let bytes = body.span
    let forms = plain.forms.span
    let prefixes = plain.prefixes.span
    let prefixEnds = plain.prefixEnds.span
    let nullForms = plain.nullForms.span
    let fixedBytes = plain.fixedBytes
    while position.index < rowCount && buffer.count < limit {
      guard let end = Self.endOfRow(bytes, from: position.offset, columns: forms.count) else { return }
      var isWritten = true
      buffer.append(addingCapacity: fixedBytes + end - position.offset) { output in
        if !isFirst { output.append(separator) }
        var offset = position.offset
        var prefixStart = 0
        for index in forms.indices {
          output.append(copying: prefixes.extracting(prefixStart..<prefixEnds[index]))
          prefixStart = prefixEnds[index]
          // The lengths have been checked above.
          let count = Int(bytes.int32(at: offset))
          offset += 4
          if count < 0 {
            output.append(nullOf: nullForms[index], nullCollections)
            continue
          }
          let cell = bytes.extracting(offset..<offset + count)
          offset += count
          guard output.append(plain: cell, forms[index]) else {
            isWritten = false
            break
          }
        }
        if isWritten { output.append(UInt8(ascii: "}")) } else { output.removeAll() }
      }
      guard isWritten else { return }
      isFirst = false
      position = RowPosition(offset: end, index: position.index + 1)
    }
  }

  /// Where a row ends; nil when the page ends within it.
  @inline(__always)
  private static func endOfRow(_ bytes: Span<UInt8>, from start: Int, columns: Int) -> Int? {
    var end = start
    for _ in 0..<columns {
      guard bytes.count - end >= 4 else { return nil }
      let count = Int(bytes.int32(at: end))
      end += 4
      guard count > 0 else { continue }
      guard count <= bytes.count - end else { return nil }
      end += count
    }
    return end
  }
}

extension OutputSpan where Element == UInt8 {
  fileprivate mutating func append(nullOf form: RowJSON.NullForm, _ nullCollections: NullCollections) {
    switch (nullCollections, form) {
    case (.empty, .emptyArray): append("[]")
    case (.empty, .emptyObject): append("{}")
    case (.null, _), (.empty, .null): append("null")
    }
  }

  /// Appends the JSON of a cell; false when it is not plain, and then something of it may have been appended.
  @inline(__always)
  fileprivate mutating func append(plain cell: Span<UInt8>, _ form: RowJSON.PlainForm) -> Bool {
    switch form {
    case .text: return append(plainText: cell)
    case .int where cell.count == 4: append(decimal: Int(cell.int32(at: 0)))
    case .bigint where cell.count == 8: append(decimal: Int(cell.int64(at: 0)))
    case .boolean where cell.count == 1: append(cell[0] == 0 ? "false" : "true")
    case .float where cell.count == 4: return append(float: Float(bitPattern: cell.uint32(at: 0)))
    case .textList: return append(plainList: cell)
    case .int, .bigint, .boolean, .float: return false
    }
    return true
  }

  @inline(__always)
  private mutating func append(plainText text: Span<UInt8>) -> Bool {
    guard text.isPlainText || text.isPlainUTF8 else { return false }
    append(UInt8(ascii: "\""))
    append(copying: text)
    append(UInt8(ascii: "\""))
    return true
  }

  /// The elements of a list have lengths of four bytes, which make room for the quotation marks and the comma.
  private mutating func append(plainList cell: Span<UInt8>) -> Bool {
    guard cell.count >= 4 else { return false }
    let number = Int(cell.int32(at: 0))
    var offset = 4
    guard number >= 0, number <= (cell.count - 4) / 4 else { return false }
    append(UInt8(ascii: "["))
    for index in 0..<number {
      guard cell.count - offset >= 4 else { return false }
      let count = Int(cell.int32(at: offset))
      offset += 4
      guard count >= 0, count <= cell.count - offset else { return false }
      if index > 0 { append(UInt8(ascii: ",")) }
      guard append(plainText: cell.extracting(offset..<offset + count)) else { return false }
      offset += count
    }
    append(UInt8(ascii: "]"))
    return offset == cell.count
  }

  /// A float where Swift writes it as Java does.
  private mutating func append(float number: Float) -> Bool {
    guard number.magnitude >= 0.001, number.magnitude < 10_000_000 else { return false }
    return number.description.withUTF8Span { bytes in
      guard bytes.count <= RowJSON.Plain.numberBytes else { return false }
      append(copying: bytes)
      return true
    }
  }
}

extension Span where Element == UInt8 {
  /// Whether all bytes are ASCII that JSON needs no escapes for.
  @inline(__always)
  fileprivate var isPlainText: Bool {
    if count >= 8 {
      var index = 0
      while count - index > 8 {
        guard Self.isPlainText(uint64(at: index)) else { return false }
        index += 8
      }
      // The last word overlaps what has been looked at.
      return Self.isPlainText(uint64(at: count - 8))
    }
    if count >= 4 { return Self.isPlainText(UInt64(uint32(at: 0)) << 32 | UInt64(uint32(at: count - 4))) }
    for index in indices {
      let byte = self[index]
      if byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
    }
    return true
  }

  /// Subtracting 1 from a byte sets its top bit when the byte was 0 or had it set, which is not plain anyway; a borrow can
  /// only make a second byte look like a match when there is a first one.
  @inline(__always)
  private static func isPlainText(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = (word ^ (ones &* UInt64(UInt8(ascii: "\"")))) &- ones
    let backslashes = (word ^ (ones &* UInt64(UInt8(ascii: "\\")))) &- ones
    let controls = word &- ones &* 0x20
    return (quotes | backslashes | controls | word) & (ones &* 0x80) == 0
  }

  /// Whether the bytes are UTF-8 that JSON needs no escapes for.
  @inline(never)
  fileprivate var isPlainUTF8: Bool {
    for index in indices {
      let byte = self[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
    }
    return isUTF8
  }
}
