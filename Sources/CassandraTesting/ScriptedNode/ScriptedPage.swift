public import CassandraWire

/// A page of rows as a ``ScriptedNode`` sends it.
public struct ScriptedPage: Sendable {
  /// The columns.
  public var columns: [ColumnSpecification]
  /// The rows, each with a value for each column.
  public var rows: [[CQLValue]]
  /// Where the next page begins; nil when there is none.
  public var pageState: [UInt8]?
  /// The id of the columns, for a client that has another (v5).
  public var newMetadataID: [UInt8]?
  /// Whether the columns are not sent.
  public var leavesColumnsOut = false

  /// A page.
  public init(columns: [ColumnSpecification], rows: [[CQLValue]], pageState: [UInt8]? = nil) {
    self.columns = columns
    self.rows = rows
    self.pageState = pageState
  }

  /// Appends the RESULT.
  func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws {
    let metadata =
      leavesColumnsOut
      ? ResultMetadata(columnCount: columns.count, pageState: pageState)
      : ResultMetadata(columns: columns, pageState: pageState, newMetadataID: newMetadataID)
    try RowsResult(metadata: metadata, rowCount: rows.count).encode(into: &buffer, version: version)
    for row in rows {
      for (value, column) in zip(row, columns) { try buffer.append(value: value, as: column.type) }
    }
  }
}
