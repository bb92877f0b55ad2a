internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraJSON

/// What a document says of the API as a whole.
public struct APIDescription: Sendable {
  /// The name of the API.
  public var title: String
  /// Its version.
  public var version: String
  /// What it is for, in sentences.
  public var text: String

  /// A description.
  public init(title: String, version: String, text: String = "") {
    self.title = title
    self.version = version
    self.text = text
  }
}

/// A route with what is said of it.
struct DescribedRoute<Context: Sendable>: Sendable {
  var method: Method
  var pattern: RoutePattern
  var description: RouteDescription<Context>
}

/// Makes the document: OpenAPI 3.1.0, whose schemas are JSON Schema 2020-12.
struct OpenAPIDocument<Context: Sendable> {
  let about: APIDescription
  let routes: [DescribedRoute<Context>]

  /// The document; asks `context` for the schemas that are not known before.
  func json(_ context: Context) async throws -> JSONValue {
    var paths: [JSONValue.Member] = []
    for route in routes {
      let path = route.pattern.documentPath
      let operation = JSONValue.Member(
        "\(route.method.name)".lowercased(), try await operation(route, context))
      if let index = paths.firstIndex(where: { $0.name.text.hasSameBytes(as: path) }) {
        paths[index].value = .object((paths[index].value.members ?? []) + [operation])
      } else {
        paths.append(.init(path, .object([operation])))
      }
    }
    return [
      "openapi": "3.1.0",
      "info": .object(
        [.init("title", .string(about.title)), .init("version", .string(about.version))]
          + (about.text.isEmpty ? [] : [.init("description", .string(about.text))])),
      "servers": [["url": "/"]],
      "paths": .object(paths), "components": components,
    ]
  }

  private var components: JSONValue {
    var schemas: [JSONValue.Member] = [.init("Problem", Problem.schema)]
    for body in routes.compactMap(\.description.body)
    where !schemas.contains(where: { $0.name.text.hasSameBytes(as: body.name) }) {
      schemas.append(.init(body.name, body.schema))
    }
    var components: [JSONValue.Member] = [.init("schemas", .object(schemas))]
    if routes.contains(where: \.description.needsToken) {
      components.append(.init("securitySchemes", ["bearer": ["type": "http", "scheme": "bearer"]]))
    }
    return .object(components)
  }

  private func operation(_ route: DescribedRoute<Context>, _ context: Context) async throws -> JSONValue {
    let description = route.description
    var members: [JSONValue.Member] = [
      .init("operationId", .string(route.operationID)), .init("summary", .string(description.title)),
    ]
    if !description.text.isEmpty { members.append(.init("description", .string(description.text))) }
    if let tag = description.tag { members.append(.init("tags", [.string(tag)])) }
    let parameters = parameters(of: route)
    if !parameters.isEmpty { members.append(.init("parameters", .array(parameters))) }
    if let body = description.body {
      var content: [JSONValue.Member] = [.init("schema", ["$ref": .string("#/components/schemas/\(body.name)")])]
      if let example = body.example { content.append(.init("example", example)) }
      members.append(
        .init("requestBody", ["required": true, "content": ["application/json": .object(content)]]))
    }
    var responses: [JSONValue.Member] = []
    for answer in description.answers {
      var response: [JSONValue.Member] = [.init("description", .string(answer.text))]
      if !answer.fields.isEmpty {
        response.append(
          .init(
            "headers",
            .object(
              answer.fields.map {
                .init($0.name, ["description": .string($0.text), "schema": ["type": "string"]])
              })))
      }
      var contents: [JSONValue.Member] = []
      for content in answer.contents {
        let schema: JSONValue =
          switch content.schema {
          case .fixed(let schema): schema
          case .made(let make): try await make(context)
          }
        contents.append(.init(content.type, ["schema": schema]))
      }
      if !contents.isEmpty { response.append(.init("content", .object(contents))) }
      responses.append(.init("\(answer.status.code)", .object(response)))
    }
    responses.append(
      .init(
        "default",
        [
          "description": "What went wrong.",
          "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
        ]))
    members.append(.init("responses", .object(responses)))
    if description.needsToken { members.append(.init("security", [["bearer": []]])) }
    return .object(members)
  }

  /// The parameters of the path in their order, whether they are described or not, and then the others.
  private func parameters(of route: DescribedRoute<Context>) -> [JSONValue] {
    let described = route.description.parameters
    var parameters: [RouteDescription<Context>.Parameter] = route.pattern.parameterNames.map { name in
      described.first { $0.place == .path && $0.name.hasSameBytes(as: name) }
        ?? .init(
          place: .path, name: name, text: "", schema: ["type": "string", "minLength": 1], isRequired: true,
          example: nil)
    }
    parameters += described.filter { $0.place != .path }
    return parameters.map { parameter in
      var members: [JSONValue.Member] = [
        .init("name", .string(parameter.name)), .init("in", .string(parameter.place.rawValue)),
        .init("required", .bool(parameter.isRequired)),
      ]
      if !parameter.text.isEmpty { members.append(.init("description", .string(parameter.text))) }
      members.append(.init("schema", parameter.schema))
      if let example = parameter.example { members.append(.init("example", example)) }
      return .object(members)
    }
  }
}

extension DescribedRoute {
  /// A name of the operation for programs, such as `getPlantByGenus`.
  fileprivate var operationID: String {
    var name = "\(method.name)".lowercased()
    for segment in pattern.segments {
      let (word, isParameter) =
        switch segment {
        case .text(let text): (String(decoding: text, as: UTF8.self), false)
        case .parameter(let name), .rest(let name): (name, true)
        }
      let letters = word.unicodeScalars.map {
        $0.isASCII && $0.properties.isAlphabetic || ("0"..."9").contains($0) ? Character($0) : " "
      }
      for part in String(letters).split(separator: " ") {
        name += (isParameter ? "By" : "") + part.prefix(1).uppercased() + part.dropFirst()
      }
    }
    return name
  }
}

extension RoutePattern {
  /// The pattern as OpenAPI writes it, which has no parameter for the rest of a path.
  fileprivate var documentPath: String {
    "/"
      + segments.map { segment in
        switch segment {
        case .text(let text): String(decoding: text, as: UTF8.self)
        case .parameter(let name), .rest(let name): "{\(name)}"
        }
      }.joined(separator: "/")
  }
}

extension Problem {
  /// The JSON Schema of what is sent.
  static var schema: JSONValue {
    [
      "type": "object",
      "properties": [
        "title": ["type": "string", "description": "The status in words."],
        "status": ["type": "integer"],
        "code": ["type": "string", "description": "A name for programs."],
        "detail": ["type": "string", "description": "A sentence for people."],
        "request_id": ["type": "string", "description": "Under which the log has it."],
        "errors": [
          "type": "array",
          "items": [
            "type": "object",
            "properties": [
              "pointer": ["type": "string", "description": "Where it is: a JSON pointer."],
              "detail": ["type": "string"],
            ],
            "required": ["pointer", "detail"],
          ],
        ],
      ],
      "required": ["title", "status", "code", "detail"],
    ]
  }
}
