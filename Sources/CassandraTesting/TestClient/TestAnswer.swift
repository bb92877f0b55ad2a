internal import CassandraBytes
internal import CassandraHTTP
public import CassandraHTTPServer

/// An answer that a ``TestClient`` got.
public struct TestAnswer: Sendable {
  /// The answer ended before it was whole, as a stream does that fails.
  public struct Cut: Error, CustomStringConvertible {
    /// How many bytes of the body had come.
    public let bodyBytes: Int

    /// A sentence.
    public var description: String { "The answer was cut after \(bodyBytes) bytes of its body." }
  }

  /// The status.
  public let status: Status
  /// All fields.
  public let fields: Fields
  /// The body, without the chunks that it may have come in.
  public let body: [UInt8]

  init(_ bytes: [UInt8], to method: Method, isWhole: Bool) throws {
    var head = ResponseHead()
    var offset = 0
    repeat {
      var parser = ResponseParser()
      guard try parser.parse(bytes.span, from: &offset, answering: method, into: &head) else { throw Cut(bodyBytes: 0) }
    } while head.isInterim
    var body: [UInt8] = []
    var decoder = BodyDecoder(head.framing)
    reading: while true {
      switch try decoder.next(bytes.span, from: &offset) {
      case .bytes(let range): body += bytes[range]
      case .needsMore:
        guard isWhole, (try? decoder.finish()) != nil else { throw Cut(bodyBytes: body.count) }
        break reading
      case .end: break reading
      }
    }
    status = head.status
    fields = head.fields
    self.body = body
  }

  /// The first value of a field; nil when there is none.
  public subscript(name: FieldName) -> String? { fields.first(name) }

  /// The body as text.
  public var text: String { String(decoding: body, as: UTF8.self) }

  /// The body as JSON.
  ///
  /// - Throws: `JSONError` when it is none.
  public func json() throws -> JSONValue { try JSONValue(parsing: body) }

  /// The body as a value of a type.
  ///
  /// - Throws: `JSONError` when it is no JSON, or does not fit the type.
  public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value { try json().decode(type) }
}
