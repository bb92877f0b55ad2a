public import Cassandra
public import CassandraHTTPServer

/// A context that has the client of a database.
///
/// Handlers of routes over such a context have ``CassandraHTTPServer/Request/cassandra``; handlers of other routes do not compile with
/// it. An application with two databases names each in its context and uses the properties.
public protocol CassandraContext: Sendable {
  /// The one client of the process.
  var cassandra: CassandraClient { get }
}

extension Request where Context: CassandraContext {
  /// The client of the database, ready in every request.
  public var cassandra: CassandraClient { context.cassandra }
}
