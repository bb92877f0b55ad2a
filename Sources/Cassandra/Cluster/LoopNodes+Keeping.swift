internal import CassandraReactor
internal import CassandraTelemetry

/// How a node is kept connected.
extension LoopNodes {
  /// Keeps a connection to every node until the task is cancelled; then lets what is under way finish.
  func run() async {
    begin()
    let bound = LoopBound(self, on: loop)
    await withDiscardingTaskGroup { group in
      repeat {
        for node in nodes where node.keeping.isWanted && !node.keeping.isKept {
          let delay = node.seed == nil ? node.firstDelay : .zero
          let first = node.keep { $0.begin(delay: delay) }
          let node = LoopBound(node, on: loop)
          group.addTask(executorPreference: bound.loop) { await bound.onLoop.keep(node.onLoop, first) }
        }
      } while await untilTopologyChanges()
      close()
    }
    close()
    for node in nodes {
      // Whoever would have taken it over was not there any more.
      let seed = node.seed.take()
      seed?.close(CassandraError(.closed, "The database client has been closed.", coordinator: node.endPoint))
    }
  }

  /// Does what is to be done for a node until it is not kept any more.
  private func keep(_ node: Node, _ first: NodeKeeping.Step) async {
    var step = first
    var connection: NodeConnection?
    while step != .end && !Task.isCancelled {
      switch step {
      case .connect:
        connection = nil
        do throws(CassandraError) {
          let new = if let seed = node.seed.take(), seed.isUsable { seed } else { try await connect(to: node) }
          connection = new
          step = await use(new, of: node)
        } catch {
          if Task.isCancelled { break }
          step = failed(context.explain(error, at: node.endPoint), at: node)
        }
      case .pause(let delay):
        _ = await node.pause.add(on: loop, due: loop.now + delay.wholeMilliseconds)
        step = node.keep { $0.paused() }
      case .drain:
        if let connection { await end(connection) }
        step = node.keep { $0.drained() }
      case .end: break
      }
    }
    if Task.isCancelled {
      node.keep { $0.stop() }
      close()
      if let connection { await end(connection) }
    }
    connectionsChanged()
  }

  /// Lets requests have a connection until it cannot be used any more.
  private func use(_ connection: NodeConnection, of node: Node) async -> NodeKeeping.Step {
    noteReached(node)
    node.version = connection.version
    node.failure = nil
    node.keep { $0.connected(now: loop.now) }
    node.connection = connection
    connectionsChanged()
    if node.keeping.isGone { connection.drain() }
    await connection.untilUnusable()
    node.connection = nil
    let step = node.keep { $0.lost(now: loop.now, chance: .random(in: 0...1)) }
    if step != .drain && !Task.isCancelled, let failure = connection.failure {
      node.failure = context.explain(failure, at: node.endPoint)
      context.logger.warning(
        "a connection was lost",
        ["node": .text("\(node.endPoint)"), "loop": .integer(loop.index), "error": .text(failure.debugDescription)])
    }
    // What waits for this connection need not wait for a pause.
    if case .pause = step { connectionsChanged() } else { onChange?() }
    return step
  }

  private func failed(_ error: CassandraError, at node: Node) -> NodeKeeping.Step {
    let isNew = node.failure?.code != error.code || !node.keeping.wasTried
    let failures = node.keeping.failures + 1
    let step = node.keep { $0.failed(chance: .random(in: 0...1)) }
    guard !node.keeping.isGone else { return step }
    node.failure = error
    connectionsChanged()
    considerInquiry(failures: failures)
    // The same failure again and again says nothing new; it is logged when it begins and from time to time.
    if isNew || failures % 10 == 0 {
      context.logger.warning(
        "cannot connect to the database; trying again",
        ["node": .text("\(node.endPoint)"), "loop": .integer(loop.index), "error": .text(error.debugDescription)])
    } else {
      context.logger.debug("cannot connect to the database", ["node": .text("\(node.endPoint)")])
    }
    return step
  }

  /// Lets the requests under way finish, for a while.
  private func end(_ connection: NodeConnection) async {
    if Task.isCancelled { close() }
    connection.drain()
    await connection.untilClosed(within: context.configuration.limits.drainTimeout)
    connection.close(CassandraError(.closed, "The database client has been closed.", coordinator: connection.endPoint))
  }

  /// A node could not be reached: the directory may know more.
  private func considerInquiry(failures: Int) {
    guard context.directory != nil else { return }
    let areAllAway = areAllAway
    context.loops.postToFirst { $0.control?.nodeIsAway(failures: failures, areAllAway: areAllAway) }
  }

  /// A node was reached: what the directory said is of use.
  private func noteReached(_ node: Node) {
    context.loops.reached(node.endPoint, on: loop)
    if context.directory != nil { context.loops.postToFirst { $0.control?.nodeWasReached() } }
  }
}
