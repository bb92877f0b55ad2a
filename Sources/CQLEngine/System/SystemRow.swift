import CassandraBytes
import CassandraWire

/// A row of a table that the node makes itself.
struct SystemRow {
  private var values: NameMap<[UInt8]> = [:]

  /// Values by the names of their columns; a value that is nil is null.
  init(_ values: [(String, SystemValue?)]) {
    for (name, value) in values { self.values[name] = value?.bytes }
  }

  /// The row's key and record in a table.
  func entry(in table: Table) throws(EngineFailure) -> (key: [UInt8], record: [UInt8]) {
    var keyValues: [ArraySlice<UInt8>] = []
    for column in table.partitionKey { keyValues.append((values[column.name] ?? [])[...]) }
    let partition = try ReadRanges.partition(keyValues, isVirtual: table.definition.source == .virtual)
    var clustering: [UInt8] = []
    var note: [UInt8] = []
    for column in table.clustering {
      let value = (values[column.name] ?? [])[...]
      try ReadRanges.append(value, column, to: &clustering)
      Parts.append(value, to: &note)
    }
    var record = RecordBuilder()
    record.setMarker(timestamp: 0)
    if !note.isEmpty { record.setNote(note.span) }
    for column in table.definition.regulars {
      guard let value = values[column.name] else { continue }
      guard column.type.isMultiCell else {
        record.addCell(column.id, value: value.span, timestamp: 0)
        continue
      }
      if case .map(let type, _) = column.wire {
        let entries = Parts.elements(value[...], perElement: 2) ?? []
        for index in stride(from: 0, to: entries.count, by: 2) {
          let (key, value) = (Array(entries[index]), Array(entries[index + 1]))
          let path = try ValueOrder.key(key[...], type)
          let cell = MapCell.bytes(key: key.span, value: value.span)
          record.addCell(column.id, path: path.span, value: cell.span, timestamp: 0)
        }
        continue
      }
      guard case .set(let type) = column.wire else { continue }
      for element in Parts.elements(value[...]) ?? [] {
        let path = try ValueOrder.key(element, type)
        record.addCell(column.id, path: path.span, value: element.span, timestamp: 0)
      }
    }
    return (partition.row(clustering), record.finish())
  }
}

/// A value of a system table.
struct SystemValue {
  let bytes: [UInt8]

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  static func text(_ text: String) -> SystemValue { SystemValue(Array(text.utf8)) }

  static func blob(_ bytes: [UInt8]) -> SystemValue { SystemValue(bytes) }

  static func boolean(_ value: Bool) -> SystemValue { SystemValue([value ? 1 : 0]) }

  static func int(_ number: Int32) -> SystemValue {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: number)
    return SystemValue(bytes)
  }

  static func bigint(_ number: Int64) -> SystemValue {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: number)
    return SystemValue(bytes)
  }

  static func timestamp(milliseconds: Int64) -> SystemValue {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: milliseconds)
    return SystemValue(bytes)
  }

  static func double(_ number: Double) -> SystemValue {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: number.bitPattern)
    return SystemValue(bytes)
  }

  static func uuid(_ uuid: CQLUUID) -> SystemValue {
    var bytes: [UInt8] = []
    bytes.append(uuid: uuid)
    return SystemValue(bytes)
  }

  static func inet(_ address: CQLInet) -> SystemValue {
    var bytes: [UInt8] = []
    // An address always is a value of its type.
    try? address.encode(as: .inet, into: &bytes)
    return SystemValue(bytes)
  }

  /// A list of texts, or a set of texts in order.
  static func texts(_ texts: [String]) -> SystemValue {
    SystemValue(Parts.collection(texts.map { Array($0.utf8)[...] }))
  }

  /// A list of booleans.
  static func booleans(_ values: [Bool]) -> SystemValue {
    SystemValue(Parts.collection(values.map { [$0 ? 1 : 0] }))
  }

  static func map(_ entries: NameMap<String>) -> SystemValue {
    let sorted = entries.sorted
    return SystemValue(
      Parts.collection(sorted.flatMap { [Array($0.key.utf8)[...], Array($0.value.utf8)[...]] }, perElement: 2))
  }
}
