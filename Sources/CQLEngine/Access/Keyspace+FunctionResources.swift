import CassandraBytes
import CQLLanguage
import CassandraWire

extension UserFunction {
  /// The function as permissions name it.
  var resource: AccessResource { .function(name, arguments.map(\.type.wire), in: keyspace) }
}

extension UserAggregate {
  /// The aggregate as permissions name it.
  var resource: AccessResource { .function(name, argumentTypes.map(\.wire), in: keyspace) }
}

extension Keyspace {
  /// All functions and aggregates as permissions name them.
  var functionResources: [AccessResource] { functions.values.map(\.resource) + aggregates.values.map(\.resource) }

  /// The function or aggregate of a change; nil for what is none.
  func resource(of target: SchemaChange.Target) -> AccessResource? {
    switch target {
    case .function(let name, let types):
      functions.values.first { $0.name.hasSameBytes(as: name) && $0.signature.types(in: self.name) == types }?.resource
    case .aggregate(let name, let types):
      aggregates.values.first { $0.name.hasSameBytes(as: name) && $0.signature.types(in: self.name) == types }?.resource
    case .keyspace, .table, .type: nil
    }
  }
}

extension Schema {
  /// A function as permissions name it, whether or not it is there.
  func resource(
    ofFunction name: String, _ types: [TypeName], in keyspace: String
  ) throws(EngineFailure) -> AccessResource {
    var wire: [CQLType] = []
    if let keyspace = keyspaces[keyspace] {
      let resolver = TypeResolver(keyspace)
      for type in types { wire.append(try resolver.resolve(type).wire) }
    }
    return .function(name, wire, in: keyspace)
  }
}
