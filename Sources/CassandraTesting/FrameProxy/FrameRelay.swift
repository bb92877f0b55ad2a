internal import CassandraWire
internal import CassandraReactor

/// One connection of a driver through a proxy, and the one to the node that belongs to it. It belongs to the proxy's loop.
final class FrameRelay: DeadlineHandler {
  let number: Int
  /// What the connection belongs to; the emulator's id of the node.
  let label: String
  private let proxy: FrameProxyCore
  private let loop: EventLoop
  private var driver: FrameLeg?
  private var node: FrameLeg?
  private var inspector: (any FrameInspector)?
  /// Frames that wait for their time or their gate.
  private var held: [UInt64: (frame: Frame, direction: FrameDirection)] = [:]
  private var heldBytes = 0
  private var lastHeld: UInt64 = 0
  /// What the driver has said before the node was there: with the last bytes of TLS some may have come.
  private var early: [Frame] = []
  private var isEnding = false

  init(
    _ transport: Transport, number: Int, label: String, inspector: (any FrameInspector)?, of proxy: FrameProxyCore
  ) {
    self.label = label
    self.number = number
    self.proxy = proxy
    self.inspector = inspector
    loop = transport.loop
    driver = FrameLeg(transport, receiving: .toNode, of: self)
    transport.pauseReading()
  }

  /// Connects to the node, and then lets frames pass. Until then the driver has to wait.
  func connect(to target: FrameTarget) async {
    do throws(ReactorError) {
      let transport = try await Transport.connect(to: target.address, on: loop, options: target.options)
      guard let driver, !isEnding else { return transport.close() }
      let node = FrameLeg(transport, receiving: .toDriver, of: self)
      self.node = node
      for frame in early { node.send(frame) }
      early = []
      transport.startReading()
      driver.transport.startReading()
    } catch { fail("connecting to the node: \(error)") }
  }

  // MARK: - Frames

  func receive(_ frame: Frame, from leg: FrameLeg) {
    guard !isEnding else { return }
    switch leg.direction {
    case .toNode: judge(frame, going: .toNode)
    case .toDriver: perform(inspector?.answers(frame) ?? [.toDriver(frame)])
    }
    applyBackPressure()
  }

  /// Tells the driver what has happened, if it wants to know.
  func announce(_ event: Event) {
    guard !isEnding else { return }
    perform(inspector?.announce(event) ?? [])
  }

  private func perform(_ steps: [FrameStep]) {
    for step in steps {
      switch step {
      case .toNode(let frame):
        if let node { node.send(frame) } else { early.append(frame) }
      case .toDriver(let frame): judge(frame, going: .toDriver)
      }
    }
  }

  /// Lets the rules decide on a frame that comes from the driver, or that would go to it.
  private func judge(_ frame: Frame, going direction: FrameDirection) {
    guard !isEnding else { return }
    let now = loop.now
    let decision = proxy.observation.change { [number] observation in
      let (decision, rule) = observation.rules.decide(frame, going: direction, connection: number, at: now)
      observation.add(FrameRecord(frame, connection: number, direction, decision, rule))
      return decision
    }
    switch decision {
    case .pass: handOn(frame, direction)
    case .drop: break
    case .later(let due): _ = loop.setDeadline(at: due, handler: self, token: hold(frame, direction))
    case .hold(let gate):
      let (id, bound) = (hold(frame, direction), LoopBound(self, on: loop))
      gate.pass { bound.loop.post { bound.withValue { $0.release(id) } } }
    case .forge(let message):
      // What the version cannot say is a mistake of the test.
      do { driver?.send(try Frame(answering: frame.header, message)) } catch { fail("forging an answer: \(error)") }
    case .forgeBytes(let opcode, let bytes):
      let version = ProtocolVersion(rawValue: frame.header.version) ?? .v4
      let header = EnvelopeHeader(version: version, isResponse: true, stream: frame.header.stream, opcode: opcode)
      driver?.send(Frame(header, body: bytes))
    case .close: end(abruptly: false)
    case .cut: end(abruptly: true)
    case .truncate(let count):
      (direction == .toNode ? node : driver)?.send(frame, cutAt: count)
      end(abruptly: false)
    }
  }

  private func handOn(_ frame: Frame, _ direction: FrameDirection) {
    switch direction {
    case .toNode: perform(inspector?.requests(frame) ?? [.toNode(frame)])
    case .toDriver: driver?.send(frame)
    }
  }

  private func hold(_ frame: Frame, _ direction: FrameDirection) -> UInt64 {
    lastHeld += 1
    held[lastHeld] = (frame, direction)
    heldBytes += frame.body.count
    return lastHeld
  }

  func deadlinePassed(token: UInt64) { release(token) }

  private func release(_ id: UInt64) {
    guard let (frame, direction) = held.removeValue(forKey: id) else { return }
    heldBytes -= frame.body.count
    handOn(frame, direction)
    outputMoves()
  }

  // MARK: - Back-pressure

  /// Lets each side wait while the other takes nothing.
  private func applyBackPressure() {
    guard let driver, let node else { return }
    pause(driver, while: node)
    pause(node, while: driver)
  }

  private func pause(_ source: FrameLeg, while sink: FrameLeg) {
    guard sink.transport.waitingBytes + heldBytes > FrameProxy.maximumWaitingBytes else { return }
    // What the kernel does not take now leaves later, and `outputMoves` is called then.
    sink.transport.flush()
    if sink.transport.waitingBytes + heldBytes > FrameProxy.maximumWaitingBytes { source.transport.pauseReading() }
  }

  /// Called before output leaves and when a held frame goes: those who wait may go on.
  func outputMoves() {
    guard let driver, let node, !isEnding else { return }
    resume(driver, after: node)
    resume(node, after: driver)
  }

  private func resume(_ source: FrameLeg, after sink: FrameLeg) {
    // What is about to leave does not count: when the kernel takes all of it, nobody tells us.
    let waiting = sink.transport.waitingBytes - sink.transport.outputCount
    if waiting + heldBytes <= FrameProxy.maximumWaitingBytes { source.transport.startReading() }
  }

  // MARK: - The end

  func inputEnded(of leg: FrameLeg) {
    (leg.direction == .toNode ? node : driver)?.transport.finishOutput()
    // Without the other side there is nobody whose output could follow.
    if node == nil { end(abruptly: false) }
  }

  func fail(_ reason: String) {
    proxy.observation.change { $0.add(failure: reason) }
    end(abruptly: true)
  }

  /// Ends both connections; in order, what was said before still leaves.
  func end(abruptly: Bool) {
    guard !isEnding || abruptly else { return }
    isEnding = true
    held = [:]
    heldBytes = 0
    for leg in [driver, node] {
      guard let transport = leg?.transport else { continue }
      if abruptly {
        transport.abort()
      } else {
        transport.flush()
        transport.finishOutput()
        transport.startReading()
      }
    }
    // In order both sides are told; whoever keeps its half open does not keep the other's.
    if !abruptly { _ = loop.setDeadline(after: FrameProxy.lingerTime, handler: Linger(self), token: 0) }
  }

  fileprivate func closeBoth() {
    driver?.transport.close()
    node?.transport.close()
  }

  func closed(_ leg: FrameLeg, _ error: ReactorError?) {
    switch leg.direction {
    case .toNode: driver = nil
    case .toDriver: node = nil
    }
    if let other = (driver ?? node)?.transport {
      if isEnding { return }
      isEnding = true
      if error == nil { other.close() } else { other.abort() }
    } else {
      isEnding = true
      proxy.ended(self)
    }
  }
}

private final class Linger: DeadlineHandler {
  private let relay: FrameRelay
  init(_ relay: FrameRelay) { self.relay = relay }
  func deadlinePassed(token: UInt64) { relay.closeBoth() }
}

extension FrameRecord {
  init(
    _ frame: Frame, connection: Int, _ direction: FrameDirection, _ decision: FrameRules.Decision, _ rule: FrameRule?
  ) {
    let fate: Fate =
      switch decision {
      case .pass: .passed
      case .drop: .dropped
      case .later, .hold: .delayed
      case .forge, .forgeBytes: .forged
      case .close, .cut, .truncate: .ended
      }
    self.init(
      connection: connection, direction: direction, version: frame.header.version, flags: frame.header.flags,
      stream: frame.header.stream, opcode: frame.opcode, bodyBytes: frame.body.count, fate: fate, rule: rule)
  }
}
