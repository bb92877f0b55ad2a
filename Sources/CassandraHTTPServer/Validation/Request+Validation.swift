internal import CassandraBytes
internal import CassandraHTTP
public import CassandraJSON

extension Request {
  /// The body as JSON.
  ///
  /// - Throws: ``Problem``: 415 when the body does not say that it is JSON, 400 with line and column when it is not, 413
  ///   when it is too long.
  public func json() async throws -> JSONValue {
    let bytes = try await jsonBytes(weight: 1 + Self.partsFactor + Self.treeFactor)
    do throws(JSONError) { return try JSONValue(parsing: bytes) } catch { throw Problem(malformed: error) }
  }

  /// The bytes of a body that says that it is JSON, with a place in the budget for `weight` times as many.
  @inline(__always)
  func jsonBytes(weight: Int) async throws -> [UInt8] {
    try exchange.refuseContentCoding()
    guard exchange.isJSON else {
      throw Problem(
        .unsupportedMediaType, code: "notJSON",
        detail: "The body must be JSON in UTF-8: send Content-Type: application/json.")
    }
    if let bytes = body.takeWhole(limit: nil) { return bytes }
    return try await body.collect(limit: nil, weight: weight)
  }

  /// How many times its bytes may be taken by what is known of where everything in a text stands: 14. The numbers of `[1,1,…`
  /// take 8, an object of many members with short names 14, because the names are compared by a set.
  private static var partsFactor: Int { 14 }

  /// How many times its bytes the tree of a text may take: 32, as lists in lists do, of which each is an allocation.
  private static var treeFactor: Int { 32 }

  /// The body as a value of a type that checks and casts its members.
  ///
  /// - Throws: ``Problem``: 422 with everything that is wrong, 415 when the body does not say that it is JSON, 400 with
  ///   line and column when it is not, 413 when it is too long.
  public func validated<Value: Validatable>(_ type: Value.Type = Value.self) async throws -> Value {
    let bytes = try await jsonBytes(weight: 1 + Self.partsFactor)
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
