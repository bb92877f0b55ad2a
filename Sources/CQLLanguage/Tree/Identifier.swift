internal import CassandraBytes

/// A name as it is looked up: a bare one in lower case, a quoted one as it was written.
public struct Identifier: Sendable, Equatable, Hashable {
  /// The name without quotes.
  public var name: String
  /// Where it stands.
  public var position: Position

  /// The identifier `name`, which is not folded to lower case.
  public init(_ name: String, at position: Position = Position()) {
    self.name = name
    self.position = position
  }
}

extension Identifier {
  /// Whether both name the same: their bytes decide, as in Cassandra, and not how accents are composed.
  public static func == (left: Identifier, right: Identifier) -> Bool { left.name.hasSameBytes(as: right.name) }

  /// Hashes the bytes of the name.
  public func hash(into hasher: inout Hasher) { hasher.combine(ByteText(name)) }
}

extension Identifier: ExpressibleByStringLiteral {
  /// The identifier of this very name.
  public init(stringLiteral name: String) {
    self.init(name)
  }
}

/// The name of a table, type, index, view or function, with its keyspace when the statement says it.
public struct QualifiedName: Sendable, Equatable, Hashable {
  /// The keyspace, or nil for the one in use.
  public var keyspace: Identifier?
  /// The name in the keyspace.
  public var name: Identifier

  /// The name `name` in `keyspace`.
  public init(_ name: Identifier, in keyspace: Identifier? = nil) {
    self.keyspace = keyspace
    self.name = name
  }
}

/// A name in place of a value, `?` or `:name`, whose value comes with the request.
public struct BindMarker: Sendable, Equatable, Hashable {
  /// Its place among the markers of the whole statement, in the order of the text, from 0.
  public var index: Int
  /// The name behind the colon, or nil for `?`.
  public var name: String?
  /// Where it stands.
  public var position: Position

  /// The marker of the given place and name.
  public init(index: Int, name: String? = nil, at position: Position = Position()) {
    self.index = index
    self.name = name
    self.position = position
  }
}
