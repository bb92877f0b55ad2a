import CassandraRowJSON
import CassandraWire
import Testing

/// Values as text and back.
@Suite struct TextFormTests {
  @Test func uuids() throws {
    let text = "00112233-4455-1677-8899-aabbccddeeff"
    let uuid = try #require(CQLUUID(text))
    #expect(uuid.description == text)
    #expect(CQLUUID(text.uppercased()) == uuid)
    for wrong in ["", "00112233-4455-1677-8899-aabbccddeef", "00112233 4455-1677-8899-aabbccddeeff", text + "0"] {
      #expect(CQLUUID(wrong) == nil)
    }
    #expect(uuid.version == 1)
    // 2024-02-29T12:30:00Z.
    let ticks = CQLUUID.ticksAtUnixEpoch + 1_709_209_800_000 * 10_000 + 9_999
    let time = CQLUUID(ticks: ticks, clockSequence: 0x1234, node: 0xaabb_ccdd_eeff)
    #expect(time.ticks == ticks)
    #expect(time.timestamp?.description == "2024-02-29T12:30:00.000Z")
    #expect(time.description.hasSuffix("-9234-aabbccddeeff"))
    #expect(CQLUUID(ticks: 0, clockSequence: 0, node: 0).timestamp?.description == "1582-10-15T00:00:00.000Z")
    var generator = SystemRandomNumberGenerator()
    let random = CQLUUID.random(using: &generator)
    #expect(random.version == 4)
    #expect(random.low >> 62 == 0b10)
    #expect(random.ticks == nil)
  }

  /// One group of zeros alone is not left out.
  @Test(arguments: [
    "0.0.0.0", "255.1.2.3", "::", "::1", "1::", "2001:db8::ff00:42:8329", "fe80::1:0:0:1", "1:0:0:2::3",
    "1:2:3:4:5:6:7:8", "::ffff:192.0.2.1", "2001:db8:0:1:1:1:1:1",
  ])
  func addresses(_ text: String) throws {
    #expect(try #require(CQLInet(text)).description == text)
  }

  @Test func addressesInOtherForms() throws {
    #expect(CQLInet("2001:DB8:0:0:0:0:0:1")?.description == "2001:db8::1")
    #expect(CQLInet("0:0:0:0:0:0:0:0")?.description == "::")
    #expect(CQLInet("::1.2.3.4")?.description == "::102:304")
    #expect(CQLInet("1:2:3:4:5:6:7::")?.description == "1:2:3:4:5:6:7:0")
    for wrong in [
      "", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.a", "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9",
      "1::2::3", "12345::", "g::", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "::1.2.3", "1.2.3.4::", "::1:2:3:4:5:6:7:8",
      "fe80::1%eth0", "1..2.3", "1.2.3.4 ",
    ] {
      #expect(CQLInet(wrong) == nil, "\(wrong)")
    }
  }

  @Test func dates() throws {
    for text in ["1970-01-01", "2024-02-29", "0001-01-01", "0000-12-31", "-0001-12-31", "+10000-01-01", "9999-12-31"] {
      #expect(try #require(CQLDate(text)).description == text)
    }
    #expect(CQLDate(daysSinceEpoch: .min).description == "-5877641-06-23")
    #expect(CQLDate(daysSinceEpoch: .max).description == "+5881580-07-11")
    #expect(CQLDate("-5877641-06-23")?.daysSinceEpoch == .min)
    #expect(CQLDate(year: 2023, month: 2, day: 29) == nil)
    #expect(CQLDate(year: 1900, month: 2, day: 29) == nil)
    #expect(CQLDate(year: 2000, month: 2, day: 29) != nil)
    for wrong in [
      "", "2024-13-01", "2024-00-01", "2024-01-32", "24-01-01", "2024-01-01x", "+5881580-07-12", "99999999999-01-01",
    ] {
      #expect(CQLDate(wrong) == nil, "\(wrong)")
    }
    // Every day of 800 years, forth and back.
    for days in stride(from: Int32(-146_097), through: 146_097, by: 1) {
      let date = CQLDate(daysSinceEpoch: days)
      #expect(CQLDate(year: date.year, month: date.month, day: date.day) == date)
    }
  }

  @Test func times() throws {
    for text in ["00:00:00.000000000", "23:59:59.999999999", "08:30:00.000000001"] {
      #expect(try #require(CQLTime(text)).description == text)
    }
    #expect(CQLTime("8:30")?.description == "08:30:00.000000000")
    #expect(CQLTime("08:30:01.5")?.description == "08:30:01.500000000")
    #expect(CQLTime(nanoseconds: CQLTime.nanosecondsPerDay) == nil)
    for wrong in ["", "24:00", "12:60", "12:00:60", "12:00:00.", "12:00:00.1234567890", "12"] {
      #expect(CQLTime(wrong) == nil, "\(wrong)")
    }
  }

  @Test func timestamps() throws {
    for text in [
      "1970-01-01T00:00:00.000Z", "2024-02-29T12:30:00.250Z", "-0001-12-31T23:59:59.999Z",
      "+292278994-08-17T07:12:55.807Z",
    ] {
      #expect(try #require(CQLTimestamp(text)).description == text)
    }
    #expect(CQLTimestamp("2024-02-29 12:30+01:00")?.description == "2024-02-29T11:30:00.000Z")
    #expect(CQLTimestamp("2024-02-29T12:30:00.5-0130")?.description == "2024-02-29T14:00:00.500Z")
    #expect(CQLTimestamp("2024-02-29")?.description == "2024-02-29T00:00:00.000Z")
    #expect(CQLTimestamp("2024-02-29T00:00:00-05")?.milliseconds == 1_709_182_800_000)
    #expect(CQLTimestamp(milliseconds: .min).description == "-292275055-05-16T16:47:04.192Z")
    for wrong in [
      "", "2024-02-30", "2024-02-29T", "2024-02-29T25:00", "2024-02-29T12:30+", "2024-02-29T12:30:00.1234",
      "+300000000-01-01",
    ] {
      #expect(CQLTimestamp(wrong) == nil, "\(wrong)")
    }
  }

  @Test func durations() throws {
    for text in ["1mo2d3ns", "-1mo1d1ns", "1y2mo3d4h5m6s7ms8us9ns", "0s", "2562047h47m16s854ms775us807ns"] {
      #expect(try #require(CQLDuration(text)).description == text)
    }
    #expect(CQLDuration("2W3D")?.days == 17)
    #expect(CQLDuration("5µs")?.nanoseconds == 5_000)
    #expect(CQLDuration("-2562047h47m16s854ms775us808ns")?.nanoseconds == .min)
    #expect(CQLDuration(months: .min, days: .min, nanoseconds: .min).isValid)
    for wrong in [
      "", "-", "1", "d", "1d2y", "1d1d", "1x", "1.5s", "2562047h47m16s854ms775us808ns", "178956971y", "1d ", "--1d",
      "999999999999999999999d", "9223372036854775807y9223372036854775807mo",
    ] {
      #expect(CQLDuration(wrong) == nil, "\(wrong)")
    }
    var buffer: [UInt8] = []
    #expect(throws: CQLValueError.self) { try CQLDuration(months: 1, days: -1).encode(as: .duration, into: &buffer) }
  }

  @Test func numbersOfAnySize() throws {
    let large = "123456789012345678901234567890123456789012345678901234567890"
    for text in [
      "0", "-1", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
      "1000000000000000000", "999999999999999999", "1000000000000000000000000000", large, "-" + large,
    ] {
      #expect(try #require(CQLVarint(text)).description == text)
    }
    #expect(CQLVarint("+007") == 7)
    for wrong in ["", "-", "1x", "1.5", " 1", "0x1", "--1", String(repeating: "x", count: 30)] {
      #expect(CQLVarint(wrong) == nil)
    }
    #expect(CQLVarint(UInt64.max).description == "18446744073709551615")
    #expect(CQLVarint(UInt64.max).exactly(UInt64.self) == .max)
    #expect(CQLVarint(UInt64.max).exactly(Int64.self) == nil)
    #expect(CQLVarint(-5).exactly(UInt8.self) == nil)
    let limit = [0x7f] + [UInt8](repeating: 0xff, count: CQLVarint.maximumTextBytes - 1)
    let most = CQLVarint(twosComplement: limit.span)
    #expect(most.description.count == 9_864)
    #expect(CQLVarint(most.description) == most)
    let more = CQLVarint(twosComplement: ([1] + limit).span)
    #expect(more.description.hasPrefix("0x017f"))
    #expect(CQLVarint(String(repeating: "9", count: 9_865)) == nil)
    var buffer: [UInt8] = []
    #expect(throws: CQLValueError.self) { try more.write(into: &buffer) }
    #expect(throws: CQLValueError.self) {
      try CellJSONWriter(.varint).write(more.twosComplement.span, into: &buffer)
    }
  }

  @Test func decimals() throws {
    for text in ["0", "-12.50", "1E-7", "1.2E+3", "0.000001", "0E-7", "0E+1", "1E+2147483648", "1E-2147483647", "0.00"]
    {
      #expect(try #require(CQLDecimal(text)).description == text)
    }
    #expect(CQLDecimal("1e3") == CQLDecimal(unscaled: 1, scale: -3))
    #expect(CQLDecimal(".5") == CQLDecimal(unscaled: 5, scale: 1))
    #expect(CQLDecimal("5.") == CQLDecimal(5))
    #expect(CQLDecimal("1.0") != CQLDecimal("1.00"))
    for wrong in ["", ".", "-", "e5", "1e", "1e+", "1.2.3", "1e99999999999", "1e-2147483648", "0x1", "1 "] {
      #expect(CQLDecimal(wrong) == nil, "\(wrong)")
    }
  }

  @Test func names() {
    #expect(Consistency("local_quorum") == .localQuorum)
    #expect(Consistency("LOCAL QUORUM") == nil)
    #expect(Consistency.allCases.allSatisfy { Consistency($0.description) == $0 })
    #expect(ProtocolVersion.v4.description == "v4")
    #expect(NodeAddress(address: .v6(high: 0, low: 1), port: 9042).description == "[::1]:9042")
  }
}
