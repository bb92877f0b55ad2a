import CassandraBytes
import CassandraHTTP
import Testing

@Suite struct ResponseParserTests {
  @Test(arguments: responseCases)
  func answers(_ example: ResponseCase) {
    let lines = verify(example.example.input) { ResponseTranscript(answering: example.methods) }
    expectTranscript(lines, example.example.expected)
  }

  @Test func theLimitOfTheHead() {
    var limits = HTTPLimits()
    limits.headBytes = 30
    let makeStream = { ResponseTranscript(limits: limits) }
    expectTranscript(verify(Array("HTTP/1.1 204 No\r\nX: 6789\r\n\r\n".utf8), makeStream), ["204 No"])
    expectTranscript(
      verify(Array("HTTP/1.1 204 No\r\nX: 67890123\r\n\r\n".utf8), makeStream), ["431 headTooLarge @30"])
  }

  @Test func aRefusalIsFinal() throws {
    var parser = ResponseParser()
    var head = ResponseHead()
    for answer in ["HTTP/1.1 2\r\n", "HTTP/1.1 204 No\r\n\r\n"] {
      let bytes = Array(answer.utf8)
      var offset = 0
      do {
        _ = try parser.parse(bytes.span, from: &offset, answering: .get, into: &head)
        Issue.record("went on after a refusal")
      } catch {
        #expect(error.code == .invalidStatusLine)
      }
    }
  }
}

@Suite struct BodyDecoderTests {
  @Test func contentIsGivenAsRangesOfTheInput() throws {
    var decoder = BodyDecoder(.length(3))
    let input = Array("abcde".utf8)
    var offset = 1
    let first = try decoder.next(input.span.extracting(0..<2), from: &offset)
    #expect(first == .bytes(1..<2))
    let second = try decoder.next(input.span, from: &offset)
    #expect(second == .bytes(2..<4))
    #expect(decoder.isAtEnd)
    let third = try decoder.next(input.span, from: &offset)
    #expect(third == .end)
    #expect(offset == 4)
  }

  @Test func aChunkLargerThanTheInputComesInPieces() throws {
    var decoder = BodyDecoder(.chunked)
    let input = Array("ff\r\nabc".utf8)
    var offset = 0
    let first = try decoder.next(input.span, from: &offset)
    #expect(first == .bytes(4..<7))
    let second = try decoder.next(input.span, from: &offset)
    #expect(second == .needsMore)
    #expect(!decoder.isAtEnd)
    #expect(throws: HTTPError.self) { try decoder.finish() }
    #expect(throws: HTTPError.self) { try decoder.finish() }
  }

  @Test(arguments: [BodyFraming.none, .length(0)])
  func nothingIsCompleteAtOnce(_ framing: BodyFraming) throws {
    var decoder = BodyDecoder(framing)
    #expect(decoder.isAtEnd)
    #expect(!framing.hasContent)
    try decoder.finish()
  }

  @Test func untilCloseEndsWithTheConnection() throws {
    var decoder = BodyDecoder(.untilClose)
    #expect(!decoder.isAtEnd)
    try decoder.finish()
    #expect(decoder.isAtEnd)
  }
}
