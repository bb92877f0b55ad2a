import Cassandra
import CassandraHTTPServer
import CassandraTelemetry
import Testing

@testable import CassandraWeb

/// Cursors: nobody but us can make one.
@Suite struct PagingTests {
  private func token() throws -> ResumeToken { try ResumeToken(bytes: [2, 5] + Array(repeating: 7, count: 30)) }

  @Test func aCursorComesBack() throws {
    let paging = Paging(key: Secret("a key that two processes have"))
    let cursor = paging.cursor(try token())
    #expect(
      cursor.utf8.allSatisfy {
        Array("-_".utf8).contains($0) || Character(UnicodeScalar($0)).isLetter || Character(UnicodeScalar($0)).isNumber
      })
    #expect(try paging.position(cursor) == token())
    #expect(try Paging(key: Secret("a key that two processes have")).position(cursor) == token())
    #expect(throws: Problem.self) { try Paging(key: Secret("another")).position(cursor) }
    #expect(throws: Problem.self) { try Paging().position(cursor) }
  }

  @Test func everyChangeIsNoticed() throws {
    let paging = Paging()
    let cursor = paging.cursor(try token())
    for index in cursor.indices {
      for other in ["A", "b", "_", "-", "9"] where other != String(cursor[index]) {
        let forged = cursor.replacingCharacter(at: index, with: other)
        let problem = #expect(throws: Problem.self) { try paging.position(forged) }
        #expect(problem?.status == .badRequest && problem?.code == "invalidCursor")
      }
    }
    for text in [
      "", "A", "AAAA", String(cursor.dropLast()), cursor + "A", cursor + "=", "ä",
      String(repeating: "A", count: 1 << 20),
    ] {
      #expect(throws: Problem.self) { try paging.position(text) }
    }
  }

  @Test func everyLengthHasOneText() {
    for count in 0..<20 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ 5) }
      let text = Base64URL.text(of: bytes)
      #expect(Base64URL.bytes(of: text) == bytes)
      // A last digit with bits behind the bytes would be a second text of the same.
      if count % 3 != 0, let last = text.last, last != "_" {
        #expect(Base64URL.bytes(of: text.dropLast() + "_") == nil)
      }
    }
    #expect(Base64URL.text(of: [0xff, 0xef]) == "_-8")
  }
}

extension String {
  fileprivate func replacingCharacter(at index: Index, with other: String) -> String {
    self[..<index] + other + self[self.index(after: index)...]
  }
}
