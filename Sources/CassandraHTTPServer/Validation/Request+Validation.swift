internal import CassandraBytes
internal import CassandraHTTP
public import CassandraJSON

extension Request {
  /// The body as JSON.
  ///
  /// - Throws: ``Problem``: 415 when the body does not say that it is JSON, 400 with line and column when it is not, 413
  ///   when it is too long.
  public func json() async throws -> JSONValue {
    let bytes = try await jsonBytes()
    do throws(JSONError) { return try JSONValue(parsing: bytes) } catch { throw Problem(malformed: error) }
  }

  /// The bytes of a body that says that it is JSON.
  @inline(__always)
  func jsonBytes() async throws -> [UInt8] {
    try exchange.refuseContentCoding()
    guard exchange.isJSON else {
      throw Problem(
        .unsupportedMediaType, code: "notJSON",
        detail: "The body must be JSON in UTF-8: send Content-Type: application/json.")
    }
    if let bytes = body.takeWhole(limit: nil) { return bytes }
    return try await body.collect(limit: nil, weight: 1 + Self.treeFactor)
  }

  /// How many times its bytes the tree of a usual text takes: 8.
  private static var treeFactor: Int { 8 }

  /// The body as a value of a type that checks and casts its members.
  ///
  /// - Throws: ``Problem``: 422 with everything that is wrong, 415 when the body does not say that it is JSON, 400 with
  ///   line and column when it is not, 413 when it is too long.
  public func validated<Value: Validatable>(_ type: Value.Type = Value.self) async throws -> Value {
    let bytes = try await jsonBytes()
    let parts: JSONParts
    do throws(JSONError) { parts = try JSONParts(reading: bytes) } catch { throw Problem(malformed: error) }
    return try Validator(parts).value(of: "body", code: "invalidBody")
  }

  /// The query as a value of a type that checks and casts its items. A list takes every item of its name; of any other
  /// the first counts.
  ///
  /// - Throws: ``Problem``: 422 with everything that is wrong, 400 when the query is not well-formed.
  public func validatedQuery<Value: Validatable>(_ type: Value.Type = Value.self) throws(Problem) -> Value {
    var found: [Validator.Item] = []
    if let range = head.queryRange {
      let bytes = head.bytes
      var items = FormItems(range)
      do throws(HTTPError) {
        while let item = items.next(in: bytes.span) {
          let name = try String(formDecoding: bytes.span.extracting(item.name))
          found.append(.init(name: name, value: try String(formDecoding: bytes.span.extracting(item.value))))
        }
      } catch { throw Problem(error) }
    }
    return try Validator(query: found).value(of: "query", code: "invalidQuery")
  }
}

extension Validator {
  /// The value, or everything that is wrong.
  fileprivate consuming func value<Value: Validatable>(of part: String, code: String) throws(Problem) -> Value {
    var validator = self
    let value = Value(&validator)
    let count = validator.findings.count
    guard count > 0 else { return value }
    let detail = count == 1 ? "The \(part) has 1 error." : "The \(part) has \(count) errors."
    throw Problem(.unprocessableContent, code: code, detail: detail, errors: validator.findings.errors)
  }
}
