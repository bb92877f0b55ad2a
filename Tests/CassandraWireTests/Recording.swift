import CassandraWire
import Testing

/// A body of a message in a fixture, with what its envelope says about it.
struct Recording: CustomStringConvertible {
  var name: String
  var version: ProtocolVersion
  var opcode: Opcode
  var flags: EnvelopeFlags
  var body: [UInt8]

  var description: String { "\(name) \(version)" }

  /// A line of a fixture: name, version, opcode, flags and body.
  init(_ line: String) throws {
    let fields = line.split(separator: " ")
    try #require(fields.count == 5)
    name = String(fields[0])
    version = try #require(UInt8(fields[1]).flatMap(ProtocolVersion.init(rawValue:)))
    opcode = try #require(UInt8(fields[2]).flatMap(Opcode.init(rawValue:)))
    flags = EnvelopeFlags(rawValue: try #require(UInt8(fields[3])))
    body = bytes(fields[4])
  }

  static func all(_ fixtureName: String) throws -> [Recording] {
    try fixture(fixtureName).map { try Recording($0) }
  }

  /// Every response that was recorded from Cassandra or encoded by its code.
  static func responses() throws -> [Recording] {
    try all("cassandra-bodies.txt") + all("cassandra-encoded.txt")
  }

  /// The prefix and the message of a response.
  func response() throws(WireError) -> (ResponsePrefix, ResponseMessage, messageStart: Int) {
    var position = 0
    let prefix = try ResponsePrefix(reading: body.span, at: &position, flags: flags)
    let message = body.span.extracting(position..<body.count)
    return (prefix, try ResponseMessage(opcode: opcode, body: message, version: version), position)
  }
}
