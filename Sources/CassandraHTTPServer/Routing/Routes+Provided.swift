internal import CassandraHTTP
internal import CassandraJSON
internal import CassandraTelemetry

/// The routes that the server brings: what describes an API, and what Prometheus asks for.
extension Routes {
  /// Adds what describes the API: the document of OpenAPI 3.1 at `/openapi.json`, a page at `/docs` that shows it and lets a
  /// person try each call, and a redirection there from `/`, unless another route answers that.
  ///
  /// In the document is each route that has a description, also those that are added later. The page needs nothing from
  /// elsewhere: its script and its style stand beside it, and its policy lets a browser load nothing else.
  ///
  /// - Parameters:
  ///   - about: What the document says of the API as a whole.
  ///   - version: A number that changes when schemas may have changed that a route asks its context for. The document is
  ///     made once for each. Nil, the default, when that is not known: then it is made whenever it is asked for.
  public mutating func document(
    _ about: APIDescription, version: @escaping @Sendable (Context) -> UInt64? = { _ in nil }
  ) {
    let kept = Locked<(version: UInt64, bytes: [UInt8])?>(nil)
    get("/openapi.json") { request in
      // Of before: what changes while the document is made makes the next one.
      let version = version(request.context)
      if let version, let kept = kept.withLock({ $0 }), kept.version == version {
        return Response.json(bytes: kept.bytes)
      }
      let document = OpenAPIDocument(about: about, routes: request.described)
      var bytes: [UInt8] = []
      try await document.json(request.context).writeJSON(to: &bytes)
      if let version { kept.withLock { [bytes] in $0 = (version, bytes) } }
      return Response.json(bytes: bytes)
    }
    get("/docs") { _ in DocumentationPage.html }
    get("/docs/page.js") { _ in DocumentationPage.script }
    get("/docs/page.css") { _ in DocumentationPage.style }
    guard !has(.get, "/") else { return }
    get("/") { _ in Response(.found, fields: DocumentationPage.location) }
  }

  /// Adds `/metrics`, which tells Prometheus what the server has done, and what `more` adds. It answers when the server sheds
  /// load. Requests are counted when ``ServerConfiguration/countsRequests`` is true.
  public mutating func metrics(
    at path: String = "/metrics",
    _ more: @escaping @Sendable (Context, inout PrometheusText) async throws -> Void = { _, _ in }
  ) {
    always { routes in
      routes.get(RoutePattern(path)) { request in
        var text = PrometheusText()
        text.add(await request.serverMetrics)
        try await more(request.context, &text)
        return text
      }
    }
  }
}
