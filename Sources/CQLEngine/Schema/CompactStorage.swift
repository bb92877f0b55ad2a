import CassandraBytes
import CassandraWire

/// Tables `WITH COMPACT STORAGE`, which Cassandra keeps as those of old were kept, with columns that CQL does not show.
///
/// The node keeps them as other tables. What can be seen of the difference is that their rows have no markers, and what the
/// system tables and DESCRIBE say.
extension Table.Definition {
  /// Whether it is compact and each of its rows is one cell: of its one value column, or of a hidden one.
  var isDense: Bool { isCompact && !clustering.isEmpty }

  /// Whether it is compact and its columns are those of a partition without rows.
  var isStaticCompact: Bool { isCompact && clustering.isEmpty }

  /// A column that CQL does not show.
  struct HiddenColumn {
    var name: String
    var kind: Column.Kind
    var position: Int32
    var type: String
  }

  /// The columns that CQL does not show.
  var hiddenColumns: [HiddenColumn] {
    if isStaticCompact {
      let isCounter = regulars.contains { $0.type.isCounter }
      return [
        HiddenColumn(name: freeName("column", from: 1), kind: .clustering, position: 0, type: "text"),
        HiddenColumn(
          name: freeName("value", from: nil), kind: .regular, position: -1, type: isCounter ? "counter" : "blob"),
      ]
    }
    guard isDense, regulars.isEmpty else { return [] }
    return [HiddenColumn(name: freeName("value", from: nil), kind: .regular, position: -1, type: "empty")]
  }

  private func freeName(_ base: String, from first: Int?) -> String {
    let taken = Set((partitionKey + clustering + statics + regulars).map { ByteText($0.name) })
    var number = first
    while true {
      let name = number.map { "\(base)\($0)" } ?? base
      if !taken.contains(ByteText(name)) { return name }
      number = (number ?? 0) + 1
    }
  }

  /// Refuses what cannot be compact.
  func checkCompact() throws(EngineFailure) {
    guard isCompact else { return }
    let others = statics + regulars
    if others.contains(where: \.type.isMultiCell) {
      throw EngineFailure.invalid("Non-frozen collections and UDTs are not supported with COMPACT STORAGE")
    }
    if !statics.isEmpty { throw EngineFailure.invalid("Static columns are not supported in COMPACT STORAGE tables") }
    if clustering.isEmpty, others.isEmpty {
      throw EngineFailure.invalid("No definition found that is not part of the PRIMARY KEY")
    }
    if !clustering.isEmpty, others.count > 1 {
      throw EngineFailure.invalid(
        "COMPACT STORAGE with composite PRIMARY KEY allows no more than one column not part of the PRIMARY KEY (got: "
          + "\(others.map(\.name).joined(separator: ", ")))")
    }
  }
}
