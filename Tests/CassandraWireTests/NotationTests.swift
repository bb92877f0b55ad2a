import CassandraBytes
import CassandraWire
import Testing

@Suite struct VariableIntegerTests {
  /// Section 3 of the specification of v5: 256,000 takes three bytes.
  @Test func theSpecificationsExample() throws {
    var buffer: [UInt8] = []
    buffer.append(unsignedVInt: 256_000)
    #expect(buffer == [0b1100_0011, 0b1110_1000, 0])
  }

  @Test func roundTrip() throws {
    var values: [Int64] = [0, 1, -1, 63, 64, -64, -65, 127, 128, Int64.max, Int64.min]
    for bits in 0..<63 { values += [1 << bits, -(1 << bits), (1 << bits) - 1, 1 - (1 << bits)] }
    for value in values {
      var buffer: [UInt8] = []
      buffer.append(vint: value)
      #expect(buffer.count <= 9)
      var position = 0
      #expect(try buffer.span.readVInt(&position) == value)
      #expect(position == buffer.count)
    }
  }
}
