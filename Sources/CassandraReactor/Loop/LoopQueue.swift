/// Values on their way from a callback to the one task that takes them, all on one loop.
///
/// Not bounded: what puts values in is bounded by something else, such as the number of connections.
public final class LoopQueue<Element> {
  private let loop: EventLoop
  private var values: [Element] = []
  private var waiter: UnsafeContinuation<Void, Never>?
  private var isFinished = false

  /// Makes an empty queue.
  public init(on loop: EventLoop) { self.loop = loop }

  /// Puts a value at the end; to be called on the loop.
  public func push(_ value: Element) {
    guard !isFinished else { return }
    values.append(value)
    wake()
  }

  /// Lets ``takeAll()`` return nil once the queue is empty.
  public func finish() {
    isFinished = true
    wake()
  }

  private func wake() {
    let waiter = waiter.take()
    waiter?.resume()
  }

  /// Waits until there is a value and takes all there are; nil after ``finish()``, or when the task is cancelled.
  public func takeAll() async -> [Element]? {
    if values.isEmpty && !isFinished {
      let bound = LoopBound(self, on: loop)
      await withTaskCancellationHandler {
        await withUnsafeContinuation { continuation in
          if Task.isCancelled { continuation.resume() } else { waiter = continuation }
        }
      } onCancel: {
        bound.loop.post { bound.withValue { $0.wake() } }
      }
    }
    guard !values.isEmpty, !Task.isCancelled else { return nil }
    let taken = values
    values = []
    return taken
  }
}
