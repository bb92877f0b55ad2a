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

  /// What was written, with the span's length before it.
  consuming func finished() -> [UInt8] {
    bytes.store(bigEndian: UInt32(truncatingIfNeeded: bytes.count - start), at: start)
    return bytes
  }

  /// Bytes of a span before its name: its length, a byte of flags, and six numbers.
  private static let headBytes = 4 + 1 + 6 * 8

  /// Writes what comes first.
  @inline(__always)
  mutating func append(_ facts: SpanFacts) {
    let flags =
      (facts.parentID == nil ? 0 : 1) | (facts.isFailure ? 2 : 0) | UInt8(truncatingIfNeeded: facts.kind.rawValue) << 2
    bytes.append(addingCapacity: Self.headBytes) { output in
      output.append(repeating: 0, count: 4)
      output.append(flags)
      output.append(bigEndian: facts.context.traceID.high)
      output.append(bigEndian: facts.context.traceID.low)
      output.append(bigEndian: facts.context.spanID)
      output.append(bigEndian: facts.parentID ?? 0)
      output.append(bigEndian: UInt64(bitPattern: facts.end))
      output.append(bigEndian: UInt64(bitPattern: facts.duration))
    }
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
    let count = min(text.count, Self.maximumTextBytes)
    bytes.append(addingCapacity: 4 + count) { output in
      output.append(attribute.rawValue)
      output.append(ValueKind.text.rawValue)
      output.append(shortCount: count)
      output.append(copying: text.extracting(first: count))
    }
  }

  /// Writes an attribute.
  package mutating func add(_ attribute: SpanAttribute, _ number: Int) {
    bytes.append(addingCapacity: 10) { output in
      output.append(attribute.rawValue)
      output.append(ValueKind.integer.rawValue)
      output.append(bigEndian: UInt64(bitPattern: Int64(number)))
    }
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

extension OutputSpan where Element == UInt8 {
  /// Appends a number in network byte order.
  @inline(__always)
  fileprivate mutating func append(bigEndian number: UInt64) {
    var shift: UInt64 = 64
    while shift > 0 {
      shift -= 8
      append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  /// Appends how long a text is; not above ``SpanWriter/maximumTextBytes``.
  @inline(__always)
  fileprivate mutating func append(shortCount count: Int) {
    append(UInt8(truncatingIfNeeded: count >> 8))
    append(UInt8(truncatingIfNeeded: count))
  }
}

/// Reads what ``SpanWriter`` has written.
struct SpanReader {
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int

  /// Bytes of the span that begins at `start`.
  static func length(_ bytes: [UInt8], at start: Int) -> Int { Int(bytes.number(UInt32.self, at: start)) }

  init(_ bytes: [UInt8], at start: Int) {
    self.bytes = bytes
    position = start + 4
    end = start + Self.length(bytes, at: start)
  }

  /// The span.
  mutating func span() -> TraceSpan {
    let flags = next(UInt8.self)
    let context = SpanContext(traceID: (next(UInt64.self), next(UInt64.self)), spanID: next(UInt64.self))
    let parent = next(UInt64.self)
    let end = next(Int64.self)
    let duration = next(Int64.self)
    let name = text()
    var attributes: [(name: String, value: LogValue)] = []
    while position < self.end { attributes.append(attribute()) }
    return TraceSpan(
      SpanFacts(
        context, parent: flags & 1 == 0 ? nil : parent, kind: TraceSpan.Kind(rawValue: Int(flags >> 2)) ?? .server,
        end: end, duration: duration, isFailure: flags & 2 != 0), name: name, attributes: attributes)
  }

  private mutating func attribute() -> (name: String, value: LogValue) {
    let known = SpanAttribute(rawValue: next(UInt8.self))
    let name = known?.name ?? text()
    switch SpanWriter.ValueKind(rawValue: next(UInt8.self)) {
    case .text: return (name, .text(text()))
    case .integer: return (name, .integer(Int(next(Int64.self))))
    case .number: return (name, .number(Double(bitPattern: next(UInt64.self))))
    case .flag: return (name, .flag(next(UInt8.self) != 0))
    case nil: preconditionFailure("a span in the queue has an attribute of no kind")
    }
  }

  private mutating func next<Number: FixedWidthInteger>(_ type: Number.Type) -> Number {
    defer { position += MemoryLayout<Number>.size }
    return bytes.number(type, at: position)
  }

  private mutating func text() -> String {
    let count = Int(next(UInt16.self))
    defer { position += count }
    return String(decoding: bytes[position..<position + count], as: UTF8.self)
  }
}

extension [UInt8] {
  fileprivate func number<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number {
    var number = Number.zero
    for index in offset..<offset + MemoryLayout<Number>.size { number = number << 8 | Number(self[index]) }
    return number
  }
}

/// Records spans in a sink. Where that is a ``SpanQueue``, no span is made.
package struct SpanRecorder: Sendable {
  private let sink: any SpanSink
  private let queue: SpanQueue?

  /// A recorder for a sink.
  package init(_ sink: any SpanSink) {
    self.sink = sink
    queue = sink as? SpanQueue
  }

  /// How many were dropped so far.
  package var droppedCount: UInt64 { sink.droppedCount }

  /// Records a span; `describe` writes its name and then its attributes.
  package func record(_ facts: SpanFacts, _ describe: (inout SpanWriter) -> Void) {
    guard let queue else { return recordMade(facts, describe) }
    queue.record { writer in
      writer.append(facts)
      describe(&writer)
    }
  }

  private func recordMade(_ facts: SpanFacts, _ describe: (inout SpanWriter) -> Void) {
    var writer = SpanWriter([])
    writer.append(facts)
    describe(&writer)
    var reader = SpanReader(writer.finished(), at: 0)
    sink.record(reader.span())
  }
}
