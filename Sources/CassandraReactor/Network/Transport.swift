internal import CCassandraUV

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Is told what happens on a ``Transport``; every call comes on the loop's thread.
public protocol TransportDelegate: AnyObject {
  /// Bytes have arrived. They are there during the call only.
  func transport(_ transport: Transport, received bytes: Span<UInt8>)
  /// The peer will send no more; writing may still be possible.
  func transportInputEnded(_ transport: Transport)
  /// The turn ends and the output leaves after this call: the last moment to add to it.
  func transportWillFlush(_ transport: Transport)
  /// The last call: the socket is closed, by us when `error` is nil or by a failure.
  func transportClosed(_ transport: Transport, error: ReactorError?)
}

extension TransportDelegate {
  /// Adds nothing.
  public func transportWillFlush(_ transport: Transport) {}
}

/// A stream of bytes to and from a peer: a TCP connection, plain or inside TLS.
///
/// It belongs to one loop. What is written during a turn leaves in one piece at the turn's end. When the peer does not
/// read, what the kernel did not take waits here: ``waitingBytes`` tells how much, and ``drain()`` waits until it is
/// gone.
public final class Transport {
  enum Phase {
    case connecting
    case securing
    case open
    case closed
  }

  /// The loop that it belongs to.
  public let loop: EventLoop
  /// The address of the peer, when it is known.
  public private(set) var peer: SocketAddress?
  /// Who is told; kept until the transport has closed.
  public var delegate: (any TransportDelegate)?

  let core: LoopCore
  let handle: UnsafeMutablePointer<uv_tcp_t>
  // `@exclusivity(unchecked)` here and below: these are touched on the loop's thread only, and no access to one of them
  // lasts while other code runs that could touch it, so the check at every access would find nothing.
  @exclusivity(unchecked) var phase: Phase
  @exclusivity(unchecked) var tls: TLSSession?
  /// Called once, when the connection can be used or when it failed before that.
  var onReady: ((ReactorError?) -> Void)?
  /// Called once, when the handle has closed.
  var onClosed: (() -> Void)?

  @exclusivity(unchecked) private var knownPeerHost: [UInt8] = []
  @exclusivity(unchecked) var output: [UInt8] = []
  @exclusivity(unchecked) var isDirty = false
  @exclusivity(unchecked) var isWriting = false
  @exclusivity(unchecked) private(set) var isReading = false
  @exclusivity(unchecked) private var inputEnded = false
  /// Bytes that were received since the sockets were looked at last, and when that was.
  @exclusivity(unchecked) private var receivedInTurn = 0
  @exclusivity(unchecked) private var receivedTurn: UInt64 = 0
  /// Whether reading goes on in the next turn.
  @exclusivity(unchecked) private var readsNextTurn = false
  /// Who takes the output of a transport that has no socket; nil for one that has.
  @exclusivity(unchecked) var memory: MemoryPeer?
  @exclusivity(unchecked) var finish = Finish.notWanted
  /// Bytes that were given to the socket or wait in front of it, since the connection began.
  @exclusivity(unchecked) public internal(set) var sentBytes: UInt64 = 0
  /// Where somebody waits until the output is gone, once somebody has.
  @exclusivity(unchecked) var drainWait: LoopWait<Void>?
  @exclusivity(unchecked) var failure: ReactorError?

  /// How far the orderly end of our half has got.
  enum Finish {
    case notWanted
    case wanted
    case sent
  }

  /// Makes the handle; throws when libuv cannot.
  init(on loop: EventLoop, phase: Phase) throws(ReactorError) {
    self.loop = loop
    self.phase = phase
    core = loop.core
    handle = .allocate(capacity: 1)
    let result = uv_tcp_init(core.uv, handle)
    guard result == 0 else {
      handle.deallocate()
      throw ReactorError(uv: result, "making a socket")
    }
    core.openHandles += 1
    handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
  }

  static func of(_ data: UnsafeMutableRawPointer?) -> Transport? {
    guard let data else { return nil }
    return Unmanaged<Transport>.fromOpaque(data).takeUnretainedValue()
  }

  var stream: UnsafeMutablePointer<uv_stream_t> {
    UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_stream_t.self)
  }

  /// The peer's address without its port, as text for logs; `unix` when it is not known. It is made once.
  package var peerHost: [UInt8] {
    if knownPeerHost.isEmpty { knownPeerHost = Array((peer?.host ?? "unix").utf8) }
    return knownPeerHost
  }

  /// Whether bytes can still be written.
  public var isOpen: Bool { phase == .open && finish == .notWanted }
  /// Whether the connection is inside TLS.
  public var isSecure: Bool { tls != nil }
}

// MARK: - Beginning

extension Transport {
  /// Seconds of silence after which the system asks an accepted peer whether it is still there: 60. Without it a peer
  /// that has lost its power or its network keeps its connection for ever.
  private static let keepAliveSeconds: UInt32 = 60

  /// After the TCP connection stands: no delay, then TLS or at once open.
  func connectionEstablished(isAccepted: Bool = false) {
    // Neither is vital, and a unix socket has none of them.
    _ = uv_tcp_nodelay(handle, 1)
    if isAccepted { _ = uv_tcp_keepalive(handle, 1, Self.keepAliveSeconds) }
    peer = peerAddress()
    guard tls != nil else {
      becomeOpen()
      return
    }
    phase = .securing
    startReading()
    continueHandshake()
  }

  private func becomeOpen() {
    phase = .open
    let ready = onReady.take()
    ready?(nil)
  }

  private func continueHandshake() {
    guard let tls else { return }
    do {
      let isDone = try tls.handshake()
      sendCiphertext(of: tls)
      guard isDone, phase == .securing else { return }
      becomeOpen()
      deliverPlaintext(of: tls)
    } catch {
      sendCiphertext(of: tls)  // The alert tells the peer why.
      fail(error)
    }
  }

  private func peerAddress() -> SocketAddress? {
    var storage = sockaddr_storage()
    var length = Int32(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        uv_tcp_getpeername(handle, address, &length) == 0 ? SocketAddress(UnsafePointer(address)) : nil
      }
    }
  }

  /// What is known of TLS; nil on a plain connection.
  public var tlsFacts: TLSFacts? { tls?.facts }
}

// MARK: - Input

extension Transport {
  /// Begins to receive, or goes on after ``pauseReading()``.
  public func startReading() {
    guard !isReading, !inputEnded, phase != .closed, phase != .connecting else { return }
    isReading = true
    if let memory {
      memory.readingStarted()
      return
    }
    if readsNextTurn { return }
    let result = uv_read_start(
      stream,
      { handle, _, buffer in
        guard let transport = Transport.of(handle?.pointee.data) else { return }
        let core = transport.core
        buffer?.pointee.base = core.receiveBuffer.baseAddress?.assumingMemoryBound(to: CChar.self)
        buffer?.pointee.len = transport.tls == nil ? core.receiveRoom : core.receiveRoomOfTLS
      },
      { stream, count, _ in
        guard count != 0, let transport = Transport.of(stream?.pointee.data) else { return }
        transport.didRead(count)
      })
    if result != 0 { fail(ReactorError(uv: result, "receiving")) }
  }

  /// Stops receiving, so that the peer has to wait once the kernel's buffers are full.
  ///
  /// While reading is paused, the end of the peer is not noticed.
  public func pauseReading() {
    guard isReading else { return }
    isReading = false
    if memory == nil { uv_read_stop(stream) }
  }

  /// Reads no more before the loop has looked at its other sockets.
  private func goOnNextTurn() {
    guard isReading, !readsNextTurn else { return }
    readsNextTurn = true
    uv_read_stop(stream)
    let bound = LoopBound(self, on: loop)
    loop.post { bound.withValue { $0.goOn() } }
  }

  private func goOn() {
    readsNextTurn = false
    // It may have been paused meanwhile, or closed.
    guard isReading, phase != .closed else { return }
    isReading = false
    startReading()
  }

  private func didRead(_ count: Int) {
    // The transport may be closed and let go by its delegate during the calls below.
    withExtendedLifetime(self) {
      if count < 0 {
        isReading = false
        uv_read_stop(stream)
        if Int32(count) == UV_EOF.rawValue { didReadEnd() } else { fail(ReactorError(uv: Int32(count), "receiving")) }
        return
      }
      core.receivedBytes += count
      if receivedTurn != core.turnNumber { (receivedTurn, receivedInTurn) = (core.turnNumber, 0) }
      receivedInTurn += count
      // libuv reads a socket again at once, up to 32 times, as long as it fills the buffer.
      if receivedInTurn >= (tls == nil ? LoopCore.receivedInTurn : LoopCore.receivedInTurnOfTLS) { goOnNextTurn() }
      let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(core.receiveBuffer)[..<count])
      guard let tls else {
        delegate?.transport(self, received: bytes.assumingMemoryBound(to: UInt8.self).span)
        return
      }
      tls.receive(ciphertext: bytes)
      switch phase {
      case .securing: continueHandshake()
      case .open: deliverPlaintext(of: tls)
      case .connecting, .closed: break
      }
    }
  }

  private func deliverPlaintext(of tls: TLSSession) {
    let buffer = core.plaintextBuffer
    while phase == .open {
      do {
        let (count, state) = try tls.read(into: buffer)
        sendCiphertext(of: tls)  // A key update or a renegotiation wants an answer.
        if count > 0 {
          let bytes = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
          delegate?.transport(self, received: bytes.assumingMemoryBound(to: UInt8.self).span)
        }
        switch state {
        case .mayHaveMore: continue
        case .drained: return
        case .ended:
          didReadEnd()
          return
        }
      } catch {
        sendCiphertext(of: tls)
        fail(error)
      }
    }
  }

  func didReadEnd() {
    guard !inputEnded else { return }
    if let tls, !tls.wasClosedByPeer {
      // Without the closing alert the end may have been forged by anyone on the way.
      fail(tls.truncationError(isHandshake: phase == .securing))
      return
    }
    inputEnded = true
    if phase != .open {
      fail(ReactorError(.connectionClosed, "the peer closed the connection before it could be used"))
      return
    }
    delegate?.transportInputEnded(self)
    closeWhenBothEnded()
  }
}

// MARK: - The end

extension Transport {
  /// Ends our half in order: what was written leaves, then the peer is told that nothing follows. The transport closes
  /// when the peer has ended its half too.
  public func finishOutput() {
    guard phase == .open, finish == .notWanted else { return }
    finish = .wanted
    setNeedsFlush()
  }

  func sendEnd() {
    finish = .sent
    if let tls {
      tls.sendClose()
      sendCiphertext(of: tls)
    }
    if let memory {
      memory.outputEnded()
      closeWhenBothEnded()
      return
    }
    let request = UnsafeMutablePointer<uv_shutdown_t>.allocate(capacity: 1)
    let result = uv_shutdown(request, stream) { request, _ in request?.deallocate() }
    if result != 0 {
      request.deallocate()
      fail(ReactorError(uv: result, "ending the output"))
      return
    }
    closeWhenBothEnded()
  }

  private func closeWhenBothEnded() {
    if inputEnded && finish == .sent { close() }
  }

  /// Closes at once; what has not left is lost.
  public func close() { end(nil, abruptly: false) }

  /// Cuts the connection so that the peer sees a reset and cannot take what it got for all there is.
  public func abort() { end(nil, abruptly: true) }

  func fail(_ error: ReactorError) { end(error, abruptly: false) }

  func end(_ error: ReactorError?, abruptly: Bool) {
    guard phase != .closed else { return }
    phase = .closed
    failure = error
    isReading = false
    let ready = onReady.take()
    ready?(error ?? closedError)
    drainWait?.end()
    let didClose: uv_close_cb = { handle in
      guard let data = handle?.pointee.data else { return }
      Unmanaged<Transport>.fromOpaque(data).takeRetainedValue().didClose()
    }
    // A reset is not possible any more once the end has been sent.
    if abruptly && finish != .sent && memory == nil && uv_tcp_close_reset(handle, didClose) == 0 { return }
    uv_close(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self), didClose)
  }

  private func didClose() {
    core.openHandles -= 1
    handle.deallocate()
    output = []
    let delegate = delegate.take()
    delegate?.transportClosed(self, error: failure)
    let closed = onClosed.take()
    closed?()
  }
}
