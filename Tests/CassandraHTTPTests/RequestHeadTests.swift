import CassandraBytes
import CassandraHTTP
import Testing

@Suite struct RequestHeadTests {
  private func head(_ request: String) throws -> RequestHead {
    var parser = RequestParser()
    var head = RequestHead()
    var offset = 0
    let bytes = Array(request.utf8)
    let isComplete = try parser.parse(bytes.span, from: &offset, into: &head)
    #expect(isComplete)
    return head
  }

  @Test func thePartsOfTheTarget() throws {
    let origin = try head("GET /a%20b/c?d=e HTTP/1.1\r\nHost: h:8080\r\n\r\n")
    #expect(origin.targetForm == .origin)
    #expect(origin.target == "/a%20b/c?d=e")
    #expect(origin.path == "/a%20b/c")
    #expect(origin.query == "d=e")
    #expect(origin.authority == "h:8080")
    #expect(origin.host == "h")
    #expect(origin.port == 8080)

    let absolute = try head("GET http://x:81?q HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(absolute.targetForm == .absolute)
    #expect(absolute.path == "/")
    #expect(absolute.query == "q")
    #expect(absolute.authority == "x:81")
    #expect(absolute.first(.host) == "h")

    let asterisk = try head("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(asterisk.targetForm == .asterisk)
    #expect(asterisk.path == "*")
    #expect(asterisk.query == nil)
    #expect(asterisk.host == "a")

    let authority = try head("CONNECT [::1]:443 HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(authority.targetForm == .authority)
    #expect(authority.path == "")
    #expect(authority.host == "[::1]")
    #expect(authority.port == 443)

    #expect(try head("GET / HTTP/1.0\r\n\r\n").authority == nil)
  }

  @Test(arguments: [
    ("GET", Method.get), ("HEAD", .head), ("POST", .post), ("PUT", .put), ("DELETE", .delete), ("PATCH", .patch),
    ("OPTIONS", .options), ("TRACE", .trace), ("LINK", .other), ("get", .other), ("CONNECTED", .other),
  ])
  func methods(_ name: String, _ method: Method) throws {
    let head = try head("\(name) / HTTP/1.1\r\nHost: h\r\n\r\n")
    #expect(head.method == method)
    #expect(head.methodName == name)
    #expect(method == .other || "\(method.name)" == name)
  }

  @Test func theContentTypeIsKnownByItsPlace() throws {
    func value(_ fields: String) throws -> String? {
      let found = try self.head("POST / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
      return found.contentTypeRange.map { String(decoding: found.bytes[$0], as: UTF8.self) }
    }
    #expect(try value("") == nil)
    #expect(try value("Content-Typf: a/b\r\n") == nil)
    #expect(try value("content-TYPE:  a/b \r\nX: y\r\n") == "a/b")
    #expect(try value("Content-Type:\r\n") == "")
  }

  /// The places of fields that a server looks for in every request are those of the first of their name.
  @Test func fieldsThatAreKnownByTheirPlace() throws {
    func values(_ fields: String) throws -> [String] {
      let found = try self.head("GET / HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
      return [found.requestIDRange, found.traceParentRange].map { String(decoding: found.bytes[$0], as: UTF8.self) }
    }
    #expect(try values("") == ["", ""])
    #expect(try values("X-Request-Ib: a\r\nTraceparens: b\r\nContent-Type: c\r\n") == ["", ""])
    #expect(try values("x-rEquest-id:  one \r\nTraceParent: two\r\n") == ["one", "two"])
    #expect(try values("traceparent: 1\r\nTraceparent: 2\r\nX-Request-ID: 3\r\nX-Request-ID: 4\r\n") == ["3", "1"])
    #expect(try values("X-Request-ID:\r\nX-Request-ID: 4\r\n") == ["", ""])
    // The next head on the connection has nothing of the one before.
    var parser = RequestParser()
    var found = RequestHead()
    var offset = 0
    let bytes = Array("GET / HTTP/1.1\r\nHost: h\r\nX-Request-ID: a\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
    for expected in [1, 0] {
      #expect(try parser.parse(bytes.span, from: &offset, into: &found))
      #expect(found.requestIDRange.count == expected)
    }
  }

  @Test func fieldsAreFoundInAnyCase() throws {
    let head = try head("GET / HTTP/1.1\r\nHost: h\r\ncOnTeNt-TyPe:  text/plain \r\nX: 1\r\nx: 2\r\nY: é\r\n\r\n")
    #expect(head.first(.contentType) == "text/plain")
    #expect(head.first("X") == "1")
    #expect(head.first("content-typ") == nil)
    #expect(head.fields.all("x") == ["1", "2"])
    #expect(head.fields.combined("X") == "1, 2")
    #expect(head.fields.combined("Z") == nil)
    #expect(head.first("y") == "é")
    #expect(head.fields.map(\.name) == ["Host", "cOnTeNt-TyPe", "X", "x", "Y"])
    #expect(head.fields.map(\.value) == ["h", "text/plain", "1", "2", "é"])
    let range = try #require(head.fields.range(of: .contentType))
    #expect(Array(head.bytes[range]) == Array("text/plain".utf8))
    let first = try #require(head.fields.firstIndex(of: "x"))
    #expect(head.fields.firstIndex(of: "x", from: first + 1) == first + 1)
    #expect(head.fields.firstIndex(of: "x", from: first + 2) == nil)
    #expect(head.fields.firstIndex(of: "x", from: 99) == nil)
  }

  @Test func listsAreTakenApart() throws {
    let head = try head(
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: , Upgrade,\r\nConnection: \"a, \\\"b\" , c\r\nE: \"open, x\r\n\r\n")
    #expect(head.fields.list(.connection) == ["Upgrade", "\"a, \\\"b\"", "c"])
    #expect(head.fields.contains("upgrade", in: .connection))
    #expect(!head.fields.contains("b", in: .connection))
    #expect(head.fields.list("E") == ["\"open, x"])
    #expect(head.fields.list("F") == [])
  }

  @Test func aValueThatIsNotUTF8IsRepairedAsText() throws {
    var parser = RequestParser()
    var head = RequestHead()
    var offset = 0
    let bytes = Array("GET / HTTP/1.1\r\nHost: h\r\nX: a".utf8) + [0xff, 0x0d, 0x0a, 0x0d, 0x0a]
    let isComplete = try parser.parse(bytes.span, from: &offset, into: &head)
    #expect(isComplete)
    #expect(head.first("X") == "a\u{fffd}")
    let range = try #require(head.fields.range(of: "X"))
    #expect(Array(head.bytes[range]) == [0x61, 0xff])
  }

  @Test func aHeadThatIsKeptDoesNotChange() throws {
    var parser = RequestParser()
    var head = RequestHead()
    var offset = 0
    let bytes = Array("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\nX: y\r\n\r\n".utf8)
    _ = try parser.parse(bytes.span, from: &offset, into: &head)
    let first = head
    _ = try parser.parse(bytes.span, from: &offset, into: &head)
    #expect(first.transcriptLine == "GET /1 host=a")
    #expect(first.fields.count == 1)
    #expect(head.transcriptLine == "GET /2 host=b")
    #expect(offset == bytes.count)
  }

  @Test func theBodyBeginsAtTheOffset() throws {
    var parser = RequestParser()
    var head = RequestHead()
    let bytes = Array("xxxPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi".utf8)
    var offset = 3
    #expect(!parser.isWithinHead)
    _ = try parser.parse(bytes.span.extracting(0..<20), from: &offset, into: &head)
    #expect(offset == 20)
    #expect(parser.isWithinHead)
    #expect(try parser.parse(bytes.span, from: &offset, into: &head))
    #expect(offset == bytes.count - 2)
    #expect(!parser.isWithinHead)
  }

  @Test func anEmptyLineIsNoRequestThatIsSlow() throws {
    var parser = RequestParser()
    var head = RequestHead()
    var offset = 0
    let bytes = Array("\r\nG".utf8)
    _ = try parser.parse(bytes.span.extracting(0..<2), from: &offset, into: &head)
    #expect(!parser.isWithinHead)
    _ = try parser.parse(bytes.span, from: &offset, into: &head)
    #expect(parser.isWithinHead)
  }

  @Test func aRefusalTellsNothingThatThePeerSent() throws {
    do {
      _ = try head("GET /secret\u{1} HTTP/1.1\r\n\r\n")
      Issue.record("accepted")
    } catch let error as HTTPError {
      #expect("\(error)" == "A control character stands in the head")
      #expect(
        String(reflecting: error) == "400 controlCharacter: A control character stands in the head (byte 11)")
      #expect(error.code == .controlCharacter)
      #expect(error.status == .badRequest)
    }
  }
}
