/// What the storage has to know of a table in order to write to it and to purge it: made by the engine from the schema,
/// replaced with it.
package final class TableHandle: Sendable {
  /// The table's number.
  package let number: TableNumber
  /// Seconds that a tombstone is kept.
  package let graceSeconds: Int64
  /// The indexes to keep with it.
  package let indexes: [IndexDefinition]
  /// The views to keep with it.
  package let views: [ViewDefinition]

  package init(
    number: TableNumber, graceSeconds: Int64, indexes: [IndexDefinition] = [], views: [ViewDefinition] = []
  ) {
    self.number = number
    self.graceSeconds = graceSeconds
    self.indexes = indexes
    self.views = views
  }

  /// Whether nothing is kept with its records.
  var isPlain: Bool { indexes.isEmpty && views.isEmpty }
}

/// A secondary index: records in a table number of its own, kept by the writer in the transaction of the rows.
///
/// An entry's key is the ordered bytes of the indexed value, escaped and ended so that it is free of prefixes
/// (``IndexKey``), then the base record's key. An entry says that the base record *may* hold the value: what reads by an
/// index reads the base record and checks, because cells expire and range deletions cover rows without a write.
package struct IndexDefinition: Sendable {
  /// What is indexed.
  package enum Source: Sendable {
    /// The value of a column's cells (a collection's elements have one each: for lists and for the values of maps).
    case values(ColumnID)
    /// The path of a collection's cells: elements of sets, keys of maps. The bytes given to `order` are the path.
    case paths(ColumnID)
    /// Path and value of a map's cells: the bytes given to `order` are path length (4 bytes), path, value.
    case entries(ColumnID)
    /// Something in the record's key, such as a clustering column: the closure gets the key without the table number
    /// and the record's note, appends the value's bytes and answers whether there is one. Heads are never asked.
    case key(@Sendable (_ key: Span<UInt8>, _ note: Span<UInt8>, _ value: inout [UInt8]) -> Bool)
  }

  /// The number of the index's own records.
  package let number: TableNumber
  /// What is indexed.
  package let source: Source
  /// Appends the ordered bytes of a value; nil: the value's own bytes serve.
  package let order: (@Sendable (_ value: Span<UInt8>, _ ordered: inout [UInt8]) -> Void)?

  package init(
    number: TableNumber, source: Source,
    order: (@Sendable (_ value: Span<UInt8>, _ ordered: inout [UInt8]) -> Void)? = nil
  ) {
    self.number = number
    self.source = source
    self.order = order
  }
}

/// A write to one partition.
///
/// Head and rows are record bytes made with ``RecordBuilder``: the writer stores them as they are where nothing was
/// before, and merges bytes with bytes elsewhere.
package struct PartitionMutation: Sendable {
  /// The table.
  package var table: TableHandle
  /// The partition.
  package var partition: PartitionKey
  /// Partition deletion, range deletions and static cells, as a record; empty: none.
  package var head: [UInt8]
  /// The rows.
  package var rows: [RowMutation]

  package init(table: TableHandle, partition: PartitionKey, head: [UInt8] = [], rows: [RowMutation] = []) {
    self.table = table
    self.partition = partition
    self.head = head
    self.rows = rows
  }
}

/// A write to one row.
package struct RowMutation: Sendable {
  /// The row's clustering bytes; empty in a table without clustering columns.
  package var clustering: [UInt8]
  /// Marker, deletion and cells, made with ``RecordBuilder``.
  package var record: [UInt8]

  package init(clustering: [UInt8], record: [UInt8]) {
    self.clustering = clustering
    self.record = record
  }
}

/// What a closure on the writer's thread has decided: IF conditions, list elements by index.
package struct WriteDecision<Outcome: Sendable>: Sendable {
  /// What to write; empty: nothing.
  package var mutations: [PartitionMutation]
  /// What the waiting caller gets, once the write is durable.
  package var outcome: Outcome

  package init(_ mutations: [PartitionMutation], outcome: Outcome) {
    self.mutations = mutations
    self.outcome = outcome
  }
}
