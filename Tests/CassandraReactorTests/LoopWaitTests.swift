import Testing

@testable import CassandraReactor

@Suite(.timeLimit(.minutes(5))) struct LoopWaitTests {
  /// The loop is told of a cancellation a moment later; by then somebody else may wait, or the same task for another end.
  @Test func aWaitThatWasCancelledBeforeItBeganDoesNotEndTheNextOne() async throws {
    let loops = try EventLoops(count: 1)
    let loop = loops[0]
    let wait = await loop.run { LoopBound(LoopWait<Void>(), on: loop) }
    await withDiscardingTaskGroup { group in
      group.cancelAll()
      group.addTask(executorPreference: loop) {
        await wait.onLoop.wait(on: loop)
        await wait.onLoop.waitInAnyCase()
      }
      // Each of these goes behind what the loop has to do already.
      for _ in 0..<10 { await loop.run {} }
      #expect(await loop.run { wait.onLoop.isWaiting })
      await loop.run { wait.onLoop.end() }
    }
    await loops.shutDown()
  }

  /// What is known of a task by its continuation is what that task says of itself.
  @Test func aTaskThatWaitsIsKnownByItsContinuation() async throws {
    let loops = try EventLoops(count: 1)
    let loop = loops[0]
    let place = await loop.run { LoopBound(Place(), on: loop) }
    await withDiscardingTaskGroup { group in
      group.addTask(executorPreference: loop) {
        await withUnsafeContinuation { place.onLoop.waiter = $0 }
      }
      while await loop.run({ place.onLoop.waiter }) == nil {}
      #expect(await loop.run { place.onLoop.waiter.map { WaitingTask(of: $0).isCancelled } } == false)
      group.cancelAll()
      #expect(await loop.run { place.onLoop.waiter.map { WaitingTask(of: $0).isCancelled } } == true)
      await loop.run { place.onLoop.waiter?.resume() }
    }
    await loops.shutDown()
  }
}

private final class Place {
  var waiter: UnsafeContinuation<Void, Never>?
}
