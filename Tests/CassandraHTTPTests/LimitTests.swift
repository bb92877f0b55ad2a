import CassandraHTTP
import Testing

/// Every limit at its value and one above, fed in any pieces.
@Suite struct LimitTests {
  private let limits = {
    var limits = HTTPLimits()
    limits.requestLineBytes = 20
    limits.headBytes = 60
    limits.fieldCount = 3
    limits.leadingEmptyLines = 1
    limits.chunkLineBytes = 12
    limits.chunkExtensionBytes = 16
    limits.trailerBytes = 20
    return limits
  }()

  private func expect(_ input: String, _ expected: String...) {
    let limits = self.limits
    expectTranscript(verify(Array(input.utf8)) { RequestTranscript(limits: limits) }, expected)
  }

  @Test func requestLine() {
    expect("GET /345678 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /345678 host=a")
    expect("GET /3456789 HTTP/1.1\r\nHost: a\r\n\r\n", "414 requestLineTooLong @22")
    expect("GET /34567890123456789", "414 requestLineTooLong @22")
    expect("GET /3456789012345678", "incomplete")
    expect("GET /345678 HTTP/1.1\r", "incomplete")
  }

  @Test func theLineCountsFromItsOwnBeginning() {
    expect("\r\nGET /345678 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /345678 host=a")
    expect("\r\nGET /3456789 HTTP/1.1\r\nHost: a\r\n\r\n", "414 requestLineTooLong @24")
  }

  @Test func aBadByteBeforeTheLimitIsNamedFirst() {
    expect("GET /\u{1}56789012345678901234567890", "400 controlCharacter @5")
  }

  @Test func head() {
    // 25 bytes, so 31 are left for a line between two line ends.
    let start = "GET / HTTP/1.1\r\nHost: a\r\n"
    func field(_ count: Int) -> String { "X:" + String(repeating: "v", count: count - 2) }
    expect(start + field(31) + "\r\n\r\nX", "GET / host=a", "incomplete")
    expect(start + field(32) + "\r\n\r\n", "431 headTooLarge @60")
    expect(start + field(35), "431 headTooLarge @60")
    expect(start + field(34), "incomplete")
  }

  @Test func fieldCount() {
    expect("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\n\r\n", "GET / host=a")
    expect("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\n\r\n", "431 tooManyFields @33")
  }

  @Test func emptyLines() {
    expect("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / host=a")
    expect("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 invalidRequestLine @2")
  }

  private func expectChunks(_ body: String, _ expected: String...) {
    let limits = self.limits
    let transcript = verify(Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)".utf8)) {
      RequestTranscript(limits: limits)
    }
    expectTranscript(transcript, ["POST / host=a chunked"] + expected)
  }

  @Test func chunkLine() {
    expectChunks("1;a=bcdefg\r\nx\r\n0\r\n\r\n", "body \"x\"")
    expectChunks("1;a=bcdefgh\r\nx\r\n0\r\n\r\n", "400 chunkLineTooLong @13")
    expectChunks("1;a=bcdefghijklmnopqrstuvwxyz", "400 chunkLineTooLong @13")
  }

  @Test func extensionsOfAllChunksTogether() {
    // Each takes four bytes behind its semicolon: three letters and the carriage return.
    expectChunks("1;abc\r\nx\r\n1;abc\r\nx\r\n1;abc\r\nx\r\n1;abc\r\nx\r\n0\r\n\r\n", "body \"xxxx\"")
    expectChunks("1;abc\r\nx\r\n1;abc\r\nx\r\n1;abc\r\nx\r\n1;abc\r\nx\r\n0;a\r\n\r\n", "400 chunkLineTooLong @43")
  }

  @Test func trailers() {
    expectChunks("0\r\nX: 4567890123456\r\n\r\n", "body \"\"", "trailer X: 4567890123456")
    expectChunks("0\r\nX: 45678901234567\r\n\r\n", "431 trailersTooLarge @23")
    expectChunks("0\r\nX: 45678901234567890", "431 trailersTooLarge")
    expectChunks("0\r\nA:\r\nB:\r\nC:\r\n\r\n", "body \"\"", "trailer A: ", "trailer B: ", "trailer C: ")
    expectChunks("0\r\nA:\r\nB:\r\nC:\r\nD:\r\n\r\n", "431 tooManyFields")
  }

  @Test func theDefaults() {
    let target = String(repeating: "a", count: 8_192 - "GET / HTTP/1.1".utf8.count)
    func lines(_ request: String) -> [String] { verify(Array(request.utf8), pieces: 2) { RequestTranscript() } }
    #expect(lines("GET /\(target) HTTP/1.1\r\nHost: a\r\n\r\n") == ["GET /\(target) host=a"])
    #expect(lines("GET /\(target)a HTTP/1.1\r\nHost: a\r\n\r\n") == ["414 requestLineTooLong @8194"])
    let fields = (1...99).map { "X-\($0): y\r\n" }.joined()
    #expect(lines("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n") == ["GET / host=a"])
    #expect(lines("GET / HTTP/1.1\r\nHost: a\r\n\(fields)Z: y\r\n\r\n")[0].hasPrefix("431 tooManyFields"))
    let value = String(repeating: "v", count: 16_384)
    #expect(lines("GET / HTTP/1.1\r\nHost: a\r\nX: \(value)\r\n\r\n") == ["431 headTooLarge @16384"])
  }
}
