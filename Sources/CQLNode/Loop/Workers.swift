internal import CQLEngine
internal import CassandraReactor

/// The tasks that run the requests of a loop.
///
/// A request gets no task of its own. A worker takes one after the other as long as they can be answered at once; it is
/// only when one has to wait, for the disk or for its next slice, that another worker goes on with the rest. So a turn's
/// cached reads cost one wake-up together, and there are as many tasks as requests have ever waited at the same time.
final class Workers {
  /// Workers that are kept though there is nothing to do: 1,024. As many writes as wait for the disk at a time have one
  /// each, and making them anew for every commit costs a fifth of a write.
  static let maximumIdle = 1024
  /// How long requests are run before the loop looks at its sockets: 2 ms. A request that is longer by itself works in
  /// slices of as much.
  static let turnMicroseconds = 2_000
  /// Requests between two looks at the clock, when they are small: 16.
  static let requestsPerLook = 16

  private let loop: EventLoop
  /// Asks the root task of the loop for another worker.
  private let births: LoopQueue<Void>
  private var requests = FairQueue<StatementRequest>()
  private var idle: [UnsafeContinuation<Void, Never>] = []
  /// Whether nothing is begun until the loop has looked at its sockets.
  private var isResting = false
  /// The turn of the loop at hand, when the first request of it was begun, and how many follow until the clock is read.
  private var turn: UInt64 = 0
  private var turnStart = 0
  private var untilLook = 0
  /// A worker was told to go on and has not begun yet.
  private var isWaking = false
  private var isStopping = false
  private var busy: [ObjectIdentifier: Worker] = [:]

  init(on loop: EventLoop, births: LoopQueue<Void>) {
    self.loop = loop
    self.births = births
  }

  /// Takes a request; one of the workers will run it. `isFirst`: its connection has nothing else that is not answered.
  func add(_ request: StatementRequest, isFirst: Bool) {
    requests.append(request, to: request.connection.line, isFirst: isFirst)
    wakeOne()
  }

  private func wakeOne() {
    guard !isWaking, !isResting || isStopping, !requests.isEmpty else { return }
    isWaking = true
    if let worker = idle.popLast() { worker.resume() } else { births.push(()) }
  }

  /// The next request; nil when there is none, or when this turn of the loop has had its time.
  private func next() -> StatementRequest? {
    // At the end only what nobody waits for any more is left, and it has to go.
    if isStopping { return requests.popFirst() }
    if isResting { return nil }
    let turn = loop.turnNumber
    if turn != self.turn {
      self.turn = turn
      turnStart = monotonicMicroseconds()
      untilLook = Self.requestsPerLook
    }
    untilLook -= 1
    if untilLook < 0 {
      untilLook = Self.requestsPerLook
      if monotonicMicroseconds() - turnStart >= Self.turnMicroseconds {
        rest()
        return nil
      }
    }
    return requests.popFirst()
  }

  /// Has the clock read before the next request: what has just been done may have been long.
  func lookAtClock() { untilLook = 0 }

  /// Begins nothing until the loop has looked at its sockets: what has just been asked may come first.
  private func rest() {
    guard !requests.isEmpty else { return }
    isResting = true
    let bound = LoopBound(self, on: loop)
    loop.post { bound.withValue { $0.goOn() } }
  }

  private func goOn() {
    isResting = false
    wakeOne()
  }

  /// Runs requests until there is no use for another worker.
  func work(on executor: any RequestExecutor) async {
    let worker = Worker()
    busy[ObjectIdentifier(worker)] = worker
    defer { busy[ObjectIdentifier(worker)] = nil }
    var result: [UInt8] = []
    isWaking = false
    while true {
      while let request = next() {
        // Somebody has to go on when this one waits.
        wakeOne()
        guard request.connection.mayRun(request) else { continue }
        worker.connection = request.connection
        await request.connection.run(request, by: worker, on: executor, into: &result)
        worker.connection = nil
        if result.count > Self.smallBytes { lookAtClock() }
        // A large answer is no reason to hold as much memory for the small ones that follow.
        if result.capacity > Self.maximumBusyBytes { result = [] }
        // A worker whose client has gone was cancelled with it.
        if Task.isCancelled {
          wakeOne()
          return
        }
      }
      guard !isStopping, idle.count < Self.maximumIdle else { return }
      if result.capacity > (idle.count < Self.warmWorkers ? Self.maximumKeptBytes : Self.leastKeptBytes) { result = [] }
      await withUnsafeContinuation { idle.append($0) }
      isWaking = false
      if isStopping && requests.isEmpty { return }
    }
  }

  /// Bytes up to which an answer is small: 4 KiB.
  private static let smallBytes = 4 << 10
  /// Bytes of its buffer that a worker keeps while it has nothing to do: 64 KiB for the 16 that are woken first, 1 KiB for
  /// the others.
  private static let maximumKeptBytes = 64 << 10
  private static let leastKeptBytes = 1 << 10
  private static let warmWorkers = 16
  /// Bytes of its buffer that a worker keeps from one request to the next: 1 MiB.
  private static let maximumBusyBytes = 1 << 20

  /// Cancels what runs for `connection`, whose client has gone.
  func cancel(for connection: ClientConnection) {
    for worker in busy.values where worker.connection === connection { worker.task.cancel() }
  }

  /// Lets the workers end once there is nothing left to do.
  func stop() {
    isStopping = true
    let waiting = idle
    idle = []
    for worker in waiting { worker.resume() }
  }
}

/// One worker, to be found when the client of its request goes.
final class Worker {
  let task = TaskHandle.current
  var connection: ClientConnection?
  /// Bytes of the answer at hand that its connection's share of the memory has been asked for.
  var heldBytes = 0
  /// Whether the answer at hand goes beyond the budget.
  var isOverdrawn = false
}

extension Worker: AnswerMeter {
  func room(for bytes: Int) -> Int? {
    guard let connection else { return .max }
    return connection.room(for: bytes, of: self)
  }

  func waitForRoom(_ bytes: Int) async throws(EngineFailure) -> Int {
    guard let connection else { return .max }
    return try await connection.waitForRoom(bytes, of: self)
  }

  func waitForTurn() async { await connection?.waitForTurn() }
}
