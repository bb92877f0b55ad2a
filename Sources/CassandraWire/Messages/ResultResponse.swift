import CassandraBytes

/// What a statement brought (section 4.2.5).
public enum ResultResponse: Hashable, Sendable {
  /// It is done, and there is nothing to tell.
  case void
  /// Rows, or none.
  case rows(RowsResult)
  /// `USE` was obeyed; the keyspace of the connection is now this one.
  case setKeyspace(String)
  /// A statement was prepared.
  case prepared(PreparedResult)
  /// The schema was changed.
  case schemaChange(SchemaChange)

  /// The number at the start of a RESULT that says which it is.
  public enum Kind: Int32, Hashable, Sendable {
    /// Nothing to tell.
    case void = 1
    /// Rows, or none.
    case rows = 2
    /// The keyspace of the connection.
    case setKeyspace = 3
    /// A prepared statement.
    case prepared = 4
    /// A change of the schema.
    case schemaChange = 5

    /// Reads the kind at the start of a RESULT and moves the position behind it.
    @inlinable
    public init(reading body: Span<UInt8>, at position: inout Int) throws(WireError) {
      let start = position
      let number = try body.readInt(&position)
      guard let kind = Kind(rawValue: number) else { throw WireError.unknownKind(number, at: start) }
      self = kind
    }
  }
}

/// The head of a page of rows: what they have in common, and how many there are.
///
/// The rows themselves are not here. Decoding says where they lie in the body; encoding writes what stands before them, and
/// the caller appends the cells, `rowCount` times as many as there are columns, each as a [bytes].
public struct RowsResult: Hashable, Sendable {
  /// What the rows have in common.
  public var metadata: ResultMetadata
  /// How many rows there are.
  public var rowCount: Int
  /// Where the rows lie in the body that this was decoded from, up to its end; empty when it was not decoded.
  public var content: Range<Int>

  /// The head of a page to be encoded.
  public init(metadata: ResultMetadata, rowCount: Int) {
    self.metadata = metadata
    self.rowCount = rowCount
    self.content = 0..<0
  }

  /// Reads the head of a page behind the result's kind and moves the position to the first row.
  ///
  /// It does not look at the rows: fewer may follow than `rowCount` claims.
  public init(reading body: Span<UInt8>, at position: inout Int, version: ProtocolVersion) throws(WireError) {
    metadata = try ResultMetadata(reading: body, at: &position, version: version)
    let start = position
    rowCount = Int(try body.readInt(&position))
    guard rowCount >= 0 else { throw WireError.invalidLength(rowCount, at: start) }
    content = position..<body.count
  }

  /// Appends the result's kind, the metadata and the number of rows, and says at which offset that number stands, so that
  /// it can be stored when the rows are written and counted.
  @discardableResult
  public func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) -> Int {
    buffer.append(bigEndian: ResultResponse.Kind.rows.rawValue)
    try metadata.encode(into: &buffer, version: version)
    try buffer.append(intCount: rowCount, of: "A page")
    return buffer.count - 4
  }
}

/// A statement that the server has prepared (section 4.2.5.4).
public struct PreparedResult: Hashable, Sendable {
  /// What EXECUTE calls the statement.
  public var id: [UInt8]
  /// What EXECUTE says about the metadata that the client knows (v5).
  public var resultMetadataID: [UInt8]?
  /// The bind markers.
  public var parameters: PreparedMetadata
  /// The columns of its rows; without columns when it has no rows.
  public var result: ResultMetadata

  /// A prepared statement.
  public init(id: [UInt8], resultMetadataID: [UInt8]?, parameters: PreparedMetadata, result: ResultMetadata) {
    self.id = id
    self.resultMetadataID = resultMetadataID
    self.parameters = parameters
    self.result = result
  }

  init(reading body: Span<UInt8>, at position: inout Int, version: ProtocolVersion) throws(WireError) {
    id = body.copy(try body.readShortBytes(&position))
    resultMetadataID = version >= .v5 ? body.copy(try body.readShortBytes(&position)) : nil
    parameters = try PreparedMetadata(reading: body, at: &position, version: version)
    result = try ResultMetadata(reading: body, at: &position, version: version)
  }

  func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    try buffer.append(shortBytes: id.span)
    if version >= .v5 { try buffer.append(shortBytes: resultMetadataID ?? []) }
    try parameters.encode(into: &buffer, version: version)
    try result.encode(into: &buffer, version: version)
  }
}

extension ResultResponse {
  init(reading body: Span<UInt8>, at position: inout Int, version: ProtocolVersion) throws(WireError) {
    switch try Kind(reading: body, at: &position) {
    case .void: self = .void
    case .rows: self = .rows(try RowsResult(reading: body, at: &position, version: version))
    case .setKeyspace: self = .setKeyspace(try body.readString(&position))
    case .prepared: self = .prepared(try PreparedResult(reading: body, at: &position, version: version))
    case .schemaChange: self = .schemaChange(try SchemaChange(reading: body, at: &position))
    }
  }

  func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    switch self {
    case .void: buffer.append(bigEndian: Kind.void.rawValue)
    case .rows(let rows): try rows.encode(into: &buffer, version: version)
    case .setKeyspace(let keyspace):
      buffer.append(bigEndian: Kind.setKeyspace.rawValue)
      try buffer.append(string: keyspace)
    case .prepared(let prepared):
      buffer.append(bigEndian: Kind.prepared.rawValue)
      try prepared.encode(into: &buffer, version: version)
    case .schemaChange(let change):
      buffer.append(bigEndian: Kind.schemaChange.rawValue)
      try change.encode(into: &buffer, version: version)
    }
  }
}

extension WireError {
  @usableFromInline @inline(never)
  static func unknownKind(_ number: Int32, at position: Int) -> WireError {
    unknown("kind of result", number, at: position)
  }
}
