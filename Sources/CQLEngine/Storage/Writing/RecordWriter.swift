internal import CassandraBytes

/// Writes records, and with them what is made of them: entries of indexes, rows of views, and plans to purge and sweep.
///
/// It belongs to the writer's thread, and each of its functions to a transaction.
final class RecordWriter {
  private let database: Database
  private let limits: StorageLimits
  private let heads: HeadedTables
  /// Reads with the writer's own transaction.
  let reader: Reader
  private let lookup: Lookup
  private let statements: RecordStatements
  private let background: BackgroundWork
  /// The tables of which the file says that they have heads.
  private var persistedHeads: Set<UInt32>
  private var key: [UInt8] = []

  init(
    _ database: Database, _ heads: HeadedTables, persistedHeads: Set<UInt32>, _ limits: StorageLimits,
    _ background: BackgroundWork
  ) throws(StorageError) {
    self.database = database
    self.limits = limits
    self.heads = heads
    self.persistedHeads = persistedHeads
    self.background = background
    reader = Reader(database, heads: heads, isWriters: true)
    lookup = try Lookup(database)
    statements = try RecordStatements(database)
  }

  /// Writes the records of a mutation.
  func write(_ mutation: PartitionMutation) throws(StorageError) {
    let table = background.current(mutation.table)
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
    if let deletion = layout.deletion {
      let rows = KeyRange.rows(of: PartitionKey(prefix: partition.span))
      try scheduleSweep(table.number, rows, through: deletion.timestamp)
    }
    if !layout.ranges.isEmpty {
      for interval in try RangeDeletions(head.span.extracting(layout.ranges)).intervals {
        let rows = KeyRange.rows(
          of: PartitionKey(prefix: partition.span), from: interval.lower, upTo: interval.upper)
        try scheduleSweep(table.number, rows, through: interval.deletion.timestamp)
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
    // What adds to a long record without a need to know what is there costs what it adds.
    var adds = !layout.hasCounters && (isHead || table.views.isEmpty)
    if adds, try touchesIndex(table, update.span, layout) { adds = false }
    var result: [UInt8]? = update
    var old: [UInt8]?
    let keepsOld = !table.isPlain
    let isThere = try lookup.find(key, skipsLong: adds) { existing throws(StorageError) in
      result = try RecordMerge.merge(existing, update.span, deletedThrough: through)
      if keepsOld { old = [UInt8](copying: existing) }
    }
    let stored = StoredRecord(isThere: isThere, parts: lookup.parts)
    if adds && isThere && !stored.parts.isEmpty { return try add(table, key, update, layout, to: stored.parts) }
    if !isThere && (layout.isMortal || through > .min) {
      result = try RecordMerge.settle(update.span, deletedThrough: through)
    }
    try replace(
      table, key, stored, old: isThere ? (old ?? []) : nil, with: result, isHead: isHead, isWritten: true)
  }

  /// Puts a record in the place of another (nil: none), keeps indexes and views, and plans when to look at it again.
  /// `old` may be empty when the table has neither, or when `keepsDerived` says that none is touched; `isWritten` says that
  /// somebody waits for it, who can be refused.
  func replace(
    _ table: TableHandle, _ key: [UInt8], _ stored: StoredRecord, old: [UInt8]?, with new: [UInt8]?, isHead: Bool,
    keepsDerived: Bool = false, isWritten: Bool = false
  ) throws(StorageError) {
    if let new {
      guard new.count <= limits.recordBytes else { throw StorageError(.recordTooLarge) }
      try put(key, new, stored)
      if try RecordLayout(new.span).isMortal, let due = try RecordPurge.due(new.span, grace: table.graceSeconds) {
        try schedulePurge(key, at: due)
      }
    } else if stored.isThere {
      try remove(key, stored.parts)
    }
    if table.isPlain || keepsDerived { return }
    if !table.indexes.isEmpty { try updateIndexes(table, key, old: old, new: new, isHead: isHead) }
    if !table.views.isEmpty && !isHead { try updateViews(table, key, old: old, new: new, isWritten: isWritten) }
  }

  /// Whether an update may change the entries that a record has in an index.
  private func touchesIndex(
    _ table: TableHandle, _ update: Span<UInt8>, _ layout: RecordLayout
  ) throws(StorageError) -> Bool {
    for index in table.indexes {
      if try index.isTouched(by: update, layout) { return true }
    }
    return false
  }

  /// Stores a record under a key.
  func put(_ key: [UInt8], _ record: [UInt8], _ stored: StoredRecord) throws(StorageError) {
    if key.count + record.count <= StoreFormat.inlineBytes || record.count <= LongRecord.stubBytes {
      for part in stored.parts { try removeLong(part.number) }
      try (stored.isThere ? statements.replace : statements.insert).run(key, record)
    } else {
      try put(key, record, over: [], instead: stored.parts, isThere: stored.isThere)
    }
  }

  /// Stores a part of a long record over the parts in `below`, in the place of those in `replaced`.
  private func put(
    _ key: [UInt8], _ part: [UInt8], over below: [LongRecord.Part], instead replaced: [LongRecord.Part], isThere: Bool
  ) throws(StorageError) {
    for old in replaced.dropFirst() { try removeLong(old.number) }
    let number: Int64
    if let old = replaced.first {
      number = old.number
      try statements.replaceLong.bind(1, number)
      try statements.replaceLong.run(record: part)
    } else {
      try statements.addLong.run(record: part)
      number = database.lastRow
    }
    let parts = below + [LongRecord.Part(number: number, bytes: part.count)]
    if parts != below + replaced {
      try (isThere ? statements.replace : statements.insert).run(key, LongRecord.stub(parts))
    }
  }

  /// Adds an update to a long record, of which no more is read and written than keeps its parts few.
  private func add(
    _ table: TableHandle, _ key: [UInt8], _ update: [UInt8], _ layout: RecordLayout, to parts: [LongRecord.Part]
  ) throws(StorageError) {
    var sizes: [Int] = []
    for part in parts {
      if let bytes = part.bytes { sizes.append(bytes) } else { sizes.append(try bytes(ofLong: part.number)) }
    }
    var whole = sizes.reduce(update.count, +)
    var kept = parts.count
    var top = update
    // The limit is of the record as it would be read, which is known when its parts are merged.
    let mergesAll = whole <= LongRecord.wholeBytes || whole > limits.recordBytes
    while kept > 0 {
      let below = sizes[kept - 1]
      guard mergesAll || below < max(LongRecord.smallPartBytes, top.count * LongRecord.growth) else { break }
      kept -= 1
      whole -= below + top.count
      top = try lookup.longs.withPart(parts[kept].number) { part throws(StorageError) in
        try RecordMerge.merged(part, top.span)
      }
      whole += top.count
    }
    guard kept > 0 else {
      return try replace(
        table, key, StoredRecord(isThere: true, parts: parts), old: [], with: RecordMerge.isNothing(top) ? nil : top,
        isHead: false, keepsDerived: true)
    }
    try put(key, top, over: Array(parts[..<kept]), instead: Array(parts[kept...]), isThere: true)
    if layout.isMortal, let due = try RecordPurge.due(update.span, grace: table.graceSeconds) {
      try schedulePurge(key, at: due)
    }
  }

  private func bytes(ofLong number: Int64) throws(StorageError) -> Int {
    defer { statements.bytesOfLong.reset() }
    try statements.bytesOfLong.bind(1, number)
    guard try statements.bytesOfLong.step() else { throw .damagedRecord }
    return Int(statements.bytesOfLong.integer(0))
  }

  /// Stores an index's entry, which has a key and nothing else.
  func putEntry(_ key: [UInt8]) throws(StorageError) { try statements.replace.run(key, []) }

  /// Removes a key with its record.
  func remove(_ key: [UInt8], _ parts: [LongRecord.Part]) throws(StorageError) {
    for part in parts { try removeLong(part.number) }
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
      for entry in before.subtracting(after) {
        try statements.remove.run(entry)
        if !background.builds.isEmpty { background.entryWasRemoved(entry) }
      }
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

  /// Plans to remove what is deleted in a range of a partition's rows: through a timestamp, or (nil) as its head says,
  /// of which the deletions are purged afterwards.
  func scheduleSweep(_ table: TableNumber, _ rows: KeyRange, through: Int64?) throws(StorageError) {
    try statements.addSweep.bind(1, Int64(table.rawValue))
    try statements.addSweep.bind(2, rows.lower)
    try statements.addSweep.bind(3, rows.upper)
    try statements.addSweep.bind(4, through == nil ? 1 : 0)
    if let through { try statements.addSweep.bind(5, through) } else { try statements.addSweep.bindNull(5) }
    try statements.addSweep.run()
    background.hasSweeps = true
  }

  // MARK: Looking

  /// What stands under a key, of which `body` sees the record; nil when there is nothing.
  func find(
    _ key: [UInt8], skipsLong: Bool = false, _ body: (Span<UInt8>) throws(StorageError) -> Void
  ) throws(StorageError) -> StoredRecord? {
    guard try lookup.find(key, skipsLong: skipsLong, body) else { return nil }
    return StoredRecord(isThere: true, parts: lookup.parts)
  }

  /// Reads anew which tables have heads, after a transaction was taken back.
  func recheckHeads() {
    // Tables may be taken for headed that are not, which only costs a look; the file has to know all that are.
    if let persisted = try? Self.headedTables(database) { persistedHeads = persisted }
  }

  /// The tables of which the file says that they have heads.
  static func headedTables(_ database: Database) throws(StorageError) -> Set<UInt32> {
    var tables: Set<UInt32> = []
    let statement = try database.prepare("SELECT number FROM headed")
    while try statement.step() { tables.insert(UInt32(truncatingIfNeeded: statement.integer(0))) }
    return tables
  }

  // MARK: Views

  /// Brings the rows of views to what a record of their base has become.
  private func updateViews(
    _ table: TableHandle, _ key: [UInt8], old: [UInt8]?, new: [UInt8]?, isWritten: Bool
  ) throws(StorageError) {
    let recordKey = key.span.extracting(4..<key.count)
    for view in table.views {
      var before: ViewRow?
      var after: ViewRow?
      if let old { before = try view.row(table.number, recordKey, old.span) }
      if let new { after = try view.row(table.number, recordKey, new.span, isWritten: isWritten) }
      if before == after { continue }
      if let before, before.key != after?.key {
        if let stored = try find(before.key, skipsLong: true, { _ in }) { try remove(before.key, stored.parts) }
      }
      if let after { try put(after) }
    }
  }

  /// Puts a row of a view in the place of the one before.
  func put(_ row: ViewRow) throws(StorageError) {
    guard row.record.count <= limits.recordBytes else { throw StorageError(.recordTooLarge) }
    try put(row.key, row.record, try find(row.key, skipsLong: true, { _ in }) ?? StoredRecord(isThere: false))
  }
}

/// What was found under a key.
struct StoredRecord {
  var isThere: Bool
  /// Its parts, when it is a long one.
  var parts: [LongRecord.Part] = []
}
