internal import Synchronization

/// One request on its way, for a listener.
final class RequestWatch: Sendable {
  private static let lastID = Atomic<UInt64>(0)

  private let listener: any RequestListener
  private let request: ObservedRequest
  private let began = ContinuousClock.now
  private let attempts = Atomic<Int>(0)

  init(_ listener: any RequestListener, _ kind: ObservedRequest.Kind, _ texts: [String]) {
    self.listener = listener
    request = ObservedRequest(
      id: Self.lastID.add(1, ordering: .relaxed).newValue, kind: kind, texts: texts)
    listener.requestBegan(request)
  }

  /// An attempt has ended that took so many microseconds.
  func attemptEnded(at node: EndPoint, took: UInt64, failure: CassandraError?) {
    attempts.add(1, ordering: .relaxed)
    listener.attemptEnded(request, node: node, duration: .microseconds(took), failure: failure)
  }

  /// Runs a request to its end, and tells of it.
  nonisolated(nonsending) func whole<Result>(
    _ body: () async throws(CassandraError) -> (Result, EndPoint?)
  ) async throws(CassandraError) -> Result {
    do throws(CassandraError) {
      let (result, node) = try await body()
      end(node, nil)
      return result
    } catch {
      end(error.coordinator, error)
      throw error
    }
  }

  private func end(_ node: EndPoint?, _ failure: CassandraError?) {
    listener.requestEnded(
      request, node: node, duration: began.duration(to: .now), attempts: attempts.load(ordering: .relaxed),
      failure: failure)
  }
}
