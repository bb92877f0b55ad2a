import CassandraBytes
import CassandraWire

/// Which columns a statement reads, each in a slot of its own, and where their values stand in records.
struct RowShape: Sendable {
  /// How the cells of a column make its value.
  enum Form: Sendable {
    /// One cell.
    case simple
    /// An element a cell: a list or a set, whose cells have the elements as values.
    case elements
    /// An entry a cell.
    case map
    /// A field a cell, of so many.
    case userType(Int)
  }

  /// The columns by slot.
  private(set) var columns: [Column] = []
  /// The forms by slot.
  private(set) var forms: [Form] = []
  /// Whether timestamps and expiries of cells are wanted, by slot.
  private(set) var wantsAttributes: [Bool] = []
  /// Slots by the number of a column's cells; ``unread`` where none is read, ``dropped`` where there is no such column
  /// any more.
  private(set) var slotOfCell: [Int32]
  private(set) var partitionSlots: [(slot: Int, position: Int)] = []
  /// Slots by the position of a clustering column; -1 where it is not read.
  private(set) var clusteringSlots: [Int]
  /// Slots of static columns.
  private(set) var staticSlots: [Int] = []
  /// Slots of regular columns.
  private(set) var regularSlots: [Int] = []
  /// By the number of a column's cells the timestamp up to which they do not show; empty where all do.
  let hiddenThrough: [Int64]
  /// Whether the partition key has several columns.
  let isCompositeKey: Bool

  static let unread: Int32 = -1
  static let dropped: Int32 = -2

  init(_ table: Table) {
    slotOfCell = Array(repeating: Self.dropped, count: Int(table.definition.nextColumnID))
    for column in table.cellColumns { slotOfCell[Int(column.id)] = Self.unread }
    clusteringSlots = Array(repeating: -1, count: table.clustering.count)
    var hidden: [Int64] = []
    if !table.hiddenThrough.isEmpty {
      hidden = Array(repeating: .min, count: slotOfCell.count)
      for (id, time) in table.hiddenThrough { hidden[Int(id)] = time }
    }
    hiddenThrough = hidden
    isCompositeKey = table.partitionKey.count > 1
  }

  /// The slot of a column, made when it has none.
  mutating func slot(_ column: Column) -> Int {
    if let slot = known(column) { return slot }
    let slot = columns.count
    columns.append(column)
    wantsAttributes.append(false)
    var form = Form.simple
    if column.type.isMultiCell {
      switch column.wire {
      case .map: form = .map
      case .udt(let definition): form = .userType(definition.fields.count)
      default: form = .elements
      }
    }
    forms.append(form)
    switch column.kind {
    case .partitionKey: partitionSlots.append((slot, column.position))
    case .clustering: clusteringSlots[column.position] = slot
    case .static:
      staticSlots.append(slot)
      slotOfCell[Int(column.id)] = Int32(slot)
    case .regular:
      regularSlots.append(slot)
      slotOfCell[Int(column.id)] = Int32(slot)
    }
    return slot
  }

  /// The slot that a column has already.
  private func known(_ column: Column) -> Int? {
    switch column.kind {
    case .partitionKey: return partitionSlots.first { $0.position == column.position }?.slot
    case .clustering: return clusteringSlots[column.position] >= 0 ? clusteringSlots[column.position] : nil
    case .static, .regular:
      let slot = slotOfCell[Int(column.id)]
      return slot >= 0 ? Int(slot) : nil
    }
  }

  /// Asks for the timestamps and expiries of a column's cells.
  mutating func wantAttributes(_ slot: Int) { wantsAttributes[slot] = true }

  /// Whether any column's timestamps or expiries are wanted.
  var hasAttributes: Bool { wantsAttributes.contains(true) }

  /// The last clustering column that is read, or -1.
  var lastClustering: Int { clusteringSlots.lastIndex { $0 >= 0 } ?? -1 }
}

/// A shape that is done, behind one reference: an image of rows is handed on for each request.
final class FinishedShape: Sendable {
  let shape: RowShape
  let lastClustering: Int
  let hasAttributes: Bool

  init(_ shape: RowShape) {
    self.shape = shape
    lastClustering = shape.lastClustering
    hasAttributes = shape.hasAttributes
  }
}
