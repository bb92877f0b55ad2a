internal import CassandraWire
internal import Cassandra
internal import CassandraBytes
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
///
/// - Parameter hasMetrics: Whether `/metrics` is among them.
func fieldGuideRoutes(hasMetrics: Bool = false) -> Routes<FieldGuideContext> {
  var routes = Routes<FieldGuideContext>()
  routes.mapErrors(explainMissingTables)
  // Reading a partition that is not there costs next to nothing, and fails without the table.
  routes.health(queries: [
    "SELECT genus FROM animals WHERE genus = 'readiness'", "SELECT genus FROM plants WHERE genus = 'readiness'",
  ]) { context in
    if let directory = context.dataDirectory { try DiskSpace.check(directory) }
  }

  if hasMetrics { routes.metrics() }
  routes.document(
    APIDescription(
      title: "Field Guide", version: PackageVersion.text, text: "Animals and plants, and how often they were seen."))

  routes.get(
    "/animal/{genus}/{species}",
    about: .init("One animal", tag: "animals")
      .path("genus", "Its genus.", example: "Vanessa").path("species", "Its species.", example: "atalanta")
      .row(of: Storage.animal(genus: "", species: ""), "The animal.")
      .problem(.notFound, "There is no such animal.")
  ) { request in
    let statement = Storage.animal(genus: request.path["genus"], species: request.path["species"])
    guard let animal = try await request.cassandra.query(statement).first() else {
      throw Problem.notFound("There is no such animal.")
    }
    return animal
  }

  routes.get(
    "/animal/{genus}",
    about: .init("The animals of a genus", tag: "animals")
      .path("genus", "The genus.", example: "Vanessa")
      .rows(of: Storage.animals(ofGenus: ""), "The animals; none is no error.")
  ) { request in
    try await request.cassandra.query(Storage.animals(ofGenus: request.path["genus"]))
  }

  routes.post(
    "/animal",
    about: .init("Add an animal", "One with the same genus and species is replaced.", tag: "animals")
      .body(Animal.self, example: Animal.example)
      .answer(
        .ok, "It is there.",
        schema: ["type": "object", "properties": ["inserted": ["const": true]], "required": ["inserted"]]
      )
      .problem(.badRequest, "The body is no JSON.").problem(
        .unprocessableContent, "The body has errors, each with its place."
      )
      .problem(.contentTooLarge, "The body is too long.").problem(
        .unsupportedMediaType, "The body is not said to be JSON.")
  ) { request in
    let animal = try await request.validated(Animal.self)
    try await request.cassandra.query(Storage.add(animal))
    return Response.json(bytes: inserted)
  }

  routes.get(
    "/plant/{genus}",
    about: .init("The plants of a genus", tag: "plants")
      .path("genus", "The genus.", example: "Plantago")
      .pages(of: Storage.plants(ofGenus: ""), "The plants; none is no error.")
      .problem(.unprocessableContent, "The limit is no number of its range.")
  ) { request in
    try await request.rows(Storage.plants(ofGenus: request.path["genus"]))
  }
  return routes
}

/// What a client is told whose animal was added.
private let inserted = Array(#"{"inserted":true}"#.utf8)

/// Without its tables the API cannot answer, and what helps is `fieldguide init`.
@Sendable
private func explainMissingTables(_ error: any Error) -> any Error {
  guard let failure = error as? CassandraError, failure.saysKeyspaceMissing || failure.isTableMissing else {
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

  /// Whether the statement named a table that does not exist.
  var isTableMissing: Bool { server?.reason == .tableMissing }
}
