/// Values on their way from a callback to the one task that takes them, all on one loop.
///
/// Not bounded: what puts values in is bounded by something else, such as the number of connections.
public final class LoopQueue<Element> {
  private let loop: EventLoop
  private var values: [Element] = []
  private let wait = LoopWait<Void>()
  private var isFinished = false

  /// Makes an empty queue.
  public init(on loop: EventLoop) { self.loop = loop }

  /// Puts a value at the end; to be called on the loop.
  public func push(_ value: Element) {
    guard !isFinished else { return }
    values.append(value)
    wait.end()
  }

  /// Lets ``takeAll()`` return nil once the queue is empty.
  public func finish() {
    isFinished = true
    wait.end()
  }

  /// Waits until there is a value and takes all there are; nil after ``finish()``, or when the task is cancelled.
  public func takeAll() async -> [Element]? {
    if values.isEmpty && !isFinished { await wait.wait(on: loop) }
    guard !values.isEmpty, !Task.isCancelled else { return nil }
    let taken = values
    values = []
    return taken
  }
}
