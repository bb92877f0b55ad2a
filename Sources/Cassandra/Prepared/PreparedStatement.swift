internal import CassandraBytes
internal import CassandraTelemetry
internal import CassandraWire
internal import Synchronization

/// What a statement is prepared by: its text, and the keyspace of names that come without one where that is not the
/// client's.
struct StatementKey: Hashable, Sendable {
  var text: ByteText
  var keyspace: ByteText?

  init(_ text: String, keyspace: String? = nil) {
    self.text = ByteText(text)
    self.keyspace = keyspace.map { ByteText($0) }
  }
}

/// A statement that a server knows by an id. The id depends on keyspace and text alone, so it is the same on every node,
/// and it stays the same when the types of the markers change.
///
/// So what was learnt with it is out of date at some time: ``isOutdated``.
final class PreparedStatement: Sendable {
  let key: StatementKey
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
  /// What all spans of its requests have in common.
  let spanPart: SpanPart
  /// The beginning of every EXECUTE: the id, and on v5 the id of the result's metadata.
  let executeHead: [UInt8]
  /// How many changes of the schema were known when the server was asked.
  let knownChanges: UInt64
  private let outdated = Atomic<Bool>(false)

  var text: String { key.text.text }

  convenience init(
    key: StatementKey, kind: StatementKind, result: PreparedResult, version: ProtocolVersion, knownChanges: UInt64 = 0
  ) throws(WireError) {
    try self.init(
      key: key, kind: kind, id: result.id, version: version, parameters: result.parameters.columns,
      partitionKeyIndexes: result.parameters.partitionKeyIndexes,
      layout: RowLayout(columns: result.result.columns ?? []),
      resultMetadataID: result.resultMetadataID, knownChanges: knownChanges)
  }

  private init(
    key: StatementKey, kind: StatementKind, id: [UInt8], version: ProtocolVersion, parameters: [ColumnSpecification],
    partitionKeyIndexes: [UInt16], layout: RowLayout, resultMetadataID: [UInt8]?, knownChanges: UInt64
  ) throws(WireError) {
    self.key = key
    self.kind = kind
    self.id = id
    self.version = version
    self.parameters = parameters
    self.partitionKeyIndexes = partitionKeyIndexes
    self.layout = layout
    self.resultMetadataID = resultMetadataID
    self.knownChanges = knownChanges
    forms = parameters.map { ValueForm($0.type) }
    spanPart = SpanPart { $0.describe(ShownStatement.text(key.text.text)) }
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
        key: key, kind: kind, id: id, version: version, parameters: parameters,
        partitionKeyIndexes: partitionKeyIndexes, layout: layout, resultMetadataID: nil,
        knownChanges: knownChanges)
    } catch { throw .unsendable(error) }
  }

  /// The same statement after a result has told other columns.
  func changed(layout: RowLayout, resultMetadataID: [UInt8]?) throws(WireError) -> PreparedStatement {
    let changed = try PreparedStatement(
      key: key, kind: kind, id: id, version: version, parameters: parameters,
      partitionKeyIndexes: partitionKeyIndexes, layout: layout,
      resultMetadataID: resultMetadataID ?? self.resultMetadataID, knownChanges: knownChanges)
    if isOutdated { changed.outdate() }
    return changed
  }
}

// MARK: - Whether it is still true

extension PreparedStatement {
  /// Whether the server may want other values by now, because the schema has changed or a newer form of the statement is
  /// known. Whoever encodes values looks, and takes the newest form.
  @inline(__always)
  var isOutdated: Bool { outdated.load(ordering: .relaxed) }

  func outdate() { outdated.store(true, ordering: .relaxed) }

  /// Whether the server has said the same of it at another time.
  func isSame(as other: PreparedStatement) -> Bool {
    id == other.id && version == other.version && parameters.isSame(as: other.parameters)
      && partitionKeyIndexes == other.partitionKeyIndexes && resultMetadataID == other.resultMetadataID
      && layout.columns.isSame(as: other.layout.columns)
  }

  /// Whether what the server said of it may be otherwise after a change of the schema.
  func dependsOn(_ change: SchemaChange) -> Bool {
    func any(_ condition: (ColumnSpecification) -> Bool) -> Bool {
      parameters.contains(where: condition) || layout.columns.contains(where: condition)
    }
    let keyspace = change.keyspace
    switch change.target {
    // A keyspace that is new or has other replicas changes nothing in its tables.
    case .keyspace where change.change != .dropped: return false
    case .table(let table):
      return any { $0.table.hasSameBytes(as: table) && $0.keyspace.hasSameBytes(as: keyspace) }
    case .type(let type): return any { $0.type.mentions(type, of: keyspace) }
    // Which function is meant follows from the types of its arguments, which a marker may take from it.
    case .keyspace, .function, .aggregate: return any { $0.keyspace.hasSameBytes(as: keyspace) }
    }
  }
}

extension [ColumnSpecification] {
  fileprivate func isSame(as other: [ColumnSpecification]) -> Bool {
    count == other.count
      && zip(self, other).allSatisfy { left, right in
        left.name.hasSameBytes(as: right.name) && left.table.hasSameBytes(as: right.table)
          && left.keyspace.hasSameBytes(as: right.keyspace) && left.type.isSame(as: right.type)
      }
  }
}

extension CQLType {
  /// Whether a user-defined type is this one or is anywhere in it.
  fileprivate func mentions(_ name: String, of keyspace: String) -> Bool {
    switch self {
    case .udt(let type):
      type.name.hasSameBytes(as: name) && type.keyspace.hasSameBytes(as: keyspace)
        || type.fields.contains { $0.type.mentions(name, of: keyspace) }
    case .list(let element), .set(let element), .vector(let element, _): element.mentions(name, of: keyspace)
    case .map(let key, let value): key.mentions(name, of: keyspace) || value.mentions(name, of: keyspace)
    case .tuple(let elements): elements.contains { $0.mentions(name, of: keyspace) }
    default: false
    }
  }

  /// Whether values of both have the same bytes and the same fields, by the bytes of their names.
  fileprivate func isSame(as other: CQLType) -> Bool {
    switch (self, other) {
    case (.udt(let left), .udt(let right)):
      left.name.hasSameBytes(as: right.name) && left.keyspace.hasSameBytes(as: right.keyspace)
        && left.fields.count == right.fields.count
        && zip(left.fields, right.fields).allSatisfy {
          $0.name.hasSameBytes(as: $1.name) && $0.type.isSame(as: $1.type)
        }
    case (.list(let left), .list(let right)), (.set(let left), .set(let right)): left.isSame(as: right)
    case (.vector(let left, let count), .vector(let right, let other)): count == other && left.isSame(as: right)
    case (.map(let key, let value), .map(let otherKey, let otherValue)):
      key.isSame(as: otherKey) && value.isSame(as: otherValue)
    case (.tuple(let left), .tuple(let right)):
      left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
    default: self == other
    }
  }
}

/// What the marker of a statement takes, as far as the hot path has to know.
enum ValueForm: UInt8, Sendable {
  case text
  case int
  case bigint
  case float
  case texts
  case other

  init(_ type: CQLType) {
    switch type {
    case .text: self = .text
    case .int: self = .int
    case .bigint: self = .bigint
    case .float: self = .float
    case .list(.text): self = .texts
    default: self = .other
    }
  }
}
