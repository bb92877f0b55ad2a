import CQLLanguage
import CassandraBytes
import CassandraWire

/// How long a value may be that an index of the first kind is made on: in Cassandra it is the key of a partition there.
///
/// The indexes that are attached to the table have no such limit.
enum IndexedValueLimit {
  /// The first length that is refused, in bytes.
  static let bytes = 65_535

  /// Refuses a write with a value that an index of its table cannot have.
  static func check(
    _ operations: [BoundOperation], _ rows: [RowAddress], of table: Table
  ) throws(EngineFailure) {
    for index in table.indexes where index.className == nil {
      for operation in operations where operation.column.name.hasSameBytes(as: index.column) {
        try check(operation, index, table)
      }
    }
    for row in rows { try check(note: row.note, of: table) }
  }

  /// Refuses a row whose clustering values an index cannot have.
  static func check(note: [UInt8], of table: Table) throws(EngineFailure) {
    guard note.count >= bytes else { return }
    for index in table.indexes where index.className == nil {
      guard let position = table.clustering.firstIndex(where: { $0.name.hasSameBytes(as: index.column) }),
        let range = KeyLayout.component(position, ofNote: note.span)
      else { continue }
      try check(range.count, index, table)
    }
  }

  /// Refuses a value of so many bytes in a column of one cell.
  static func check(_ count: Int, in column: Column, of table: Table) throws(EngineFailure) {
    guard count >= bytes else { return }
    for index in table.indexes where index.className == nil && index.column.hasSameBytes(as: column.name) {
      guard index.part == .simple || index.part == .full else { continue }
      try check(count, index, table)
    }
  }

  /// Refuses to look for a value that no index of the first kind can have.
  static func check(
    wanted value: ArraySlice<UInt8>, by number: TableNumber, of table: Table
  ) throws(EngineFailure) {
    guard value.count > bytes, table.indexes.contains(where: { $0.number == number && $0.className == nil }) else {
      return
    }
    throw EngineFailure.invalid("Index expression values may not be larger than 64K")
  }

  private static func check(_ operation: BoundOperation, _ index: Index, _ table: Table) throws(EngineFailure) {
    switch operation {
    case .cell(_, let value?):
      guard index.part != .simple && index.part != .full, operation.column.wire.isCollection else {
        return try check(value.count, index, table)
      }
    case .listElement(_, _, let value?): try check(value.count, index, table)
    case .replace(let column, let cells, _), .elements(let column, let cells):
      for cell in cells {
        guard let value = cell.value else { continue }
        guard column.wire.isMap else {
          try check(value.count, index, table)
          continue
        }
        guard let entry = MapCell(value.span) else { continue }
        switch index.part {
        case .keys: try check(entry.key.count, index, table)
        // Cassandra makes one value of both, with a length before and a byte behind each.
        case .entries: try check(entry.key.count + entry.value.count + 6, index, table)
        case .simple, .full, .values: try check(entry.value.count, index, table)
        }
      }
    case .cell, .listElement, .listDiscard, .counter, .increase: break
    }
  }

  private static func check(_ count: Int, _ index: Index, _ table: Table) throws(EngineFailure) {
    guard count >= bytes else { return }
    throw EngineFailure.invalid(
      "Cannot index value of size \(count) for index \(index.name) on \(table.qualifiedName)(\(index.column)) (maximum "
        + "allowed size=\(bytes))")
  }
}
