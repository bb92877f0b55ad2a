import FuzzDriver
import CassandraHTTP

/// A connection's answers, whole and in pieces: the same must come of both, and nothing may trap on the way.
///
/// The first byte chooses what was asked, because an answer to HEAD or CONNECT ends elsewhere.
@main struct FuzzHTTPResponse {
  static func main() {
    runFuzzer { bytes in
      let input = bytes.span
      guard input.count > 0 else { return }
      let methods: [Method] = [.get, .head, .connect]
      let method = methods[Int(input[0]) % methods.count]
      let answers = input.extracting(1..<input.count)
      var whole = Reader(method)
      whole.feed(answers)
      whole.finish()
      // Where the pieces end is drawn from the input, so a failure repeats.
      var state: UInt64 = 0x9e37_79b9
      for index in input.indices { state = (state ^ UInt64(input[index])) &* 0x100_0000_01b3 }
      var pieces = Reader(method)
      var start = 0
      while start < answers.count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let end = min(answers.count, start + 1 + Int(state >> 33) % (state >> 63 == 0 ? 4 : 64))
        pieces.feed(answers.extracting(start..<end))
        start = end
      }
      pieces.finish()
      precondition(whole.outcome == pieces.outcome, "whole and in pieces differ")
    }
  }
}

private struct Outcome: Equatable {
  var content: [UInt8] = []
  var notes: [String] = []
  var error: HTTPError?
}

private struct Reader {
  private let method: Method
  private var parser = ResponseParser()
  private var head = ResponseHead()
  private var body: BodyDecoder?
  private(set) var outcome = Outcome()

  init(_ method: Method) { self.method = method }

  mutating func feed(_ input: Span<UInt8>) {
    guard outcome.error == nil else { return }
    var offset = 0
    do throws(HTTPError) {
      while try advance(input, from: &offset) {}
      precondition(offset == input.count, "bytes were left over")
    } catch {
      outcome.error = error
    }
  }

  mutating func finish() {
    guard outcome.error == nil, var decoder = body else { return }
    do throws(HTTPError) { try decoder.finish() } catch { outcome.error = error }
  }

  private mutating func advance(_ input: Span<UInt8>, from offset: inout Int) throws(HTTPError) -> Bool {
    guard var decoder = body else {
      guard try parser.parse(input, from: &offset, answering: method, into: &head) else { return false }
      outcome.notes.append("\(head.status) \(head.reason) \(head.framing) \(head.keepsAlive)")
      for field in head.fields { outcome.notes.append("\(field.name): \(field.value)") }
      body = head.isInterim ? nil : BodyDecoder(head.framing)
      return true
    }
    switch try decoder.next(input, from: &offset) {
    case .bytes(let range):
      for index in range { outcome.content.append(input[index]) }
      body = decoder
      return true
    case .needsMore:
      body = decoder
      return false
    case .end:
      for trailer in decoder.trailers { outcome.notes.append("\(trailer.name): \(trailer.value)") }
      body = nil
      return true
    }
  }
}
