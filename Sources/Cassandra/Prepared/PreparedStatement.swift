internal import CassandraBytes
internal import CassandraWire

/// A statement that a server knows by an id. The id depends on keyspace and text alone, so it is the same on every node.
final class PreparedStatement: Sendable {
  let text: String
  let kind: StatementKind
  let id: [UInt8]
  let version: ProtocolVersion
  let parameters: [ColumnSpecification]
  let partitionKeyIndexes: [UInt16]
  /// How to encode the values of the commonest types without looking at the rest of the column.
  let forms: [ValueForm]
  /// The columns that the server promised, and the id under which it did (v5).
  let layout: RowLayout
  let resultMetadataID: [UInt8]?
  /// The beginning of every EXECUTE: the id, and on v5 the id of the result's metadata.
  let executeHead: [UInt8]

  convenience init(
    text: String, kind: StatementKind, result: PreparedResult, version: ProtocolVersion
  ) throws(WireError) {
    try self.init(
      text: text, kind: kind, id: result.id, version: version, parameters: result.parameters.columns,
      partitionKeyIndexes: result.parameters.partitionKeyIndexes,
      layout: RowLayout(columns: result.result.columns ?? []),
      resultMetadataID: result.resultMetadataID)
  }

  private init(
    text: String, kind: StatementKind, id: [UInt8], version: ProtocolVersion, parameters: [ColumnSpecification],
    partitionKeyIndexes: [UInt16], layout: RowLayout, resultMetadataID: [UInt8]?
  ) throws(WireError) {
    self.text = text
    self.kind = kind
    self.id = id
    self.version = version
    self.parameters = parameters
    self.partitionKeyIndexes = partitionKeyIndexes
    self.layout = layout
    self.resultMetadataID = resultMetadataID
    forms = parameters.map { ValueForm($0.type) }
    var head: [UInt8] = []
    try head.append(shortBytes: id.span)
    let metadataID = resultMetadataID ?? []
    if version >= .v5 { try head.append(shortBytes: metadataID.span) }
    executeHead = head
  }

  /// The same statement for a connection of another version, as in a cluster that is being upgraded: the id is the same.
  ///
  /// A statement that was prepared under v4 has no id of its columns; with none the server sends the columns each time.
  func adapted(to version: ProtocolVersion) throws(CassandraError) -> PreparedStatement {
    guard version != self.version else { return self }
    do throws(WireError) {
      return try PreparedStatement(
        text: text, kind: kind, id: id, version: version, parameters: parameters,
        partitionKeyIndexes: partitionKeyIndexes, layout: layout, resultMetadataID: nil)
    } catch { throw .unsendable(error) }
  }

  /// The same statement after a result has told other columns.
  func changed(layout: RowLayout, resultMetadataID: [UInt8]?) throws(WireError) -> PreparedStatement {
    try PreparedStatement(
      text: text, kind: kind, id: id, version: version, parameters: parameters,
      partitionKeyIndexes: partitionKeyIndexes, layout: layout,
      resultMetadataID: resultMetadataID ?? self.resultMetadataID)
  }
}

/// What the marker of a statement takes, as far as the hot path has to know.
enum ValueForm: UInt8, Sendable {
  case text
  case int
  case bigint
  case other

  init(_ type: CQLType) {
    switch type {
    case .text: self = .text
    case .int: self = .int
    case .bigint: self = .bigint
    default: self = .other
    }
  }
}
