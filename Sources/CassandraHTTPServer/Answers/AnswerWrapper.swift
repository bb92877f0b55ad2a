internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor

/// Does what ``AnswerOptions`` ask for, around every answer of one loop.
final class AnswerWrapper {
  private let options: AnswerOptions
  private let counts: ClientCounts?

  /// Nil when nothing is asked for.
  init?(_ options: AnswerOptions, counts: ClientCounts?) {
    let isWanted =
      options.sendsRequestIDs || options.crossOrigin != nil || !options.fields.isEmpty
      || options.compresses || options.tagsEntities || counts != nil
    guard isWanted else { return nil }
    self.options = options
    self.counts = counts
  }
}

// MARK: - Before the answer

extension AnswerWrapper {
  /// Answers what needs no route: a browser's question.
  func preflight(_ exchange: Exchange) -> Response? {
    guard let crossOrigin = options.crossOrigin, CrossOrigin.isPreflight(exchange.head) else { return nil }
    return crossOrigin.preflight(exchange.head)
  }

  /// Refuses the request of a client that asks for too much; what is let in is counted until ``release(_:)``.
  func admission(of exchange: Exchange, on channel: RequestChannel) -> Response? {
    guard let counts else { return nil }
    let key = ClientCounts.key(channel.client)
    guard let seconds = counts.begin(key, now: channel.server.loop.now) else {
      exchange.countedClient = key
      return nil
    }
    channel.server.count(.clientLimit)
    return channel.failed(
      Problem(
        .tooManyRequests, code: "tooManyRequests", detail: "Too many requests from this client; try again later.",
        fields: (try? FieldLine(.retryAfter, "\(seconds)")).map { [$0] } ?? []))
  }

  func release(_ exchange: Exchange) {
    guard let key = exchange.countedClient else { return }
    exchange.countedClient = nil
    counts?.end(key)
  }
}

// MARK: - The answer

extension AnswerWrapper {
  /// Puts onto an answer what every answer has.
  func finish(_ response: inout Response, of exchange: Exchange, on channel: RequestChannel) {
    for field in options.fields where !response.fields.contains(where: { $0.hasSameName(as: field) }) {
      response.fields.append(field)
    }
    if options.sendsRequestIDs { exchange.sendsID = true }
    if let crossOrigin = options.crossOrigin { response.fields += crossOrigin.fields(for: exchange.head) }
    // Whoever keeps the answer has to know that it may come in two forms, also when it is told that it has not changed (RFC
    // 9110 §15.4.5).
    let isCompressible = options.compresses && response.isCompressible
    if isCompressible, let vary = try? FieldLine(.vary, "Accept-Encoding") { response.fields.append(vary) }
    if options.tagsEntities { tag(&response, exchange.head) }
    if isCompressible { compress(&response, exchange.head) }
  }

  private func tag(_ response: inout Response, _ head: RequestHead) {
    guard head.method == .get || head.method == .head, response.status == .ok,
      case .bytes(let bytes) = response.body, !response.fields.contains(where: { $0.isNamed(.eTag) })
    else { return }
    let tag = EntityTag(of: bytes.span)
    guard let line = try? FieldLine(.eTag, tag.text) else { return }
    response.fields.append(line)
    guard tag.isKnown(to: head) else { return }
    response.status = .notModified
    response.contentType = nil
    response.body = .none
  }

  private func compress(_ response: inout Response, _ head: RequestHead) {
    guard head.acceptsGzip, let coding = try? FieldLine(.contentEncoding, "gzip") else { return }
    switch response.body {
    case .bytes(let bytes):
      guard bytes.count >= Compressor.smallestBytes, let compressor = Compressor(),
        let compressed = try? compressor.compress(bytes.span, isEnd: true)
      else { return }
      response.body = .bytes(compressed)
    case .stream: response.isCompressed = true
    case .none: return
    }
    response.fields.append(coding)
  }

  /// What compresses a stream; nil when it goes out as it is.
  func compressor(for response: Response) throws -> Compressor? {
    guard response.isCompressed else { return nil }
    guard let compressor = Compressor() else { throw CompressionFailure() }
    return compressor
  }
}

extension Response {
  /// Whether the body is of a kind that becomes smaller.
  fileprivate var isCompressible: Bool {
    guard status.allowsBody, !fields.contains(where: { $0.isNamed(.contentEncoding) }),
      let line = contentType ?? fields.first(where: { $0.isContentType }), let type = MediaType(parsing: line.value)
    else { return false }
    if type.type.hasSameBytes(as: "text") { return true }
    guard type.type.hasSameBytes(as: "application") || type.subtype.hasSameBytes(as: "svg+xml") else { return false }
    let kinds = ["json", "xml", "javascript", "x-ndjson", "yaml"]
    return kinds.contains { type.subtype.hasSameBytes(as: $0) } || type.subtype.hasSuffix(bytesOf: "+json")
      || type.subtype.hasSuffix(bytesOf: "+xml")
  }
}
