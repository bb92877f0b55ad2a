import CassandraBytes

/// What a RESULT says about its rows before them (section 4.2.5.2).
///
/// A server leaves the columns out when the request asked for that; then the client uses those it got when it prepared the
/// statement.
public struct ResultMetadata: Hashable, Sendable {
  /// How many columns each row has, also when `columns` is nil.
  public var columnCount: Int
  /// The columns; nil when the server left them out, and for statements that have no rows.
  public var columns: [ColumnSpecification]?
  /// What to send to get the next page; nil on the last page.
  ///
  /// Its meaning is the server's, and bound to the version of the protocol.
  public var pageState: [UInt8]?
  /// The id of `columns` when they are not those the request named (v5): it replaces the one from the preparation.
  public var newMetadataID: [UInt8]?

  /// Metadata with its columns.
  public init(columns: [ColumnSpecification], pageState: [UInt8]? = nil, newMetadataID: [UInt8]? = nil) {
    self.columnCount = columns.count
    self.columns = columns
    self.pageState = pageState
    self.newMetadataID = newMetadataID
  }

  /// Metadata without its columns, as a request may ask for it.
  public init(columnCount: Int, pageState: [UInt8]? = nil) {
    self.columnCount = columnCount
    self.columns = nil
    self.pageState = pageState
    self.newMetadataID = nil
  }

  /// Reads the metadata at `position` of a body and moves the position behind it, to the number of rows.
  public init(reading body: Span<UInt8>, at position: inout Int, version: ProtocolVersion) throws(WireError) {
    let flags = MetadataFlags(rawValue: UInt32(bitPattern: try body.readInt(&position)))
    let countPosition = position
    columnCount = Int(try body.readInt(&position))
    guard columnCount >= 0 else { throw WireError.invalidLength(columnCount, at: countPosition) }
    pageState = flags.contains(.hasMorePages) ? try body.readBytes(&position).map { body.copy($0) } : nil
    newMetadataID =
      version >= .v5 && flags.contains(.metadataChanged) ? body.copy(try body.readShortBytes(&position)) : nil
    guard !flags.contains(.noMetadata) else {
      columns = nil
      return
    }
    columns = try [ColumnSpecification](
      reading: body, at: &position, number: columnCount,
      haveOneTable: flags.contains(.globalTableSpecification))
  }

  /// Appends the metadata; the number of rows and the rows follow it.
  ///
  /// A `newMetadataID` is written from v5 on and only together with columns.
  public func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    var flags: MetadataFlags = []
    let haveOneTable = columns?.haveOneTable ?? false
    let newMetadataID = version >= .v5 && columns != nil ? newMetadataID : nil
    if haveOneTable { flags.insert(.globalTableSpecification) }
    if pageState != nil { flags.insert(.hasMorePages) }
    if columns == nil { flags.insert(.noMetadata) }
    if newMetadataID != nil { flags.insert(.metadataChanged) }
    buffer.append(bigEndian: flags.rawValue)
    try buffer.append(intCount: columns?.count ?? columnCount, of: "A row")
    if let pageState { try buffer.append(bytes: pageState) }
    if let newMetadataID { try buffer.append(shortBytes: newMetadataID.span) }
    try columns?.encode(into: &buffer, version: version, haveOneTable: haveOneTable)
  }
}
