public import CassandraHTTP
public import CassandraJSON

/// What is said of a route in the OpenAPI document, see ``Routes/document(_:version:)``.
///
/// ```swift
/// routes.get(
///   "/plant/{genus}",
///   about: .init("The plants of a genus", tag: "plants")
///     .path("genus", "The genus.", example: "Plantago")
///     .answer(.ok, "The plants.", schema: ["type": "array"])
/// ) { request in … }
/// ```
/// The schemas of bodies and queries are made of the types that check them, so what is said is what holds.
public struct RouteDescription<Context: Sendable>: Sendable {
  /// Where a parameter stands.
  enum Place: String, Sendable {
    case path
    case query
    case field = "header"
  }

  struct Parameter: Sendable {
    var place: Place
    var name: String
    var text: String
    var schema: JSONValue
    var isRequired: Bool
    var example: JSONValue?
  }

  struct Body: Sendable {
    var name: String
    var schema: JSONValue
    var example: JSONValue?
  }

  struct Answer: Sendable {
    var status: Status
    var text: String
    /// The types of the body, each with its schema; none for an answer without a body.
    var contents: [(type: String, schema: Schema)]
    var fields: [(name: String, text: String)]
  }

  /// A schema that is known, or one that is asked for when the document is.
  enum Schema: Sendable {
    case fixed(JSONValue)
    case made(@Sendable (Context) async throws -> JSONValue)
  }

  let title: String
  let text: String
  let tag: String?
  private(set) var parameters: [Parameter] = []
  private(set) var body: Body?
  private(set) var answers: [Answer] = []
  private(set) var needsToken = false

  /// Begins a description.
  ///
  /// - Parameters:
  ///   - title: What the route does, in some words.
  ///   - text: More of it, in sentences.
  ///   - tag: What it belongs to, for the order of the page.
  public init(_ title: String, _ text: String = "", tag: String? = nil) {
    self.title = title
    self.text = text
    self.tag = tag
  }

  private func with(_ change: (inout Self) -> Void) -> Self {
    var copy = self
    change(&copy)
    return copy
  }

  /// Describes a parameter of the path; without a description it is text of at least one letter.
  public func path(
    _ name: String, _ text: String, schema: JSONValue = ["type": "string", "minLength": 1], example: JSONValue? = nil
  ) -> Self {
    with {
      $0.parameters.append(
        Parameter(place: .path, name: name, text: text, schema: schema, isRequired: true, example: example))
    }
  }

  /// Describes an item of the query.
  public func query(
    _ name: String, _ text: String, schema: JSONValue, isRequired: Bool = false, example: JSONValue? = nil
  ) -> Self {
    with {
      $0.parameters.append(
        Parameter(place: .query, name: name, text: text, schema: schema, isRequired: isRequired, example: example))
    }
  }

  /// Describes the whole query by the type that ``Request/validatedQuery(_:)`` makes of it.
  public func query<Value: Validatable>(_ type: Value.Type) -> Self {
    with { description in
      let schema = Value.schema
      let required = (schema["required"]?.array ?? []).compactMap(\.string)
      for member in schema["properties"]?.members ?? [] {
        description.parameters.append(
          Parameter(
            place: .query, name: member.name.text, text: "", schema: member.value,
            isRequired: required.contains { $0.hasSameBytes(as: member.name.text) }, example: nil))
      }
    }
  }

  /// Describes a field of the request.
  public func field(_ name: FieldName, _ text: String, isRequired: Bool = false, example: JSONValue? = nil) -> Self {
    with {
      $0.parameters.append(
        Parameter(
          place: .field, name: name.text, text: text, schema: ["type": "string"], isRequired: isRequired,
          example: example))
    }
  }

  /// Describes the body by the type that ``Request/validated(_:)`` makes of it.
  public func body<Value: Validatable>(_ type: Value.Type, example: JSONValue? = nil) -> Self {
    with { $0.body = Body(name: "\(type)", schema: Value.acceptedSchema, example: example) }
  }

  /// Says that a token is needed, as ``Routes/bearer(realm:_:)`` asks for one, and that 401 answers who has none.
  public func bearer() -> Self {
    with { $0.needsToken = true }.problem(.unauthorized, "There is no valid token.")
  }

  /// Describes an answer whose body is JSON, or that has none.
  ///
  /// - Parameters:
  ///   - status: Its status.
  ///   - text: What it means.
  ///   - schema: The JSON Schema of its body; nil for an answer without one.
  public func answer(_ status: Status, _ text: String, schema: JSONValue? = nil) -> Self {
    answer(status, text, contents: schema.map { [("application/json", .fixed($0))] } ?? [])
  }

  /// Describes an answer whose schema is found out when the document is asked for, such as rows of a database.
  public func answer(
    _ status: Status, _ text: String, contentTypes: [String] = ["application/json"],
    schema: @escaping @Sendable (Context) async throws -> JSONValue
  ) -> Self {
    answer(status, text, contents: contentTypes.map { ($0, .made(schema)) })
  }

  /// Describes an answer whose body is of another kind than JSON.
  public func answer(_ status: Status, _ text: String, contentType: String, schema: JSONValue) -> Self {
    answer(status, text, contents: [(contentType, .fixed(schema))])
  }

  func answer(_ status: Status, _ text: String, contents: [(type: String, schema: Schema)]) -> Self {
    with {
      if let index = $0.answers.firstIndex(where: { $0.status == status }) {
        $0.answers[index].contents += contents
      } else {
        $0.answers.append(Answer(status: status, text: text, contents: contents, fields: []))
      }
    }
  }

  /// Describes a problem, which is answered as `application/problem+json`. Every route has others too, and the document
  /// says so.
  public func problem(_ status: Status, _ text: String) -> Self {
    answer(
      status, text,
      contents: [("application/problem+json", .fixed(["$ref": "#/components/schemas/Problem"]))])
  }

  /// Describes a field of the answer that was described last.
  public func field(ofAnswer name: FieldName, _ text: String) -> Self {
    with {
      guard !$0.answers.isEmpty else { return }
      $0.answers[$0.answers.count - 1].fields.append((name.text, text))
    }
  }
}
