import CassandraBytes
import CQLLanguage
import CassandraWire

extension IndexDefinition {
  /// What the storage has to know of an index on a column.
  ///
  /// Of the columns of a partition key only those of a composite one are indexed.
  init(_ index: Index, on column: Column) {
    let type = column.wire
    let position = column.position
    switch column.kind {
    case .partitionKey:
      self.init(
        number: index.number,
        source: .key { key, _, value in
          guard key.count > PartitionKey.headerBytes else { return false }
          let end = PartitionKey.headerBytes + Int(key.uint16(at: 8))
          guard end <= key.count else { return false }
          let whole = key.extracting(PartitionKey.headerBytes..<end)
          guard let range = KeyLayout.component(position, ofComposite: whole) else { return false }
          value.append(copying: whole.extracting(range))
          return true
        }, order: Self.order(type))
    case .clustering:
      self.init(
        number: index.number,
        source: .key { _, note, value in
          guard let range = KeyLayout.component(position, ofNote: note) else { return false }
          value.append(copying: note.extracting(range))
          return true
        }, order: Self.order(type))
    case .static, .regular:
      self.init(
        number: index.number, source: .values(column.id), order: Self.order(index.part, column.type, index.analysis))
    }
  }

  private typealias Order = @Sendable (Span<UInt8>, inout [UInt8]) -> Void

  private static func order(_ type: CQLType, _ analysis: TextAnalysis? = nil) -> Order {
    guard let analysis else {
      return { value, ordered in try? OrderedKeyEncoding.append(value, type, into: &ordered) }
    }
    return { value, ordered in
      let text = analysis.apply(value)
      try? OrderedKeyEncoding.append(text.span, type, into: &ordered)
    }
  }

  private static func order(_ part: Index.Part, _ type: ColumnType, _ analysis: TextAnalysis?) -> Order {
    guard type.isMultiCell else { return order(type.wire, analysis) }
    switch (type.wire, part) {
    case (.list(let element), _), (.set(let element), _): return order(element, analysis)
    case (.map(let key, _), .keys):
      let order = order(key, analysis)
      return { cell, ordered in
        guard let entry = MapCell(cell) else { return }
        order(cell.extracting(entry.key), &ordered)
      }
    case (.map(let key, let value), .entries):
      return { cell, ordered in
        guard let entry = MapCell(cell) else { return }
        try? OrderedKeyEncoding.append(cell.extracting(entry.key), key, into: &ordered)
        try? OrderedKeyEncoding.append(cell.extracting(entry.value), value, into: &ordered)
      }
    case (.map(_, let value), _):
      let order = order(value, analysis)
      return { cell, ordered in
        guard let entry = MapCell(cell) else { return }
        order(cell.extracting(entry.value), &ordered)
      }
    default: return order(type.wire)
    }
  }
}

/// Where key and value of a map's entry stand in its cell: the length of the key in 4 bytes, the key, the value.
///
/// The cell's path is made for ordering and cannot be read back. The value's length is not in front of it, because of two
/// values written at the same time the one with the larger bytes wins.
struct MapCell {
  /// The key.
  let key: Range<Int>
  /// The value.
  let value: Range<Int>

  init?(_ cell: Span<UInt8>) {
    guard cell.count >= 4 else { return nil }
    let length = Int(cell.uint32(at: 0))
    guard length <= cell.count - 4 else { return nil }
    key = 4..<4 + length
    value = 4 + length..<cell.count
  }

  /// The bytes of a cell.
  static func bytes(key: Span<UInt8>, value: Span<UInt8>) -> [UInt8] {
    var cell: [UInt8] = []
    cell.reserveCapacity(4 + key.count + value.count)
    cell.append(bigEndian: UInt32(key.count))
    cell.append(copying: key)
    cell.append(copying: value)
    return cell
  }
}
