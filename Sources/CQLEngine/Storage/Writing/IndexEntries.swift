internal import CassandraBytes

extension IndexDefinition {
  /// The keys of the entries that a record has in this index, with the index's number.
  func entries(_ recordKey: [UInt8], _ record: [UInt8], isHead: Bool) throws(StorageError) -> Set<[UInt8]> {
    guard !record.isEmpty else { return [] }
    let layout = try RecordLayout(record.span)
    var entries: Set<[UInt8]> = []
    if case .key(let extract) = source {
      var value: [UInt8] = []
      let note = record.span.extracting(layout.note)
      if !isHead && extract(recordKey.span, note, &value) { entries.insert(entry(value.span, recordKey)) }
      return entries
    }
    var position = layout.cells
    while let cell = try RecordCell.next(record.span, &position, base: layout.baseTimestamp) {
      if cell.isTombstone || cell.isCollectionDeletion { continue }
      switch source {
      case .values(let column) where column == cell.column:
        entries.insert(entry(record.span.extracting(cell.value), recordKey))
      case .paths(let column) where column == cell.column:
        entries.insert(entry(record.span.extracting(cell.path), recordKey))
      case .entries(let column) where column == cell.column:
        var both: [UInt8] = []
        both.append(bigEndian: UInt32(cell.path.count))
        both.append(copying: record.span.extracting(cell.path))
        both.append(copying: record.span.extracting(cell.value))
        entries.insert(entry(both.span, recordKey))
      case .values, .paths, .entries, .key: break
      }
    }
    return entries
  }

  /// Whether an update of a record that is there may change its entries.
  func isTouched(by update: Span<UInt8>, _ layout: RecordLayout) throws(StorageError) -> Bool {
    let column: ColumnID
    switch source {
    // Key and note of a record stay as they are.
    case .key: return false
    case .values(let indexed), .paths(let indexed), .entries(let indexed): column = indexed
    }
    if layout.deletion != nil { return true }
    var position = layout.cells
    while let cell = try RecordCell.next(update, &position, base: layout.baseTimestamp) {
      if cell.column == column { return true }
    }
    return false
  }

  private func entry(_ value: Span<UInt8>, _ recordKey: [UInt8]) -> [UInt8] {
    var key: [UInt8] = []
    key.reserveCapacity(8 + value.count + recordKey.count)
    key.append(bigEndian: number.rawValue)
    if let order {
      var ordered: [UInt8] = []
      order(value, &ordered)
      IndexKey.append(ordered.span, to: &key)
    } else {
      IndexKey.append(value, to: &key)
    }
    key.append(contentsOf: recordKey)
    return key
  }
}
