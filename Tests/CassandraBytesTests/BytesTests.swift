import CassandraBytes
import Testing

@Suite struct BigEndianTests {
  @Test func readsWhatWasWritten() {
    var buffer: [UInt8] = []
    buffer.append(bigEndian: UInt16(0xfe01))
    buffer.append(bigEndian: Int32(-2))
    buffer.append(bigEndian: UInt64(0x0102_0304_0506_0708))
    #expect(buffer == [0xfe, 1, 0xff, 0xff, 0xff, 0xfe, 1, 2, 3, 4, 5, 6, 7, 8])
    let (short, int, long) = (buffer.span.uint16(at: 0), buffer.span.int32(at: 2), buffer.span.uint64(at: 6))
    #expect(short == 0xfe01)
    #expect(int == -2)
    #expect(long == 0x0102_0304_0506_0708)
    buffer.store(bigEndian: Int32.min, at: 2)
    #expect(Array(buffer[2..<6]) == [0x80, 0, 0, 0])
  }

  @Test(arguments: [0, 1, 9, 10, 99, 100, 101, 999, 1_000, 12_345, -1, -10, Int.max, Int.min])
  func decimalDigits(_ value: Int) {
    var buffer: [UInt8] = []
    buffer.append(decimal: value)
    #expect(String(decoding: buffer, as: UTF8.self) == String(value))
  }

  @Test func decimalDigitsInTheRoomThatTheyNeed() {
    for value in Array(0...1_010) + [9_998, 9_999, 10_000, 10_001, 99_999, Int.max] {
      let expected = Array("\(value)".utf8)
      for room in [expected.count, expected.count + 4] {
        let written = [UInt8](capacity: room) { $0.append(decimal: value) }
        #expect(written == expected)
      }
    }
  }

  @Test(arguments: [0, 1, 35, 36, 1_295, 1_296, Int.max]) func digitsAndLetters(_ value: Int) {
    let written = [UInt8](capacity: 13) { $0.append(base36: value) }
    #expect(String(decoding: written, as: UTF8.self) == String(value, radix: 36))
  }

  @Test func lastTwoDigitsOfManyNumbers() {
    for value in 0..<1296 {
      let written = [UInt8](capacity: 15) { output in
        output.append(base36: 7)
        output.append(twoDigitsOfBase36: value)
      }
      #expect(String(decoding: written, as: UTF8.self) == String(7 * 1296 + value, radix: 36))
    }
  }

  @Test func numbersInNetworkOrder() {
    let written = [UInt8](capacity: 15) { output in
      output.append(bigEndian: UInt8(1))
      output.append(bigEndian: Int16(-2))
      output.append(bigEndian: UInt32(0x0304_0506))
      output.append(bigEndian: Int64.min)
    }
    #expect(written == [1, 0xff, 0xfe, 3, 4, 5, 6, 0x80, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func hexadecimalNumbers() {
    for shift in UInt64(0)..<64 {
      for value in [0xfedc_ba98_7654_3210 >> shift, 1 << shift, UInt64.max >> shift] {
        let written = [UInt8](capacity: 16) { $0.append(hexadecimal: value) }
        let digits = String(value, radix: 16)
        #expect(String(decoding: written, as: UTF8.self) == String(repeating: "0", count: 16 - digits.count) + digits)
      }
    }
  }

  @Test func wordsAndWhatComesFirst() {
    let written = [UInt8](capacity: 13) { output in
      output.append(copying: [9, 9, 9, 9, 9].span)
      output.append(word: 0x0102_0304_0506_0708)
      output.storeFirst(0xa0b0_c0d0)
    }
    #expect(written == [0xa0, 0xb0, 0xc0, 0xd0, 9, 1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test func copiesOfAnyLength() {
    for count in 0...70 {
      let bytes = (0..<count).map { UInt8($0 + 1) }
      let written = [UInt8](capacity: count + 2) { output in
        output.append(0)
        output.append(copying: bytes.span)
        output.append(0xff)
      }
      #expect(written == [0] + bytes + [0xff])
    }
  }

  @Test func unsignedDigits() {
    var buffer: [UInt8] = []
    buffer.append(decimal: UInt64.max)
    #expect(String(decoding: buffer, as: UTF8.self) == String(UInt64.max))
  }

  @Test func paddedDigitsKeepTheirLeadingZeros() {
    var buffer: [UInt8] = []
    buffer.append(decimal: 42, digits: 5)
    #expect(buffer == Array("00042".utf8))
  }

  @Test func bulkCopyIntoAnOutputSpan() {
    var buffer: [UInt8] = [1]
    buffer.append(addingCapacity: 6) { output in
      output.append(2)
      output.append(copying: [3, 4, 5].span)
      output.append(copying: Span())
      output.append(6)
    }
    #expect(buffer == [1, 2, 3, 4, 5, 6])
  }

  @Test func hexadecimal() {
    var buffer: [UInt8] = []
    buffer.append(hexadecimal: [0x00, 0xaf, 0x10].span)
    #expect(buffer == Array("00af10".utf8))
    #expect(buffer.map { hexadecimalValue($0) } == [0, 0, 10, 15, 1, 0])
    #expect(hexadecimalValue(UInt8(ascii: "g")) == nil)
  }
}

@Suite struct TextTests {
  @Test func onlyValidUTF8BecomesText() {
    #expect(String(validating: Array("naïve ✓".utf8).span) == "naïve ✓")
    #expect(String(validating: [0xc0, 0x80].span) == nil)
    #expect(String(repairing: [0x41, 0xff].span) == "A\u{fffd}")
  }

  @Test func comparison() {
    let get = Array("GET".utf8)
    let (same, shorter) = (get.span.isEqual(to: "GET"), get.span.isEqual(to: "GE"))
    #expect(same)
    #expect(!shorter)
    let slash = Array("a/b/c".utf8).span.firstIndex(of: UInt8(ascii: "/"), from: 2)
    #expect(slash == 3)
  }

  @Test func textsAreInTheOrderOfTheirBytes() {
    let texts = [
      "", "a", "ab", "abcdefgh", "abcdefghi", "abcdefgi", "abcdefgha", "b", "\u{e9}", "e\u{301}", "\u{ffff}",
      "\u{10000}",
      String(repeating: "x", count: 100), String(repeating: "x", count: 99) + "y",
    ]
    for left in texts {
      for right in texts {
        #expect(left.precedes(right) == left.utf8.lexicographicallyPrecedes(right.utf8))
        #expect((ByteText(left) < ByteText(right)) == left.precedes(right))
      }
    }
  }
}
