import CassandraJSON
import Testing

@Suite struct NumberTests {
  @Test(arguments: [
    ("0", 0), ("-0", 0), ("7", 7), ("-12", -12), ("3.0", 3), ("3.000", 3), ("30e-1", 3), ("-30E-1", -3), ("3e0", 3),
    ("0.5e1", 5), ("1.5e+3", 1_500), ("0e99999999999999999999", 0), ("0.00e-5", 0), ("-0.0", 0),
    ("9007199254740993", 9_007_199_254_740_993), ("9223372036854775807", Int.max),
    ("9223372036854775807.0", Int.max), ("-9223372036854775808", Int.min), ("-9223372036854775808.0", Int.min),
    ("-92233720368547758080e-1", Int.min), ("1e18", 1_000_000_000_000_000_000),
  ])
  func whole(text: String, value: Int) throws { #expect(try #require(JSONNumber(text)).exactInt == value) }

  @Test(arguments: [
    "3.7", "0.5", "1e-1", "-2.5e0", "1e19", "9223372036854775808", "9223372036854775808.0", "-9223372036854775809",
    "-9223372036854775809.0", "1e400", "-1e400", "1e99999999999999999999", "1e-99999999999999999999", "123456789e300",
  ])
  func notWhole(text: String) throws { #expect(try #require(JSONNumber(text)).exactInt == nil) }

  @Test func otherWidths() throws {
    func number(_ text: String) throws -> JSONNumber { try #require(JSONNumber(text)) }
    #expect(try number("2147483647").exactInteger(Int32.self) == .max)
    #expect(try number("2147483648").exactInteger(Int32.self) == nil)
    #expect(try number("-128.0").exactInteger(Int8.self) == -128)
    #expect(try number("1.28e2").exactInteger(Int8.self) == nil)
    #expect(try number("255").exactInteger(UInt8.self) == 255)
    #expect(try number("256").exactInteger(UInt8.self) == nil)
    #expect(try number("-1").exactInteger(UInt8.self) == nil)
    #expect(try number("-1.0").exactInteger(UInt8.self) == nil)
    #expect(try number("-0").exactInteger(UInt8.self) == 0)
    #expect(try number("-0.0").exactInteger(UInt8.self) == 0)
    #expect(try number("18446744073709551615e0").exactInteger(UInt64.self) == .max)
    #expect(try number("1e38").exactInteger(Int128.self) == 100_000_000_000_000_000_000_000_000_000_000_000_000)
    #expect(try number("1e39").exactInteger(Int128.self) == nil)
  }

  @Test func wholeness() {
    for text in ["0", "1e400", "-5.0", "10e-1", "0.0e-9"] { #expect(JSONNumber(text)?.isWhole == true) }
    for text in ["0.5", "1e-1", "10.01e1", "1e-400"] { #expect(JSONNumber(text)?.isWhole == false) }
  }

  @Test func floatingPoint() {
    #expect(JSONNumber("0.1")?.double == 0.1)
    #expect(JSONNumber("-0")?.double?.sign == .minus)
    #expect(JSONNumber("1e400")?.double == nil)
    #expect(JSONNumber("-1e400")?.double == nil)
    #expect(JSONNumber("1e-400")?.double == 0)
    #expect(JSONNumber("1.7976931348623157e308")?.double == .greatestFiniteMagnitude)
    #expect(JSONNumber("1.7976931348623159e308")?.double == nil)
    #expect(JSONNumber("3.4028235e38")?.float == .greatestFiniteMagnitude)
    #expect(JSONNumber("1e39")?.float == nil)
    // Rounded to 64 bits first, this would be a tie, and become another number.
    #expect(JSONNumber("1.00000005960464477550")?.float == Float(1).nextUp)
  }

  @Test(arguments: [
    "", " 1", "1 ", "+1", "01", "-", ".5", "5.", "1e", "1e+", "0x1", "nan", "inf", "infinity", "1_000", "--1", "1,0",
    "１",
    "1\0",
  ])
  func noNumbers(text: String) { #expect(JSONNumber(text) == nil) }

  @Test func madeOfNumbers() {
    #expect(JSONNumber(UInt64.max).text == "18446744073709551615")
    #expect(JSONNumber(0.1)?.text == "0.1")
    #expect(JSONNumber(Float(0.1))?.text == "0.1")
    #expect(JSONNumber(Double.nan) == nil)
    #expect(JSONNumber(-Float.infinity) == nil)
    #expect(JSONNumber("1.0") != JSONNumber("1"))
  }
}
