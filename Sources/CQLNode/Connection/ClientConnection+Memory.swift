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

  /// Waits until the answer that a worker makes may have `bytes`.
  func makeRoom(for bytes: Int, of worker: Worker) async throws(EngineFailure) {
    let limits = server.limits
    guard bytes <= limits.answerBytes else {
      throw EngineFailure(
        .invalid, "The answer has more than \(limits.answerBytes) bytes; ask for fewer rows a page")
    }
    let more = bytes - worker.heldBytes
    guard more > 0 else { return }
    // What has been read and waits for its room is there too, so nothing else begins beside it.
    machine.memory.asked += more
    defer { machine.memory.asked -= more }
    var deadline: UInt64?
    while true {
      guard !isClosed else { throw EngineFailure(.serverError, "The client has gone") }
      if machine.mayGrow(by: more, for: ObjectIdentifier(worker), waiting: transport.waitingBytes) {
        var isTaken = server.memory.take(more, holding: machine.holding + more)
        if !isTaken, worker.isOverdrawn || server.memory.budget.beginOverdraft() {
          worker.isOverdrawn = true
          server.memory.takeInAnyCase(more)
          isTaken = true
        }
        if isTaken {
          worker.heldBytes += more
          machine.memory.answers += more
          return
        }
        let now = server.loop.now
        let end = deadline ?? now + limits.memoryTimeout.wholeMilliseconds
        deadline = end
        guard now < end else {
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
