internal import CassandraBytes
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

extension LoopClient {
  /// Keeps a connection to every node until the task is cancelled; then lets what is under way finish.
  func run() async {
    state = .running
    connectionsChanged()
    let bound = LoopBound(self, on: loop)
    await withDiscardingTaskGroup { group in
      if let directory = context.directory, loop.index == 0 {
        group.addTask(executorPreference: loop) { await bound.onLoop.inquire(of: directory) }
      }
      repeat {
        for node in nodes where !node.isMaintained {
          node.isMaintained = true
          let node = LoopBound(node, on: loop)
          group.addTask(executorPreference: loop) { await bound.onLoop.maintain(node.onLoop) }
        }
      } while await hasOtherNodes()
    }
    state = .closed
    connectionsChanged()
  }

  /// Waits until the directory has listed other nodes; false when it will not.
  private func hasOtherNodes() async -> Bool {
    guard context.directory != nil else { return false }
    let admission = await topology.add(on: loop, due: .max)
    if admission != .cancelled { return true }
    state = .closed
    connectionsChanged()
    return false
  }

  /// Connects to a node, waits until the connection cannot be used any more, and begins anew.
  private func maintain(_ node: Node) async {
    var failures = 0
    var version = context.configuration.protocolVersion
    var attempt = Int.random(in: 0..<1024)
    while !Task.isCancelled && !node.isGone {
      let timesWoken = node.timesWoken
      do throws(CassandraError) {
        attempt &+= 1
        let connection = try await connect(to: node, version: &version, attempt: attempt)
        noteReached(node)
        node.failure = nil
        node.wasTried = true
        node.connection = connection
        connectionsChanged()
        let began = loop.now
        if node.isGone { connection.drain() }
        await connection.untilUnusable()
        node.connection = nil
        if Task.isCancelled || node.isGone {
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
          continue
        }
        connectionsChanged()
      } catch {
        if Task.isCancelled || node.isGone { break }
        failures += 1
        note(context.explain(error, at: node.endPoint), at: node, failures: failures)
        considerInquiry(about: node, failures: failures)
      }
      guard node.timesWoken == timesWoken else { continue }
      let delay = context.configuration.reconnection.delay(failures: failures, chance: .random(in: 0...1))
      _ = await node.pause.add(on: loop, due: loop.now + delay.wholeMilliseconds)
    }
    if !node.isGone { state = .closed }
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
    if Task.isCancelled {
      state = .closed
      connectionsChanged()
    }
    connection.drain()
    await connection.untilClosed(within: context.configuration.limits.drainTimeout)
    connection.close(CassandraError(.closed, "The database client has been closed.", coordinator: connection.endPoint))
  }

  /// Connects once; a server that speaks only an older version is asked again with that.
  private func connect(
    to node: Node, version: inout ProtocolVersion, attempt: Int
  ) async throws(CassandraError) -> NodeConnection {
    let endPoint = node.endPoint
    let due = loop.now + context.configuration.limits.connectTimeout.wholeMilliseconds
    while true {
      let transport = try await open(endPoint, attempt: attempt, due: due)
      let connection = NodeConnection(
        transport, to: endPoint, version: version, limits: context.configuration.limits, logger: context.logger)
      switch try await shakeHands(connection, due: due) {
      case nil:
        connection.startHeartbeat()
        await context.watchSchema(over: connection, due: due)
        if endPoint.serverName != nil { node.hostID = await hostID(on: connection, due: due) }
        context.logger.info(
          "connected",
          [
            "node": .text("\(endPoint)"), "host_id": .text(node.hostID?.description ?? ""),
            "protocol": .text("\(version)"), "loop": .integer(loop.index),
          ])
        return connection
      case let lower?:
        context.logger.debug("the server speaks an older version of the protocol", ["version": .text("\(lower)")])
        version = lower
      }
    }
  }

  private func open(_ endPoint: EndPoint, attempt: Int, due: UInt64) async throws(CassandraError) -> Transport {
    var options = ConnectOptions()
    options.tls = context.configuration.tls?.client(verifying: endPoint.host, serverName: endPoint.serverName)
    let addresses = try await addresses(of: endPoint)
    var last: (any Error)?
    for index in addresses.indices {
      let now = loop.now
      guard now < due, !Task.isCancelled else { break }
      options.timeout = .milliseconds(due - now)
      do throws(ReactorError) {
        return try await Transport.connect(
          to: addresses[(index + attempt) % addresses.count], on: loop, options: options)
      } catch { last = error }
    }
    throw unreachable(endPoint, last)
  }

  /// The addresses of a node's host, looked up anew; those of the last time when that fails.
  private func addresses(of endPoint: EndPoint) async throws(CassandraError) -> [SocketAddress] {
    // Behind a proxy all nodes have one host, and what is known of it serves all.
    let host = EndPoint(host: endPoint.host, port: endPoint.port)
    do {
      let found = try await context.configuration.resolver(host.host, host.port, loop)
      if context.directory != nil { addresses[host] = found }
      return found
    } catch {
      guard let known = addresses[host], !Task.isCancelled else { throw unreachable(endPoint, error) }
      return known
    }
  }

  private func unreachable(_ endPoint: EndPoint, _ cause: (any Error)?) -> CassandraError {
    // The reactor's sentences name no address, and they say what to look at: the name, the certificate, the port.
    let why = (cause as? ReactorError).map { ": \($0)." } ?? "."
    return CassandraError(
      .noNodeAvailable, "The database cannot be reached\(why)", coordinator: endPoint, isRetrySafe: true, cause: cause)
  }

  /// What a failure of the handshake means to a request that waits for a connection.
  private func unreachable(_ endPoint: EndPoint, afterHandshake error: CassandraError) -> CassandraError {
    switch error.code {
    case .connectionLost
    where context.configuration.tls != nil && (error.cause as? ReactorError)?.code == .connectionReset:
      // In TLS 1.3 a server judges our certificate after we think that all is well, and the alert with its reason may be
      // overtaken by the end of the connection.
      CassandraError(
        .noNodeAvailable,
        "The database cannot be reached: it cut the connection after TLS; it may want a client certificate that it trusts.",
        coordinator: endPoint, isRetrySafe: true, cause: error.cause)
    case .connectionLost: unreachable(endPoint, error.cause)
    case .timedOut:
      CassandraError(
        .noNodeAvailable, "The database cannot be reached: it takes connections and does not answer.",
        coordinator: endPoint, isRetrySafe: true, cause: error)
    default: error
    }
  }

  /// Goes through the handshake; returns another version when the server wants one.
  private func shakeHands(
    _ connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> ProtocolVersion? {
    let configuration = context.configuration
    var handshake = Handshake(
      Handshake.Wishes(
        version: connection.version, compression: configuration.compression,
        authenticator: configuration.authenticator ?? configuration.credentials,
        keyspace: configuration.keyspace, driverName: DriverIdentity.name, driverVersion: DriverIdentity.version,
        introduction: configuration.introduction))
    var action = handshake.start()
    do throws(CassandraError) {
      while true {
        switch action {
        case .send(let request): action = handshake.receive(try await exchange(request, on: connection, due: due))
        case .reframe(let framing, let request):
          connection.reframe(framing)
          action = handshake.receive(try await exchange(request, on: connection, due: due))
        case .ready(let framing):
          connection.reframe(framing)
          return nil
        case .reconnect(let version):
          connection.close(.connectionLost(nil, coordinator: connection.endPoint))
          return version
        case .fail(let error): throw error
        }
      }
    } catch {
      connection.close(error)
      throw unreachable(connection.endPoint, afterHandshake: error)
    }
  }

  private func exchange(
    _ request: RequestMessage, on connection: NodeConnection, due: UInt64
  ) async throws(CassandraError) -> ResponseMessage {
    let outcome = try await connection.request(request.opcode, due: due) {
      (output: inout [UInt8]) throws(CassandraError) in
      do throws(WireError) { try request.encode(into: &output, version: connection.version) } catch {
        throw .unsendable(error)
      }
    }
    switch outcome {
    case .failure(let error): throw error
    case .done: return .result(.void)
    case .answer(let header, let body):
      do throws(WireError) {
        var position = 0
        _ = try ResponsePrefix(reading: body.span, at: &position, flags: header.flags)
        guard let opcode = Opcode(rawValue: header.opcode) else {
          throw WireError(.unexpectedOpcode, at: 4, "\(header.opcode) is no opcode.")
        }
        return try ResponseMessage(
          opcode: opcode, body: body.span.extracting(position..<body.count), version: connection.version)
      } catch {
        throw CassandraError.protocolViolation("\(error)", coordinator: connection.endPoint, cause: error)
      }
    }
  }
}

/// How the driver introduces itself to a server.
enum DriverIdentity {
  static let name = "swift-cassandra"
  static let version = PackageVersion.text
}
