internal import CassandraBytes
internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// Makes connections: looks names up, connects, secures, shakes hands.
final class NodeConnector {
  let loop: EventLoop
  private let context: ClientContext
  /// The addresses that names had when they could last be looked up.
  private var addresses: [EndPoint: [SocketAddress]] = [:]
  private var attempt = Int.random(in: 0..<1024)

  init(on loop: EventLoop, context: ClientContext) {
    self.loop = loop
    self.context = context
  }

  /// Forgets the addresses of hosts that are none of these.
  func keepAddresses(of endPoints: [EndPoint]) {
    let hosts = Set(endPoints.map { ByteText($0.host) })
    addresses = addresses.filter { host, _ in hosts.contains(host.host) }
  }

  /// Connects once; a server that speaks only an older version is asked again with that.
  ///
  /// - Parameters:
  ///   - version: The version that the node spoke last; nil for the one of the settings.
  ///   - known: The addresses of the host, where they have just been looked up.
  func connect(
    to endPoint: EndPoint, speaking last: ProtocolVersion? = nil, at known: [SocketAddress]? = nil
  ) async throws(CassandraError) -> (NodeConnection, hostID: CQLUUID?) {
    let due = loop.now + context.configuration.limits.connectTimeout.wholeMilliseconds
    var version = last ?? context.configuration.protocolVersion
    while true {
      let transport = try await open(endPoint, at: known, due: due)
      let connection = NodeConnection(
        transport, to: endPoint, version: version, limits: context.configuration.limits, logger: context.logger)
      switch try await shakeHands(connection, due: due) {
      case nil:
        connection.startHeartbeat()
        await context.watchSchema(over: connection, due: due)
        if connection.lacksKeyspace { await lookForKeyspace(on: connection, due: due) }
        let hostID = endPoint.serverName == nil ? nil : await SystemTables.hostID(on: connection, due: due)
        context.logger.info(
          "connected",
          [
            "node": .text("\(endPoint)"), "host_id": .text(hostID?.description ?? ""),
            "protocol": .text("\(version)"), "loop": .integer(loop.index),
          ])
        return (connection, hostID)
      case let lower?:
        context.logger.debug("the server speaks an older version of the protocol", ["version": .text("\(lower)")])
        version = lower
      }
    }
  }

  /// The keyspace may have been made before the server was asked to tell of that.
  private func lookForKeyspace(on connection: NodeConnection, due: UInt64) async {
    guard let keyspace = context.configuration.keyspace else { return }
    let use = RequestMessage.query("USE \(Identifier(keyspace))", QueryParameters(consistency: .one))
    if case .result(.setKeyspace)? = try? await exchange(use, on: connection, due: due) {
      connection.lacksKeyspace = false
    }
  }

  private func open(
    _ endPoint: EndPoint, at known: [SocketAddress]?, due: UInt64
  ) async throws(CassandraError) -> Transport {
    var options = ConnectOptions()
    options.tls = try await tls(of: endPoint)?.client(
      verifying: endPoint.certificateName ?? endPoint.host, serverName: endPoint.serverName)
    let addresses = if let known { known } else { try await addresses(of: endPoint) }
    attempt &+= 1
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

  private func tls(of endPoint: EndPoint) async throws(CassandraError) -> TLSClientContext? {
    let tls: TLSClientContext?
    if let nodeTLS = context.configuration.nodeTLS {
      do { tls = try await nodeTLS(endPoint) } catch { throw unreachable(endPoint, error) }
    } else {
      tls = context.configuration.tls
    }
    if let tls {
      context.certificateWarnings.note(
        tls.identityDates, of: "the certificate that the client shows to the database", to: context.logger)
    }
    return tls
  }

  /// The addresses of a node's host, looked up anew; those of the last time when that fails.
  func addresses(of endPoint: EndPoint) async throws(CassandraError) -> [SocketAddress] {
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
    where (context.configuration.tls != nil || context.configuration.nodeTLS != nil)
      && (error.cause as? ReactorError)?.code == .connectionReset:
      // In TLS 1.3 a server judges our certificate after we think that all is well, and the alert with its reason may be
      // overtaken by the end of the connection.
      CassandraError(
        .noNodeAvailable,
        "The database cannot be reached: it closed the connection after the TLS handshake; it may require a client certificate that it trusts.",
        coordinator: endPoint, isRetrySafe: true, cause: error.cause)
    case .connectionLost: unreachable(endPoint, error.cause)
    case .timedOut:
      CassandraError(
        .noNodeAvailable, "The database cannot be reached: it accepts connections but does not answer.",
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
        introduction: configuration.introduction, keyspaceMayBeMissing: configuration.keyspaceMayBeMissing))
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
          connection.lacksKeyspace = handshake.lacksKeyspace
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
    case .late:
      throw CassandraError(.timedOut, "The database did not answer in time.", coordinator: connection.endPoint)
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
