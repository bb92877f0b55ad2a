internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraTelemetry

/// The trace that a request belongs to (W3C Trace Context, section 3.2).
struct TraceParent {
  /// The trace and the client's span.
  let context: SpanContext
  private let flags: UInt8

  /// Reads the field's value; nil when it is not of the form, or all zeros, which names nothing.
  init?(_ bytes: Span<UInt8>) {
    guard bytes.count >= Self.bytes, bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash,
      let version = Self.number(bytes, 0..<2), let high = Self.number(bytes, 3..<19),
      let low = Self.number(bytes, 19..<35), let parent = Self.number(bytes, 36..<52),
      let flags = Self.number(bytes, 53..<55)
    else { return nil }
    // A later version may be longer, version 00 may not; ff is none.
    guard version == 0 ? bytes.count == Self.bytes : bytes.count == Self.bytes || bytes[Self.bytes] == Self.dash,
      version != 0xff,
      high | low != 0, parent != 0
    else { return nil }
    context = SpanContext(traceID: (high, low), spanID: parent)
    self.flags = UInt8(truncatingIfNeeded: flags)
  }

  private static let dash = UInt8(ascii: "-")

  /// The number of hexadecimal digits in lower case; nil when there is anything else.
  private static func number(_ bytes: Span<UInt8>, _ digits: Range<Int>) -> UInt64? {
    var number: UInt64 = 0
    for index in digits {
      switch bytes[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt64(bytes[index] & 0xf)
      case UInt8(ascii: "a")...UInt8(ascii: "f"): number = number << 4 | UInt64(bytes[index] - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return number
  }

  /// Whether the client records its part of the trace (section 3.2.2.5.1).
  var isSampled: Bool { flags & 1 != 0 }

  /// The 32 digits of the trace.
  var trace: String {
    var digits: [UInt8] = []
    digits.append(addingCapacity: 32) { output in
      output.append(hexadecimal: context.traceID.high)
      output.append(hexadecimal: context.traceID.low)
    }
    return String(decoding: digits, as: UTF8.self)
  }

  /// Bytes of a value of version 00.
  static let bytes = 55

  /// Appends the same trace with a span of our own, a new one when it is nil: ``bytes``.
  func append(child span: UInt64?, to output: inout OutputSpan<UInt8>) {
    output.append("00-")
    output.append(hexadecimal: context.traceID.high)
    output.append(hexadecimal: context.traceID.low)
    output.append(Self.dash)
    output.append(hexadecimal: span ?? context.child.spanID)
    output.append(Self.dash)
    output.append(hexadecimalDigit(flags >> 4))
    output.append(hexadecimalDigit(flags & 0xf))
  }
}
