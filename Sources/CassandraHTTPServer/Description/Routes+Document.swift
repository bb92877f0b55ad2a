internal import CassandraHTTP
internal import CassandraJSON

extension Routes {
  /// Adds what describes the API: the document of OpenAPI 3.1 at `/openapi.json`, a page at `/docs` that shows it and lets a
  /// person try each call, and a redirection there from `/`, unless another route answers that.
  ///
  /// In the document is each route that has a description, also those that are added later. The page needs nothing from
  /// elsewhere: its script and its style stand beside it, and its policy lets a browser load nothing else.
  public mutating func document(_ about: APIDescription) {
    get("/openapi.json") { request in
      let document = OpenAPIDocument(about: about, routes: request.described)
      return try Response.json(try await document.json(request.context))
    }
    get("/docs") { _ in DocumentationPage.html }
    get("/docs/page.js") { _ in DocumentationPage.script }
    get("/docs/page.css") { _ in DocumentationPage.style }
    guard !has(.get, "/") else { return }
    get("/") { _ in Response(.found, fields: DocumentationPage.location) }
  }
}
