internal import CCassandraUV
public import CassandraTelemetry

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// How to listen.
public struct ListenOptions: Sendable {
  /// Connections that the kernel holds until they are accepted: 1,024 by default.
  public var backlog: Int32 = 1024
  /// Connections that may be open at once through this listener; more wait in the backlog. No limit by default.
  public var maximumConnections = Int.max
  /// How long the TLS handshake of a peer may take: 10 s by default.
  public var handshakeTimeout: Duration = .seconds(10)
  /// TLS; nil for plain TCP.
  public var tls: TLSServer?
  /// Is told when connections have to wait or cannot be taken; silent by default.
  public var logger: CassandraLogger = .silent

  /// The defaults: a backlog of 1,024, no limit, plain.
  public init() {}
}

/// A socket that takes connections, on one loop.
///
/// It accepts by itself and leaves libuv's way aside, which takes connections that the process has no descriptor for out
/// of the backlog and closes them without a word. Here they stay in the backlog until there is one.
public final class Listener {
  /// Where it listens, with the port that the system chose.
  public let address: SocketAddress

  private let loop: EventLoop
  private let core: LoopCore
  private let descriptor: Int32
  private let poll: UnsafeMutablePointer<uv_poll_t>
  private let acceptor: Acceptor
  /// Gives a socket to another loop; nil when this loop serves its connections itself.
  private let handOver: ((Int32) -> Void)?
  private var isOpen = true
  private var passesOver = false
  /// Whether the kernel tells us of connections.
  private var isWatching = false
  private var retry: DeadlineKey?

  /// Connections that are taken in one turn at most: 64. More are taken in the next, after what the others asked.
  private static let connectionsOfATurn = 64
  /// How long the listener rests when the process has no descriptor left: 100 ms.
  private static let rest: Duration = .milliseconds(100)

  /// Listens at `address` and calls `onAccept` on the loop for each connection that is ready, TLS done.
  ///
  /// - Throws: ``ReactorError/Code/addressInUse``, ``ReactorError/Code/addressNotAvailable``,
  ///   ``ReactorError/Code/permissionDenied``, ``ReactorError/Code/tooManyOpenFiles``.
  public convenience init(
    at address: SocketAddress, on loop: EventLoop, options: ListenOptions = ListenOptions(),
    onAccept: @escaping (Transport) -> Void
  ) throws(ReactorError) {
    let acceptor = Acceptor(on: loop, options: options, onAccept: onAccept)
    try self.init(at: address, on: loop, backlog: options.backlog, sharesPort: false, acceptor: acceptor, handOver: nil)
  }

  init(
    at address: SocketAddress, on loop: EventLoop, backlog: Int32, sharesPort: Bool, acceptor: Acceptor,
    handOver: ((Int32) -> Void)?
  ) throws(ReactorError) {
    let core = loop.core
    let socket = try ListeningSocket(at: address, backlog: backlog, sharesPort: sharesPort)
    let poll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
    let result = uv_poll_init(core.uv, poll, socket.descriptor)
    guard result == 0 else {
      poll.deallocate()
      socket.close()
      throw ReactorError(uv: result, "listening", logDetail: "\(address)")
    }
    self.loop = loop
    self.core = core
    self.acceptor = acceptor
    self.handOver = handOver
    self.poll = poll
    self.address = socket.address
    descriptor = socket.descriptor
    core.openHandles += 1
    poll.pointee.data = Unmanaged.passRetained(self).toOpaque()
    acceptor.onRoom = { [self] in watch() }
    watch()
    if !isWatching {
      close()
      throw ReactorError(.system, "listening: the system does not tell of connections", logDetail: "\(address)")
    }
  }

  /// Connections that are open through this listener, those in the TLS handshake included.
  public var openConnections: Int { acceptor.openConnections }

  /// Lets further listeners of this process share the port from now on. Before that, and to every other process, the
  /// address is in use.
  func allowSharing() { ListeningSocket.sharePort(of: descriptor) }
}

// MARK: - Accepting

extension Listener {
  private var hasRoom: Bool { acceptor.hasRoom || handOver != nil }

  /// Lets the kernel tell of connections, unless all places are taken.
  private func watch() {
    guard isOpen, !isWatching, retry == nil, hasRoom else { return }
    let result = uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { poll, status, _ in
      guard let data = poll?.pointee.data else { return }
      Unmanaged<Listener>.fromOpaque(data).takeUnretainedValue().connectionsWait(status)
    }
    isWatching = result == 0
    if result != 0 { restAWhile(ReactorError(uv: result, "listening")) }
  }

  private func stopWatching() {
    guard isWatching else { return }
    isWatching = false
    uv_poll_stop(poll)
  }

  private func connectionsWait(_ status: Int32) {
    guard isOpen else { return }
    if status < 0 { return restAWhile(ReactorError(uv: status, "listening")) }
    for _ in 0..<Self.connectionsOfATurn {
      guard isOpen else { return }
      guard hasRoom else {
        stopWatching()
        acceptor.logger.warning(
          "connections wait, because as many are open as there may be",
          ["open": .integer(acceptor.openConnections), "address": .text("\(address)")])
        return
      }
      let accepted = ListeningSocket.accept(from: descriptor)
      guard accepted >= 0 else {
        switch errno {
        case EAGAIN, EWOULDBLOCK: return
        // The client has left again, or a signal came.
        case ECONNABORTED, EINTR, EPROTO: continue
        case let code: return restAWhile(ReactorError(uv: -code, "accepting a connection"))
        }
      }
      if let handOver { handOver(accepted) } else { acceptor.adopt(descriptor: accepted) }
    }
  }

  /// Leaves what waits in the backlog and looks again after a while.
  private func restAWhile(_ error: ReactorError) {
    stopWatching()
    acceptor.logger.warning(
      "no connection can be accepted at the moment; those that wait stay in the backlog",
      ["error": .text(error.debugDescription), "open": .integer(acceptor.openConnections)])
    retry = loop.setDeadline(after: Self.rest, handler: self, token: 0)
  }

  /// Lets nobody begin a connection any more, as far as the system can; those that have begun are still accepted.
  ///
  /// A socket that is closed resets the connections that have been made and not accepted, and between the last look for them
  /// and the closing there is a time, however short.
  ///
  /// - Returns: Whether handshakes of TCP may still be under way.
  func passOverNewConnections() -> Bool {
    guard isOpen, !passesOver else { return false }
    passesOver = true
    return ListeningSocket.passOverNew(descriptor, at: address)
  }

  /// Stops listening. Connections that are open stay open.
  public func close() { close(finishingHandshakes: false) }

  /// The same; with `finishesHandshakes` connections within their TLS handshakes are still passed on.
  func close(finishingHandshakes finishesHandshakes: Bool) {
    guard isOpen else { return }
    _ = passOverNewConnections()
    isOpen = false
    if let retry { loop.cancelDeadline(retry) }
    retry = nil
    stopWatching()
    // Who waits in the backlog would be reset.
    var accepted = ListeningSocket.accept(from: descriptor)
    while accepted >= 0 {
      if let handOver { handOver(accepted) } else { acceptor.adopt(descriptor: accepted) }
      accepted = ListeningSocket.accept(from: descriptor)
    }
    acceptor.stop(finishingHandshakes: finishesHandshakes)
    uv_close(UnsafeMutableRawPointer(poll).assumingMemoryBound(to: uv_handle_t.self)) { handle in
      guard let data = handle?.pointee.data else { return }
      let listener = Unmanaged<Listener>.fromOpaque(data).takeRetainedValue()
      listener.core.openHandles -= 1
      listener.poll.deallocate()
    }
    // The loop does not look at it any more, and nobody may connect from here on.
    closeDescriptor(descriptor)
  }
}

extension Listener: DeadlineHandler {
  /// The rest is over.
  public func deadlinePassed(token: UInt64) {
    retry = nil
    watch()
  }
}
