import CassandraBytes

/// The fields of an answer as HTTP/2 sends them: names in lower case, the status among them (RFC 9113 §8.3.2), all in one
/// piece of memory for the encoder of HPACK.
package struct FieldBlock: Sendable {
  /// Names and values, one after the other.
  package private(set) var bytes: [UInt8] = []
  /// Where in ``bytes`` each name and value stands.
  package private(set) var fields: [(name: Range<Int>, value: Range<Int>)] = []

  /// An empty block.
  package init() {}

  /// Begins anew with the status; the memory is used again.
  package mutating func begin(_ status: Status) {
    bytes.removeAll(keepingCapacity: true)
    bytes.reserveCapacity(256)
    fields.removeAll(keepingCapacity: true)
    append(":status", decimal: Int(status.code))
  }

  /// Appends a field that was made ready before; its name becomes lower case.
  package mutating func append(_ line: FieldLine) {
    let source = line.bytes.span
    guard let colon = source.firstIndex(of: UInt8(ascii: ":")) else { return }
    let start = bytes.count
    for index in 0..<colon { bytes.append(source[index].lowercased) }
    let middle = bytes.count
    bytes.append(copying: source.extracting(source.trimmed(colon + 1..<source.count - 2)))
    fields.append((start..<middle, middle..<bytes.count))
  }

  /// Appends a field whose value is a number; `name` is in lower case.
  package mutating func append(_ name: StaticString, decimal value: Int) { append(name) { $0.append(decimal: value) } }

  /// Appends a field whose value `write` appends; `name` is in lower case, and the value of bytes that may stand in one.
  package mutating func append(_ name: StaticString, _ write: (inout [UInt8]) -> Void) {
    let start = bytes.count
    bytes.append(name)
    let middle = bytes.count
    write(&bytes)
    fields.append((start..<middle, middle..<bytes.count))
  }
}
