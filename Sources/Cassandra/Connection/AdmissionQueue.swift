internal import CassandraReactor

/// Those who wait until a connection can take another request, in their order.
final class AdmissionQueue {
  enum Admission {
    case admitted
    case timedOut
    case cancelled
  }

  private typealias Place = OneShot<Admission>

  private var places: [Place] = []
  private var head = 0

  /// How many wait.
  private(set) var count = 0

  /// Waits at the end of the queue.
  func add(on loop: EventLoop, due: UInt64) async -> Admission {
    // Those who were let go and those who gave up leave their places behind.
    if places.count >= 64 && places.count >= 2 * count {
      places = places[head...].filter { !$0.isFulfilled }
      head = 0
    }
    let place = Place()
    places.append(place)
    count += 1
    let admission = await place.value(on: loop, due: due, cancelled: .cancelled) { .timedOut }
    // Whoever is admitted is counted out at once, so that those who come in the same turn see the room there is.
    if admission != .admitted { count -= 1 }
    return admission
  }

  /// Lets the first one go on.
  func admitNext() {
    while head < places.count {
      let place = places[head]
      head += 1
      if admit(place) { return }
    }
  }

  /// Lets everybody go on.
  func admitAll() {
    let all = places[head...]
    places = []
    head = 0
    for place in all { admit(place) }
  }

  @discardableResult
  private func admit(_ place: Place) -> Bool {
    guard place.fulfill(.admitted) else { return false }
    count -= 1
    return true
  }
}
