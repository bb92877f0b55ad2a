public import CassandraHTTP
internal import CassandraJSON

/// The answer of a handler.
public struct Response: Sendable {
  /// What follows the head.
  enum Body: Sendable {
    case none
    case bytes([UInt8])
    /// Written piece by piece; `length` when it is known.
    case stream(length: Int?, @Sendable (inout BodyWriter) async throws -> Void)
  }

  /// The status.
  public var status: Status
  /// The type of the body, as a whole field.
  public var contentType: FieldLine?
  /// Further fields.
  public var fields: [FieldLine]
  var body: Body
  /// How many fields the one who made it gave it; what follows was added by middleware.
  var ownFields: Int
  /// Whether the stream is compressed on its way out.
  var isCompressed = false

  private init(_ status: Status, contentType: FieldLine?, fields: [FieldLine], body: Body) {
    self.status = status
    self.contentType = contentType
    self.fields = fields
    self.body = body
    ownFields = fields.count
  }

  /// An answer without a body.
  public init(_ status: Status = .ok, fields: [FieldLine] = []) {
    self.init(status, contentType: nil, fields: fields, body: .none)
  }

  /// An answer with a body that is there.
  public init(_ status: Status = .ok, contentType: FieldLine?, bytes: [UInt8], fields: [FieldLine] = []) {
    self.init(status, contentType: contentType, fields: fields, body: .bytes(bytes))
  }

  /// An answer whose body is written piece by piece, at the pace of the client.
  ///
  /// Nothing leaves before ``BodyWriter/flush()``, or before a chunk is full. What `write` throws until then is answered
  /// as what a handler throws; afterwards the connection ends without the last chunk, so that the client cannot take what
  /// it got for all there is. Without a `length` the body goes out in chunks, or, when all of it is there before the
  /// first flush, with its length.
  public init(
    _ status: Status = .ok, contentType: FieldLine?, length: Int? = nil, fields: [FieldLine] = [],
    writing write: @escaping @Sendable (inout BodyWriter) async throws -> Void
  ) {
    self.init(status, contentType: contentType, fields: fields, body: .stream(length: length, write))
  }

  /// An answer in plain text.
  public static func text(_ text: String, _ status: Status = .ok) -> Response {
    Response(status, contentType: .plainText, bytes: Array(text.utf8))
  }

  /// An answer in JSON whose bytes are there.
  public static func json(bytes: [UInt8], _ status: Status = .ok) -> Response {
    Response(status, contentType: .json, fields: [], body: .bytes(bytes))
  }

  /// An answer in JSON, made from any `Encodable`; keys come in the order in which they are encoded.
  ///
  /// - Throws: `JSONError` when the value cannot be JSON, such as a number that is not finite.
  public static func json(_ value: some Encodable, _ status: Status = .ok) throws -> Response {
    var bytes: [UInt8] = []
    try bytes.append(jsonEncoding: value)
    return .json(bytes: bytes, status)
  }
}

extension FieldLine {
  /// `Content-Type: application/json`.
  public static let json = made("application/json")
  /// `Content-Type: application/problem+json`.
  public static let problemJSON = made("application/problem+json")
  /// `Content-Type: text/plain; charset=utf-8`.
  public static let plainText = made("text/plain; charset=utf-8")
  /// `Content-Type: application/octet-stream`.
  public static let octets = made("application/octet-stream")

  private static func made(_ value: String) -> FieldLine {
    guard let line = try? FieldLine(.contentType, value) else { preconditionFailure("a fixed value is a valid one") }
    return line
  }
}

/// What a handler may return: a response, or something that becomes one.
public protocol ResponseConvertible: SendableMetatype {
  /// The response.
  consuming func response() throws -> Response
}

extension Response: ResponseConvertible {
  /// The response itself.
  public consuming func response() -> Response { self }
}

extension String: ResponseConvertible {
  /// The text, as `text/plain`.
  public consuming func response() -> Response { .text(self) }
}
