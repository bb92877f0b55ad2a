import CassandraBytes

/// A kind of event that a connection can register for (section 4.2.6).
public enum EventKind: String, CaseIterable, Hashable, Sendable {
  /// Nodes come and go.
  case topologyChange = "TOPOLOGY_CHANGE"
  /// Nodes are up or down.
  case statusChange = "STATUS_CHANGE"
  /// Keyspaces, tables, types, functions and aggregates change.
  case schemaChange = "SCHEMA_CHANGE"
}

/// Something that happened in the cluster, which the server tells without being asked.
public enum Event: Hashable, Sendable {
  /// A node came, left or moved.
  case topologyChange(TopologyChange, NodeAddress)
  /// A node is up or down.
  case statusChange(StatusChange, NodeAddress)
  /// The schema changed.
  case schemaChange(SchemaChange)

  /// What happened to the cluster's ring.
  public enum TopologyChange: String, CaseIterable, Hashable, Sendable {
    /// A node joined.
    case newNode = "NEW_NODE"
    /// A node left.
    case removedNode = "REMOVED_NODE"
    /// A node has another token. Not in the specification of v4 and v5; Cassandra can still send it.
    case movedNode = "MOVED_NODE"
  }

  /// What a node became.
  public enum StatusChange: String, CaseIterable, Hashable, Sendable {
    /// The node answers again.
    case up = "UP"
    /// The node does not answer.
    case down = "DOWN"
  }

  /// The kind to register for to get it.
  public var kind: EventKind {
    switch self {
    case .topologyChange: .topologyChange
    case .statusChange: .statusChange
    case .schemaChange: .schemaChange
    }
  }
}

/// A change of the schema: in an event, and as the result of the statement that made it (section 4.2.5.5).
public struct SchemaChange: Hashable, Sendable {
  /// What was done.
  public enum Change: String, CaseIterable, Hashable, Sendable {
    /// It is new.
    case created = "CREATED"
    /// It is different.
    case updated = "UPDATED"
    /// It is gone.
    case dropped = "DROPPED"
  }

  /// What it was done to.
  public enum Target: Hashable, Sendable {
    /// The keyspace itself.
    case keyspace
    /// A table or a view, also when one of its indexes changed.
    case table(String)
    /// A user-defined type.
    case type(String)
    /// A function with the CQL names of its arguments' types. From v4 on.
    case function(String, argumentTypes: [String])
    /// An aggregate with the CQL names of its arguments' types. From v4 on.
    case aggregate(String, argumentTypes: [String])
  }

  /// What was done.
  public var change: Change
  /// The keyspace of the target, or the target.
  public var keyspace: String
  /// What it was done to.
  public var target: Target

  /// A change of a target in a keyspace.
  public init(_ change: Change, keyspace: String, _ target: Target = .keyspace) {
    self.change = change
    self.keyspace = keyspace
    self.target = target
  }
}

extension Event {
  init(reading body: Span<UInt8>, at position: inout Int) throws(WireError) {
    let start = position
    switch EventKind(named: try body.readString(&position)) {
    case .topologyChange:
      let changePosition = position
      guard let change = TopologyChange(named: try body.readString(&position)) else {
        throw WireError(.unknownValue, at: changePosition, "There is no such change of the topology.")
      }
      self = .topologyChange(change, try body.readInet(&position))
    case .statusChange:
      let changePosition = position
      guard let change = StatusChange(named: try body.readString(&position)) else {
        throw WireError(.unknownValue, at: changePosition, "There is no such status.")
      }
      self = .statusChange(change, try body.readInet(&position))
    case .schemaChange: self = .schemaChange(try SchemaChange(reading: body, at: &position))
    case nil: throw WireError(.unknownValue, at: start, "There is no such kind of event.")
    }
  }

  func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    try buffer.append(string: kind.rawValue)
    switch self {
    case .topologyChange(let change, let node):
      try buffer.append(string: change.rawValue)
      buffer.append(inet: node)
    case .statusChange(let change, let node):
      try buffer.append(string: change.rawValue)
      buffer.append(inet: node)
    case .schemaChange(let change): try change.encode(into: &buffer, version: version)
    }
  }
}

extension SchemaChange {
  init(reading body: Span<UInt8>, at position: inout Int) throws(WireError) {
    let start = position
    guard let change = Change(named: try body.readString(&position)) else {
      throw WireError(.unknownValue, at: start, "There is no such change of the schema.")
    }
    let targetPosition = position
    let target = try body.readString(&position)
    let keyspace = try body.readString(&position)
    self.init(change, keyspace: keyspace)
    switch target {
    case "KEYSPACE": break
    case "TABLE": self.target = .table(try body.readString(&position))
    case "TYPE": self.target = .type(try body.readString(&position))
    case "FUNCTION":
      let name = try body.readString(&position)
      self.target = .function(name, argumentTypes: try body.readStringList(&position))
    case "AGGREGATE":
      let name = try body.readString(&position)
      self.target = .aggregate(name, argumentTypes: try body.readStringList(&position))
    default: throw WireError(.unknownValue, at: targetPosition, "There is no such target of a change of the schema.")
    }
  }

  /// Before v4 there are no functions and aggregates: their keyspace counts as updated then, as in Cassandra.
  func encode(into buffer: inout [UInt8], version: ProtocolVersion) throws(WireError) {
    switch target {
    case .function where version < .v4, .aggregate where version < .v4:
      return try SchemaChange(.updated, keyspace: keyspace).encode(into: &buffer, version: version)
    case .keyspace, .table, .type, .function, .aggregate: break
    }
    try buffer.append(string: change.rawValue)
    switch target {
    case .keyspace:
      try buffer.append(string: "KEYSPACE")
      try buffer.append(string: keyspace)
    case .table(let name): try encode("TABLE", name, into: &buffer)
    case .type(let name): try encode("TYPE", name, into: &buffer)
    case .function(let name, let types):
      try encode("FUNCTION", name, into: &buffer)
      try buffer.append(stringList: types)
    case .aggregate(let name, let types):
      try encode("AGGREGATE", name, into: &buffer)
      try buffer.append(stringList: types)
    }
  }

  private func encode(_ target: String, _ name: String, into buffer: inout [UInt8]) throws(WireError) {
    try buffer.append(string: target)
    try buffer.append(string: keyspace)
    try buffer.append(string: name)
  }
}
