internal import CQLEngine
internal import CassandraReactor
internal import CassandraWire

/// Takes out of the node's memory what the connection's machine says, and waits for it.
extension ClientConnection {
  /// Takes memory for a message that has not arrived whole, or gives it back.
  func chargeFrame() {
    let more = machine.chargeFrame(now: server.loop.now)
    guard more != 0 else { return }
    if more > 0 { server.memory.takeInAnyCase(more) } else { server.memory.giveBack(-more) }
    arm()
  }

  /// Takes memory for the answers that wait for the client, or gives it back.
  func chargeOutput() {
    let more = machine.chargeOutput(waiting: transport.waitingBytes)
    guard more != 0 else { return }
    if more > 0 {
      server.memory.takeInAnyCase(more)
    } else {
      server.memory.giveBack(-more)
      server.memoryWasGivenBack()
    }
  }

  /// Takes room for the answer that a worker makes, when it is there at once: for `bytes` in all, and for as many more as
  /// it is likely to have. Returns how many it may have.
  func room(for bytes: Int, of worker: Worker) -> Int? {
    if bytes <= worker.heldBytes { return worker.heldBytes }
    guard !isClosed, bytes <= server.limits.answerBytes else { return nil }
    let ahead = min(max(worker.heldBytes, MemoryShare.freeBytes), Self.answerPieceBytes)
    let wanted = min(max(bytes, worker.heldBytes + ahead), server.limits.answerBytes)
    let more = wanted - worker.heldBytes
    guard machine.mayGrow(by: more, for: ObjectIdentifier(worker), waiting: transport.waitingBytes),
      server.memory.take(more, holding: machine.holding + more)
    else { return nil }
    return give(more, to: worker)
  }

  private func give(_ more: Int, to worker: Worker) -> Int {
    worker.heldBytes += more
    machine.memory.answers += more
    return worker.heldBytes
  }

  /// Bytes that are taken at once at most for an answer that grows: 256 KiB.
  private static let answerPieceBytes = 256 << 10

  /// Waits until the answer that a worker makes may have `bytes` in all; returns how many it may have.
  func waitForRoom(_ bytes: Int, of worker: Worker) async throws(EngineFailure) -> Int {
    let limits = server.limits
    guard bytes <= limits.answerBytes else {
      throw EngineFailure(
        .invalid, "The answer has more than \(limits.answerBytes) bytes; ask for fewer rows a page")
    }
    if let room = room(for: bytes, of: worker) { return room }
    server.workers.lookAtClock()
    let more = bytes - worker.heldBytes
    // Nothing else of the connection begins while it waits.
    machine.memory.asked += more
    defer {
      machine.memory.asked -= more
      resumeHeld()
    }
    let end = server.loop.now + limits.memoryTimeout.wholeMilliseconds
    while true {
      guard !isClosed else { throw EngineFailure(.serverError, "The client has gone") }
      if machine.mayGrow(by: more, for: ObjectIdentifier(worker), waiting: transport.waitingBytes) {
        if server.memory.take(more, holding: machine.holding + more) { return give(more, to: worker) }
        if worker.isOverdrawn || server.memory.budget.beginOverdraft() {
          worker.isOverdrawn = true
          server.memory.takeInAnyCase(more)
          return give(more, to: worker)
        }
        guard server.loop.now < end else {
          throw EngineFailure(.overloaded, "The node has no memory left for the answer; try again later")
        }
      }
      await server.waitForMemory()
    }
  }

  /// Gives back what was taken for the answer that a worker has made; its bytes wait for the client now.
  func giveRoomBack(of worker: Worker) {
    if worker.isOverdrawn {
      worker.isOverdrawn = false
      server.memory.budget.endOverdraft()
    }
    let bytes = worker.heldBytes
    guard machine.endGrowth(of: ObjectIdentifier(worker), bytes: bytes) else { return }
    server.memory.giveBack(bytes)
    worker.heldBytes = 0
    server.memoryWasGivenBack()
    resumeHeld()
  }
}
