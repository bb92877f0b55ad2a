import CassandraBytes
import CassandraWire
import Testing

/// Values as the driver for Python encodes them.
@Suite struct ValueFixtureTests {
  @Test func areWhatTheDriverEncodes() throws {
    let lines = try fixture("driver-values.txt")
    #expect(lines.count > 90)
    for line in lines {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      let type = CQLType(marshalClassName: String(fields[0]))
      #expect(type.marshalClassName == fields[0])
      let cell = bytes(fields[2])
      let value = try CQLValue.decode(cell.span, as: type)
      #expect(value.description == fields[1], "\(type)")
      var encoded: [UInt8] = []
      try value.encode(as: type, into: &encoded)
      #expect(encoded == cell, "\(type) \(value)")
    }
  }
}
