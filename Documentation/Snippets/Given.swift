import CassandraWeb

/// What the snippets of the documentation take as given: a snippet that uses one of these names without declaring it gets
/// it from here.
public struct Given: Sendable {
  /// A client of the keyspace `naturalist`, with the sample rows in it.
  public let client: CassandraClient
  /// The node that the client is connected to.
  public let nodes: ClusterSource
  /// `host:port` of that node, which stands where a snippet says 127.0.0.1:9042.
  public var address: String { nodes.description }
  public let logger: CassandraLogger
  public let genus = "Plantago"
  public let species = "major"

  public init(_ client: CassandraClient, nodes: ClusterSource, logger: CassandraLogger) {
    self.client = client
    self.nodes = nodes
    self.logger = logger
  }
}

/// The context of routes that a snippet adds to without making them.
public struct AppContext: CassandraContext {
  public let cassandra: CassandraClient

  public init(cassandra: CassandraClient) { self.cassandra = cassandra }
}

/// A snippet, with the place where it stands.
public struct Snippet: Sendable {
  public let place: String
  public let run: @Sendable (Given) async throws -> Void

  public init(_ place: String, _ run: @escaping @Sendable (Given) async throws -> Void) {
    self.place = place
    self.run = run
  }
}
