import CassandraBytes

/// What the answer to PREPARE says about the statement's bind markers (section 4.2.5.4).
public struct PreparedMetadata: Hashable, Sendable {
  /// The bind markers in the order in which their values are sent; a marker's name, or that of what it is bound to.
  public var columns: [ColumnSpecification]
  /// For each column of the partition key the index of its bind marker; empty when a column of the key has none, and
  /// before v4.
  public var partitionKeyIndexes: [UInt16]

  /// Metadata of bind markers.
  public init(columns: [ColumnSpecification], partitionKeyIndexes: [UInt16] = []) {
    self.columns = columns
    self.partitionKeyIndexes = partitionKeyIndexes
  }

  /// Reads the metadata at `position` of a body and moves the position behind it.
  public init(reading body: Span<UInt8>, at position: inout Int, version: ProtocolVersion) throws(WireError) {
    let flags = MetadataFlags(rawValue: UInt32(bitPattern: try body.readInt(&position)))
    let number = Int(try body.readInt(&position))
    partitionKeyIndexes = []
    if version >= .v4 {
      let start = position
      let count = Int(try body.readInt(&position))
      guard count >= 0 else { throw WireError.invalidLength(count, at: start) }
      try body.require(count * 2, at: position)
      partitionKeyIndexes.reserveCapacity(count)
      for _ in 0..<count { partitionKeyIndexes.append(try body.readShort(&position)) }
    }
    columns = try [ColumnSpecification](
      reading: body, at: &position, number: number,
      haveOneTable: flags.contains(.globalTableSpecification))
  }

  /// Appends the metadata.
  public func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    let haveOneTable = columns.haveOneTable
    buffer.append(bigEndian: (haveOneTable ? MetadataFlags.globalTableSpecification : []).rawValue)
    try buffer.append(intCount: columns.count, of: "A statement")
    if version >= .v4 {
      try buffer.append(intCount: partitionKeyIndexes.count, of: "A partition key")
      for index in partitionKeyIndexes { buffer.append(bigEndian: index) }
    }
    try columns.encode(into: &buffer, version: version, haveOneTable: haveOneTable)
  }
}
