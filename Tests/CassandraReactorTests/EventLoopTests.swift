import Glibc
import Synchronization
import CassandraTelemetry
import Testing

@testable import CassandraReactor

@Suite(.timeLimit(.minutes(5))) struct EventLoopTests {
  let loops = try! EventLoops(count: 2)

  @Test func runsOnItsThreadAndComesBack() async {
    let (a, b) = (loops[0], loops[1])
    #expect(!a.isCurrent)
    let nested = await a.run {
      let before = a.isCurrent
      let inside = await b.run { b.isCurrent && !a.isCurrent && EventLoop.current === b }
      return [before, inside, a.isCurrent, EventLoop.current === a]
    }
    #expect(nested == [true, true, true, true])
    await loops.shutDown()
  }

  @Test @MainActor func hopsFromTheMainActorAndBack() async {
    let loop = loops[0]
    #expect(await loop.run { loop.isCurrent })
    MainActor.assertIsolated()
    await loops.shutDown()
  }

  @Test func hopsFromAnActorThatHappensToRunOnTheLoop() async {
    actor Counter {
      var count = 0
      func add(on loop: EventLoop) async -> Bool {
        count += 1
        let wasOnLoop = await loop.run {
          await Task.yield()
          return loop.isCurrent
        }
        return wasOnLoop
      }
    }
    let counter = Counter()
    let loop = loops[0]
    #expect(await loop.run { await counter.add(on: loop) })
    await loops.shutDown()
  }

  @Test func whatIsForTheEndOfATurnComesAfterItsJobs() async {
    final class Steps {
      var names: [String] = []
      var waiter: UnsafeContinuation<Void, Never>?
    }
    let loop = loops[0]
    let (before, after) = await loop.run {
      let steps = Steps()
      loop.atEndOfTurn {
        steps.names.append("end")
        steps.waiter?.resume()
      }
      for _ in 0..<3 {
        steps.names.append("job")
        await Task.yield()
      }
      let before = steps.names
      await withUnsafeContinuation { steps.waiter = $0 }
      return (before, steps.names)
    }
    #expect(before == ["job", "job", "job"])
    #expect(after == ["job", "job", "job", "end"])
    await loops.shutDown()
  }

  @Test func childTasksStayOnTheLoop() async {
    let loop = loops[1]
    let all = await loop.run {
      async let one = loop.isCurrent
      let rest = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<10 {
          group.addTask {
            await Task.yield()
            return loop.isCurrent
          }
        }
        return await group.reduce(true) { $0 && $1 }
      }
      return await one && rest
    }
    #expect(all)
    await loops.shutDown()
  }

  @Test func manyTasksHopBetweenLoops() async {
    let (a, b) = (loops[0], loops[1])
    let sum = await withTaskGroup(of: Int.self) { group in
      for index in 0..<100 {
        group.addTask(executorPreference: index % 2 == 0 ? a : b) {
          var sum = 0
          for step in 0..<50 { sum += await (step % 2 == 0 ? a : b).run { 1 } }
          return sum
        }
      }
      return await group.reduce(0, +)
    }
    #expect(sum == 5000)
    await loops.shutDown()
  }

  @Test func sleepEndsOnTimeOrWhenCancelled() async throws {
    let loop = loops[0]
    let began = ContinuousClock.now
    try await loop.run { try await loop.sleep(for: .milliseconds(20)) }
    #expect(ContinuousClock.now - began >= .milliseconds(19))
    let sleeping = Task(executorPreference: loop) { try await loop.sleep(for: .seconds(3600)) }
    sleeping.cancel()
    await #expect(throws: CancellationError.self) { try await sleeping.value }
    await loops.shutDown()
  }

  @Test func theBoundOfATurnLetsTimersPass() async throws {
    let loop = loops[0]
    let isDone = Locked(false)
    try await loop.run {
      // A task that is always ready must not keep the loop from its timers.
      async let spinning: Void = {
        while !isDone.withLock({ $0 }) { await Task.yield() }
      }()
      try await loop.sleep(for: .milliseconds(5))
      isDone.withLock { $0 = true }
      await spinning
    }
    await loops.shutDown()
  }

  @Test func whatIsBoundToALoopTrapsElsewhere() async {
    await #expect(processExitsWith: .failure) {
      final class Thing {}
      let loops = try EventLoops(count: 1)
      let bound = LoopBound(giving: Thing(), to: loops[0])
      bound.withValue { _ in }
    }
  }

  @Test func aBlockedLoopIsLogged() async throws {
    // One that no thread runs, so that nobody else says when its turn began.
    let loop = try EventLoop(index: 0)
    let sink = RecordingSink()
    let watchdog = Watchdog([loop], logger: CassandraLogger(label: "test", sink: sink))
    loop.turnBegan.store(1000, ordering: .relaxed)
    watchdog.look(now: 1400)
    #expect(sink.messages.isEmpty)
    watchdog.look(now: 1600)
    watchdog.look(now: 1900)
    #expect(sink.messages.count == 1)
    loop.turnBegan.store(0, ordering: .relaxed)
    watchdog.look(now: 2000)
    #expect(sink.messages.last == "the event loop goes on")
    await loops.shutDown()
  }

  /// What waits in the sockets of a loop that has stood still is read before it is judged who has been silent.
  @Test func aLateLoopReadsBeforeDeadlinesPass() async throws {
    let loop = loops[0]
    let order = Locked<[String]>([])
    let recorder = OrderRecorder(order)
    await loop.run {
      _ = loop.setDeadline(after: .milliseconds(5), handler: recorder, token: 0)
      // Comes from another thread, as through a socket, while the loop stands still.
      Task.detached {
        Task(executorPreference: loop) { order.withLock { $0.append("what has arrived") } }
      }
      usleep(150_000)
    }
    while order.withLock({ $0.count }) < 2 { try await Task.sleep(for: .milliseconds(1)) }
    #expect(order.withLock { $0 } == ["what has arrived", "the deadline"])
    await loops.shutDown()
  }

  /// A signal is heard while all loops compute.
  @Test func signalsAreHeardWhileLoopsCompute() async throws {
    Signal.take(.hangUp)
    let isHeard = Locked(false)
    let (begun, report) = AsyncStream.makeStream(of: Void.self)
    await withTaskGroup(of: Void.self) { group in
      for loop in loops {
        group.addTask(executorPreference: loop) {
          report.yield()
          // As a plan or a handler would that does not end.
          while !isHeard.withLock({ $0 }) { usleep(1_000) }
        }
      }
      var computing = begun.makeAsyncIterator()
      for _ in loops { await computing.next() }
      kill(getpid(), SIGHUP)
      group.addTask { [loop = loops[0]] in
        _ = try? await loop.signal(.hangUp)
        isHeard.withLock { $0 = true }
      }
    }
    #expect(isHeard.withLock { $0 })
    await loops.shutDown()
  }

  @Test func signalsAreDelivered() async throws {
    let loop = loops[0]
    // What comes before somebody waits is kept.
    Signal.take(.hangUp)
    kill(getpid(), SIGHUP)
    #expect(try await loop.signal(.hangUp) == .hangUp)
    let waiting = Task { try await loop.signal(.hangUp) }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { try await waiting.value }
    await loops.shutDown()
  }

  @Test func namesAreLookedUp() async throws {
    let loop = loops[0]
    let addresses = try await loop.run { try await loop.resolve("localhost", port: 42) }
    #expect(addresses.contains(.loopback(port: 42)))
    #expect(try await loop.run { try await loop.resolve("::1", port: 42) }.map(\.description) == ["[::1]:42"])
    let error = await #expect(throws: ReactorError.self) {
      try await loop.run { try await loop.resolve("does-not-exist.invalid", port: 42) }
    }
    #expect(error.map { [.nameNotFound, .nameLookUpFailed].contains($0.code) } == true)
    #expect(await loops.openHandles == 0)
    await loops.shutDown()
  }
}

final class RecordingSink: LogSink {
  private let lines = Locked<[LogRecord]>([])
  var messages: [String] { lines.withLock { $0.map(\.message) } }
  func write(_ record: LogRecord) { lines.withLock { $0.append(record) } }
}

/// Notes that a deadline has passed.
private final class OrderRecorder: DeadlineHandler, Sendable {
  private let order: Locked<[String]>
  init(_ order: Locked<[String]>) { self.order = order }
  func deadlinePassed(token: UInt64) { order.withLock { $0.append("the deadline") } }
}
