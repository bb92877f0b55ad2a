internal import CassandraBytes

/// What the spans of this package say of themselves, by the names of OpenTelemetry's conventions. In a written span each is
/// one byte.
package enum SpanAttribute: UInt8, CaseIterable {
  case clientAddress = 1
  case requestMethod
  case path
  case scheme
  case status
  case bodyBytes
  case route
  case errorType
  case database
  case operation
  case query
  case batchStatements
  case attempts
  case serverAddress
  case serverPort

  /// The name.
  package var name: String {
    switch self {
    case .clientAddress: "client.address"
    case .requestMethod: "http.request.method"
    case .path: "url.path"
    case .scheme: "url.scheme"
    case .status: "http.response.status_code"
    case .bodyBytes: "http.response.body.size"
    case .route: "http.route"
    case .errorType: "error.type"
    case .database: "db.system.name"
    case .operation: "db.operation.name"
    case .query: "db.query.text"
    case .batchStatements: "db.operation.batch.size"
    case .attempts: "cassandra.attempts"
    case .serverAddress: "server.address"
    case .serverPort: "server.port"
    }
  }
}

/// What of a span has the same form in all.
package struct SpanFacts {
  var context: SpanContext
  var parentID: UInt64?
  var kind: TraceSpan.Kind
  var end: Int64
  var duration: Int64
  var isFailure: Bool

  /// The facts of a span; `end` is in nanoseconds since 1970, and `duration` in nanoseconds.
  package init(
    _ context: SpanContext, parent: UInt64?, kind: TraceSpan.Kind, end: Int64, duration: Int64, isFailure: Bool
  ) {
    self.context = context
    parentID = parent
    self.kind = kind
    self.end = end
    self.duration = duration
    self.isFailure = isFailure
  }
}

/// Writes one span behind others: its length, its facts, its name, then attributes up to its end. Numbers are in network byte
/// order, texts have their length before them.
///
/// Not copyable: a copy would share the page, and the next byte that is written would copy the whole of it.
package struct SpanWriter: ~Copyable {
  /// Bytes of a text that are kept: 8,192.
  static let maximumTextBytes = 8192

  private var bytes: [UInt8]
  private let start: Int

  init(_ page: consuming [UInt8]) {
    start = page.count
    bytes = consume page
  }

  /// What was written, as a part of spans.
  consuming func part() -> [UInt8] { bytes }

  /// What was written, with the span's length before it.
  consuming func finished() -> [UInt8] {
    bytes.store(bigEndian: UInt32(truncatingIfNeeded: bytes.count - start), at: start)
    return bytes
  }

  /// Bytes of a span before its name: its length, a byte of flags, and six numbers.
  static let headBytes = 4 + 1 + 6 * 8

  /// Writes what comes first.
  mutating func append(_ facts: SpanFacts) {
    bytes.append(addingCapacity: Self.headBytes) { output in output.append(facts) }
  }

  /// Writes the name, which follows the facts.
  package mutating func name(_ text: String) { append(text) }
  /// Writes the name, which follows the facts.
  package mutating func name(_ text: Span<UInt8>) { append(text) }

  /// Writes an attribute.
  package mutating func add(_ attribute: SpanAttribute, _ text: String) {
    text.withUTF8Span { add(attribute, $0) }
  }

  /// Writes an attribute whose text is UTF-8, or else gets replacement characters when it is read.
  package mutating func add(_ attribute: SpanAttribute, _ text: Span<UInt8>) {
    let text = text.extracting(first: Self.maximumTextBytes)
    bytes.append(addingCapacity: OutputSpan<UInt8>.textAttributeBytes + text.count) { output in
      output.append(attribute, text)
    }
  }

  /// Writes an attribute.
  package mutating func add(_ attribute: SpanAttribute, _ number: Int) {
    bytes.append(addingCapacity: OutputSpan<UInt8>.numberAttributeBytes) { output in output.append(attribute, number) }
  }

  /// Writes a span that is there.
  mutating func append(_ span: TraceSpan) {
    append(
      SpanFacts(
        span.context, parent: span.parentID, kind: span.kind, end: span.end, duration: span.duration,
        isFailure: span.isFailure))
    append(span.name)
    for (name, value) in span.attributes {
      bytes.append(0)
      append(name)
      switch value {
      case .text(let text):
        bytes.append(ValueKind.text.rawValue)
        append(text)
      case .integer(let number):
        bytes.append(ValueKind.integer.rawValue)
        bytes.append(bigEndian: Int64(number))
      case .number(let number):
        bytes.append(ValueKind.number.rawValue)
        bytes.append(bigEndian: number.bitPattern)
      case .flag(let flag):
        bytes.append(ValueKind.flag.rawValue)
        bytes.append(flag ? 1 : 0)
      }
    }
  }

  private mutating func append(_ text: String) { text.withUTF8Span { append($0) } }

  private mutating func append(_ text: Span<UInt8>) {
    let count = min(text.count, Self.maximumTextBytes)
    bytes.append(addingCapacity: 2 + count) { output in
      output.append(shortCount: count)
      output.append(copying: text.extracting(first: count))
    }
  }

  enum ValueKind: UInt8 {
    case text
    case integer
    case number
    case flag
  }
}

/// The same into room that is there.
extension OutputSpan where Element == UInt8 {
  /// Bytes of an attribute that is a number.
  static var numberAttributeBytes: Int { 10 }
  /// Bytes of an attribute that is a text, besides the text.
  static var textAttributeBytes: Int { 4 }

  /// Appends what comes first in a span; its length is not known yet.
  @inline(__always)
  mutating func append(_ facts: SpanFacts) {
    let flags =
      (facts.parentID == nil ? 0 : 1) | (facts.isFailure ? 2 : 0) | UInt8(truncatingIfNeeded: facts.kind.rawValue) << 2
    append(repeating: 0, count: 4)
    append(flags)
    append(word: facts.context.traceID.high)
    append(word: facts.context.traceID.low)
    append(word: facts.context.spanID)
    append(word: facts.parentID ?? 0)
    append(word: UInt64(bitPattern: facts.end))
    append(word: UInt64(bitPattern: facts.duration))
  }

  /// Appends an attribute that is a number.
  @inline(__always)
  mutating func append(_ attribute: SpanAttribute, _ number: Int) {
    append(attribute.rawValue)
    append(SpanWriter.ValueKind.integer.rawValue)
    append(word: UInt64(bitPattern: Int64(number)))
  }

  /// Appends an attribute that is a text of up to ``SpanWriter/maximumTextBytes``.
  @inline(__always)
  mutating func append(_ attribute: SpanAttribute, _ text: Span<UInt8>) {
    append(attribute.rawValue)
    append(SpanWriter.ValueKind.text.rawValue)
    append(shortCount: text.count)
    append(copying: text)
  }

  /// Appends how long a text is; not above ``SpanWriter/maximumTextBytes``.
  @inline(__always)
  fileprivate mutating func append(shortCount count: Int) {
    append(UInt8(truncatingIfNeeded: count >> 8))
    append(UInt8(truncatingIfNeeded: count))
  }
}
