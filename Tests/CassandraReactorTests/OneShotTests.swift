import Testing

@testable import CassandraReactor

/// A value that comes once.
@Suite(.timeLimit(.minutes(5))) struct OneShotTests {
  @Test func theFirstValueCounts() async {
    let shot = OneShot<Int>()
    #expect(!shot.isFulfilled)
    #expect(shot.fulfill(1))
    #expect(!shot.fulfill(2))
    #expect(shot.isFulfilled)
    #expect(await shot.value(cancelled: 0) == 1)
  }

  @Test func aValueWakesTheOneWhoWaits() async {
    let shot = OneShot<Int>()
    async let value = shot.value(cancelled: 0)
    shot.fulfill(7)
    #expect(await value == 7)
  }

  @Test func cancellationIsAValueToo() async {
    let shot = OneShot<Int>()
    let value = await withTaskGroup(of: Int.self) { group in
      group.addTask { await shot.value(cancelled: -1) }
      group.cancelAll()
      return await group.next()
    }
    #expect(value == -1)
    #expect(!shot.fulfill(1), "whoever would give the value learns that nobody takes it")
  }

  @Test func aTimeThatIsUpMakesTheValue() async throws {
    let loops = try EventLoops(count: 1)
    let loop = loops[0]
    let values = await loop.run {
      let (late, early) = (OneShot<Int>(), OneShot<Int>())
      early.fulfill(3)
      return [
        await late.value(on: loop, due: loop.now + 1, cancelled: 0) { 2 },
        await early.value(on: loop, due: loop.now, cancelled: 0) { 2 },
      ]
    }
    #expect(values == [2, 3])
    await loops.shutDown()
  }
}
