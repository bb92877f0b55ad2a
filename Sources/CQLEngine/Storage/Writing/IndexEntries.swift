internal import CassandraBytes

extension IndexDefinition {
  /// The keys of the entries that a record has in this index, with the index's number.
  func entries(_ recordKey: [UInt8], _ record: [UInt8], isHead: Bool) throws(StorageError) -> Set<[UInt8]> {
    var entries: Set<[UInt8]> = []
    try forEachEntry(recordKey.span, record.span, isHead: isHead) { entries.insert([UInt8](copying: $0)) }
    return entries
  }

  /// Gives the keys of a record's entries to `body`, with the index's number. One may come more than once.
  func forEachEntry(
    _ recordKey: Span<UInt8>, _ record: Span<UInt8>, isHead: Bool, _ body: (Span<UInt8>) -> Void
  ) throws(StorageError) {
    guard !record.isEmpty else { return }
    let layout = try RecordLayout(record)
    var key: [UInt8] = []
    if case .key(let extract) = source {
      var value: [UInt8] = []
      if !isHead && extract(recordKey, record.extracting(layout.note), &value) {
        write(value.span, recordKey, into: &key)
        body(key.span)
      }
      return
    }
    var position = layout.cells
    while let cell = try RecordCell.next(record, &position, base: layout.baseTimestamp) {
      if cell.isTombstone || cell.isCollectionDeletion { continue }
      switch source {
      case .values(let column) where column == cell.column:
        write(record.extracting(cell.value), recordKey, into: &key)
        body(key.span)
      case .paths(let column) where column == cell.column:
        write(record.extracting(cell.path), recordKey, into: &key)
        body(key.span)
      case .entries(let column) where column == cell.column:
        var both: [UInt8] = []
        both.append(bigEndian: UInt32(cell.path.count))
        both.append(copying: record.extracting(cell.path))
        both.append(copying: record.extracting(cell.value))
        write(both.span, recordKey, into: &key)
        body(key.span)
      case .values, .paths, .entries, .key: break
      }
    }
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

  /// Puts the key of an entry into `key`.
  private func write(_ value: Span<UInt8>, _ recordKey: Span<UInt8>, into key: inout [UInt8]) {
    key.removeAll(keepingCapacity: true)
    key.reserveCapacity(8 + value.count + recordKey.count)
    key.append(bigEndian: number.rawValue)
    if let order {
      var ordered: [UInt8] = []
      order(value, &ordered)
      IndexKey.append(ordered.span, to: &key)
    } else {
      IndexKey.append(value, to: &key)
    }
    key.append(copying: recordKey)
  }
}
