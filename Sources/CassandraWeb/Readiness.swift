internal import CassandraWire
public import Cassandra
public import CassandraHTTPServer

extension Routes where Context: CassandraContext {
  /// Adds two routes for whoever watches the process: `/health/live` answers 200 as long as the process serves, and
  /// `/health/ready` answers 200 when the database answers what the API needs, else 503 with the reason's code; also once
  /// the server has begun to end. Both answer when the server sheds load.
  ///
  /// - Parameters:
  ///   - path: What stands before `/live` and `/ready`.
  ///   - queries: Statements that have to succeed, such as one for each table that the API reads; by default one that any
  ///     database answers.
  ///   - check: What else has to hold; throws a `Problem` that says why it does not.
  public mutating func health(
    at path: String = "/health",
    queries: [Statement] = ["SELECT key FROM system.local WHERE key = 'local'"],
    check: @escaping @Sendable (Context) async throws -> Void = { _ in }
  ) {
    always { routes in
      routes.get(RoutePattern(path + "/live")) { _ in Response.json(bytes: Array(#"{"status":"live"}"#.utf8)) }
      routes.get(RoutePattern(path + "/ready")) { request in
        if request.isStopping { throw Problem.stopping }
        for query in queries {
          _ = try await request.cassandra.query(
            query, options: QueryOptions(consistency: .one, timeout: .seconds(2)))
        }
        try await check(request.context)
        return Response.json(bytes: Array(#"{"status":"ready"}"#.utf8))
      }
    }
  }
}
