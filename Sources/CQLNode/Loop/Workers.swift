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
  /// Requests that one worker answers before it lets the loop look at its sockets: 256.
  static let maximumRequestsPerTurn = 256

  private let loop: EventLoop
  private let turns: TurnQueue
  /// Asks the root task of the loop for another worker.
  private let births: LoopQueue<Void>
  private var requests = Ring<StatementRequest>(room: 64)
  private var idle: [UnsafeContinuation<Void, Never>] = []
  /// A worker was told to go on and has not begun yet.
  private var isWaking = false
  private var isStopping = false
  private var busy: [ObjectIdentifier: Worker] = [:]

  init(on loop: EventLoop, turns: TurnQueue, births: LoopQueue<Void>) {
    self.loop = loop
    self.turns = turns
    self.births = births
  }

  /// Takes a request; one of the workers will run it.
  func add(_ request: StatementRequest) {
    requests.append(request)
    wakeOne()
  }

  private func wakeOne() {
    guard !isWaking, !requests.isEmpty else { return }
    isWaking = true
    if let worker = idle.popLast() { worker.resume() } else { births.push(()) }
  }

  /// Runs requests until there is no use for another worker.
  func work(on executor: any RequestExecutor) async {
    let worker = Worker()
    busy[ObjectIdentifier(worker)] = worker
    defer { busy[ObjectIdentifier(worker)] = nil }
    var result: [UInt8] = []
    var answered = 0
    isWaking = false
    while true {
      while let request = requests.popFirst() {
        // Somebody has to go on when this one waits.
        wakeOne()
        guard request.connection.mayRun(request) else { continue }
        worker.connection = request.connection
        await request.connection.run(request, by: worker, on: executor, into: &result)
        worker.connection = nil
        // A large answer is no reason to hold as much memory for the small ones that follow.
        if result.capacity > Self.maximumBusyBytes { result = [] }
        // A worker whose client has gone was cancelled with it.
        if Task.isCancelled {
          wakeOne()
          return
        }
        answered += 1
        if answered >= Self.maximumRequestsPerTurn {
          answered = 0
          await turns.wait()
        }
      }
      guard !isStopping, idle.count < Self.maximumIdle else { return }
      if result.capacity > (idle.count < Self.warmWorkers ? Self.maximumKeptBytes : Self.leastKeptBytes) { result = [] }
      answered = 0
      await withUnsafeContinuation { idle.append($0) }
      isWaking = false
      if isStopping && requests.isEmpty { return }
    }
  }

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
  func answerHas(_ bytes: Int) async throws(EngineFailure) {
    guard let connection else { return }
    try await connection.makeRoom(for: bytes, of: self)
  }
}
