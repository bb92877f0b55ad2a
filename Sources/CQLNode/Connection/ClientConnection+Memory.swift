internal import CQLEngine
internal import CassandraReactor
internal import CassandraWire

/// The memory that a connection holds: what arrives, what is being made for it, and what it has not read.
///
/// Who does not read waits alone: requests of a connection begin only while little is made for it or waits, and of those
/// that have begun, which a read in slices lets happen, only the oldest goes beyond that.
extension ClientConnection {
  /// Bytes of the memory that are taken for the connection.
  var holding: Int { requestBytes + frameBytes + answerBytes + chargedOutput }

  /// Whether no further answer is begun for the connection.
  var isFilled: Bool {
    answerBytes + askedBytes + transport.waitingBytes > server.limits.answerBytesPerConnection
  }

  /// How long the body of the next message may be.
  var allowedBodyBytes: Int {
    let limits = server.limits
    let left = min(limits.connectionMemoryBytes - holding, server.memory.left)
    // What comes in one piece is in memory already; it is refused, when it has to be, as a request.
    return min(limits.requestBytes, max(left, Self.freeFrameBytes))
  }

  /// Bytes up to which a frame that has not arrived whole is not watched over: 16 KiB, as many as are kept of it at once.
  private static let freeFrameBytes = 16 << 10

  /// Takes memory for a message that has not arrived whole, or gives it back, and watches over the time that it takes.
  func chargeFrame() {
    let pending = input.pendingBytes
    let wanted = pending > Self.freeFrameBytes && !isClosed ? pending : 0
    guard wanted != frameBytes else { return }
    server.memory.giveBack(frameBytes)
    server.memory.takeInAnyCase(wanted)
    frameBytes = wanted
    if let deadline = frameDeadline.take() { server.loop.cancelDeadline(deadline) }
    guard wanted > 0 else { return }
    frameDeadline = server.loop.setDeadline(
      after: server.limits.frameTimeout, handler: self, token: Self.frameToken)
  }

  /// Takes memory for the answers that wait for the client, or gives it back.
  func chargeOutput() {
    let waiting = isClosed ? 0 : transport.waitingBytes
    let wanted = waiting > Self.slowBytes ? waiting : 0
    guard wanted != chargedOutput else { return }
    if wanted > chargedOutput {
      server.memory.takeInAnyCase(wanted - chargedOutput)
    } else {
      server.memory.giveBack(chargedOutput - wanted)
      server.memoryWasGivenBack()
    }
    chargedOutput = wanted
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
    askedBytes += more
    defer { askedBytes -= more }
    var deadline: UInt64?
    while true {
      guard !isClosed else { throw EngineFailure(.serverError, "The client has gone") }
      if growing == nil || growing === worker
        || answerBytes + transport.waitingBytes + more <= limits.answerBytesPerConnection
      {
        if growing == nil { growing = worker }
        var isTaken = server.memory.take(more, holding: holding + more)
        if !isTaken, worker.isOverdrawn || server.memory.budget.beginOverdraft() {
          worker.isOverdrawn = true
          server.memory.takeInAnyCase(more)
          isTaken = true
        }
        if isTaken {
          worker.heldBytes += more
          answerBytes += more
          return
        }
        let now = server.loop.now
        let end = deadline ?? now + limits.memoryTimeout.wholeMilliseconds
        deadline = end
        guard now < end else {
          throw EngineFailure(.overloaded, "The node has no memory for the answer; try again later")
        }
      }
      await server.waitForMemory()
    }
  }

  /// Gives back what was taken for the answer that a worker has made; its bytes wait for the client now.
  func giveRoomBack(of worker: Worker) {
    let hadTurn = growing === worker
    if hadTurn { growing = nil }
    if worker.isOverdrawn {
      worker.isOverdrawn = false
      server.memory.budget.endOverdraft()
    }
    guard worker.heldBytes > 0 || hadTurn else { return }
    server.memory.giveBack(worker.heldBytes)
    answerBytes -= worker.heldBytes
    worker.heldBytes = 0
    server.memoryWasGivenBack()
    resumeHeld()
  }
}
