import CassandraHTTPServer

func routes() throws -> Routes<Void> {
  var routes = Routes<Void>()
  routes.post("/echo") { request in
    let value: JSONValue = try await request.json()
    guard request.method == .post else { throw Problem.notFound("") }
    return try Response(
      Status.created, contentType: .plainText, bytes: Array("\(value)".utf8), fields: [FieldLine("A", "b")])
  }
  return routes
}
