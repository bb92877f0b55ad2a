import CassandraWeb

struct AppContext: CassandraContext { let cassandra: CassandraClient }

func rows() -> Routes<AppContext> {
  var routes = Routes<AppContext>()
  routes.get("/all") { request in
    try await request.cassandra.query("SELECT * FROM t").streamed(nullCollections: NullCollections.null)
  }
  return routes
}
