internal import CassandraBytes

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The form of a log line.
public enum LogFormat: String, Sendable, CaseIterable {
  /// For people: time, level, label, message, then `name=value`.
  case text
  /// For machines: one JSON object a line.
  case json

  /// Text where a person looks at standard error, JSON where a pipe or a file takes it.
  package static var suitingStandardError: LogFormat { isatty(2) == 1 ? .text : .json }

  /// Appends `record` and a line feed to `buffer`. Control characters are escaped in both forms, so that nothing a
  /// stranger sent can begin a line of its own.
  func append(_ record: LogRecord, to buffer: inout [UInt8]) {
    switch self {
    case .text: appendText(record, to: &buffer)
    case .json: appendJSON(record, to: &buffer)
    }
    buffer.append(UInt8(ascii: "\n"))
  }

  private func appendText(_ record: LogRecord, to buffer: inout [UInt8]) {
    appendTimestamp(record.nanoseconds, to: &buffer)
    let level = record.level.name
    buffer.append(contentsOf: " \(level)\(String(repeating: " ", count: 8 - level.utf8.count))".utf8)
    buffer.append(contentsOf: "\(record.label): ".utf8)
    appendEscaped(record.message, quotes: false, to: &buffer)
    for (name, value) in record.fields {
      buffer.append(contentsOf: " \(name)=".utf8)
      switch value {
      case .text(let whole):
        let text = Self.bounded(whole)
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3d && $0 != 0x7f }
        if isPlain {
          appendEscaped(text, quotes: false, to: &buffer)
        } else {
          appendQuoted(text, to: &buffer)
        }
      case .integer(let number): buffer.append(contentsOf: String(number).utf8)
      case .number(let number): buffer.append(contentsOf: number.description.utf8)
      case .flag(let flag): buffer.append(contentsOf: (flag ? "true" : "false").utf8)
      }
    }
  }

  private func appendJSON(_ record: LogRecord, to buffer: inout [UInt8]) {
    buffer.append(contentsOf: #"{"time":""#.utf8)
    appendTimestamp(record.nanoseconds, to: &buffer)
    buffer.append(contentsOf: #"","level":""#.utf8)
    buffer.append(contentsOf: record.level.name.utf8)
    buffer.append(contentsOf: #"","label":"#.utf8)
    appendQuoted(record.label, to: &buffer)
    buffer.append(contentsOf: #","message":"#.utf8)
    appendQuoted(record.message, to: &buffer)
    for (name, value) in record.fields {
      buffer.append(UInt8(ascii: ","))
      appendQuoted(name, to: &buffer)
      buffer.append(UInt8(ascii: ":"))
      switch value {
      case .text(let text): appendQuoted(Self.bounded(text), to: &buffer)
      case .integer(let number): buffer.append(contentsOf: String(number).utf8)
      case .number(let number) where number.isFinite: buffer.append(contentsOf: number.description.utf8)
      case .number: buffer.append(contentsOf: "null".utf8)
      case .flag(let flag): buffer.append(contentsOf: (flag ? "true" : "false").utf8)
      }
    }
    buffer.append(UInt8(ascii: "}"))
  }

  /// Bytes of a value that are written: 8,192, as many as a request's first line may have. What servers and clients say is as
  /// long as they like, and comes again and again; of a longer value the beginning is written, and how long it is.
  package static let maximumTextBytes = 8192

  /// The text, or its beginning.
  private static func bounded(_ text: String) -> String {
    let count = text.utf8.count
    guard count > maximumTextBytes else { return text }
    return String(decoding: text.utf8.prefix(maximumTextBytes), as: UTF8.self) + "… (\(count) bytes)"
  }

  private func appendQuoted(_ text: String, to buffer: inout [UInt8]) {
    buffer.append(UInt8(ascii: "\""))
    appendEscaped(text, quotes: true, to: &buffer)
    buffer.append(UInt8(ascii: "\""))
  }

  /// Whether nothing in the text has to be written otherwise than it stands there.
  private func isPlain(_ text: String, quotes: Bool) -> Bool {
    text.utf8.allSatisfy { byte in
      byte >= 0x20 && byte < 0x7f && !(quotes && (byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")))
    }
  }

  private func appendEscaped(_ text: String, quotes: Bool, to buffer: inout [UInt8]) {
    if isPlain(text, quotes: quotes) {
      buffer.append(contentsOf: text.utf8)
      return
    }
    var bytes = text.utf8.makeIterator()
    while let byte = bytes.next() {
      switch byte {
      case UInt8(ascii: "\"") where quotes, UInt8(ascii: "\\") where quotes: buffer += [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "\n"): buffer += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
      case 0..<0x20, 0x7f: ShownText.appendEscape(UInt32(byte), to: &buffer)
      case 0..<0x80: buffer.append(byte)
      default: appendScalar(byte, &bytes, to: &buffer)
      }
    }
  }

  /// Appends a character above ASCII, whose first byte was taken already.
  private func appendScalar(
    _ first: UInt8, _ bytes: inout String.UTF8View.Iterator, to buffer: inout [UInt8]
  ) {
    let following = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3
    var scalar = UInt32(first) & (0x3f >> UInt32(following))
    let start = buffer.count
    buffer.append(first)
    for _ in 0..<following {
      let byte = bytes.next() ?? 0x80
      scalar = scalar << 6 | UInt32(byte & 0x3f)
      buffer.append(byte)
    }
    guard ShownText.isHidden(scalar) else { return }
    buffer.removeLast(buffer.count - start)
    ShownText.appendEscape(scalar, to: &buffer)
  }
}

/// The beginning of JSON lines that say the same of themselves: time, level, label and message. It is made anew for each
/// second, and for a line only its milliseconds are written.
package struct JSONLineHead {
  private var record: LogRecord
  private var second: Int64 = .min
  private var millisecond: Int64 = .min
  /// The beginning of a line of the time that was moved to; fields follow.
  package private(set) var bytes: [UInt8] = []

  /// Of lines with this level, label and message.
  package init(level: LogLevel, label: String, message: String) {
    record = LogRecord(nanoseconds: 0, level: level, label: label, message: message, fields: [])
  }

  /// Where in a line the milliseconds stand: behind `{"time":"2026-11-23T08:17:18.`.
  private static let milliseconds = 29

  /// Moves to a time in nanoseconds since 1970, which is not before that.
  package mutating func move(to nanoseconds: Int64) {
    let milliseconds = nanoseconds / 1_000_000
    guard milliseconds != millisecond else { return }
    millisecond = milliseconds
    if nanoseconds < second || nanoseconds >= second &+ 1_000_000_000 {
      second = nanoseconds / 1_000_000_000 * 1_000_000_000
      record.nanoseconds = second
      bytes.removeAll(keepingCapacity: true)
      LogFormat.json.append(record, to: &bytes)
      bytes.removeLast(2)  // The brace and the line feed.
    }
    var rest = UInt64(max(0, nanoseconds - second)) / 1_000_000
    for index in (Self.milliseconds..<Self.milliseconds + 3).reversed() {
      bytes[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }
}

/// Appends a time as `2026-11-23T08:17:18.123Z`.
func appendTimestamp(_ nanoseconds: Int64, to buffer: inout [UInt8]) {
  CivilMoment(milliseconds: nanoseconds / 1_000_000).write(into: &buffer)
}
