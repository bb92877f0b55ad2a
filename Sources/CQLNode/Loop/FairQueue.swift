internal import CassandraReactor

/// What waits in one place for many: that of each in the order in which it came, and all of them by turns.
///
/// Who has put one thing here while nothing else of theirs was to be done goes first, so one small wish does not wait
/// behind thousands of somebody else, nor behind one each of thousands who want more. Every ninth time at the latest it is
/// the turn of the others, so that they go on, too.
struct FairQueue<Element> {
  /// What waits for one of them.
  final class Line {
    // `@exclusivity(unchecked)`: touched on the loop's thread only, and no access lasts while other code runs.
    // A ring of 8 is not made anew before it has held more than 128: who sends 64 at a time would pay for that each time.
    @exclusivity(unchecked) fileprivate var elements = Ring<Element>(room: 8)
    @exclusivity(unchecked) fileprivate var isQueued = false
  }

  /// How many of the first ones are taken in a row while others wait: 8.
  static var maximumFirstInARow: Int { 8 }

  private var first = Ring<Line>(room: 16)
  private var others = Ring<Line>(room: 16)
  private var firstInARow = 0

  /// Whether nothing waits.
  var isEmpty: Bool { first.isEmpty && others.isEmpty }

  /// Puts an element behind what waits in its line; with `isFirst` a line in which nothing waits comes before the others.
  mutating func append(_ element: Element, to line: Line, isFirst: Bool) {
    line.elements.append(element)
    guard !line.isQueued else { return }
    line.isQueued = true
    if isFirst { first.append(line) } else { others.append(line) }
  }

  /// Takes what comes next; nil when nothing waits.
  mutating func popFirst() -> Element? {
    guard let line = nextLine() else { return nil }
    let element = line.elements.popFirst()
    if line.elements.isEmpty { line.isQueued = false } else { others.append(line) }
    return element
  }

  private mutating func nextLine() -> Line? {
    while firstInARow < Self.maximumFirstInARow || others.isEmpty, let line = first.popFirst() {
      // One who has put more here meanwhile belongs to the others.
      guard line.elements.count == 1 || first.isEmpty && others.isEmpty else {
        others.append(line)
        continue
      }
      firstInARow += 1
      return line
    }
    firstInARow = 0
    return others.popFirst()
  }
}
