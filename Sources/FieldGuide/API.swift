internal import CassandraWire
internal import Cassandra
internal import CassandraAstra
internal import CassandraHTTP
internal import CassandraHTTPServer
internal import CassandraWeb

/// What every handler has: the one session of the process.
struct FieldGuideContext: CassandraContext {
  let cassandra: CassandraClient
  /// Where the embedded database keeps its data; nil for another one.
  var dataDirectory: String?
  var paging = Paging.standard
}

/// The routes of the field guide.
func fieldGuideRoutes() -> Routes<FieldGuideContext> {
  var routes = Routes<FieldGuideContext>()
  routes.mapErrors(explainMissingTables)
  // Reading a partition that is not there costs next to nothing, and fails without the table.
  routes.health(queries: [
    "SELECT genus FROM animals WHERE genus = 'readiness'", "SELECT genus FROM plants WHERE genus = 'readiness'",
  ]) { context in
    if let directory = context.dataDirectory { try DiskSpace.check(directory) }
  }

  routes.get("/animal/{genus}/{species}") { request in
    let statement = Storage.animal(genus: request.path["genus"], species: request.path["species"])
    guard let animal = try await request.cassandra.query(statement).first() else {
      throw Problem.notFound("There is no such animal.")
    }
    return animal
  }

  routes.get("/animal/{genus}") { request in
    try await request.cassandra.query(Storage.animals(ofGenus: request.path["genus"]))
  }

  routes.post("/animal") { request in
    let animal = try await request.validated(Animal.self)
    try await request.cassandra.query(Storage.add(animal))
    return Response.json(bytes: Array(#"{"inserted":true}"#.utf8))
  }

  routes.get("/plant/{genus}") { request in
    try await request.rows(Storage.plants(ofGenus: request.path["genus"]))
  }
  return routes
}

/// Without its tables the API cannot answer, and what helps is `fieldguide init`.
@Sendable
private func explainMissingTables(_ error: any Error) -> any Error {
  guard let failure = error as? CassandraError, failure.saysKeyspaceMissing || failure.isMissingTable else {
    return error
  }
  // A keyspace of Astra is made in its portal, which the log says; a client is told what it is told of every failure.
  if failure.saysKeyspaceMissing, failure.isAstras { return error }
  return Problem(
    .serviceUnavailable, code: "tablesMissing",
    detail: "The database does not have the tables yet: run `fieldguide init`.", cause: failure)
}

extension CassandraError {
  /// Whether it is what a failure means where the database is Astra.
  fileprivate var isAstras: Bool {
    var error: (any Error)? = self
    while let failure = error as? CassandraError { error = failure.cause }
    return error is AstraError
  }

  /// Whether the statement named a table that does not exist; Cassandra has no code of its own for that.
  var isMissingTable: Bool {
    guard code == .invalid, let message = server?.message else { return false }
    return message.hasPrefix("table ") && message.hasSuffix(" does not exist")
      || message.hasPrefix("unconfigured table")
  }
}
