import CassandraBytes
import CassandraWire

/// From the writes of a statement or batch of which one at least has a condition, and to the result that its client gets.
extension ConditionalRequest {
  /// Refuses what cannot be decided as one.
  init(_ writes: [(BoundWrite, BoundCondition?)], isBatch: Bool) throws(EngineFailure) {
    guard let first = writes.first?.0 else { throw EngineFailure.invalid("An empty batch has no conditions") }
    let table = first.plan.table
    guard let partition = first.partitions.first, writes.allSatisfy({ $0.0.partitions == [partition] }) else {
      throw EngineFailure.invalid("Batch with conditions cannot span multiple partitions")
    }
    guard writes.allSatisfy({ $0.0.plan.table === table }) else {
      throw EngineFailure.invalid("Batch with conditions cannot span multiple tables")
    }
    self.init(
      table: table, partition: partition, writes: writes.map(\.0), targets: try Self.targets(writes),
      shown: Self.shown(writes, table, isBatch: isBatch),
      readsStatics: table.hasStatics && Self.areAboutStatics(writes),
      now: WallClock.seconds())
  }

  /// Appends the rows that say whether it was applied, and what was there instead.
  func write(
    _ outcome: Outcome, to body: inout [UInt8], version: ProtocolVersion
  ) throws(EngineFailure) {
    var columns = [
      ColumnSpecification(keyspace: table.keyspace, table: table.name, name: "[applied]", type: .boolean)
    ]
    var rows: [UInt8] = []
    var count = 1
    switch outcome {
    case .failed(let failure): throw failure
    case .applied: Self.appendFlag(true, to: &rows)
    case .refused(let found) where found.isEmpty: Self.appendFlag(false, to: &rows)
    case .refused(let found):
      columns += shown.map {
        ColumnSpecification(keyspace: table.keyspace, table: table.name, name: $0.name, type: $0.wire)
      }
      count = found.count
      for row in found {
        Self.appendFlag(false, to: &rows)
        rows += row
      }
    }
    try ResponseBody.write(columns: columns, rows: rows, count: count, to: &body, version: version)
  }

  private static func appendFlag(_ flag: Bool, to rows: inout [UInt8]) {
    rows.append(bigEndian: Int32(1))
    rows.append(flag ? 1 : 0)
  }

  /// The rows that have conditions, each once.
  private static func targets(
    _ writes: [(BoundWrite, BoundCondition?)]
  ) throws(EngineFailure) -> [ConditionalRequest.Target] {
    var targets = ConditionTargets()
    for (write, condition) in writes {
      guard let condition else { continue }
      // The one row of a partition without clustering columns has no address of its own when it is deleted.
      let row = write.plan.isStaticOnly ? nil : write.rows.first ?? RowAddress(clustering: [], note: [])
      if case .columns(let conditions) = condition {
        // What is said about static columns is said about the partition, whichever row the statement names.
        let (statics, regulars) = (
          conditions.filter { $0.column.kind == .static }, conditions.filter { $0.column.kind != .static }
        )
        if !regulars.isEmpty { try targets.add(.columns(regulars), of: row) }
        if !statics.isEmpty { try targets.add(.columns(statics), of: nil) }
      } else {
        try targets.add(condition, of: row)
      }
    }
    return targets.all
  }

  /// Whether a static column is written or has a condition.
  private static func areAboutStatics(_ writes: [(BoundWrite, BoundCondition?)]) -> Bool {
    writes.contains { write, condition in
      if write.operations.contains(where: { $0.column.kind == .static }) || write.plan.isStaticOnly { return true }
      guard case .columns(let conditions) = condition else { return false }
      return conditions.contains { $0.column.kind == .static }
    }
  }

  /// The columns to show of rows that do not meet their conditions.
  private static func shown(
    _ writes: [(BoundWrite, BoundCondition?)], _ table: Table, isBatch: Bool
  ) -> [Column] {
    var columns: [Column] = isBatch ? table.partitionKey + table.clustering : []
    for (_, condition) in writes {
      switch condition {
      case nil: break
      case .exists, .notExists: return table.columns
      case .columns(let conditions):
        let ordered = conditions.filter { $0.column.kind != .static } + conditions.filter { $0.column.kind == .static }
        for condition in ordered where !columns.contains(where: { $0 === condition.column }) {
          columns.append(condition.column)
        }
      }
    }
    return columns
  }
}
