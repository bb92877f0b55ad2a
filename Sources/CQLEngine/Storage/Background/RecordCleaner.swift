internal import CassandraBytes

/// Removes records that nobody can see any more.
struct RecordCleaner {
  let configuration: StoreConfiguration
  let records: RecordWriter
  let background: BackgroundWork

  private var limits: StorageLimits { configuration.limits }

  /// Records of a dropped table that are looked at together: few, because they are read whole before the first is removed,
  /// and a step has time for as many large ones only.
  private static let drainedAtOnce = 32

  /// Removes records of dropped tables.
  func drain(_ budget: inout StepBudget) throws(StorageError) {
    while !budget.isSpent {
      let first = background.statements.firstDrop
      let number: Int64? = try first.step() ? first.integer(0) : nil
      first.reset()
      guard let number else {
        background.hasDrops = false
        return
      }
      var lower: [UInt8] = []
      lower.append(bigEndian: UInt32(truncatingIfNeeded: number))
      var keys: [(key: [UInt8], parts: [LongRecord.Part])] = []
      let statement = background.statements.keys
      try statement.bind(1, lower)
      try statement.bind(2, KeyRange.prefixEnd(lower))
      try statement.bind(3, Int64(Self.drainedAtOnce))
      while try statement.step() {
        let record = unsafe statement.bytesInPlace(1).span
        var parts: [LongRecord.Part] = []
        if LongRecord.isStub(record) { try LongRecord.read(record, into: &parts) }
        keys.append((key: statement.bytes(0), parts: parts))
      }
      statement.reset()
      for (key, parts) in keys {
        // How long the removal of a long record takes is known only afterwards, so the clock is read each time.
        try records.remove(key, parts)
        if !budget.spend(bytes: 1 << 16) { return }
      }
      if keys.count < Self.drainedAtOnce {
        for statement in [
          background.statements.removeDrop, background.statements.removeHeaded, background.statements.removeBuild,
        ] {
          try statement.bind(1, number)
          try statement.run()
        }
      }
    }
  }

  // MARK: Covered rows

  private struct Sweep {
    var id: Int64
    var table: TableNumber
    var lower: [UInt8]
    var upper: [UInt8]
    /// Through which timestamp rows in the range are deleted; nil: as the partition's head says, of which the deletions
    /// are to be purged afterwards.
    var through: Int64?
    var purgesHead: Bool
  }

  private func nextSweep() throws(StorageError) -> Sweep? {
    let statement = background.statements.firstSweep
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    return Sweep(
      id: statement.integer(0), table: TableNumber(rawValue: UInt32(truncatingIfNeeded: statement.integer(1))),
      lower: statement.bytes(2), upper: statement.bytes(3), through: statement.isNull(5) ? nil : statement.integer(5),
      purgesHead: statement.integer(4) != 0)
  }

  /// Removes what the heads of partitions cover.
  func sweep(_ budget: inout StepBudget) throws(StorageError) {
    while !budget.isSpent {
      guard let sweep = try nextSweep() else {
        background.hasSweeps = false
        return
      }
      guard let table = background.tables?[sweep.table] else {
        // The table has been dropped.
        try finish(sweep)
        continue
      }
      guard sweep.lower.count > PartitionKey.headerBytes else { throw .damagedRecord }
      let prefixCount = PartitionKey.headerBytes + Int(sweep.lower.span.uint16(at: 8))
      guard sweep.lower.count > prefixCount else { throw .damagedRecord }
      let partition = Array(sweep.lower.prefix(prefixCount))
      // The deletion that asked for the sweep says itself what it covers: to read a head of thousands of ranges for each
      // of them would take the square of their number.
      var deletions = PartitionDeletions()
      if let through = sweep.through {
        deletions.through = through
      } else {
        deletions = try records.reader.deletions(sweep.table, partition)
      }
      var number: [UInt8] = []
      number.append(bigEndian: sweep.table.rawValue)
      var changes: [(key: [UInt8], stored: StoredRecord, old: [UInt8], new: [UInt8]?)] = []
      var bytes = 0
      var last: [UInt8] = []
      let isWhole = try background.forEachRecord(from: number + sweep.lower, upTo: number + sweep.upper) {
        key, record, stored throws(StorageError) in
        let through = deletions.through(key.extracting((4 + prefixCount + 1)..<key.count))
        let mayGoOn = budget.spend(bytes: record.count)
        if through > .min {
          let new = try RecordMerge.settle(record, deletedThrough: through)
          if new.map({ !$0.span.isEqual(to: record) }) ?? true {
            let old = [UInt8](copying: record)
            bytes += old.count
            changes.append((key: [UInt8](copying: key), stored: stored, old: old, new: new))
          }
        }
        if mayGoOn && bytes < limits.stepBytes { return true }
        last = [UInt8](copying: key.extracting(4..<key.count))
        return false
      }
      for change in changes {
        try records.replace(table, change.key, change.stored, old: change.old, with: change.new, isHead: false)
      }
      if isWhole {
        try finish(sweep)
        if sweep.purgesHead { try purgeHead(table, partition) }
      } else {
        try background.statements.moveSweep.bind(1, sweep.id)
        try background.statements.moveSweep.bind(2, last + [0])
        try background.statements.moveSweep.run()
      }
    }
  }

  private func finish(_ sweep: Sweep) throws(StorageError) {
    try background.statements.removeSweep.bind(1, sweep.id)
    try background.statements.removeSweep.run()
  }

  /// Removes the deletions of a head that are past the table's grace, after its rows have been swept.
  private func purgeHead(_ table: TableHandle, _ partition: [UInt8]) throws(StorageError) {
    var key: [UInt8] = []
    key.append(bigEndian: table.number.rawValue)
    key.append(contentsOf: partition)
    key.append(RecordKind.head.rawValue)
    try purge(key, of: table, now: configuration.clock(), dropsCoverage: true)
  }

  // MARK: What has expired or is past its grace

  /// Removes what has expired or is past its grace.
  func purge(now: Int64, _ budget: inout StepBudget) throws(StorageError) {
    let statement = background.statements.duePurges
    var due: [(at: Int64, key: [UInt8])] = []
    try statement.bind(1, now)
    try statement.bind(2, Int64(limits.stepRecords))
    while try statement.step() { due.append((at: statement.integer(0), key: statement.bytes(1))) }
    statement.reset()
    for (at, key) in due {
      try background.statements.removePurge.bind(1, at)
      try background.statements.removePurge.bind(2, key)
      try background.statements.removePurge.run()
      guard key.count > 4 else { throw .damagedRecord }
      // A table that is not there has been dropped, and is drained.
      if let table = background.tables?[TableNumber(rawValue: key.span.uint32(at: 0))] {
        try purge(key, of: table, now: now, dropsCoverage: false)
      }
      if !budget.spend(bytes: 4096) { break }
    }
    background.nextSeconds = try background.statements.firstPurge()
  }

  private func purge(_ key: [UInt8], of table: TableHandle, now: Int64, dropsCoverage: Bool) throws(StorageError) {
    guard key.count > 4 + PartitionKey.headerBytes else { throw .damagedRecord }
    let prefixCount = PartitionKey.headerBytes + Int(key.span.uint16(at: 4 + 8))
    guard key.count > 4 + prefixCount else { throw .damagedRecord }
    let isHead = key[4 + prefixCount] == RecordKind.head.rawValue
    var old: [UInt8] = []
    var new: [UInt8]?
    var coverageIsOver = false
    let stored = try records.find(key) { record throws(StorageError) in
      old = [UInt8](copying: record)
      new = try RecordPurge.purged(
        record, now: now, grace: table.graceSeconds, isHead: isHead, dropsCoverage: dropsCoverage)
      if isHead { coverageIsOver = try RecordPurge.hasCoverage(record, over: now, grace: table.graceSeconds) }
    }
    guard let stored else { return }
    if coverageIsOver && !dropsCoverage {
      let partition = key.span.extracting(4..<(4 + prefixCount))
      try records.scheduleSweep(table.number, .rows(of: PartitionKey(prefix: partition)), through: nil)
    }
    if new != old {
      try records.replace(table, key, stored, old: old, with: new, isHead: isHead)
    } else if let due = try RecordPurge.due(old.span, grace: table.graceSeconds), due > now {
      try records.schedulePurge(key, at: due)
    }
  }
}
