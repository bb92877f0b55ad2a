import CassandraReactor
import CassandraTelemetry
import Testing

@testable import Cassandra

@Suite(.timeLimit(.minutes(5))) struct AdmissionQueueTests {
  let loops = try! EventLoops(count: 1)

  /// Runs `body` with tasks that wait in the queue; their ends are noted in the order in which they happen.
  private func run(
    waiting: [UInt64], _ body: @escaping @Sendable (AdmissionQueue, EventLoop, [Task<Void, Never>]) async -> Void
  ) async -> [String] {
    let loop = loops[0]
    let notes = Locked<[String]>([])
    await loop.run {
      let queue = AdmissionQueue()
      let bound = LoopBound(queue, on: loop)
      let tasks = waiting.enumerated().map { index, due in
        Task(executorPreference: loop) {
          let admission = await bound.onLoop.add(on: loop, due: due)
          notes.withLock { $0.append("\(index) \(admission)") }
        }
      }
      while queue.count < waiting.count { await Task.yield() }
      await body(queue, loop, tasks)
      for task in tasks { await task.value }
    }
    await loops.shutDown()
    return notes.withLock { $0 }
  }

  @Test func theFirstGoesFirst() async {
    let notes = await run(waiting: [.max, .max, .max]) { queue, _, _ in
      queue.admitNext()
      #expect(queue.count == 2)
      queue.admitAll()
      #expect(queue.count == 0)
      queue.admitNext()
    }
    #expect(notes == ["0 admitted", "1 admitted", "2 admitted"])
  }

  @Test func theCancelledIsPassedOver() async {
    let notes = await run(waiting: [.max, .max]) { queue, _, tasks in
      tasks[0].cancel()
      while queue.count == 2 { await Task.yield() }
      queue.admitNext()
    }
    #expect(notes == ["0 cancelled", "1 admitted"])
  }

  @Test func timeEndsAWait() async {
    let notes = await run(waiting: [0, .max]) { queue, _, _ in
      while queue.count == 2 { await Task.yield() }
      queue.admitNext()
    }
    #expect(notes == ["0 timedOut", "1 admitted"])
  }

  @Test func oneThatIsCancelledAlreadyDoesNotWait() async {
    let loop = loops[0]
    let task = Task(executorPreference: loop) {
      while !Task.isCancelled { await Task.yield() }
      return await AdmissionQueue().add(on: loop, due: .max)
    }
    task.cancel()
    #expect(await task.value == .cancelled)
    await loops.shutDown()
  }

  @Test func theOrderHoldsOverManyThatGaveUp() async {
    // Every second one gives up, so that places are tidied away between those that wait.
    let notes = await run(waiting: (0..<300).map { $0 % 2 == 0 ? 0 : .max }) { queue, loop, tasks in
      while queue.count > 150 { await Task.yield() }
      let late = LoopBound(queue, on: loop)
      let last = Task(executorPreference: loop) { await late.onLoop.add(on: loop, due: .max) }
      while queue.count < 151 { await Task.yield() }
      for _ in 0..<150 { queue.admitNext() }
      #expect(queue.count == 1)
      queue.admitNext()
      #expect(await last.value == .admitted)
    }
    let admitted = notes.filter { $0.hasSuffix("admitted") }
    #expect(admitted == (0..<150).map { "\(2 * $0 + 1) admitted" })
  }
}
