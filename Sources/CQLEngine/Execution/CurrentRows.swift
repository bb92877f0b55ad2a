import CassandraBytes
import CassandraWire

/// Reads the rows of a partition that have conditions: what is static once, however many they are.
struct CurrentRows {
  private let partition: PartitionKey
  private let table: Table
  private let now: Int64
  private let shape: RowShape
  private let slots: [ObjectIdentifier: Int]
  private var image: RowImage
  /// The static values and the partition key; null elsewhere.
  private var statics: [CellValue]
  private var hasStatics = false

  init(
    of partition: PartitionKey, _ table: Table, _ reader: Reader, now: Int64, readsStatics: Bool
  ) throws(WriteRefusal) {
    self.partition = partition
    self.table = table
    self.now = now
    var shape = RowShape(table)
    for column in table.columns { _ = shape.slot(column) }
    self.shape = shape
    slots = Dictionary(
      shape.columns.enumerated().map { (ObjectIdentifier($1), $0) }, uniquingKeysWith: { first, _ in first })
    var image = RowImage(FinishedShape(shape))
    var statics: [CellValue] = Array(repeating: .null, count: shape.columns.count)
    var hasStatics = false
    if readsStatics {
      do throws(StorageError) {
        _ = try reader.record(table.number, partition.head, now: now) { record throws(StorageError) in
          hasStatics = try image.loadHead(record)
          image.loadPartition(record)
          for slot in statics.indices where shape.columns[slot].kind != .clustering {
            statics[slot] = image.value(slot, of: record)
          }
        }
      } catch {
        throw .storage(error)
      }
    }
    self.image = image
    self.statics = statics
    self.hasStatics = hasStatics
  }

  /// A row as it is; nil is what is static alone.
  mutating func row(_ row: RowAddress?, _ reader: Reader) throws(WriteRefusal) -> CurrentRow {
    var values = statics
    var exists = false
    if let row {
      do throws(StorageError) {
        _ = try reader.record(table.number, partition.row(row.clustering), now: now) { record throws(StorageError) in
          exists = try image.loadRow(record)
          guard exists else { return }
          for slot in values.indices where shape.columns[slot].kind != .static {
            values[slot] = image.value(slot, of: record)
          }
        }
      } catch {
        throw .storage(error)
      }
    } else {
      exists = hasStatics
    }
    return CurrentRow(exists: exists, hasStatics: hasStatics, values: values, slots: slots)
  }
}

/// A row as a condition finds it.
struct CurrentRow {
  /// Whether the row is there.
  let exists: Bool
  /// Whether there is a static value.
  let hasStatics: Bool
  let values: [CellValue]
  /// Where the value of a column is.
  let slots: [ObjectIdentifier: Int]

  func meets(_ conditions: [BoundCondition]) throws(WriteRefusal) -> Bool {
    var entries = MapEntries()
    for condition in conditions {
      switch condition {
      case .exists: if !exists { return false }
      case .notExists: if exists { return false }
      case .columns(let columns):
        for column in columns {
          guard let slot = slots[ObjectIdentifier(column.column)] else { return false }
          do throws(EngineFailure) {
            guard try column.isMet(by: values[slot], &entries) else { return false }
          } catch {
            throw .invalid(error)
          }
        }
      }
    }
    return true
  }

  /// The columns as a row on the wire; of the static one without what the rows have.
  func written(_ columns: [Column], isStatic: Bool = false, withRegulars: Bool = true) -> [UInt8] {
    var body: [UInt8] = []
    for column in columns {
      let isShown =
        switch column.kind {
        case .partitionKey, .static: true
        case .clustering: !isStatic
        case .regular: !isStatic && withRegulars
        }
      guard isShown, let slot = slots[ObjectIdentifier(column)], let slice = values[slot].slice
      else {
        body.append(bigEndian: Int32(-1))
        continue
      }
      Parts.append(slice, to: &body)
    }
    return body
  }
}
