public import Cassandra
public import CassandraHTTPServer
internal import CassandraWire

extension RouteDescription where Context: CassandraContext {
  /// Describes an answer that is one row of a statement.
  ///
  /// Its schema is what the database says of the statement when the document is asked for: the columns and their types. So
  /// it is that of the table as it stands. What is interpolated into the statement does not matter.
  public func row(of statement: @autoclosure @escaping @Sendable () -> Statement, _ text: String = "The row.") -> Self {
    answer(.ok, text) { context in RowSchema.object(try await context.cassandra.columns(of: statement())) }
  }

  /// Describes an answer that is all rows of a statement, as an array of objects.
  public func rows(of statement: @autoclosure @escaping @Sendable () -> Statement, _ text: String = "The rows.") -> Self
  {
    answer(.ok, text) { context in
      ["type": "array", "items": RowSchema.object(try await context.cassandra.columns(of: statement()))]
    }
  }

  /// Describes what ``CassandraHTTPServer/Request/rows(_:options:nullCollections:timestamps:)`` answers: the limit, the link
  /// to the next page, and lines for those who ask for them.
  ///
  /// - Parameters:
  ///   - statement: The statement.
  ///   - text: What the rows are.
  ///   - paging: How many rows a page may have.
  public func pages(
    of statement: @autoclosure @escaping @Sendable () -> Statement, _ text: String = "The rows.",
    paging: Paging = .standard
  ) -> Self {
    query(
      "limit", "How many rows at most; all of them without it. The next ones are at the answer's link.",
      schema: ["type": "integer", "minimum": 1, "maximum": .number(JSONNumber(paging.maximumLimit))], example: 20
    )
    .rows(of: statement(), text)
    .answer(.ok, text, contentType: "application/x-ndjson", schema: ["type": "string"])
    .field(ofAnswer: "Link", "Where the next rows are, when there may be some: `<…>; rel=\"next\"`.")
  }
}

/// The JSON Schema of rows.
enum RowSchema {
  /// Of a row with these columns, as ``Rows`` become JSON.
  static func object(_ columns: [ColumnSpecification]) -> JSONValue {
    [
      "type": "object",
      "properties": .object(
        columns.map { column in
          let schema = schema(of: column.type)
          return JSONValue.Member(column.name, column.type.isNeverNull ? schema : nullable(schema))
        }),
      "required": .array(columns.map { .string($0.name) }),
    ]
  }

  static func schema(of type: CQLType) -> JSONValue {
    switch type {
    case .text, .ascii, .inet, .duration, .time, .empty: ["type": "string"]
    case .custom, .blob: ["type": "string", "pattern": "^0x([0-9a-f]{2})*$"]
    case .uuid, .timeuuid: ["type": "string", "format": "uuid"]
    case .timestamp: ["type": "string", "format": "date-time"]
    case .date: ["type": "string", "format": "date"]
    case .boolean: ["type": "boolean"]
    case .tinyint: integer(from: Int8.min, to: Int8.max)
    case .smallint: integer(from: Int16.min, to: Int16.max)
    case .int: integer(from: Int32.min, to: Int32.max)
    case .bigint, .counter: integer(from: Int64.min, to: Int64.max)
    case .varint: ["type": "integer"]
    case .decimal: ["type": "number"]
    // What is no number of JSON, such as infinity, is null.
    case .float, .double: ["type": ["number", "null"]]
    case .list(let element): ["type": "array", "items": schema(of: element)]
    case .set(let element): ["type": "array", "items": schema(of: element)]
    case .vector(let element, let dimensions):
      [
        "type": "array", "items": schema(of: element), "minItems": .number(JSONNumber(dimensions)),
        "maxItems": .number(JSONNumber(dimensions)),
      ]
    case .map(_, let value): ["type": "object", "additionalProperties": schema(of: value)]
    case .tuple(let types): ["type": "array", "prefixItems": .array(types.map { nullable(schema(of: $0)) })]
    case .udt(let definition):
      [
        "type": "object",
        "properties": .object(
          definition.fields.map { JSONValue.Member($0.name, nullable(schema(of: $0.type))) }),
      ]
    }
  }

  private static func integer(from least: some BinaryInteger, to most: some BinaryInteger) -> JSONValue {
    ["type": "integer", "minimum": .number(JSONNumber(least)), "maximum": .number(JSONNumber(most))]
  }

  /// The same, and null as well.
  private static func nullable(_ schema: JSONValue) -> JSONValue {
    guard case .object(let members) = schema, let type = schema["type"]?.string else { return schema }
    return .object(
      members.map { $0.name == "type" ? JSONValue.Member("type", [.string(type), "null"]) : $0 })
  }
}

extension CQLType {
  /// Whether a null of the type is shown as something else: Cassandra does not keep empty collections.
  fileprivate var isNeverNull: Bool {
    switch self {
    case .list, .set, .map: true
    default: false
    }
  }
}
