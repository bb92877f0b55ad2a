internal import CassandraBytes
internal import CassandraJSON
public import CassandraWire
internal import Synchronization

/// How the rows of a layout are written as JSON objects: the members' names are ready, and the writer of each value is
/// chosen.
struct RowJSON: Sendable {
  /// One member: its name with what stands around it, as in `,"species":`.
  struct Member: Sendable {
    var prefix: [UInt8]
    var writer: CellJSONWriter
    var nullForm: NullForm
  }

  /// What a null cell of the column becomes when empty collections are wanted.
  enum NullForm: Sendable {
    case null
    case emptyArray
    case emptyObject
  }

  let members: [Member]
  /// For rows of frequent types alone.
  let plain: Plain?

  init(columns: [ColumnSpecification], timestamps: TimestampForm) {
    var members: [Member] = []
    for column in columns {
      var prefix: [UInt8] = [members.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ",")]
      prefix.append(jsonString: Array(column.name.utf8).span)
      prefix.append(UInt8(ascii: ":"))
      let nullForm: NullForm =
        switch column.type {
        case .list, .set: .emptyArray
        case .map: .emptyObject
        default: .null
        }
      members.append(
        Member(prefix: prefix, writer: CellJSONWriter(column.type, timestamps: timestamps), nullForm: nullForm))
    }
    self.members = members
    plain = Plain(members)
  }
}

extension RowLayout {
  /// How rows of this layout are written as JSON; made at the first use.
  fileprivate var jsonWriting: RowWriting {
    if let writing = writing.load() { return writing }
    let json = RowJSON(columns: columns, timestamps: .rfc3339)
    // Of most tables both are the same, and a few writers more cost the others nothing to speak of.
    let cassandra = RowJSON(columns: columns, timestamps: .cassandra)
    let writing = RowWriting { (page, position, isFirst, buffer, limit, style) throws(RowError) in
      try page.appendJSON(
        style.hasCassandraTimestamps ? cassandra : json, from: &position, isFirst: &isFirst, into: &buffer,
        limit: limit, style)
    }
    return self.writing.storeIfNil(writing)
  }
}

/// What a null collection becomes in JSON.
public enum NullCollections: Sendable {
  /// `null`, as in Cassandra's own JSON.
  case null
  /// `[]` or `{}`: Cassandra does not keep empty collections, so a null one and an empty one are the same.
  case empty
}

extension Page {
  /// Appends rows as JSON objects, one after the other with commas between, or what else is wanted, until `buffer` has
  /// `limit` bytes or the page ends.
  ///
  /// - Parameters:
  ///   - position: Where to begin; moves behind what was written.
  ///   - isFirst: Whether no comma is wanted before the next row; false afterwards.
  ///   - buffer: Takes the text; one row more than the limit at most.
  ///   - limit: The number of bytes in the buffer after which no further row is begun.
  ///   - nullCollections: What a null collection becomes.
  ///   - timestamps: How timestamps are written.
  ///   - separator: The byte between two rows, such as a line feed for JSON lines.
  /// - Throws: ``RowError``; the buffer then ends within a row.
  public func appendJSON(
    from position: inout RowPosition, isFirst: inout Bool, into buffer: inout [UInt8], limit: Int,
    nullCollections: NullCollections = .null, timestamps: TimestampForm = .rfc3339,
    separator: UInt8 = UInt8(ascii: ",")
  ) throws(RowError) {
    let style = RowTextStyle(
      emptiesNullCollections: nullCollections == .empty, hasCassandraTimestamps: timestamps == .cassandra,
      separator: separator)
    try layout.jsonWriting.append(self, &position, &isFirst, &buffer, limit, style)
  }

  /// Does what the function above says, with the layout's writers at hand.
  fileprivate func appendJSON(
    _ json: RowJSON, from position: inout RowPosition, isFirst: inout Bool, into buffer: inout [UInt8], limit: Int,
    _ style: RowTextStyle
  ) throws(RowError) {
    while hasRow(at: position) && buffer.count < limit {
      if let plain = json.plain {
        appendPlainJSON(plain, from: &position, isFirst: &isFirst, into: &buffer, limit: limit, style)
        guard hasRow(at: position) && buffer.count < limit else { return }
      }
      if !isFirst { buffer.append(style.separator) }
      isFirst = false
      try appendJSONRow(
        json, at: &position, into: &buffer, nullCollections: style.emptiesNullCollections ? .empty : .null)
    }
  }

  /// Appends the row at `position` as a JSON object and moves behind it; there is one.
  private func appendJSONRow(
    _ json: RowJSON, at position: inout RowPosition, into buffer: inout [UInt8], nullCollections: NullCollections
  ) throws(RowError) {
    let bytes = body.span
    let members = json.members
    for index in members.indices {
      buffer.append(contentsOf: members[index].prefix)
      let range: Range<Int>?
      do throws(WireError) { range = try bytes.readBytes(&position.offset) } catch {
        throw RowError(.wire(error), column: layout.columns[index].name)
      }
      if let range {
        do throws(CQLValueError) { try members[index].writer.write(bytes.extracting(range), into: &buffer) } catch {
          throw RowError(.value(error), column: layout.columns[index].name)
        }
      } else {
        switch (nullCollections, members[index].nullForm) {
        case (.empty, .emptyArray): buffer.append("[]")
        case (.empty, .emptyObject): buffer.append("{}")
        case (.null, _), (.empty, .null): buffer.append("null")
        }
      }
    }
    if members.isEmpty { buffer.append(UInt8(ascii: "{")) }
    buffer.append(UInt8(ascii: "}"))
    position.index += 1
  }
}

extension Row {
  /// Appends the row as a JSON object.
  ///
  /// - Throws: ``RowError``; the buffer then ends within the row.
  public func appendJSON(
    into buffer: inout [UInt8], nullCollections: NullCollections = .null, timestamps: TimestampForm = .rfc3339
  ) throws(RowError) {
    var position = RowPosition(offset: offset, index: page.rowCount - 1)
    var isFirst = true
    try page.appendJSON(
      from: &position, isFirst: &isFirst, into: &buffer, limit: .max, nullCollections: nullCollections,
      timestamps: timestamps)
  }
}
