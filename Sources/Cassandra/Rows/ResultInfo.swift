public import CassandraBytes
public import CassandraWire

/// What the server said beside the rows.
public struct ResultInfo: Sendable {
  /// Warnings, for instance of a batch that is large; they are also logged.
  public var warnings: [String] = []
  /// The trace of the request in `system_traces`, when one was asked for.
  public var tracingID: CQLUUID?
  /// The custom payload, when the server sent one.
  public var customPayload: [ByteText: [UInt8]?]?
  /// What a statement has changed in the schema.
  public var schemaChange: SchemaChange?
  /// After a change of the schema, whether all nodes that are up have it; nil after any other statement.
  public var isSchemaAgreed: Bool?
  /// The node that answered.
  public var coordinator: EndPoint?
  /// How often it was sent until this answer came: once, as a rule.
  public var attempts = 1
}
