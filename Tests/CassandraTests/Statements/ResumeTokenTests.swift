import CassandraWire
import Testing

@testable import Cassandra

@Suite struct ResumeTokenTests {
  let token = ResumeToken(pageState: [1, 2, 3], version: .v5, keyspace: "k", text: "SELECT 1", values: [9])

  private func code(_ body: () throws -> Void) -> CassandraError.Code? {
    do {
      try body()
      return nil
    } catch let error as CassandraError { return error.code } catch { return .otherServerError }
  }

  @Test func itComesBackFromItsBytes() throws {
    let read = try ResumeToken(bytes: token.bytes)
    #expect(read == token)
    #expect(try read.pageState(version: .v5, keyspace: "k", text: "SELECT 1", values: [9]) == [1, 2, 3])
  }

  @Test func itIsOfOneStatementKeyspaceAndVersion() {
    #expect(
      code { _ = try token.pageState(version: .v4, keyspace: "k", text: "SELECT 1", values: [9]) } == .invalidPageState)
    #expect(
      code { _ = try token.pageState(version: .v5, keyspace: "k", text: "SELECT 2", values: [9]) } == .invalidPageState)
    #expect(
      code { _ = try token.pageState(version: .v5, keyspace: "k", text: "SELECT 1", values: [8]) } == .invalidPageState)
    #expect(
      code { _ = try token.pageState(version: .v5, keyspace: "l", text: "SELECT 1", values: [9]) } == .invalidPageState)
    #expect(
      code { _ = try token.pageState(version: .v5, keyspace: nil, text: "kSELECT 1", values: [9]) } == .invalidPageState
    )
  }

  @Test func itIsTheSameInEveryProcess() {
    #expect(token.bytes == [2, 5, 246, 97, 139, 155, 106, 236, 230, 214, 1, 2, 3])
  }

  @Test func otherBytesAreRefused() {
    for bytes: [UInt8] in [
      [], [2], Array(token.bytes.prefix(10)), [1] + token.bytes.dropFirst(), Array(repeating: 2, count: 65_537),
    ] {
      #expect(code { _ = try ResumeToken(bytes: bytes) } == .invalidPageState)
    }
    #expect(code { _ = try ResumeToken(bytes: Array(repeating: 2, count: 65_536)) } == nil)
  }

  @Test func anyChangeOfTheHeadIsNoticed() throws {
    for index in 1..<10 {
      var bytes = token.bytes
      bytes[index] ^= 1
      let changed = try ResumeToken(bytes: bytes)
      #expect(
        code { _ = try changed.pageState(version: .v5, keyspace: "k", text: "SELECT 1", values: [9]) }
          == .invalidPageState)
    }
  }
}
