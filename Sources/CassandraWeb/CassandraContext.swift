public import Cassandra
public import CassandraHTTPServer

/// A context that has the client of a database.
///
/// Handlers of routes over such a context have ``CassandraHTTPServer/Request/cassandra``; handlers of other routes do not compile with
/// it. An application with two databases names each in its context and uses the properties.
public protocol CassandraContext: Sendable {
  /// The one client of the process.
  var cassandra: CassandraClient { get }
  /// How lists are paged, and the key of their cursors. By default ``Paging/standard``, whose key is this process's own.
  var paging: Paging { get }
}

extension CassandraContext {
  /// What this process uses: ``Paging/standard``.
  public var paging: Paging { .standard }
}

extension Request where Context: CassandraContext {
  /// The client of the database, ready in every request.
  public var cassandra: CassandraClient { context.cassandra }
}
