/// Cuts long work into pieces, between which its loop looks at its sockets.
///
/// Whoever works says how much it has done, in a unit of its own choice; nothing is measured, so the same work is cut at the
/// same places wherever it runs.
package struct WorkSlices {
  private let loop: EventLoop?
  private let size: Int
  private var spent = 0

  /// Slices of `size` units on a loop; without one nothing waits.
  package init(on loop: EventLoop?, of size: Int) {
    self.loop = loop
    self.size = size
  }

  /// Counts work that has just been done, and waits for the loop's next turn when that was a slice of it. To be called on
  /// the loop.
  package mutating func spend(_ units: Int) async {
    spent += units
    guard spent >= size, let loop else { return }
    spent = 0
    await loop.nextTurn()
  }
}

extension Array {
  /// Puts the elements into their order, in pieces: a merge of two runs each. Equal ones stay in theirs.
  package mutating func sort(
    in slices: inout WorkSlices, by precedes: (Element, Element) -> Bool
  ) async {
    let run = 1_024
    guard count > run else { return sort(by: precedes) }
    for start in stride(from: 0, to: count, by: run) {
      self[start..<Swift.min(start + run, count)].sort(by: precedes)
      await slices.spend(run)
    }
    var size = run
    while size < count {
      var merged: [Element] = []
      merged.reserveCapacity(count)
      for start in stride(from: 0, to: count, by: 2 * size) {
        let (middle, end) = (Swift.min(start + size, count), Swift.min(start + 2 * size, count))
        var (left, right) = (start, middle)
        while left < middle || right < end {
          if left == middle || (right < end && precedes(self[right], self[left])) {
            merged.append(self[right])
            right += 1
          } else {
            merged.append(self[left])
            left += 1
          }
          if merged.count.isMultiple(of: run) { await slices.spend(run) }
        }
      }
      self = merged
      size *= 2
    }
  }
}
