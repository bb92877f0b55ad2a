import CassandraBytes
import CassandraWire

extension DocumentWriter {
  /// The masks of a table's columns.
  mutating func writeMasks(of table: Table) {
    write(table.columns.filter { $0.mask != nil }) { writer, column in
      guard let mask = column.mask else { return }
      writer.write(column.name)
      writer.write(mask.function.name)
      writer.write(mask.arguments) { writer, argument in
        writer.write(argument == nil)
        writer.write(Array(argument ?? [])) { $0.write($1) }
      }
    }
  }
}

extension DocumentReader {
  /// Puts the masks of a table's columns into place; false when one makes no sense.
  mutating func readMasks(into definition: inout Table.Definition) -> Bool {
    for _ in 0..<count() {
      let (column, function) = (text(), text())
      let arguments = (0..<count()).map { _ -> ArraySlice<UInt8>? in
        let isNull = boolean()
        let bytes = (0..<count()).map { _ in number(UInt8.self) }
        return isNull ? nil : bytes[...]
      }
      guard put(function, arguments, on: column, of: &definition) else { return false }
    }
    return true
  }

  private func put(
    _ function: String, _ arguments: [ArraySlice<UInt8>?], on name: String, of definition: inout Table.Definition
  ) -> Bool {
    typealias Group = WritableKeyPath<Table.Definition, [Column]>
    let groups: [Group] = [\.partitionKey, \.clustering, \.statics, \.regulars]
    for group in groups {
      guard let place = definition[keyPath: group].firstIndex(where: { $0.name.hasSameBytes(as: name) }) else {
        continue
      }
      let column = definition[keyPath: group][place]
      guard let mask = ColumnMasking(named: function, of: column.wire, arguments) else { return false }
      definition[keyPath: group][place] = column.masked(with: mask)
      return true
    }
    return false
  }
}
