internal import CassandraBytes
internal import CassandraTelemetry

/// The trace that a request belongs to (W3C Trace Context, section 3.2).
struct TraceParent {
  /// The 32 digits of the trace.
  let trace: String
  /// The 16 digits of the client's span.
  let parent: String
  private let flags: String

  /// Reads the field's value; nil when it is not of the form, or all zeros, which names nothing.
  init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 55, bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash else { return nil }
    // A later version may be longer, version 00 may not; ff is none.
    let isFirst = bytes[0] == UInt8(ascii: "0") && bytes[1] == UInt8(ascii: "0")
    guard isFirst ? bytes.count == 55 : bytes.count == 55 || bytes[55] == Self.dash,
      !(bytes[0] == UInt8(ascii: "f") && bytes[1] == UInt8(ascii: "f")),
      [0..<2, 3..<35, 36..<52, 53..<55].allSatisfy({ bytes[$0].allSatisfy(Self.isDigit) }),
      bytes[3..<35].contains(where: { $0 != UInt8(ascii: "0") }),
      bytes[36..<52].contains(where: { $0 != UInt8(ascii: "0") })
    else { return nil }
    trace = String(decoding: bytes[3..<35], as: UTF8.self)
    parent = String(decoding: bytes[36..<52], as: UTF8.self)
    flags = String(decoding: bytes[53..<55], as: UTF8.self)
  }

  private static let dash = UInt8(ascii: "-")

  private static func isDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
    default: false
    }
  }

  /// Whether the client records its part of the trace (section 3.2.2.5.1).
  var isSampled: Bool { (flags.utf8.last.flatMap(hexadecimalValue) ?? 0) & 1 != 0 }

  /// The trace and the client's span as numbers.
  var context: SpanContext? {
    guard let high = UInt64(trace.prefix(16), radix: 16), let low = UInt64(trace.suffix(16), radix: 16),
      let span = UInt64(parent, radix: 16)
    else { return nil }
    return SpanContext(traceID: (high, low), spanID: span)
  }

  /// The same trace with a span of our own; a new one when it is nil.
  func child(_ span: UInt64?) -> String {
    let span = span ?? UInt64.random(in: 1 ... .max)
    let digits = String(span, radix: 16)
    return "00-\(trace)-\(String(repeating: "0", count: 16 - digits.utf8.count))\(digits)-\(flags)"
  }
}
