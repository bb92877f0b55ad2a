import CQLLanguage
import CassandraWire

/// What Cassandra warns of and refuses in batches: those that are large and cover several partitions.
///
/// A batch of one partition is one mutation there, however many statements it has, and is not measured.
struct BatchMeasure {
  /// Bytes from which on a batch brings a warning: 5 KiB, `batch_size_warn_threshold` in Cassandra.
  static let warnedBytes = 5 << 10
  /// Bytes from which on a batch is refused: 50 KiB, `batch_size_fail_threshold` in Cassandra.
  static let maximumBytes = 50 << 10
  /// Partitions of an unlogged batch beyond which it brings a warning: 10,
  /// `unlogged_batch_across_partitions_warn_threshold` in Cassandra.
  static let warnedPartitions = 10

  /// The bytes of the writes by Cassandra's measure: what its mutations carry, not what goes over the wire.
  private(set) var bytes = 0
  private var updates: [ObjectIdentifier: Set<[UInt8]>] = [:]
  /// The keys of the partitions by keyspace: tables of one keyspace share a mutation where their keys are the same.
  private var mutations: NameMap<Set<[UInt8]>> = [:]
  private var tables: [String] = []

  init(_ writes: [BoundWrite]) {
    for write in writes {
      let table = write.plan.table
      if !tables.contains(table.qualifiedName) { tables.append(table.qualifiedName) }
      for partition in write.partitions {
        mutations[table.keyspace, default: []].insert(partition.bytes)
        if updates[ObjectIdentifier(table), default: []].insert(partition.bytes).inserted {
          bytes += Self.updateBytes
        }
        bytes += Self.bytes(of: write)
      }
    }
  }

  private var partitionCount: Int { mutations.values.reduce(0) { $0 + $1.count } }

  /// The warnings of a batch; throws when it is too large.
  func warnings(_ kind: BatchStatement.Kind) throws(EngineFailure) -> [String] {
    guard partitionCount > 1 else { return [] }
    guard bytes <= Self.maximumBytes else { throw EngineFailure.invalid("Batch too large") }
    var warnings: [String] = []
    let names = "[\(tables.joined(separator: ", "))]"
    if bytes > Self.warnedBytes {
      warnings.append(
        "Batch for \(names) is of size \(bytes), exceeding specified threshold of \(Self.warnedBytes) by "
          + "\(bytes - Self.warnedBytes).")
    }
    if kind != .logged, partitionCount > Self.warnedPartitions {
      warnings.append(
        "Unlogged batch covering \(partitionCount) partitions detected against table\(tables.count == 1 ? "" : "s") "
          + "\(names). You should use a logged batch for atomicity, or asynchronous writes for performance.")
    }
    return warnings
  }

  // MARK: Bytes as Cassandra counts them

  private static let updateBytes = 29
  private static let rowBytes = 21
  private static let expiryBytes = 12
  private static let rangeBytes = 20
  private static let cellBytes = 20
  private static let collectionBytes = 12
  private static let listPathBytes = 16
  private static let fieldPathBytes = 2
  private static let counterBytes = 36

  private static func bytes(of write: BoundWrite) -> Int {
    var bytes = write.ranges.count * rangeBytes
    for row in write.rows {
      bytes += rowBytes + max(0, row.note.count - 4 * write.plan.table.clustering.count)
      if write.plan.kind == .insert, write.expiry != nil { bytes += expiryBytes }
    }
    for operation in write.operations { bytes += self.bytes(of: operation) }
    return bytes
  }

  private static func bytes(of operation: BoundOperation) -> Int {
    switch operation {
    case .cell(_, let value): cellBytes + (value?.count ?? 0)
    case .replace(let column, let elements, _), .elements(let column, let elements):
      elements.reduce(collectionBytes) { $0 + cellBytes + self.bytes(of: $1, column) }
    case .listElement(_, _, let value): collectionBytes + cellBytes + listPathBytes + (value?.count ?? 0)
    case .listDiscard(_, let keys): collectionBytes + keys.count * (cellBytes + listPathBytes)
    case .counter: cellBytes + counterBytes
    case .increase(_, let addition): cellBytes + addition.count
    }
  }

  private static func bytes(of element: ElementCell, _ column: Column) -> Int {
    guard let value = element.value else { return element.path.count }
    return switch column.wire {
    case .list: listPathBytes + value.count
    case .map: max(0, value.count - 4)
    case .udt: fieldPathBytes + value.count
    default: value.count
    }
  }
}
