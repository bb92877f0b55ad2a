import CassandraBytes

/// A message from the client (section 4.1).
///
/// It is the general form, for servers, tools and tests. A driver writes its statements without it and without the arrays
/// in it: see ``beginExecute(_:resultMetadataID:parameters:valueCount:into:version:)``.
public enum RequestMessage: Hashable, Sendable {
  /// STARTUP: begin the connection with these options, such as `CQL_VERSION`.
  case startup([String: String])
  /// OPTIONS: which options STARTUP may have.
  case options
  /// QUERY: run a statement given as text.
  case query(String, QueryParameters)
  /// PREPARE: parse a statement and remember it; the keyspace of its unqualified names is the connection's unless one is
  /// given (v5).
  case prepare(String, keyspace: String?)
  /// EXECUTE: run a prepared statement. From v5 on it names the metadata that the client has for its rows.
  case execute(id: [UInt8], resultMetadataID: [UInt8]?, QueryParameters)
  /// BATCH: run several statements as one.
  case batch(Batch)
  /// REGISTER: send events of these kinds on this connection.
  case register([EventKind])
  /// AUTH_RESPONSE: what the authenticator asked for.
  case authResponse([UInt8]?)

  /// The opcode of the envelope that carries it.
  public var opcode: Opcode {
    switch self {
    case .startup: .startup
    case .options: .options
    case .query: .query
    case .prepare: .prepare
    case .execute: .execute
    case .batch: .batch
    case .register: .register
    case .authResponse: .authResponse
    }
  }
}

/// The statements of a BATCH (section 4.1.7).
public struct Batch: Hashable, Sendable {
  /// What the statements of a batch have in common.
  public enum Kind: UInt8, Hashable, Sendable {
    /// All or nothing is written, at the price of a batch log.
    case logged = 0
    /// No batch log: after a failure some may be written.
    case unlogged = 1
    /// Counter updates only.
    case counter = 2
  }

  /// A statement as text or by the id of its preparation.
  public enum Text: Hashable, Sendable {
    /// CQL.
    case query(String)
    /// The id of a prepared statement.
    case prepared(id: [UInt8])
  }

  /// A statement and its values.
  public struct Statement: Hashable, Sendable {
    /// What to run.
    public var text: Text
    /// The values of its markers, in their order: a batch cannot name them.
    public var values: [BoundValue]

    /// A statement and its values.
    public init(_ text: Text, values: [BoundValue] = []) {
      self.text = text
      self.values = values
    }
  }

  /// What the statements have in common.
  public var kind: Kind
  /// The statements, at most 65,535.
  public var statements: [Statement]
  /// Consistency, serial consistency, timestamp, keyspace and now; the others mean nothing here.
  public var parameters: QueryParameters

  /// A batch of statements.
  public init(_ kind: Kind, _ statements: [Statement], parameters: QueryParameters) {
    self.kind = kind
    self.statements = statements
    self.parameters = parameters
  }
}

extension RequestMessage {
  /// Appends the body of the message, without its prefix.
  ///
  /// Throws `.unsupported` for what the version cannot say and `.tooLong` for what a field cannot hold; the buffer then
  /// keeps what was written before.
  public func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    switch self {
    case .startup(let options): try buffer.append(stringMap: options)
    case .options: break
    case .query(let text, let parameters):
      try buffer.append(longString: text)
      try parameters.encode(into: &buffer, version: version)
    case .prepare(let text, let keyspace):
      try Self.encodePrepare(text, keyspace: keyspace, into: &buffer, version: version)
    case .execute(let id, let resultMetadataID, let parameters):
      try Self.encodeIDs(id.span, resultMetadataID: resultMetadataID, into: &buffer, version: version)
      try parameters.encode(into: &buffer, version: version)
    case .batch(let batch):
      try Self.beginBatch(batch.kind, statementCount: batch.statements.count, into: &buffer)
      for statement in batch.statements {
        switch statement.text {
        case .query(let text):
          try Self.beginBatchStatement(text, valueCount: statement.values.count, into: &buffer)
        case .prepared(let id):
          try Self.beginBatchStatement(id: id.span, valueCount: statement.values.count, into: &buffer)
        }
        for value in statement.values { try value.encode(into: &buffer, version: version) }
      }
      try Self.endBatch(batch.parameters, into: &buffer, version: version)
    case .register(let kinds): try buffer.append(stringList: kinds.map(\.rawValue))
    case .authResponse(let token): try buffer.append(bytes: token)
    }
  }
}
