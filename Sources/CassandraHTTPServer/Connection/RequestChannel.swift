internal import CassandraHTTP
internal import CassandraReactor
internal import CassandraTelemetry

/// The way between a handler and its client, for one request at a time: a connection of HTTP/1.1, or a stream of HTTP/2.
///
/// What is the same for both stands here: which handler answers, what is made of errors, what a request may hold of the
/// loop's memory. How bytes come and go is for its two kinds. It belongs to its loop.
class RequestChannel {
  final let transport: Transport
  final let server: LoopServer
  // `@exclusivity(unchecked)` here and below: these are touched on the loop's thread only, and no access to one of them
  // lasts while other code runs that could touch it, so the check at every access would find nothing.
  /// The request that is arriving, or being answered.
  @exclusivity(unchecked) final var exchange: Exchange
  /// The task that serves, while it does.
  final var task: TaskHandle?
  /// Tells the task that serves of spans, where there are any.
  final let spanBinding: SpanBinding?
  /// Bytes of the loop's budget that the present request has.
  private final var charged = 0

  init(_ transport: Transport, server: LoopServer) {
    self.transport = transport
    self.server = server
    exchange = Exchange(peer: transport.peer)
    spanBinding = server.observation?.hasSpans == true ? SpanBinding() : nil
  }

  private func isOfAKind() -> Never { preconditionFailure("a channel is one of HTTP/1.1 or of HTTP/2") }

  // MARK: What its kinds say

  /// Serves what has come, in a task of its own.
  func serve() async { isOfAKind() }
  /// Whether an answer can still leave.
  var isOpen: Bool { isOfAKind() }
  /// Whether the client has gone, or was cut.
  var isClosed: Bool { isOfAKind() }
  /// Whether the head of the answer was written.
  var hasBegunAnswer: Bool { isOfAKind() }
  /// The next piece of the body; nil at its end.
  ///
  /// - Throws: ``Problem`` when the body is not HTTP or does not come; `CancellationError` when the client has gone.
  func nextBodyPiece() async throws -> [UInt8]? { isOfAKind() }
  /// The whole body, where it is known to have come and nobody has to wait for it.
  func takeWholeBody() -> [UInt8]? { nil }
  /// Whether the body has come to its end and all of it was taken.
  var isBodyOver: Bool { isOfAKind() }
  /// Writes an answer whose body is there.
  func answerWhole(_ response: Response, _ bytes: [UInt8]) { isOfAKind() }
  /// Writes the head of an answer whose body follows; returns how its end is told.
  func beginStream(_ response: Response, length: Int?) -> BodyFraming { isOfAKind() }
  /// Gives the output away, to be appended to and put back with ``putBack(_:)`` before anything else happens here.
  func takeOutput() -> [UInt8] { isOfAKind() }
  /// Takes back what ``takeOutput()`` gave.
  func putBack(_ output: consuming [UInt8]) { isOfAKind() }
  /// Waits until the client has taken what was written.
  ///
  /// - Throws: `ReactorError` when it is gone.
  func drain() async throws(ReactorError) { isOfAKind() }
  /// Lets nothing follow the present answer.
  func endAfterAnswer() { isOfAKind() }
  /// After an answer: whether another request may follow it.
  func endAnswer() -> Bool { isOfAKind() }
  /// Cuts the answer.
  func abort() { isOfAKind() }
}

// MARK: - Serving

extension RequestChannel {
  /// Serves requests with `serveRequests` until it returns false. When it returns true, it is called again, for requests that
  /// ``keepsSpan`` has kept from being served.
  @inline(__always)
  final func serveInSpans(_ serveRequests: () async -> Bool) async {
    guard let spanBinding else {
      _ = await serveRequests()
      return
    }
    while await spanBinding.bind(serveRequests) {}
  }

  /// Whether another task keeps the span of the last request, so that the next has to be served in another binding.
  @inline(__always)
  final var keepsSpan: Bool { spanBinding?.isShared ?? false }
}

// MARK: - Memory

extension RequestChannel {
  /// Takes bytes out of the loop's budget for the present request; waits for its turn when there are not enough.
  ///
  /// - Throws: ``Problem`` with status 503 when the turn does not come in time.
  final func charge(_ bytes: Int) async throws {
    guard bytes > 0 else { return }
    if !server.budget.take(bytes) {
      guard await server.budget.wait(for: bytes) else { throw Problem.overloaded }
      guard !isClosed else {
        server.budget.give(bytes)
        throw CancellationError()
      }
    }
    charged += bytes
  }

  /// Gives a part back that turned out not to be needed.
  final func giveBack(_ bytes: Int) {
    let bytes = min(bytes, charged)
    charged -= bytes
    server.budget.give(bytes)
  }

  /// Gives back all that the request had.
  @inline(__always)
  final func giveBackAll() {
    guard charged > 0 else { return }
    server.budget.give(charged)
    // An eighth of what a burst of idle connections leaves behind for each megabyte.
    server.memoryMayBeFree(1 + charged >> 15)
    charged = 0
  }
}
