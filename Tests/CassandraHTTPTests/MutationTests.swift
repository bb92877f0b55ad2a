import CassandraDice
import CassandraHTTP
import Testing

/// Inputs that were damaged at random: nothing may trap, hang, or depend on how the bytes are cut.
@Suite struct MutationTests {
  @Test(arguments: 0..<4)
  func damagedRequests(_ seed: Int) {
    var random = Dice(seed: UInt64(seed))
    let inputs = (requestLineCases + fieldCases + framingCases + chunkCases).map(\.input)
    for round in 0..<1_500 {
      let input = damaged(inputs, &random)
      let lines = verify(input, seed: UInt64(round), pieces: 2) { RequestTranscript() }
      #expect(lines.count <= input.count + 1)
    }
  }

  @Test(arguments: 0..<4)
  func damagedResponses(_ seed: Int) {
    var random = Dice(seed: UInt64(seed))
    let inputs = responseCases.map(\.example.input)
    for round in 0..<1_500 {
      let input = damaged(inputs, &random)
      let methods = [Method.get, .head, .connect].shuffled(using: &random)
      let lines = verify(input, seed: UInt64(round), pieces: 2) { ResponseTranscript(answering: methods) }
      #expect(lines.count <= input.count + 1)
    }
  }

  /// One input, or two in a row, with some bytes flipped, replaced by meaningful ones, removed or doubled.
  private func damaged(_ inputs: [[UInt8]], _ random: inout Dice) -> [UInt8] {
    var input = inputs.randomElement(using: &random) ?? []
    if Bool.random(using: &random) { input += inputs.randomElement(using: &random) ?? [] }
    let meaningful = Array("\r\n\t \0:;=,\"\\/?#%*@[]0159afAFx-+".utf8) + [0x7f, 0x80, 0xff]
    for _ in 0..<Int.random(in: 1...4, using: &random) where !input.isEmpty {
      let index = Int.random(in: 0..<input.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: input[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: input[index] = meaningful.randomElement(using: &random) ?? 0
      case 2: input.remove(at: index)
      case _: input.insert(input[index], at: index)
      }
    }
    return input
  }
}
