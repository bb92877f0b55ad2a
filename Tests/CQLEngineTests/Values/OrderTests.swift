import CassandraDice
import CassandraBytes
@testable import CQLEngine
import CassandraWire
import Testing

@Suite("Values in the order of their types")
struct OrderTests {
  /// Values of a type from the least to the largest.
  struct Ascending: CustomTestStringConvertible, Sendable {
    let type: CQLType
    let values: [CQLValue]
    var testDescription: String { "\(type)" }
  }

  static let all: [Ascending] = [
    Ascending(type: .int, values: [.int(.min), .int(-1), .int(0), .int(1), .int(.max)]),
    Ascending(type: .tinyint, values: [.tinyint(-128), .tinyint(-1), .tinyint(0), .tinyint(127)]),
    Ascending(type: .bigint, values: [.bigint(.min), .bigint(-256), .bigint(255), .bigint(.max)]),
    Ascending(
      type: .text, values: [.text(""), .text("\0"), .text("\0a"), .text("a"), .text("a\0"), .text("ab"), .text("é")]),
    Ascending(
      type: .double,
      values: [
        .double(-.infinity), .double(-1.5), .double(-0.0), .double(0), .double(1e-300), .double(.infinity),
        .double(.nan),
      ]),
    Ascending(type: .float, values: [.float(-3), .float(-0.5), .float(0.25), .float(7)]),
    Ascending(
      type: .varint,
      values: [
        "-99999999999999999999999", "-32769", "-257", "-256", "-129", "-128", "-1", "0", "1", "127", "128", "255",
        "256", "65536", "99999999999999999999999",
      ].map { .varint(CQLVarint($0) ?? 0) }),
    Ascending(
      type: .decimal,
      values: ["-1E+10", "-15", "-1.5", "-0.001", "0", "1E-10", "0.9", "1.0", "9.99", "10", "1E+10"].map {
        .decimal(CQLDecimal($0) ?? CQLDecimal(0))
      }),
    Ascending(type: .boolean, values: [.boolean(false), .boolean(true)]),
    Ascending(
      type: .date,
      values: [
        .date(CQLDate(daysSinceEpoch: .min)), .date(CQLDate(daysSinceEpoch: 0)), .date(CQLDate(daysSinceEpoch: 7)),
      ]),
    Ascending(
      type: .list(.int),
      values: [.list([]), .list([.int(-1)]), .list([.int(1)]), .list([.int(1), .int(0)]), .list([.int(2)])]
    ),
    Ascending(
      type: .tuple([.int, .text]),
      values: [
        .tuple([.null, .text("z")]), .tuple([.int(1), .null]), .tuple([.int(1), .text("")]), .tuple([.int(2)]),
      ]),
    Ascending(
      type: .timeuuid,
      values: [1_000, 1_001, 90_000_000_000].map {
        .timeuuid(CQLUUID(ticks: CQLUUID.ticksAtUnixEpoch + $0, clockSequence: 0x3fff, node: 1))
      }),
  ]

  static func key(_ value: CQLValue, _ type: CQLType, isDescending: Bool = false) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try value.encode(as: type, into: &bytes)
    var key: [UInt8] = []
    try OrderedKeyEncoding.append(bytes.span, type, isDescending: isDescending, into: &key)
    return key
  }

  @Test("have keys in that order, and backwards in descending order", arguments: all)
  func order(_ ascending: Ascending) throws {
    for (index, value) in ascending.values.enumerated() {
      let key = try Self.key(value, ascending.type)
      let reversed = try Self.key(value, ascending.type, isDescending: true)
      #expect(key.map { ~$0 } == reversed)
      for later in ascending.values[(index + 1)...] {
        let laterKey = try Self.key(later, ascending.type)
        #expect(key.lexicographicallyPrecedes(laterKey), "\(value) before \(later)")
        #expect(!laterKey.starts(with: key), "\(value) is no beginning of \(later)")
        #expect(try Self.key(later, ascending.type, isDescending: true).lexicographicallyPrecedes(reversed))
      }
    }
  }

  @Test("are in the order of random numbers, whatever their size")
  func random() throws {
    var generator = Dice(seed: 7)
    for _ in 0..<2_000 {
      let bits = Int.random(in: 1...64, using: &generator)
      let left = Int64.random(in: .min ... .max, using: &generator) >> Int64(64 - bits)
      let right = Int64.random(in: .min ... .max, using: &generator) >> Int64.random(in: 0...63, using: &generator)
      for type in [CQLType.varint, .decimal, .bigint] {
        let leftKey = try Self.key(Self.value(left, type), type)
        let rightKey = try Self.key(Self.value(right, type), type)
        #expect(leftKey.lexicographicallyPrecedes(rightKey) == (left < right), "\(left) and \(right) as \(type)")
      }
    }
  }

  private static func value(_ number: Int64, _ type: CQLType) -> CQLValue {
    switch type {
    case .varint: .varint(CQLVarint(number))
    case .decimal: .decimal(CQLDecimal(unscaled: CQLVarint(number), scale: 3))
    default: .bigint(number)
    }
  }

  @Test("have one key for decimals that are the same number")
  func decimals() throws {
    #expect(
      try Self.key(.decimal(CQLDecimal("1.0") ?? CQLDecimal(7)), .decimal)
        == Self.key(.decimal(CQLDecimal("1.000") ?? CQLDecimal(8)), .decimal))
    #expect(
      try Self.key(.decimal(CQLDecimal("0.0") ?? CQLDecimal(7)), .decimal)
        == Self.key(.decimal(CQLDecimal("0") ?? CQLDecimal(8)), .decimal))
  }

  @Test("are refused when they are cut or have bytes too many", arguments: all)
  func malformed(_ ascending: Ascending) throws {
    for value in ascending.values {
      var bytes: [UInt8] = []
      try value.encode(as: ascending.type, into: &bytes)
      #expect(throws: Never.self) { try ValueCheck.validate(bytes.span, ascending.type) }
      // No bytes at all may stand there for the sake of old clients; what is cut must not trap.
      for length in 0..<bytes.count {
        let cut = Array(bytes.prefix(length))
        try? ValueCheck.validate(cut.span, ascending.type)
        var key: [UInt8] = []
        try? OrderedKeyEncoding.append(cut.span, ascending.type, into: &key)
      }
    }
  }
}

@Suite("Tokens")
struct TokenTests {
  /// What Cassandra 5.0.6 answers to `SELECT token(k)` for blobs: with all lengths of the last block, and bytes that are
  /// negative when they are signed.
  @Test(
    "are those of Cassandra",
    arguments: [
      ("61", -8_839_064_797_231_613_815), ("51756572637573", 8_553_243_738_406_047_755),
      ("30313233343536373839616263646566", 5_467_490_433_528_156_583), ("ff", -4_442_228_696_663_692_417),
      ("fffe", -2_002_833_339_314_343_643), ("8081828384858687", -6_062_263_109_623_760_877),
      ("80ff7f00aa55", 2_608_445_772_569_850_904), ("00", 5_048_724_184_180_415_669),
      ("ffffffffffffffffffffffffffffffff", -2_824_192_546_314_762_522),
      ("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", -61_479_015_959_055_060),
      ("c3a9c3bcc3b6c3a4c3a9c3bcc3b6c3a4c3a9", 4_069_291_743_307_246_161),
      ("5175657263757320726f627572", 2_003_307_010_956_521_376), ("0000000100000002", -5_168_409_507_470_576_865),
    ] as [(String, Int64)])
  func known(_ hexadecimal: String, _ token: Int64) {
    let digits = Array(hexadecimal.utf8)
    let bytes = stride(from: 0, to: digits.count, by: 2).map { index in
      (hexadecimalValue(digits[index]) ?? 0) << 4 | (hexadecimalValue(digits[index + 1]) ?? 0)
    }
    #expect(Murmur3.token(bytes.span) == token)
  }

  @Test("name statements as Cassandra does")
  func digests() {
    var digits: [UInt8] = []
    digits.append(hexadecimal: MD5.digest(Array("message digest".utf8)).span)
    #expect(String(decoding: digits, as: UTF8.self) == "f96b697d7cb7938d525a2f31aaf161d0")
    var long: [UInt8] = []
    long.append(hexadecimal: MD5.digest(Array(String(repeating: "1234567890", count: 8).utf8)).span)
    #expect(String(decoding: long, as: UTF8.self) == "57edf4a22be3c955ac49da2e2107b67a")
  }
}
