import Testing

@testable import CassandraHTTPServer

@Suite struct PlainBytesTests {
  /// Eight bytes are looked at together, so each byte is tried at each place among others.
  @Test func whatMayStandInAStringOfJSON() {
    for count in [0, 1, 7, 8, 9, 16, 17] {
      let letters = [UInt8](repeating: UInt8(ascii: "~"), count: count)
      let isPlain = letters.span.isPlain
      #expect(isPlain)
      for place in 0..<count {
        for byte in UInt8.min...UInt8.max {
          var bytes = letters
          bytes[place] = byte
          let mayStand = 0x20...0x7e ~= byte && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
          let isPlain = bytes.span.isPlain
          #expect(isPlain == mayStand, "\(byte) at \(place) of \(count)")
        }
      }
    }
  }
}
