internal import CassandraBytes

/// A materialized view: records in a table number of its own, kept by the writer in the transaction of the rows.
///
/// A view's record is the base's record under another key and with another note: all cells of the row, also of columns
/// that the view does not have, since a row is there as long as one of its cells is. It follows from the base's record
/// alone, so it is put in the place of the one before and never merged. It says that the row *may* be there: cells expire
/// and range deletions cover rows without a write, and a reader looks at ``RowOrigin`` for what has become of it.
package struct ViewDefinition: Sendable {
  /// Makes the place of a row: of the key of the base's record (without the table's number), its note, and the value of
  /// the base's cell that is in the view's key, the key of the view's record and its note.
  package typealias Place =
    @Sendable (
      _ key: Span<UInt8>, _ note: Span<UInt8>, _ value: Span<UInt8>, _ viewKey: inout [UInt8], _ viewNote: inout [UInt8]
    ) -> Placement

  /// What becomes of a row of the base.
  package enum Placement: Sendable {
    /// It is in the view.
    case placed
    /// It is not: the view's conditions leave it out.
    case leftOut
    /// Its place has more bytes than a key may have.
    case tooLong
  }

  /// The number of the view's own records.
  package let number: TableNumber
  /// The column with cells that is in the view's key; nil when there is none.
  package let keyColumn: ColumnID?
  /// Cells of that column show only when they are newer.
  package let hiddenThrough: Int64
  /// Makes the place of a row.
  package let place: Place

  package init(number: TableNumber, keyColumn: ColumnID?, hiddenThrough: Int64 = .min, place: @escaping Place) {
    self.number = number
    self.keyColumn = keyColumn
    self.hiddenThrough = hiddenThrough
    self.place = place
  }
}

/// A record of a view.
struct ViewRow: Equatable {
  /// The key with the view's number.
  var key: [UInt8]
  var record: [UInt8]
}

extension ViewDefinition {
  /// The row that a record of the base (no head) has in the view; nil when it has none. One whose key would be too long is
  /// refused when it is written; what was there before the view is left out of it.
  func row(
    _ base: TableNumber, _ recordKey: Span<UInt8>, _ record: Span<UInt8>, isWritten: Bool = false
  ) throws(StorageError) -> ViewRow? {
    guard !record.isEmpty else { return nil }
    let layout = try RecordLayout(record)
    guard let cell = try cell(of: record, layout) else { return nil }
    let value: Span<UInt8>
    switch cell {
    case .needless: value = record.extracting(0..<0)
    case .found(let found): value = record.extracting(found.value)
    }
    var key: [UInt8] = []
    key.append(bigEndian: number.rawValue)
    var note: [UInt8] = []
    switch place(recordKey, record.extracting(layout.note), value, &key, &note) {
    case .placed: break
    case .leftOut: return nil
    case .tooLong:
      guard isWritten else { return nil }
      throw StorageError(.viewKeyTooLong)
    }
    RowOrigin.append(base, recordKey, cell.found, to: &note)
    return ViewRow(key: key, record: Self.record(record, layout, note))
  }

  private enum KeyCell {
    /// The view's key has no column with cells, and there is something in the row.
    case needless
    case found(RecordCell)

    var found: RecordCell? {
      if case .found(let cell) = self { cell } else { nil }
    }
  }

  /// The cell in the view's key; nil when the row cannot be there.
  private func cell(of record: Span<UInt8>, _ layout: RecordLayout) throws(StorageError) -> KeyCell? {
    if keyColumn == nil, layout.marker != nil { return .needless }
    var position = layout.cells
    while let cell = try RecordCell.next(record, &position, base: layout.baseTimestamp) {
      if cell.isTombstone || cell.isCollectionDeletion { continue }
      guard let keyColumn else { return .needless }
      if cell.column == keyColumn { return cell.timestamp > hiddenThrough ? .found(cell) : nil }
      if cell.column > keyColumn { return nil }
    }
    return nil
  }

  /// The bytes of a record with another note, and without the deletion, which has done its work there.
  private static func record(_ base: Span<UInt8>, _ layout: RecordLayout, _ note: [UInt8]) -> [UInt8] {
    var record: [UInt8] = []
    record.reserveCapacity(base.count + note.count + 4)
    record.append(RecordLayout.version)
    record.append(
      layout.flags & ~(RecordLayout.Flag.deletion | RecordLayout.Flag.ranges) | RecordLayout.Flag.note
        | RecordLayout.Flag.derived)
    record.append(bigEndian: layout.baseTimestamp)
    if let expiry = layout.marker?.expiry {
      record.append(bigEndian: expiry.ttl)
      record.append(bigEndian: expiry.seconds)
    }
    record.append(bigEndian: UInt32(note.count))
    record.append(contentsOf: note)
    record.append(copying: base.extracting(layout.cells..<base.count))
    return record
  }
}
