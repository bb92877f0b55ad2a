internal import CassandraBytes

/// Reads what ``SpanWriter`` has written.
struct SpanReader {
  private let bytes: [UInt8]
  private var position: Int
  private let end: Int

  /// Bytes of the span that begins at `start`.
  static func length(_ bytes: Span<UInt8>, at start: Int) -> Int { Int(bytes.uint32(at: start)) }

  /// The same of an array.
  static func length(_ bytes: [UInt8], at start: Int) -> Int { length(bytes.span, at: start) }

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
