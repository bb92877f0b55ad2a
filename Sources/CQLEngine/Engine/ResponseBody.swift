import CassandraWire

/// Writes the bodies of results.
enum ResponseBody {
  /// Appends a result whose message knows how to write itself.
  static func append(
    _ result: ResultResponse, to body: inout [UInt8], version: ProtocolVersion
  ) throws(WireError) {
    try ResponseMessage.result(result).encode(into: &body, version: version)
  }

  /// Appends a result, or fails as a bug of the server.
  static func write(
    _ result: ResultResponse, to body: inout [UInt8], version: ProtocolVersion
  ) throws(EngineFailure) {
    do throws(WireError) {
      try append(result, to: &body, version: version)
    } catch {
      throw EngineFailure(.serverError, "\(error)")
    }
  }

  /// Appends rows that are made already.
  static func write(
    columns: [ColumnSpecification], rows: [UInt8], count: Int, to body: inout [UInt8], version: ProtocolVersion
  ) throws(EngineFailure) {
    do throws(WireError) {
      try RowsResult(metadata: ResultMetadata(columns: columns), rowCount: count).encode(into: &body, version: version)
    } catch {
      throw EngineFailure(.serverError, "\(error)")
    }
    body += rows
  }
}
