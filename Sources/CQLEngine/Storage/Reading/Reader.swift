internal import CassandraBytes
internal import Synchronization

/// What the caller wants after a record.
package enum ScanStep: Sendable {
  /// The next record.
  case next
  /// The next partition's first record (backwards: the last of the partition before).
  case nextPartition
  /// No more for now, and this record again afterwards: it has not been taken.
  case pause
  /// No more.
  case stop
}

/// Why a scan has returned.
package enum ScanEnd: Sendable, Equatable {
  /// The range is exhausted.
  case end
  /// The closure has answered `stop`.
  case stopped
  /// The slice's budget is used up: wait a turn, then scan what is left.
  case slice(rest: KeyRange)
}

/// Reads a store: one for each loop, with a read-only connection of its own. Not Sendable.
///
/// Each call sees one committed state, with every write that was acknowledged before it began; after `nextPartition` a
/// scan may see a later one. No call leaves a statement open. Calls may be made inside of the closures of others and see
/// their state. `now` is the request's time in seconds since 1970: what expires at or before it is not shown.
package final class Reader {
  private let database: Database
  private let heads: HeadedTables
  private let isWriters: Bool
  private var knownHeads = HeadedTables.Copy()
  // Statements and buffers that no call uses at the moment; each call takes one, so that calls can be nested.
  private var lookups: [Lookup] = []
  private var scans: [Scan] = []
  private var metaLookup: Statement?

  init(_ database: Database, heads: HeadedTables, isWriters: Bool = false) {
    self.database = database
    self.isWriters = isWriters
    self.heads = heads
  }

  /// Writes all that is committed to a file of its own, which a store can begin with: see
  /// ``StoreConfiguration/Location/temporaryCopy(of:)``. Nothing may be at `path` yet. It blocks until all is written.
  package func copy(to path: String) throws(StorageError) {
    try database.execute(
      "VACUUM INTO '\(path.split(ascii: "'", omittingEmptySubsequences: false).joined(separator: "''"))'")
  }

  /// Looks one record up by its whole key (``PartitionKey/row(_:)``, ``PartitionKey/head``) and gives it to `body` when
  /// it is there; answers whether it was. The record may have no live cell: see ``RecordView/isLive()``.
  package func record(
    _ table: TableNumber, _ key: [UInt8], now: Int64, _ body: (borrowing RecordView) throws(StorageError) -> Void
  ) throws(StorageError) -> Bool {
    let lookup = try takeLookup()
    defer { lookups.append(lookup) }
    return try lookup.find(table, key.span) { bytes throws(StorageError) in
      let through: Int64
      if RowOrigin.isThere(in: bytes) {
        through = try self.through(RowOrigin(bytes), now: now)
      } else {
        through =
          knownHeads.contains(table, in: heads) && key.count > PartitionKey.headerBytes
          ? try deletedThrough(table, key.span) : .min
      }
      try body(RecordView(key: key.span, bytes: bytes, now: now, deletedThrough: through))
    }
  }

  /// Gives the records of a range to `body`, forwards or backwards, until it answers `stop`, the range ends or the
  /// budget is used up. Records without anything live are given too: see ``RecordView/isLive()``.
  package func scan(
    _ table: TableNumber, _ range: KeyRange, reverse: Bool = false, now: Int64, budget: SliceBudget = SliceBudget(),
    _ body: (borrowing RecordView) throws(StorageError) -> ScanStep
  ) throws(StorageError) -> ScanEnd {
    let scan = try takeScan()
    defer { scans.append(scan) }
    var partition: [UInt8] = []
    var deletions = PartitionDeletions()
    return try scan.run(table, range, reverse: reverse, budget) { key, bytes throws(StorageError) in
      var through = Int64.min
      if RowOrigin.isThere(in: bytes) {
        through = try self.through(RowOrigin(bytes), now: now)
      } else if knownHeads.contains(table, in: heads) {
        guard key.count > PartitionKey.headerBytes else { throw .damagedRecord }
        let count = PartitionKey.headerBytes + Int(key.uint16(at: 8))
        guard key.count > count else { throw .damagedRecord }
        let prefix = key.extracting(0..<count)
        let isHead = key[count] == RecordKind.head.rawValue
        if !prefix.isEqual(to: partition.span) {
          partition.removeAll(keepingCapacity: true)
          partition.append(copying: prefix)
          deletions = isHead ? try PartitionDeletions(head: bytes) : try self.deletions(table, partition)
        }
        if !isHead { through = deletions.through(key.extracting((count + 1)..<key.count)) }
      }
      return try body(RecordView(key: key, bytes: bytes, now: now, deletedThrough: through))
    }
  }

  /// Gives the base keys of an index's entries for one value (ordered bytes, as ``IndexDefinition/order`` makes them),
  /// ordered by base key; the caller reads each base record and checks. `after`: the base key to go on behind. The rest
  /// in ``ScanEnd/slice(rest:)`` is not of use here: go on behind the last base key seen.
  package func indexEntries(
    _ index: TableNumber, value: [UInt8], after: [UInt8]? = nil, budget: SliceBudget = SliceBudget(),
    _ body: (_ baseKey: Span<UInt8>) throws(StorageError) -> ScanStep
  ) throws(StorageError) -> ScanEnd {
    let prefix = IndexKey.prefix(value)
    var range = KeyRange(lower: prefix, upper: KeyRange.prefixEnd(prefix))
    if let after { range.lower = prefix + after + [0] }
    return try indexEntries(index, range, budget: budget) { _, baseKey throws(StorageError) in try body(baseKey) }
  }

  /// Gives the entries of an index in the order of their values: the entry's key, to resume at, and the base key. Bounds
  /// are made with ``IndexKey``.
  package func indexEntries(
    _ index: TableNumber, _ range: KeyRange, reverse: Bool = false, budget: SliceBudget = SliceBudget(),
    _ body: (_ key: Span<UInt8>, _ baseKey: Span<UInt8>) throws(StorageError) -> ScanStep
  ) throws(StorageError) -> ScanEnd {
    let scan = try takeScan()
    defer { scans.append(scan) }
    return try scan.run(index, range, reverse: reverse, budget) { key, _ throws(StorageError) in
      guard let base = IndexKey.baseKey(key) else { throw .damagedRecord }
      return try body(key, key.extracting(base))
    }
  }

  /// A value of the area of names and values; nil when there is none.
  package func meta(_ name: String) throws(StorageError) -> [UInt8]? {
    try checkOpen()
    let statement: Statement
    if let metaLookup {
      statement = metaLookup
    } else {
      statement = try database.prepare("SELECT value FROM meta WHERE name = ?1")
      metaLookup = statement
    }
    defer { statement.reset() }
    try statement.bind(1, Array(name.utf8))
    return try statement.step() ? statement.bytes(0) : nil
  }

  /// The values of the area of names and values whose names begin with `prefix`, in the order of their names.
  package func meta(beginningWith prefix: String) throws(StorageError) -> [(name: String, value: [UInt8]?)] {
    try checkOpen()
    let statement = try database.prepare(
      "SELECT name, value FROM meta WHERE name >= ?1 AND name < ?2 ORDER BY name")
    try statement.bind(1, Array(prefix.utf8))
    try statement.bind(2, KeyRange.prefixEnd(Array(prefix.utf8)))
    var found: [(name: String, value: [UInt8]?)] = []
    while try statement.step() {
      found.append((name: String(decoding: statement.bytes(0), as: UTF8.self), value: statement.bytes(1)))
    }
    return found
  }

  /// What deletes the row of a view: the head of the partition that it comes from, and what becomes of the value that it
  /// stands under, without which nothing of it is there.
  private func through(_ origin: borrowing RowOrigin, now: Int64) throws(StorageError) -> Int64 {
    let through = knownHeads.contains(origin.table, in: heads) ? try deletedThrough(origin.table, origin.key) : .min
    return origin.isLive(at: now, after: through) ? through : .max
  }

  /// What the head of a record's partition says about the record; `Int64.min` for a head itself.
  func deletedThrough(_ table: TableNumber, _ key: Span<UInt8>) throws(StorageError) -> Int64 {
    let count = PartitionKey.headerBytes + Int(key.uint16(at: 8))
    guard key.count > count, key[count] != RecordKind.head.rawValue else { return .min }
    let lookup = try takeLookup()
    defer { lookups.append(lookup) }
    var head = [UInt8](copying: key.extracting(0..<count))
    head.append(RecordKind.head.rawValue)
    let clustering = key.extracting((count + 1)..<key.count)
    var through = Int64.min
    // Of a long head each part says what it deletes, and the latest counts, so they need not be merged.
    try lookup.findParts(table, head.span) { bytes throws(StorageError) in
      let layout = try RecordLayout(bytes)
      if let deletion = layout.deletion { through = max(through, deletion.timestamp) }
      if layout.ranges.isEmpty { return }
      through = max(through, try RangeDeletions.deletedThrough(clustering, in: bytes.extracting(layout.ranges)))
    }
    return through
  }

  /// The deletions in the head of the partition with that prefix.
  func deletions(_ table: TableNumber, _ partition: [UInt8]) throws(StorageError) -> PartitionDeletions {
    let lookup = try takeLookup()
    defer { lookups.append(lookup) }
    var key = partition
    key.append(RecordKind.head.rawValue)
    var deletions = PartitionDeletions()
    _ = try lookup.find(table, key.span) { bytes throws(StorageError) in
      deletions = try PartitionDeletions(head: bytes)
    }
    return deletions
  }

  private func takeLookup() throws(StorageError) -> Lookup {
    try checkOpen()
    if let lookup = lookups.popLast() { return lookup }
    return try Lookup(database)
  }

  /// The writer's own reader goes on until the writer's end.
  @inline(__always)
  private func checkOpen() throws(StorageError) {
    if !isWriters && heads.isClosed.load(ordering: .relaxed) { throw StorageError(.closed) }
  }

  private func takeScan() throws(StorageError) -> Scan {
    try checkOpen()
    if let scan = scans.popLast() { return scan }
    return try Scan(database)
  }
}
