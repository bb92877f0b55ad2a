import CassandraBytes

/// Requests written piece by piece, so that a driver's values go straight from its caller into the buffer of the connection.
///
/// ```swift
/// try RequestMessage.beginExecute(id, resultMetadataID: nil, parameters: parameters, valueCount: 2, into: &buffer, version: .v4)
/// try buffer.append(value: genus, as: columns[0].type)
/// try buffer.append(value: sightings, as: columns[1].type)
/// try parameters.encodeTail(into: &buffer, version: .v4)
/// ```
/// When a piece throws, the caller cuts the buffer back to where the message began.
extension RequestMessage {
  /// Appends PREPARE as a whole.
  public static func encodePrepare(
    _ text: String, keyspace: String?, into buffer: inout [UInt8], version: ProtocolVersion
  ) throws(WireError) {
    try buffer.append(longString: text)
    guard version >= .v5 else {
      guard keyspace == nil else {
        throw WireError(.unsupported, at: buffer.count, "A keyspace of its own for a statement needs protocol v5.")
      }
      return
    }
    buffer.append(bigEndian: Int32(keyspace == nil ? 0 : 1))
    if let keyspace { try buffer.append(string: keyspace) }
  }

  /// Appends QUERY up to its values; `valueCount` values follow, each behind its name when they are named, then the tail
  /// of the parameters.
  public static func beginQuery(
    _ text: String, parameters: QueryParameters, valueCount: Int, areNamed: Bool = false, into buffer: inout [UInt8],
    version: ProtocolVersion
  ) throws(WireError) {
    try buffer.append(longString: text)
    try parameters.encodeHead(into: &buffer, version: version, valueCount: valueCount, areNamed: areNamed)
  }

  /// Appends EXECUTE up to its values; `valueCount` values follow, then the tail of the parameters.
  ///
  /// From v5 on `resultMetadataID` is the one from the preparation or the newest one that a result brought; before, it is
  /// left out.
  public static func beginExecute(
    _ id: Span<UInt8>, resultMetadataID: [UInt8]?, parameters: QueryParameters, valueCount: Int,
    into buffer: inout [UInt8], version: ProtocolVersion
  ) throws(WireError) {
    try encodeIDs(id, resultMetadataID: resultMetadataID, into: &buffer, version: version)
    try parameters.encodeHead(into: &buffer, version: version, valueCount: valueCount)
  }

  static func encodeIDs(
    _ id: Span<UInt8>, resultMetadataID: [UInt8]?, into buffer: inout [UInt8], version: ProtocolVersion
  ) throws(WireError) {
    try buffer.append(shortBytes: id)
    if version >= .v5 { try buffer.append(shortBytes: resultMetadataID ?? []) }
  }

  /// Appends the start of BATCH; `statementCount` statements follow, then ``endBatch(_:into:version:)``.
  public static func beginBatch(
    _ kind: Batch.Kind, statementCount: Int, into buffer: inout [UInt8]
  ) throws(WireError) {
    buffer.append(kind.rawValue)
    try buffer.append(shortCount: statementCount, of: "A batch")
  }

  /// Appends a statement of a BATCH given as text; its `valueCount` values follow.
  public static func beginBatchStatement(
    _ text: String, valueCount: Int, into buffer: inout [UInt8]
  ) throws(WireError) {
    buffer.append(0)
    try buffer.append(longString: text)
    try buffer.append(shortCount: valueCount, of: "A list of values")
  }

  /// Appends a prepared statement of a BATCH; its `valueCount` values follow.
  public static func beginBatchStatement(
    id: Span<UInt8>, valueCount: Int, into buffer: inout [UInt8]
  ) throws(WireError) {
    buffer.append(1)
    try buffer.append(shortBytes: id)
    try buffer.append(shortCount: valueCount, of: "A list of values")
  }

  /// Appends the end of BATCH.
  ///
  /// Of the parameters only consistency, serial consistency, timestamp, keyspace and now count.
  public static func endBatch(
    _ parameters: QueryParameters, into buffer: inout [UInt8], version: ProtocolVersion
  ) throws(WireError) {
    let own = QueryParameters(
      consistency: parameters.consistency, serialConsistency: parameters.serialConsistency,
      defaultTimestamp: parameters.defaultTimestamp, keyspace: parameters.keyspace,
      nowInSeconds: parameters.nowInSeconds)
    try own.encodeHead(into: &buffer, version: version, valueCount: 0)
    try own.encodeTail(into: &buffer, version: version)
  }
}
