/// Spans between the loops that make them and the task that sends them away: bounded, and what comes when it is full is
/// dropped and counted.
public final class SpanQueue: SpanSink {
  /// Spans that may wait: 4,096.
  public static let capacity = 4096

  private struct State {
    var spans: [TraceSpan] = []
    var dropped: UInt64 = 0
  }

  private let state = Locked(State())

  /// An empty queue.
  public init() {}

  /// Keeps the span until it is taken, or drops it.
  public func record(_ span: TraceSpan) {
    state.withLock { state in
      if state.spans.count < Self.capacity { state.spans.append(span) } else { state.dropped &+= 1 }
    }
  }

  /// How many were dropped so far.
  public var droppedCount: UInt64 { state.withLock { $0.dropped } }

  /// Takes up to so many, the oldest first.
  public func take(_ count: Int) -> [TraceSpan] {
    state.withLock { state in
      let taken = Array(state.spans.prefix(count))
      state.spans.removeFirst(taken.count)
      return taken
    }
  }

  /// Counts spans that were taken and could not be sent.
  package func noteDropped(_ count: Int) { state.withLock { $0.dropped &+= UInt64(count) } }
}
