import Testing

@testable import CQLNode

@Suite struct FairQueueTests {
  private typealias Queue = FairQueue<String>

  /// Takes all that waits.
  private func all(_ queue: inout Queue) -> [String] {
    var taken: [String] = []
    while let next = queue.popFirst() { taken.append(next) }
    return taken
  }

  @Test func linesAreTakenByTurns() {
    var queue = Queue()
    let (a, b, c) = (Queue.Line(), Queue.Line(), Queue.Line())
    for number in 1...4 { queue.append("a\(number)", to: a, isFirst: false) }
    for number in 1...2 { queue.append("b\(number)", to: b, isFirst: false) }
    queue.append("c1", to: c, isFirst: false)
    #expect(all(&queue) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"])
    #expect(queue.isEmpty)
  }

  @Test func whoHasNothingElseComesFirst() {
    var queue = Queue()
    let (greedy, small) = (Queue.Line(), Queue.Line())
    for number in 1...3 { queue.append("g\(number)", to: greedy, isFirst: number == 1) }
    #expect(queue.popFirst() == "g1")
    queue.append("s", to: small, isFirst: true)
    #expect(all(&queue) == ["s", "g2", "g3"])
  }

  /// Nor does it wait behind the first of each of many who want more.
  @Test func whoWantsMoreIsNoneOfTheFirst() {
    var queue = Queue()
    let greedy = (1...100).map { _ in Queue.Line() }
    for number in 1...3 {
      for line in greedy { queue.append("g\(number)", to: line, isFirst: number == 1) }
    }
    queue.append("s", to: Queue.Line(), isFirst: true)
    #expect(queue.popFirst() == "s")
    #expect(all(&queue) == [1, 2, 3].flatMap { number in greedy.map { _ in "g\(number)" } })
  }

  /// A line that waits already does not come forward by what is put into it.
  @Test func aLineDoesNotComeForward() {
    var queue = Queue()
    let (a, b) = (Queue.Line(), Queue.Line())
    queue.append("a1", to: a, isFirst: false)
    queue.append("b1", to: b, isFirst: false)
    queue.append("b2", to: b, isFirst: true)
    #expect(all(&queue) == ["a1", "b1", "b2"])
  }

  @Test func theOthersGoOnBesideManyFirstOnes() {
    var queue = Queue()
    let slow = Queue.Line()
    for number in 1...3 { queue.append("slow\(number)", to: slow, isFirst: false) }
    for number in 1...40 { queue.append("\(number)", to: Queue.Line(), isFirst: true) }
    let order = all(&queue)
    #expect(order.count == 43)
    let places = order.indices.filter { order[$0].hasPrefix("slow") }
    #expect(places == [8, 17, 26])
  }

  @Test func anEmptiedLineBeginsAnew() {
    var queue = Queue()
    let line = Queue.Line()
    for number in 1...100 {
      queue.append("\(number)", to: line, isFirst: number % 2 == 0)
      #expect(queue.popFirst() == "\(number)")
      #expect(queue.popFirst() == nil)
    }
  }
}
