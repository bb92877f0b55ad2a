internal import CassandraReactor

/// Those who wait until a connection can take another request, in their order.
final class AdmissionQueue {
  enum Admission {
    case admitted
    case timedOut
    case cancelled
  }

  private var places: [Place] = []
  private var head = 0
  private let live = Counter()

  /// How many wait.
  var count: Int { live.value }

  /// Waits at the end of the queue.
  func add(on loop: EventLoop, due: UInt64) async -> Admission {
    // Those who were let go and those who gave up leave their places behind.
    if places.count >= 64 && places.count >= 2 * count {
      places = places[head...].filter(\.isWaiting)
      head = 0
    }
    let place = Place(live)
    places.append(place)
    return await place.wait(on: loop, due: due)
  }

  /// Lets the first one go on.
  func admitNext() {
    while head < places.count {
      let place = places[head]
      head += 1
      if place.resolve(.admitted) { return }
    }
  }

  /// Lets everybody go on.
  func admitAll() {
    let all = places[head...]
    places = []
    head = 0
    for place in all { place.resolve(.admitted) }
  }
}

private final class Counter {
  var value = 0
}

private final class Place: DeadlineHandler {
  private var waiter: UnsafeContinuation<AdmissionQueue.Admission, Never>?
  private let live: Counter

  init(_ live: Counter) { self.live = live }

  var isWaiting: Bool { waiter != nil }

  func wait(on loop: EventLoop, due: UInt64) async -> AdmissionQueue.Admission {
    let deadline = loop.setDeadline(at: due, handler: self, token: 0)
    defer { loop.cancelDeadline(deadline) }
    let bound = LoopBound(self, on: loop)
    return await withTaskCancellationHandler {
      await withUnsafeContinuation { waiter in
        if Task.isCancelled {
          waiter.resume(returning: .cancelled)
        } else {
          self.waiter = waiter
          live.value += 1
        }
      }
    } onCancel: {
      loop.post { bound.withValue { _ = $0.resolve(.cancelled) } }
    }
  }

  func deadlinePassed(token: UInt64) { resolve(.timedOut) }

  /// Ends the wait; false when it was over already.
  @discardableResult
  func resolve(_ admission: AdmissionQueue.Admission) -> Bool {
    guard let waiter = waiter.take() else { return false }
    live.value -= 1
    waiter.resume(returning: admission)
    return true
  }
}
