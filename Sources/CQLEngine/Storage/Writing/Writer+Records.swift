internal import CassandraBytes

extension Writer {
  /// The table of a write as it is now.
  ///
  /// A write that was made before a change of the schema may come after it: it has to keep an index that is new, because
  /// the index's building does not come by again.
  func currentTable(_ table: TableHandle) -> TableHandle {
    background.tables?[table.number] ?? table
  }

  func write(_ mutation: PartitionMutation) throws(StorageError) {
    let table = currentTable(mutation.table)
    beginKey(table.number, mutation.partition.bytes)
    let prefixCount = key.count
    if !mutation.head.isEmpty {
      key.append(RecordKind.head.rawValue)
      try writeHead(table, mutation.head)
    }
    for row in mutation.rows {
      key.removeSubrange(prefixCount...)
      key.append(RecordKind.row.rawValue)
      key.append(contentsOf: row.clustering)
      try merge(table, key, row.record, isHead: false)
    }
  }

  private func beginKey(_ table: TableNumber, _ rest: [UInt8]) {
    key.removeAll(keepingCapacity: true)
    key.append(bigEndian: table.rawValue)
    key.append(contentsOf: rest)
  }

  private func writeHead(_ table: TableHandle, _ head: [UInt8]) throws(StorageError) {
    if persistedHeads.insert(table.number.rawValue).inserted {
      // Before the commit: a reader that sees the head has to know of it.
      heads.insert(table.number)
      try statements.addHeaded.bind(1, Int64(table.number.rawValue))
      try statements.addHeaded.run()
    }
    try merge(table, key, head, isHead: true)
    let layout = try RecordLayout(head.span)
    let partition = Array(key[4...].dropLast())
    if layout.deletion != nil {
      let rows = KeyRange.rows(of: PartitionKey(prefix: partition.span))
      try scheduleSweep(table.number, rows, purgesHead: false)
    }
    if !layout.ranges.isEmpty {
      for interval in try RangeDeletions(head.span.extracting(layout.ranges)).intervals {
        let rows = KeyRange.rows(
          of: PartitionKey(prefix: partition.span), from: interval.lower, upTo: interval.upper)
        try scheduleSweep(table.number, rows, purgesHead: false)
      }
    }
  }

  /// Merges an update into the record of a key, with the table's number.
  func merge(
    _ table: TableHandle, _ key: [UInt8], _ update: [UInt8], isHead: Bool
  ) throws(StorageError) {
    guard let layout = try? RecordLayout(update.span), isHead || layout.ranges.isEmpty else {
      throw StorageError(.invalidMutation)
    }
    var through = Int64.min
    if layout.hasCounters && !isHead && persistedHeads.contains(table.number.rawValue) {
      let recordKey = Array(key[4...])
      through = try reader.deletedThrough(table.number, recordKey.span)
    }
    var result: [UInt8]? = update
    var old: [UInt8]?
    let keepsOld = !table.indexes.isEmpty
    let isThere = try lookup.find(key) { existing throws(StorageError) in
      result = try RecordMerge.merge(existing, update.span, deletedThrough: through)
      if keepsOld { old = [UInt8](copying: existing) }
    }
    if !isThere && (layout.isMortal || through > .min) {
      result = try RecordMerge.settle(update.span, deletedThrough: through)
    }
    let stored = StoredRecord(isThere: isThere, longNumber: lookup.longNumber)
    try replace(table, key, stored, old: isThere ? (old ?? []) : nil, with: result, isHead: isHead)
  }

  /// Puts a record in the place of another (nil: none), keeps the indexes, and plans when to look at it again. `old` may
  /// be empty when the table has no indexes.
  func replace(
    _ table: TableHandle, _ key: [UInt8], _ stored: StoredRecord, old: [UInt8]?, with new: [UInt8]?, isHead: Bool
  ) throws(StorageError) {
    if let new {
      guard new.count <= limits.recordBytes else { throw StorageError(.recordTooLarge) }
      try put(key, new, stored)
      if try RecordLayout(new.span).isMortal, let due = try RecordPurge.due(new.span, grace: table.graceSeconds) {
        try schedulePurge(key, at: due)
      }
    } else if stored.isThere {
      try remove(key, longNumber: stored.longNumber)
    }
    if !table.indexes.isEmpty { try updateIndexes(table, key, old: old, new: new, isHead: isHead) }
  }

  /// Stores a record under a key.
  private func put(_ key: [UInt8], _ record: [UInt8], _ stored: StoredRecord) throws(StorageError) {
    if key.count + record.count <= StoreFormat.inlineBytes || record.count <= LongRecord.stubBytes {
      if let number = stored.longNumber { try removeLong(number) }
      try (stored.isThere ? statements.replace : statements.insert).run(key, record)
    } else if let number = stored.longNumber {
      try statements.replaceLong.bind(1, number)
      try statements.replaceLong.run(record: record)
    } else {
      try statements.addLong.run(record: record)
      try (stored.isThere ? statements.replace : statements.insert).run(key, LongRecord.stub(database.lastRow))
    }
  }

  /// Stores an index's entry, which has a key and nothing else.
  func putEntry(_ key: [UInt8]) throws(StorageError) { try statements.replace.run(key, []) }

  /// Removes a key with its record.
  func remove(_ key: [UInt8], longNumber: Int64?) throws(StorageError) {
    if let longNumber { try removeLong(longNumber) }
    try statements.remove.run(key)
  }

  private func removeLong(_ number: Int64) throws(StorageError) {
    try statements.removeLong.bind(1, number)
    try statements.removeLong.run()
  }

  private func updateIndexes(
    _ table: TableHandle, _ key: [UInt8], old: [UInt8]?, new: [UInt8]?, isHead: Bool
  ) throws(StorageError) {
    let recordKey = Array(key[4...])
    for index in table.indexes {
      let before =
        try old.map { old throws(StorageError) in
          try index.entries(recordKey, old, isHead: isHead)
        } ?? []
      let after =
        try new.map { new throws(StorageError) in
          try index.entries(recordKey, new, isHead: isHead)
        } ?? []
      for entry in before.subtracting(after) { try statements.remove.run(entry) }
      for entry in after.subtracting(before) { try putEntry(entry) }
    }
  }

  /// Plans to look at a record at `seconds`, or up to a minute later, so that many changes of a record plan once.
  func schedulePurge(_ key: [UInt8], at seconds: Int64) throws(StorageError) {
    let at = (seconds + 63) & ~63
    try statements.addPurge.bind(1, at)
    try statements.addPurge.bind(2, key)
    try statements.addPurge.run()
    background.nextSeconds = min(background.nextSeconds ?? .max, at)
  }

  /// Plans to remove what the partition's head covers in a range of its rows.
  func scheduleSweep(_ table: TableNumber, _ rows: KeyRange, purgesHead: Bool) throws(StorageError) {
    try statements.addSweep.bind(1, Int64(table.rawValue))
    try statements.addSweep.bind(2, rows.lower)
    try statements.addSweep.bind(3, rows.upper)
    try statements.addSweep.bind(4, purgesHead ? 1 : 0)
    try statements.addSweep.run()
    background.hasSweeps = true
  }
}

/// What was found under a key.
struct StoredRecord {
  var isThere: Bool
  var longNumber: Int64?
}
