/// A column of a result, or a bind marker of a prepared statement: where it belongs, its name and its type.
public struct ColumnSpecification: Hashable, Sendable {
  /// The keyspace of its table.
  public var keyspace: String
  /// Its table.
  public var table: String
  /// The name of the column, its alias, or the text of the expression it comes from.
  public var name: String
  /// The type of its values.
  public var type: CQLType

  /// A column by its table, its name and its type.
  public init(keyspace: String, table: String, name: String, type: CQLType) {
    self.keyspace = keyspace
    self.table = table
    self.name = name
    self.type = type
  }
}

/// What `<flags>` of either metadata can hold (sections 4.2.5.2 and 4.2.5.4).
struct MetadataFlags: OptionSet {
  let rawValue: UInt32

  static let globalTableSpecification = MetadataFlags(rawValue: 0x0001)
  static let hasMorePages = MetadataFlags(rawValue: 0x0002)
  static let noMetadata = MetadataFlags(rawValue: 0x0004)
  static let metadataChanged = MetadataFlags(rawValue: 0x0008)
}

extension Array where Element == ColumnSpecification {
  /// Bytes that the types of all columns may take together: 1 MiB. Two of them stand for a type within a type, which takes
  /// many times as much memory, and no table has so many.
  static var maximumTypeBytes: Int { 1 << 20 }

  /// Reads `number` columns, all of one table whose name comes first, or each with its table before it.
  ///
  /// Memory is reserved by what the bytes left could hold: the shortest column takes 4 bytes, or 8 with its table.
  init(
    reading body: Span<UInt8>, at position: inout Int, number: Int, haveOneTable: Bool
  ) throws(WireError) {
    self = []
    var keyspace = ""
    var table = ""
    if haveOneTable {
      keyspace = try body.readString(&position)
      table = try body.readString(&position)
    }
    let (minimum, overflow) = number.multipliedReportingOverflow(by: haveOneTable ? 4 : 8)
    guard number >= 0, !overflow else { throw WireError.invalidLength(number, at: position) }
    try body.require(minimum, at: position)
    reserveCapacity(number)
    var rest = Self.maximumTypeBytes
    for _ in 0..<number {
      if !haveOneTable {
        keyspace = try body.readString(&position)
        table = try body.readString(&position)
      }
      let name = try body.readString(&position)
      let start = position
      let end = Swift.min(body.count, start + rest)
      let type: CQLType
      do throws(WireError) { type = try CQLType(reading: body.extracting(0..<end), at: &position) } catch {
        guard end < body.count, error.code == .truncated else { throw error }
        throw WireError(
          .tooLong, at: start, "The types of all columns take more than \(Self.maximumTypeBytes) bytes together.")
      }
      rest -= position - start
      append(ColumnSpecification(keyspace: keyspace, table: table, name: name, type: type))
    }
  }

  /// Whether there are columns and all are of one table, which is then named once.
  var haveOneTable: Bool {
    guard let first else { return false }
    return allSatisfy { $0.table == first.table && $0.keyspace == first.keyspace }
  }

  /// Appends the columns, behind the name of their one table or each behind its table.
  func encode(into buffer: inout [UInt8], version: ProtocolVersion, haveOneTable: Bool) throws(WireError) {
    if haveOneTable, let first {
      try buffer.append(string: first.keyspace)
      try buffer.append(string: first.table)
    }
    for column in self {
      if !haveOneTable {
        try buffer.append(string: column.keyspace)
        try buffer.append(string: column.table)
      }
      try buffer.append(string: column.name)
      try column.type.encode(into: &buffer, version: version)
    }
  }
}
