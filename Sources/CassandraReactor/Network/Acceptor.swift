internal import CCassandraUV

/// Takes the connections of one loop: counts them, lets TLS happen, and passes on those that are ready.
final class Acceptor {
  private let loop: EventLoop
  private let tls: TLSServer?
  private let handshakeTimeout: Duration
  let maximumConnections: Int
  private var onAccept: ((Transport) -> Void)?
  /// Called when there is room for a connection again.
  var onRoom: (() -> Void)?
  private(set) var openConnections = 0

  init(on loop: EventLoop, options: ListenOptions, onAccept: @escaping (Transport) -> Void) {
    self.loop = loop
    tls = options.tls
    handshakeTimeout = options.handshakeTimeout
    maximumConnections = options.maximumConnections
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
      if failure == nil { onAccept?(transport) }
    }
    if let tls {
      do { transport.tls = try TLSSession(server: tls) } catch {
        transport.fail(error)
        return
      }
      let deadline = loop.setDeadline(after: handshakeTimeout, handler: HandshakeDeadline(transport), token: 0)
      transport.onReady = { [self] failure in
        loop.cancelDeadline(deadline)
        if failure == nil { onAccept?(transport) }
      }
    }
    transport.connectionEstablished()
  }

  /// Takes a socket that another loop has accepted.
  func adopt(descriptor: Int32) {
    guard let transport = try? Transport(on: loop, phase: .connecting) else {
      closeDescriptor(descriptor)
      return
    }
    guard hasRoom, uv_tcp_open(transport.handle, descriptor) == 0 else {
      closeDescriptor(descriptor)
      transport.close()
      return
    }
    take(transport)
  }

  func stop() {
    onAccept = nil
    onRoom = nil
  }
}

private final class HandshakeDeadline: DeadlineHandler {
  private let transport: Transport

  init(_ transport: Transport) { self.transport = transport }

  func deadlinePassed(token: UInt64) {
    transport.fail(ReactorError(.timedOut, "the TLS handshake took too long"))
  }
}
