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
        for node in nodes where node.isWanted && !node.isMaintained {
          node.isMaintained = true
          let node = LoopBound(node, on: loop)
          group.addTask(executorPreference: bound.loop) { await bound.onLoop.maintain(node.onLoop) }
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

  /// Connects to a node, waits until the connection cannot be used any more, and begins anew.
  private func maintain(_ node: Node) async {
    var failures = 0
    if node.firstDelay > .zero && node.seed == nil {
      _ = await node.pause.add(on: loop, due: loop.now + node.firstDelay.wholeMilliseconds)
    }
    while !Task.isCancelled && !node.isGone && node.isWanted {
      let timesWoken = node.timesWoken
      do throws(CassandraError) {
        let connection = if let seed = node.seed.take(), seed.isUsable { seed } else { try await connect(to: node) }
        noteReached(node)
        node.version = connection.version
        node.failure = nil
        node.wasTried = true
        node.connection = connection
        connectionsChanged()
        let began = loop.now
        if node.isGone { connection.drain() }
        await connection.untilUnusable()
        node.connection = nil
        if Task.isCancelled || node.isGone || !node.isWanted {
          await end(connection)
          break
        }
        if let failure = connection.failure {
          node.failure = context.explain(failure, at: node.endPoint)
          context.logger.warning(
            "a connection was lost",
            ["node": .text("\(node.endPoint)"), "loop": .integer(loop.index), "error": .text(failure.debugDescription)])
        }
        // It is replaced at once, and requests wait for that. Only where one connection after the other is lost as soon
        // as it is made, that counts like failing to connect.
        let hasServed = loop.now - began >= context.configuration.reconnection.first.wholeMilliseconds
        failures = hasServed ? 0 : failures + 1
        if failures <= 1 {
          node.wasTried = false
          onChange?()
          continue
        }
        connectionsChanged()
      } catch {
        if Task.isCancelled || node.isGone { break }
        failures += 1
        note(context.explain(error, at: node.endPoint), at: node, failures: failures)
        considerInquiry(failures: failures)
      }
      // News begin the waits anew, too: a node that has come back is asked again soon when it is not quite ready.
      if node.timesWoken == timesWoken {
        let delay = context.configuration.reconnection.delay(failures: failures, chance: .random(in: 0...1))
        _ = await node.pause.add(on: loop, due: loop.now + delay.wholeMilliseconds)
      }
      if node.timesWoken != timesWoken { failures = 0 }
    }
    node.isMaintained = false
    if Task.isCancelled { close() }
    connectionsChanged()
  }

  private func note(_ error: CassandraError, at node: Node, failures: Int) {
    let isNew = node.failure?.code != error.code || !node.wasTried
    node.failure = error
    node.wasTried = true
    connectionsChanged()
    // The same failure again and again says nothing new; it is logged when it begins and from time to time.
    if isNew || failures % 10 == 0 {
      context.logger.warning(
        "cannot connect to the database; trying again",
        ["node": .text("\(node.endPoint)"), "loop": .integer(loop.index), "error": .text(error.debugDescription)])
    } else {
      context.logger.debug("cannot connect to the database", ["node": .text("\(node.endPoint)")])
    }
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
