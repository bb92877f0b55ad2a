internal import CassandraBytes
internal import CassandraWire

/// Bytes that have arrived and are not looked at yet.
struct Backlog {
  /// With those that have been looked at: what is known of a segment that has begun counts from its input's first byte.
  var bytes: [UInt8]
  /// How many of them have been looked at.
  var offset: Int
}

/// Takes no more of the node's time than others get.
extension ClientConnection {
  /// Cuts messages out of what has arrived, as long as the client has no more requests than it may.
  ///
  /// What follows then waits, and nothing more is read from it, so that its own system makes it wait; when there is no
  /// memory for that, its requests are refused.
  func look(at bytes: Span<UInt8>) {
    guard backlog == nil else {
      // More of what was read at once.
      hold(bytes)
      return
    }
    var offset = 0
    while machine.requestsInFlight < server.requestShare || !mayHold(bytes.count) {
      guard let action = machine.next(in: bytes, at: &offset) else { return }
      carryOut(action)
    }
    backlog = Backlog(bytes: Array(copying: bytes), offset: offset)
    stopReading()
  }

  private func hold(_ bytes: Span<UInt8>) {
    server.memory.takeInAnyCase(bytes.count)
    machine.memory.backlog += bytes.count
    backlog?.bytes.append(copying: bytes)
  }

  private func mayHold(_ count: Int) -> Bool {
    guard server.memory.take(count, holding: machine.holding + count) else { return false }
    machine.memory.backlog += count
    return true
  }

  /// Goes on with what waits, as long as the client has no more requests than it may.
  func resumeBacklog() {
    guard let bytes = backlog?.bytes, var offset = backlog?.offset else { return }
    while machine.requestsInFlight < server.requestShare {
      guard let action = machine.next(in: bytes.span, at: &offset) else {
        dropBacklog()
        chargeFrame()
        if !machine.isPaused { goOnReading() }
        return
      }
      carryOut(action)
    }
    backlog?.offset = offset
  }

  /// Reads nothing from the client for now.
  func stopReading() {
    transport.pauseReading()
    machine.readingStopped(now: server.loop.now)
  }

  /// Reads from the client again.
  func goOnReading() {
    transport.startReading()
    machine.readingGoesOn(now: server.loop.now)
    arm()
  }

  /// Looks at nothing of what waits.
  func dropBacklog() {
    guard backlog != nil else { return }
    backlog = nil
    server.memory.giveBack(machine.memory.backlog)
    machine.memory.backlog = 0
    server.memoryWasGivenBack()
  }

  /// Waits until it is the turn of one of the connection's long reads.
  func waitForTurn() async {
    server.workers.lookAtClock()
    var slices = slices ?? (line: TurnQueue.Line(), count: 0)
    slices.count += 1
    self.slices = slices
    let isFirst = slices.count <= Self.firstSlices && machine.requestsInFlight == 1
    await server.turns.wait(in: slices.line, isFirst: isFirst)
  }

  /// Slices up to which the only read of a connection comes before those of others: 16.
  private static let firstSlices = 16
}
