internal import CassandraReactor

/// Lets tasks that work for long wait until the loop has looked at its sockets, one of them in a turn.
///
/// A read in slices waits here between two of them. However many such reads there are, a turn has one slice of one of
/// them in it, so what other connections ask waits no longer than that; and the reads of one connection, however many,
/// have together as many turns as those of another.
final class TurnQueue {
  typealias Line = FairQueue<UnsafeContinuation<Void, Never>>.Line

  private let loop: EventLoop
  private var waiters = FairQueue<UnsafeContinuation<Void, Never>>()
  private let common = Line()
  private var isPosted = false

  init(on loop: EventLoop) { self.loop = loop }

  /// Waits for a turn, in a line that is common to all who have none.
  func wait() async { await wait(in: common, isFirst: true) }

  /// Waits for a turn in `line`; with `isFirst` before those who have had many.
  func wait(in line: Line, isFirst: Bool) async {
    await withUnsafeContinuation { waiter in
      waiters.append(waiter, to: line, isFirst: isFirst)
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
    guard let waiter = waiters.popFirst() else { return }
    if !waiters.isEmpty { post() }
    waiter.resume()
  }
}
