import CassandraWire
import CassandraFoundation
import Foundation
import Testing

@Suite struct FoundationValueTests {
  private func bytes(_ value: some CQLEncodable, as type: CQLType) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try value.encode(as: type, into: &bytes)
    return bytes
  }

  private func decode<Value: CQLDecodable>(_ type: Value.Type, _ bytes: [UInt8], as cell: CQLType) throws -> Value {
    try Value.check(cell)
    return try Value.decode(bytes.span, as: cell)
  }

  private func code(_ body: () throws -> Void) -> CQLValueError.Code? {
    do { try body() } catch let error as CQLValueError { return error.code } catch {}
    return nil
  }

  @Test(arguments: [
    "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "01234567-89ab-cdef-0123-456789abcdef", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
  ])
  func aUUIDIsTheSame(_ text: String) throws {
    let uuid = try #require(UUID(uuidString: text))
    let wire = try #require(CQLUUID(text))
    #expect(CQLUUID(uuid) == wire)
    #expect(UUID(wire) == uuid)
    #expect(try bytes(uuid, as: .uuid) == (try bytes(wire, as: .uuid)))
    #expect(try decode(UUID.self, bytes(uuid, as: .uuid), as: .uuid) == uuid)
  }

  @Test func aUUIDGoesWithItsTypesOnly() throws {
    let timed = try #require(UUID(uuidString: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"))
    #expect(try decode(UUID.self, bytes(timed, as: .timeuuid), as: .timeuuid) == timed)
    #expect(code { _ = try bytes(UUID(), as: .timeuuid) } != nil)
    #expect(code { _ = try bytes(UUID(), as: .text) } == .typeMismatch)
    #expect(code { try UUID.check(.blob) } == .typeMismatch)
    #expect(code { _ = try decode(UUID.self, [1, 2], as: .uuid) } == .malformed)
    #expect(code { _ = try UUID.decodeNull() } == .unexpectedNull)
  }

  @Test(arguments: [0, 1, -1, 1_700_000_000_123, -62_135_596_800_000, 253_402_300_799_999])
  func aDateKeepsItsMilliseconds(_ milliseconds: Int64) throws {
    let timestamp = CQLTimestamp(milliseconds: milliseconds)
    #expect(CQLTimestamp(Date(timestamp)) == timestamp)
    #expect(try bytes(Date(timestamp), as: .timestamp) == (try bytes(timestamp, as: .timestamp)))
    #expect(try decode(Date.self, bytes(timestamp, as: .timestamp), as: .timestamp) == Date(timestamp))
  }

  @Test func aDateIsRoundedAndBounded() {
    #expect(CQLTimestamp(Date(timeIntervalSince1970: 0.0014))?.milliseconds == 1)
    #expect(CQLTimestamp(Date(timeIntervalSince1970: -0.0016))?.milliseconds == -2)
    for seconds in [Double.infinity, -.infinity, .nan, 1e300] {
      let date = Date(timeIntervalSince1970: seconds)
      #expect(CQLTimestamp(date) == nil)
      #expect(code { _ = try bytes(date, as: .timestamp) } == .outOfRange)
    }
    #expect(code { _ = try bytes(Date(), as: .date) } == .typeMismatch)
    #expect(code { try Date.check(.date) } == .typeMismatch)
  }
}
