import CassandraHTTP
import Testing

@Suite struct RequestParserTests {
  @Test(arguments: requestLineCases)
  func requestLine(_ example: Case) { check(example) }

  @Test(arguments: fieldCases)
  func fields(_ example: Case) { check(example) }

  @Test(arguments: framingCases)
  func framing(_ example: Case) { check(example) }

  @Test(arguments: chunkCases)
  func chunks(_ example: Case) { check(example) }

  private func check(_ example: Case) {
    expectTranscript(verify(example.input) { RequestTranscript() }, example.expected)
  }
}
