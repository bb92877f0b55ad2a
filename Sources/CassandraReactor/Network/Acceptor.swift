internal import CCassandraUV
internal import CassandraTelemetry

/// Takes the connections of one loop: counts them, lets TLS happen, and passes on those that are ready.
final class Acceptor {
  private let loop: EventLoop
  private let tls: TLSServer?
  private let handshakeTimeout: Duration
  let logger: CassandraLogger
  let maximumConnections: Int
  private var onAccept: ((Transport) -> Void)?
  /// Called when there is room for a connection again.
  var onRoom: (() -> Void)?
  private(set) var openConnections = 0
  /// Connections within their TLS handshakes.
  private(set) var handshakes = 0
  private var isStopped = false

  init(on loop: EventLoop, options: ListenOptions, onAccept: @escaping (Transport) -> Void) {
    self.loop = loop
    tls = options.tls
    handshakeTimeout = options.handshakeTimeout
    maximumConnections = options.maximumConnections
    logger = options.logger
    self.onAccept = onAccept
  }

  var hasRoom: Bool { openConnections < maximumConnections }

  /// Takes a transport whose TCP connection stands.
  func take(_ transport: Transport) {
    openConnections += 1
    transport.onClosed = { [self] in
      openConnections -= 1
      onRoom?()
    }
    transport.onReady = { [self] failure in
      if failure == nil { passOn(transport) }
    }
    if let tls {
      do { transport.tls = try TLSSession(server: tls) } catch {
        transport.fail(error)
        return
      }
      let deadline = loop.setDeadline(after: handshakeTimeout, handler: HandshakeDeadline(transport), token: 0)
      handshakes += 1
      transport.onReady = { [self] failure in
        loop.cancelDeadline(deadline)
        handshakes -= 1
        if failure == nil { passOn(transport) }
        if isStopped && handshakes == 0 { onAccept = nil }
      }
    }
    transport.connectionEstablished(isAccepted: true)
  }

  private func passOn(_ transport: Transport) {
    // Whose handshake ends after the listener has closed belongs to nobody.
    if let onAccept { onAccept(transport) } else { transport.close() }
  }

  /// Takes a socket that was accepted, on this loop or another.
  func adopt(descriptor: Int32) {
    do throws(ReactorError) {
      let transport = try Transport(on: loop, phase: .connecting)
      let result = hasRoom ? uv_tcp_open(transport.handle, descriptor) : UV_EMFILE.rawValue
      guard result == 0 else {
        transport.close()
        throw ReactorError(uv: result, "taking a connection")
      }
      take(transport)
    } catch {
      closeDescriptor(descriptor)
      logger.warning(
        "a connection was closed because it could not be taken", ["error": .text(error.debugDescription)])
    }
  }

  /// Takes no further connection.
  ///
  /// - Parameter finishesHandshakes: Whether those within their handshakes are still passed on.
  func stop(finishingHandshakes finishesHandshakes: Bool) {
    isStopped = true
    onRoom = nil
    if !finishesHandshakes || handshakes == 0 { onAccept = nil }
  }
}

private final class HandshakeDeadline: DeadlineHandler {
  private let transport: Transport

  init(_ transport: Transport) { self.transport = transport }

  func deadlinePassed(token: UInt64) {
    transport.fail(ReactorError(.timedOut, "the TLS handshake took too long"))
  }
}
