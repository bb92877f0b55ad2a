internal import Synchronization

/// Numbers for the requests of one loop, which no other request of the process has.
struct RequestNumbers {
  /// So many numbers are taken at once: 1,024. Loops that took each for itself would wait for each other.
  private static let blockSize: UInt64 = 1024
  private static let taken = Atomic<UInt64>(0)

  private var next: UInt64 = 0
  private var end: UInt64 = 0

  /// The next number.
  mutating func take() -> UInt64 {
    if next == end {
      end = Self.taken.add(Self.blockSize, ordering: .relaxed).newValue
      next = end - Self.blockSize
    }
    next += 1
    return next
  }
}

/// One request on its way, for a listener; for those whose first answer is not the last, or that go another way than most.
final class RequestWatch: Sendable {
  private let listener: any RequestListener
  private let request: ObservedRequest
  private let began: UInt64
  private let attempts = Atomic<Int>(0)

  /// A request that begins.
  init(_ listener: any RequestListener, _ request: ObservedRequest) {
    self.listener = listener
    self.request = request
    began = LoopMetrics.now
    listener.requestBegan(request)
  }

  /// A request that has begun, in microseconds of ``LoopMetrics/now``, and of which the listener knows.
  init(_ listener: any RequestListener, goingOn request: ObservedRequest, since began: UInt64) {
    self.listener = listener
    self.request = request
    self.began = began
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
      request, node: node, duration: .microseconds(LoopMetrics.now &- began),
      attempts: attempts.load(ordering: .relaxed), failure: failure)
  }
}
