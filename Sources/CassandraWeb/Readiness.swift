internal import CassandraWire
internal import Cassandra
public import CassandraHTTPServer

extension Routes where Context: CassandraContext {
  /// Adds two routes for whoever watches the process: `/health/live` answers 200 as long as the process serves, and
  /// `/health/ready` answers 200 when the database answers, else 503 with the reason's code.
  ///
  /// - Parameter path: What stands before `/live` and `/ready`.
  public mutating func health(at path: String = "/health") {
    get(RoutePattern(path + "/live")) { _ in Response.json(bytes: Array(#"{"status":"live"}"#.utf8)) }
    get(RoutePattern(path + "/ready")) { request in
      _ = try await request.cassandra.query(
        "SELECT key FROM system.local WHERE key = 'local'",
        options: QueryOptions(consistency: .one, timeout: .seconds(2)))
      return Response.json(bytes: Array(#"{"status":"ready"}"#.utf8))
    }
  }
}
