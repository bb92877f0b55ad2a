import CassandraDice
import CassandraBytes
import CassandraHTTP
import Testing

@Suite struct WritingTests {
  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func aHead() throws {
    var output: [UInt8] = []
    output.append(status: .ok)
    output.append(FieldLine(date: HTTPDate(secondsSince1970: 784_111_777)))
    output.append(field: .contentType, literal: "application/json")
    try output.append(field: "X-Name", "naïve")
    try output.append(field: "X-Bytes", [0x61, 0xff, 0x09].span)
    output.append(field: "X-Count", decimal: -12)
    output.append(framing: .length(5))
    output.appendEndOfHead()
    #expect(
      output
        == Array("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n".utf8)
        + Array("X-Name: naïve\r\nX-Bytes: a".utf8) + [0xff]
        + Array("\t\r\nX-Count: -12\r\nContent-Length: 5\r\n\r\n".utf8))
  }

  @Test func framing() {
    func written(_ framing: BodyFraming) -> String {
      var output: [UInt8] = []
      output.append(framing: framing)
      return text(output)
    }
    #expect(written(.length(0)) == "Content-Length: 0\r\n")
    #expect(written(.chunked) == "Transfer-Encoding: chunked\r\n")
    #expect(written(.none) == "")
    #expect(written(.untilClose) == "")
  }

  @Test(arguments: ["a\rb", "a\nb", "a\r\nX: y", "\0", "\u{1}", "\u{7f}", "\r\n"])
  func aValueCannotSplitAResponse(_ value: String) {
    var output = Array("before".utf8)
    #expect(throws: HTTPError.self) { try output.append(field: "X", value) }
    #expect(throws: HTTPError.self) { try output.append(field: "X", Array(value.utf8).span) }
    #expect(throws: HTTPError.self) { try FieldLine("X", value) }
    #expect(throws: HTTPError.self) { try output.appendLastChunk(trailers: [("A", "b"), ("X", value)]) }
    #expect(text(output) == "before")
  }

  @Test(arguments: ["", "a b", "a:", "a\r\n", "é", "a\0", String(repeating: "a", count: 257)])
  func aNameIsAToken(_ name: String) { #expect(FieldName(name) == nil) }

  @Test func namesAreComparedWithoutCase() {
    #expect(FieldName("content-type") == .contentType)
    #expect(Set([FieldName.contentType]).contains("CONTENT-TYPE"))
    #expect(FieldName("content-typo") != .contentType)
    #expect("\(FieldName.eTag)" == "ETag")
  }

  @Test func statusLines() {
    for code in UInt16(100)...999 {
      var output: [UInt8] = []
      let status = Status(code)
      output.append(status: status)
      #expect(text(output) == "HTTP/1.1 \(code) \(status.reason)\r\n")
    }
    #expect(Status.notFound.reason == "Not Found")
    #expect("\(Status.notFound)" == "404 Not Found")
    #expect("\(Status(299))" == "299")
  }

  @Test func whichAnswersHaveABody() {
    let without = (100...599).filter { !Status($0).allowsBody }.map(Int.init)
    #expect(without == Array(100...199) + [204, 304])
    #expect(!Status.ok.allowsBody(answering: .head))
    #expect(!Status.ok.allowsBody(answering: .connect))
    #expect(Status.notFound.allowsBody(answering: .connect))
    #expect(Status.ok.allowsBody(answering: .get))
    #expect(!Status.noContent.allowsContentLength)
    #expect(Status.notModified.allowsContentLength)
    #expect(Status.continue.isInterim && !Status.switchingProtocols.isInterim)
  }

  @Test func aRequest() throws {
    var output: [UInt8] = []
    try output.append(request: .get, target: "/a%20b?c", host: "h:80")
    output.appendEndOfHead()
    #expect(text(output) == "GET /a%20b?c HTTP/1.1\r\nHost: h:80\r\n\r\n")
    #expect(verify(output) { RequestTranscript() } == ["GET /a%20b?c host=h port=80"])
    output = []
    try output.append(request: .connect, target: "h:443", host: "h:443")
    try output.append(request: .options, target: "*", host: "[::1]")
  }

  @Test(arguments: [
    (Method.get, "/a b", "h"), (.get, "/\r\nX: y", "h"), (.get, "", "h"), (.get, "/é", "h"), (.get, "/#f", "h"),
    (.get, "/%", "h"), (.get, "*", "h"), (.get, "/", "h\r\nX: y"), (.get, "/", "u@h"), (.get, "/", ""),
    (.other, "/", "h"), (.connect, "/", "h"),
  ])
  func aRequestThatCannotBeSent(_ method: Method, _ target: String, _ host: String) {
    var output = Array("before".utf8)
    #expect(throws: HTTPError.self) { try output.append(request: method, target: target, host: host) }
    #expect(text(output) == "before")
  }

  @Test func chunks() throws {
    var output = Array("head".utf8)
    let chunk = output.openChunk()
    output.append(utf8: String(repeating: "x", count: 0x1a))
    output.close(chunk)
    let empty = output.openChunk()
    output.close(empty)
    output.append(chunk: Array("yz".utf8).span)
    let nothing: [UInt8] = []
    output.append(chunk: nothing.span)
    output.appendLastChunk()
    let data = String(repeating: "x", count: 0x1a)
    #expect(text(output) == "head0000001a\r\n\(data)\r\n00000002\r\nyz\r\n0\r\n\r\n")
    output = []
    try output.appendLastChunk(trailers: [("Digest", "abc"), ("X", "")])
    #expect(text(output) == "0\r\nDigest: abc\r\nX: \r\n\r\n")
  }

  /// What is written in chunks of any size is read back, however it is cut.
  @Test func chunkedRoundTrips() {
    var random = Dice(seed: 7)
    for round in 0..<50 {
      var output = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
      var content = ""
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let piece = String(repeating: "\r\n0;", count: Int.random(in: 0...40, using: &random))
        let chunk = output.openChunk()
        output.append(utf8: piece)
        output.close(chunk)
        content += piece
      }
      output.appendLastChunk()
      let lines = verify(output, seed: UInt64(round)) { ResponseTranscript() }
      #expect(lines == ["200 OK chunked", "body \"\(content)\""])
    }
  }
}
