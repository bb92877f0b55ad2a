internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraJSON

extension Request {
  /// The body as a value of a type that checks and casts its members.
  ///
  /// - Throws: ``Problem``: 422 with everything that is wrong, 415 when the body does not say that it is JSON, 400 with
  ///   line and column when it is not, 413 when it is too long.
  public func validated<Value: Validatable>(_ type: Value.Type = Value.self) async throws -> Value {
    try Validator(try await json()).value(of: "body", code: "invalidBody")
  }

  /// The query as a value of a type that checks and casts its items. A list takes every item of its name; of any other
  /// the first counts.
  ///
  /// - Throws: ``Problem``: 422 with everything that is wrong, 400 when the query is not well-formed.
  public func validatedQuery<Value: Validatable>(_ type: Value.Type = Value.self) throws(Problem) -> Value {
    var found: [JSONValue.Member] = []
    if let range = head.queryRange {
      let bytes = head.bytes
      var items = FormItems(range)
      do throws(HTTPError) {
        while let item = items.next(in: bytes.span) {
          let name = try String(formDecoding: bytes.span.extracting(item.name))
          found.append(.init(name, .string(try String(formDecoding: bytes.span.extracting(item.value)))))
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
