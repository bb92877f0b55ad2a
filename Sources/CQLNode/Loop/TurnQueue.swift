internal import CassandraReactor

/// Lets tasks that work for long wait until the loop has looked at its sockets, one of them in a turn.
///
/// A read in slices waits here between two of them. However many such reads there are, a turn has one slice of one of
/// them in it, so what other connections ask waits no longer than that.
final class TurnQueue {
  private let loop: EventLoop
  private var waiters: [UnsafeContinuation<Void, Never>] = []
  private var first = 0
  private var isPosted = false

  init(on loop: EventLoop) { self.loop = loop }

  /// Waits for a turn.
  func wait() async {
    await withUnsafeContinuation { waiter in
      waiters.append(waiter)
      post()
    }
  }

  private func post() {
    guard !isPosted else { return }
    isPosted = true
    // Given from outside, so that it comes after the sockets have been looked at; a job would run in the same turn.
    let bound = LoopBound(self, on: loop)
    loop.post { bound.withValue { $0.resumeNext() } }
  }

  private func resumeNext() {
    isPosted = false
    guard first < waiters.count else { return }
    let waiter = waiters[first]
    first += 1
    if first == waiters.count {
      waiters.removeAll(keepingCapacity: true)
      first = 0
    } else {
      if first > 64 && first > waiters.count / 2 {
        waiters.removeFirst(first)
        first = 0
      }
      post()
    }
    waiter.resume()
  }
}
