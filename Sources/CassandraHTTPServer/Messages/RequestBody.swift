internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor

/// The body of a request, piece by piece as it arrives.
public struct RequestBody: Sendable {
  private let arrival: Arrival

  init(_ arrival: Arrival) { self.arrival = arrival }

  /// The next piece, at most as much as has arrived; nil at the end. Until it is asked for, the client has to wait once
  /// ``ServerConfiguration/maximumUnreadBytes`` are there.
  ///
  /// - Throws: ``Problem`` when the body breaks the rules of HTTP or does not come; `CancellationError` when the client
  ///   has gone.
  public func next() async throws -> [UInt8]? {
    try await arrival.loop.run { [arrival] in try await arrival.channel.nextBodyPiece() }
  }

  /// The whole body.
  ///
  /// - Parameter limit: The most bytes it may have; ``ServerConfiguration/maximumBodyBytes`` when it is nil.
  /// - Throws: ``Problem`` with status 413 when it is longer, and what ``next()`` throws.
  public func collect(limit: Int? = nil) async throws -> [UInt8] {
    if let bytes = takeWhole(limit: limit) { return bytes }
    return try await collect(limit: limit, weight: 1)
  }

  /// The whole body, when it is small and has come already, as nearly always: nobody has to wait for it then.
  func takeWhole(limit: Int?) -> [UInt8]? {
    guard arrival.loop.isCurrent, let announced = arrival.exchange.announcedBodyBytes, announced <= Self.freeBytes,
      announced <= limit ?? arrival.configuration.maximumBodyBytes
    else { return nil }
    return arrival.channel.takeWholeBody()
  }

  /// The whole body, with a place in the budget for `weight` times its bytes. It is asked for once, before the body is
  /// read: requests that held a part and waited for the rest would wait for each other.
  func collect(limit: Int?, weight: Int) async throws -> [UInt8] {
    let limit = limit ?? arrival.configuration.maximumBodyBytes
    let announced = arrival.exchange.announcedBodyBytes
    if let announced {
      if announced > limit { throw Self.tooLarge(limit) }
      if announced > Self.freeBytes { try await charge(announced * weight) }
    }
    guard var bytes = try await next() else { return [] }
    // All of it has come at once, as nearly always: nothing is left to ask for.
    if bytes.count == announced, arrival.isBodyOver { return bytes }
    // What comes in chunks may become as long as it may, once it is no small one.
    var isCharged = announced != nil
    while bytes.count <= limit {
      if !isCharged && bytes.count > Self.freeBytes {
        isCharged = true
        try await charge(limit * weight)
      }
      guard let piece = try await next() else {
        if announced == nil && isCharged {
          let rest = (limit - bytes.count) * weight
          await arrival.loop.run { [arrival] in arrival.channel.giveBack(rest) }
        }
        return bytes
      }
      bytes += piece
    }
    throw Self.tooLarge(limit)
  }

  // Made where it is thrown: its text costs three allocations.
  private static func tooLarge(_ limit: Int) -> Problem {
    Problem(.contentTooLarge, code: "bodyTooLarge", detail: "The body may have \(limit) bytes at most.")
  }

  private func charge(_ bytes: Int) async throws {
    try await arrival.loop.run { [arrival] in try await arrival.channel.charge(bytes) }
  }

  /// Bytes of a body that need no place in the budget: 16 KiB. Nearly every body is smaller.
  private static let freeBytes = 16 << 10
}

extension Exchange {
  /// Refuses a body that is compressed: nothing here reads one.
  func refuseContentCoding() throws(Problem) {
    guard let range = head.fields.range(of: .contentEncoding), !range.isEmpty else { return }
    if head.fields.list(.contentEncoding).allSatisfy({ $0.hasSameBytes(as: "identity") }) { return }
    throw Problem(
      .unsupportedMediaType, code: "unsupportedContentCoding", detail: "The body must not have a Content-Encoding.",
      fields: (try? FieldLine("Accept-Encoding", "identity")).map { [$0] } ?? [])
  }
}
