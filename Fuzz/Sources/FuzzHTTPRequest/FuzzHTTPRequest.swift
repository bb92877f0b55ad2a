import FuzzDriver
import CassandraHTTP

/// A connection's requests, whole and in pieces: the same must come of both, and nothing may trap on the way.
@main struct FuzzHTTPRequest {
  static func main() {
    runFuzzer { bytes in
      let input = bytes.span
      var whole = Reader()
      whole.feed(input)
      // Where the pieces end is drawn from the input, so a failure repeats.
      var state: UInt64 = 0x9e37_79b9
      for index in input.indices { state = (state ^ UInt64(input[index])) &* 0x100_0000_01b3 }
      var pieces = Reader()
      var start = 0
      while start < input.count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let end = min(input.count, start + 1 + Int(state >> 33) % (state >> 63 == 0 ? 4 : 64))
        pieces.feed(input.extracting(start..<end))
        start = end
      }
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
  private var parser = RequestParser()
  private var head = RequestHead()
  private var body: BodyDecoder?
  private(set) var outcome = Outcome()

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

  private mutating func advance(_ input: Span<UInt8>, from offset: inout Int) throws(HTTPError) -> Bool {
    guard var decoder = body else {
      guard try parser.parse(input, from: &offset, into: &head) else { return false }
      note(head)
      body = BodyDecoder(head.framing)
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

  /// Asks a head for everything that it can tell.
  private mutating func note(_ head: RequestHead) {
    outcome.notes.append("\(head.methodName) \(head.target) \(head.path) \(head.query ?? "-") \(head.authority ?? "-")")
    outcome.notes.append(
      "\(head.host ?? "-") \(head.port ?? -1) \(head.framing) \(head.keepsAlive) \(head.expectsContinue)")
    for field in head.fields {
      outcome.notes.append("\(field.name): \(field.value)")
      if let name = FieldName(field.name) {
        precondition(head.fields.first(name) != nil, "a field is not found by its name")
        outcome.notes.append(contentsOf: head.fields.list(name))
      }
      if let type = MediaType(parsing: field.value) { outcome.notes.append("\(type)") }
      if let date = HTTPDate(parsing: field.value, now: HTTPDate(secondsSince1970: 1_750_000_000)) {
        precondition(HTTPDate(parsing: date.description, now: date) == date, "a date does not come back")
      }
    }
    let bytes = head.bytes.span
    var segments = PathSegments(head.pathRange)
    while let segment = try? segments.next(in: bytes) {
      outcome.notes.append((try? String(percentDecoding: bytes.extracting(segment.range))) ?? "-")
    }
    guard let query = head.queryRange else { return }
    var items = FormItems(query)
    while let item = items.next(in: bytes) {
      outcome.notes.append((try? String(formDecoding: bytes.extracting(item.value))) ?? "-")
    }
  }
}
