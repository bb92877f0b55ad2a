import CassandraDice
import CassandraBytes
import CassandraHTTP
import Testing

/// One input and what has to come of it, line by line.
///
/// A head is `METHOD target`, then what is not usual about it: `HTTP/1.0`, `host=`, `length=`, `chunked`, `close`,
/// `continue`. A body is `body` and its content in quotes, trailers are `trailer name: value`. A refusal is its status,
/// its code and perhaps `@` with the offset. `incomplete` stands at the end when the input stops within a message.
struct Case: Sendable, CustomTestStringConvertible {
  let name: String
  let input: [UInt8]
  let expected: [String]

  init(_ name: String, _ input: String, _ expected: String...) {
    self.init(name, Array(input.utf8), expected)
  }

  init(_ name: String, _ input: [UInt8], _ expected: [String]) {
    self.name = name
    self.input = input
    self.expected = expected
  }

  var testDescription: String { name }
}

/// What is fed with bytes and notes what it understands.
protocol Transcript {
  var lines: [String] { get }
  mutating func feed(_ input: Span<UInt8>)
  /// The end of the input.
  mutating func finish()
}

/// Feeds `input` whole, byte by byte and in random pieces, and expects the same transcript each time.
///
/// This is the check that no boundary between two reads of a socket means anything.
func verify<Stream: Transcript>(
  _ input: [UInt8], seed: UInt64 = 1, pieces: Int = 8, _ makeStream: () -> Stream
) -> [String] {
  let whole = transcript(of: input, cuts: [], makeStream())
  let bytewise = transcript(of: input, cuts: Array(0..<input.count), makeStream())
  #expect(bytewise == whole, "byte by byte")
  var random = Dice(seed: seed)
  for _ in 0..<pieces {
    let count = Int.random(in: 1...4, using: &random)
    let cuts = (0..<count).map { _ in Int.random(in: 0...input.count, using: &random) }.sorted()
    #expect(transcript(of: input, cuts: cuts, makeStream()) == whole, "cut at \(cuts)")
  }
  return whole
}

private func transcript<Stream: Transcript>(of input: [UInt8], cuts: [Int], _ stream: Stream) -> [String] {
  var stream = stream
  var start = 0
  for cut in cuts + [input.count] {
    // Each piece is memory of its own, so a parser that looks behind its end is found by the address sanitizer.
    let piece = Array(input[start..<cut])
    stream.feed(piece.span)
    start = cut
  }
  stream.finish()
  return stream.lines
}

/// Expects `lines` to be `expected`; offsets count only where they are expected.
func expectTranscript(_ lines: [String], _ expected: [String]) {
  let matches =
    lines.count == expected.count
    && zip(lines, expected).allSatisfy { line, expected in
      line == expected || !expected.contains("@") && line.split(separator: " @")[0] == expected
    }
  #expect(matches, "\(lines) instead of \(expected)")
}

extension HTTPError {
  var line: String { "\(status.code) \(code) @\(offset)" }
}

/// The content of a body so far, and its trailers.
struct BodyTranscript {
  private var decoder: BodyDecoder
  private var content: [UInt8] = []
  let framing: BodyFraming

  init(_ framing: BodyFraming, _ limits: HTTPLimits) {
    self.framing = framing
    decoder = BodyDecoder(framing, limits: limits)
  }

  /// Reads on; whether the body is complete.
  mutating func read(_ input: Span<UInt8>, from offset: inout Int) throws(HTTPError) -> Bool {
    while true {
      let before = offset
      switch try decoder.next(input, from: &offset) {
      case .bytes(let range):
        #expect(!range.isEmpty && range.upperBound == offset && range.lowerBound >= before)
        content.append(copying: input.extracting(range))
      case .needsMore:
        #expect(offset == input.count)
        return false
      case .end: return true
      }
    }
  }

  mutating func finish() throws(HTTPError) { try decoder.finish() }

  var lines: [String] {
    guard framing != .none else { return [] }
    let body = "body \"\(String(decoding: content, as: UTF8.self))\""
    return [body] + decoder.trailers.map { "trailer \($0.name): \($0.value)" }
  }
}

/// A connection's requests.
struct RequestTranscript: Transcript {
  private let limits: HTTPLimits
  private var parser: RequestParser
  private var head = RequestHead()
  private var body: BodyTranscript?
  private var isRefused = false
  private(set) var lines: [String] = []

  init(limits: HTTPLimits = HTTPLimits()) {
    self.limits = limits
    parser = RequestParser(limits: limits)
  }

  mutating func feed(_ input: Span<UInt8>) {
    var offset = 0
    do {
      while !isRefused, try advance(input, from: &offset) {}
      #expect(isRefused || offset == input.count)
    } catch {
      isRefused = true
      lines.append(error.line)
      if body == nil { expectSameRefusal(error) }
    }
  }

  private mutating func advance(_ input: Span<UInt8>, from offset: inout Int) throws(HTTPError) -> Bool {
    if var reading = body {
      body = nil
      defer { body = reading }
      guard try reading.read(input, from: &offset) else { return false }
      lines += reading.lines
    } else {
      guard try parser.parse(input, from: &offset, into: &head) else { return false }
      lines.append(head.transcriptLine)
      body = BodyTranscript(head.framing, limits)
      return true
    }
    body = nil
    return true
  }

  /// A parser that has refused once goes on refusing, whatever comes.
  private mutating func expectSameRefusal(_ refusal: HTTPError) {
    let request = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
    var offset = 0
    do {
      _ = try parser.parse(request.span, from: &offset, into: &head)
      Issue.record("went on after a refusal")
    } catch {
      #expect(error == refusal)
    }
  }

  mutating func finish() {
    if !isRefused, body != nil || parser.isWithinHead { lines.append("incomplete") }
  }
}

extension RequestHead {
  var transcriptLine: String {
    var parts = [methodName, target]
    if minorVersion == 0 { parts.append("HTTP/1.0") }
    if let host { parts.append("host=\(host)") }
    if let port { parts.append("port=\(port)") }
    parts += framing.parts
    if !keepsAlive { parts.append("close") }
    if expectsContinue { parts.append("continue") }
    return parts.joined(separator: " ")
  }
}

extension BodyFraming {
  var parts: [String] {
    switch self {
    case .none: []
    case .length(let length): ["length=\(length)"]
    case .chunked: ["chunked"]
    case .untilClose: ["untilClose"]
    }
  }
}

/// A connection's answers, each to the next of `methods`.
struct ResponseTranscript: Transcript {
  private let methods: [Method]
  private let limits: HTTPLimits
  private var parser: ResponseParser
  private var head = ResponseHead()
  private var body: BodyTranscript?
  private var answered = 0
  private var isRefused = false
  private(set) var lines: [String] = []

  init(answering methods: [Method] = [], limits: HTTPLimits = HTTPLimits()) {
    self.methods = methods
    self.limits = limits
    parser = ResponseParser(limits: limits)
  }

  mutating func feed(_ input: Span<UInt8>) {
    var offset = 0
    do {
      while !isRefused, try advance(input, from: &offset) {}
      #expect(isRefused || offset == input.count)
    } catch {
      isRefused = true
      lines.append(error.line)
    }
  }

  private mutating func advance(_ input: Span<UInt8>, from offset: inout Int) throws(HTTPError) -> Bool {
    if var reading = body {
      body = nil
      defer { body = reading }
      guard try reading.read(input, from: &offset) else { return false }
      lines += reading.lines
    } else {
      let method = answered < methods.count ? methods[answered] : .get
      guard try parser.parse(input, from: &offset, answering: method, into: &head) else { return false }
      var parts = ["\(head.status.code)"]
      if !head.reason.isEmpty { parts.append(head.reason) }
      if head.minorVersion == 0 { parts.append("HTTP/1.0") }
      parts += head.framing.parts
      if !head.keepsAlive { parts.append("close") }
      lines.append(parts.joined(separator: " "))
      if head.isInterim { return true }
      answered += 1
      body = BodyTranscript(head.framing, limits)
      return true
    }
    body = nil
    return true
  }

  mutating func finish() {
    guard !isRefused else { return }
    if var reading = body {
      do {
        try reading.finish()
        lines += reading.lines
      } catch {
        lines.append("incomplete")
      }
    } else if parser.isWithinHead {
      lines.append("incomplete")
    }
  }
}
