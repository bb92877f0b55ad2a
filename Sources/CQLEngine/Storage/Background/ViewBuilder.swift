internal import CassandraBytes

/// What is made of the records of a table, and kept with them.
package enum DerivedRecords: Sendable {
  /// Entries of an index.
  case index(IndexDefinition)
  /// Rows of a view.
  case view(ViewDefinition)
}

/// Builds the views that somebody waits for.
struct ViewBuilder {
  let limits: StorageLimits
  let records: RecordWriter
  let background: BackgroundWork

  /// Position of a view that is whole: after all keys.
  private static let wholePosition: [UInt8] = [0xff]

  /// Does a step; `finished` gets those that are whole.
  func step(_ budget: inout StepBudget, _ finished: inout [ViewBuild]) throws(StorageError) {
    while !budget.isSpent, let build = background.viewBuilds.first {
      guard try put(build, &budget) else { return }
      finished.append(build)
      background.viewBuilds.removeFirst()
    }
  }

  /// Puts a piece of a view; answers whether it is whole.
  private func put(_ build: ViewBuild, _ budget: inout StepBudget) throws(StorageError) -> Bool {
    let statements = background.statements
    var position: [UInt8] = []
    try statements.build.bind(1, Int64(build.view.number.rawValue))
    if try statements.build.step() { position = statements.build.bytes(0) }
    statements.build.reset()
    if position == Self.wholePosition { return true }
    var number: [UInt8] = []
    number.append(bigEndian: build.table.number.rawValue)
    var rows: [ViewRow] = []
    var bytes = 0
    let isWhole = try background.forEachRecord(from: number + position, upTo: KeyRange.prefixEnd(number)) {
      key, record, _ throws(StorageError) in
      let recordKey = key.extracting(4..<key.count)
      guard recordKey.count > PartitionKey.headerBytes else { throw .damagedRecord }
      let prefixCount = PartitionKey.headerBytes + Int(recordKey.uint16(at: 8))
      guard recordKey.count > prefixCount else { throw .damagedRecord }
      if recordKey[prefixCount] != RecordKind.head.rawValue,
        let row = try build.view.row(build.table.number, recordKey, record)
      {
        bytes += row.record.count
        rows.append(row)
      }
      position.removeAll(keepingCapacity: true)
      position.append(copying: recordKey)
      position.append(0)
      return budget.spend(bytes: record.count) && bytes < limits.stepBytes
    }
    for row in rows { try records.put(row) }
    try statements.setBuild.bind(1, Int64(build.view.number.rawValue))
    try statements.setBuild.bind(2, isWhole ? Self.wholePosition : position)
    try statements.setBuild.run()
    return isWhole
  }
}
