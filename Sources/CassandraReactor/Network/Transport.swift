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

  @exclusivity(unchecked) private var output: [UInt8] = []
  @exclusivity(unchecked) private var isDirty = false
  @exclusivity(unchecked) private var isWriting = false
  @exclusivity(unchecked) private(set) var isReading = false
  @exclusivity(unchecked) private var inputEnded = false
  /// Who takes the output of a transport that has no socket; nil for one that has.
  @exclusivity(unchecked) var memory: MemoryPeer?
  @exclusivity(unchecked) private var finish = Finish.notWanted
  /// Bytes that were given to the socket or wait in front of it, since the connection began.
  @exclusivity(unchecked) public private(set) var sentBytes: UInt64 = 0
  /// Where somebody waits until the output is gone, once somebody has.
  @exclusivity(unchecked) private var drainWait: LoopWait<Void>?
  @exclusivity(unchecked) private var failure: ReactorError?

  /// How far the orderly end of our half has got.
  private enum Finish {
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
    let result = uv_read_start(
      stream,
      { handle, _, buffer in
        guard let core = Transport.of(handle?.pointee.data)?.core else { return }
        buffer?.pointee.base = core.receiveBuffer.baseAddress?.assumingMemoryBound(to: CChar.self)
        buffer?.pointee.len = core.receiveRoom
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

// MARK: - Output

extension Transport {
  /// Lets `body` append to the output, which leaves when the turn ends. Nothing is kept once the transport is closed.
  @inline(__always)
  public func write<Result, Failure: Error>(
    _ body: (inout [UInt8]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var buffer = takeOutput()
    defer { putBack(buffer) }
    return try body(&buffer)
  }

  /// Gives the output away, to be appended to and put back with ``putBack(_:)`` before anything else happens here. It
  /// leaves when the turn ends.
  package func takeOutput() -> [UInt8] {
    setNeedsFlush()
    guard output.capacity > 0 else { return core.takeBuffer() }
    var buffer: [UInt8] = []
    swap(&buffer, &output)
    return buffer
  }

  /// Takes back what ``takeOutput()`` gave.
  package func putBack(_ buffer: consuming [UInt8]) {
    var buffer = buffer
    // What was written meanwhile comes behind what was there before.
    if !output.isEmpty { buffer += output }
    swap(&buffer, &output)
  }

  /// Bytes of output since the last flush.
  public var outputCount: Int { output.count }

  /// Makes sure that the delegate is asked for output when the turn ends.
  public func setNeedsFlush() {
    guard !isDirty else { return }
    isDirty = true
    core.markDirty(self)
  }

  /// Bytes that were written and that the kernel has not taken yet.
  public var waitingBytes: Int {
    output.count + (phase == .closed ? 0 : Int(uv_stream_get_write_queue_size(stream)))
  }

  /// Bytes that the peer's system has acknowledged since the connection began, as far as this system tells; else those
  /// that the kernel has taken. One system call, so it is for now and then.
  public var acknowledgedBytes: UInt64 {
    guard phase != .closed else { return sentBytes }
    let outstanding = uv_stream_get_write_queue_size(stream) + unacknowledgedBytes
    return sentBytes > UInt64(outstanding) ? sentBytes - UInt64(outstanding) : 0
  }

  /// Bytes in the kernel that the peer has not acknowledged.
  private var unacknowledgedBytes: Int {
    let descriptor = descriptor(of: handle)
    guard descriptor >= 0 else { return 0 }
    var count: Int32 = 0
    #if canImport(Darwin)
      var size = socklen_t(MemoryLayout<Int32>.size)
      guard getsockopt(descriptor, SOL_SOCKET, SO_NWRITE, &count, &size) == 0 else { return 0 }
    #else
      guard ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 else { return 0 }
    #endif
    return max(0, Int(count))
  }

  func flushAtEndOfTurn() {
    flush()
    // Only now, so that what the delegate adds while it is asked does not ask for another flush.
    isDirty = false
  }

  /// Gives the output to the kernel now, as much of it as it takes.
  public func flush() {
    guard phase == .open else {
      if phase == .closed { output = [] }
      return
    }
    guard !isWriting else { return }
    delegate?.transportWillFlush(self)
    if !output.isEmpty {
      if let tls {
        let failure = output.withUnsafeBytes { tls.write($0) }
        output.removeAll(keepingCapacity: true)
        sendCiphertext(of: tls)
        if let failure { fail(failure) }
      } else {
        let failure = output.withUnsafeBytes { send($0) }
        output.removeAll(keepingCapacity: true)
        if let failure { fail(failure) }
      }
    }
    if output.capacity > 0 {
      var buffer: [UInt8] = []
      swap(&buffer, &output)
      core.giveBack(buffer)
    }
    if !isWriting { outputIsGone() }
  }

  private func sendCiphertext(of tls: TLSSession) {
    guard phase != .closed, !isWriting else { return }
    if let error = tls.withCiphertext({ send($0) }) { fail(error) }
  }

  /// Writes at once what the kernel takes, and leaves the rest to libuv in a copy.
  private func send(_ bytes: UnsafeRawBufferPointer) -> ReactorError? {
    guard !bytes.isEmpty else { return nil }
    sentBytes &+= UInt64(bytes.count)
    if let memory {
      memory.take(bytes)
      return nil
    }
    var buffer = uv_buf_init(
      UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: CChar.self)), UInt32(bytes.count))
    var written = Int(uv_try_write(stream, &buffer, 1))
    if written == Int(UV_EAGAIN.rawValue) { written = 0 }
    if written < 0 { return ReactorError(uv: Int32(written), "sending") }
    if written == bytes.count { return nil }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
    // The request with a copy of the bytes behind it.
    let header = MemoryLayout<uv_write_t>.stride
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: header + rest.count, alignment: MemoryLayout<uv_write_t>.alignment)
    UnsafeMutableRawBufferPointer(start: memory + header, count: rest.count).copyMemory(from: rest)
    buffer = uv_buf_init((memory + header).assumingMemoryBound(to: CChar.self), UInt32(rest.count))
    let request = memory.bindMemory(to: uv_write_t.self, capacity: 1)
    let result = uv_write(request, stream, &buffer, 1) { request, status in
      let transport = Transport.of(request?.pointee.handle?.pointee.data)
      UnsafeMutableRawPointer(request)?.deallocate()
      transport?.didWrite(status)
    }
    if result != 0 {
      memory.deallocate()
      return ReactorError(uv: result, "sending")
    }
    isWriting = true
    return nil
  }

  private func didWrite(_ status: Int32) {
    isWriting = false
    guard phase != .closed else { return }
    if status != 0 {
      fail(ReactorError(uv: status, "sending"))
      return
    }
    if let tls { sendCiphertext(of: tls) }
    flush()
  }

  private func outputIsGone() {
    drainWait?.end()
    if finish == .wanted { sendEnd() }
  }

  /// Gives the output to the kernel now and waits until it has taken all of it; for a writer who must not get ahead of
  /// a slow peer. One task at a time may wait.
  ///
  /// - Throws: the connection's failure, ``ReactorError/Code/connectionClosed`` when it is closed, or when the task has
  ///   been cancelled.
  public func drain() async throws(ReactorError) {
    flush()
    if phase == .open && (isWriting || !output.isEmpty) { await outputGone() }
    guard phase == .open else { throw closedError }
    if Task.isCancelled { throw ReactorError(.connectionClosed, "the wait for the peer was cancelled") }
  }

  private func outputGone() async {
    let wait = drainWait ?? LoopWait()
    drainWait = wait
    await wait.wait(on: loop)
  }

  /// What to throw to somebody who finds the transport closed.
  public var closedError: ReactorError {
    failure ?? ReactorError(.connectionClosed, "the connection is closed")
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

  private func sendEnd() {
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

  private func end(_ error: ReactorError?, abruptly: Bool) {
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
