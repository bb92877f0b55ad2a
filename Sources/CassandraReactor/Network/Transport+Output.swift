internal import CCassandraUV

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

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

  /// Bytes of output that are worth a write of their own before the turn ends: 4 KiB. A turn that works for many would
  /// otherwise let the peer wait until all are done, and then wait itself until the peer is.
  package static let readyBytes = 4 << 10

  /// Gives the output to the kernel now when there is enough of it; else it leaves when the turn ends.
  @inline(__always)
  package func flushIfReady() {
    if output.count >= Self.readyBytes && !isWriting { flush() }
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

  /// Whether bytes of the peer have arrived that were not read yet, as far as this system tells. One system call, so it is
  /// for now and then.
  package var hasUnreadInput: Bool {
    guard phase != .closed else { return false }
    let descriptor = descriptor(of: handle)
    guard descriptor >= 0 else { return false }
    var count: Int32 = 0
    #if canImport(Darwin)
      var size = socklen_t(MemoryLayout<Int32>.size)
      guard getsockopt(descriptor, SOL_SOCKET, SO_NREAD, &count, &size) == 0 else { return false }
    #else
      guard ioctl(descriptor, UInt(FIONREAD), &count) == 0 else { return false }
    #endif
    return count > 0
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

  func sendCiphertext(of tls: TLSSession) {
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

  func outputGone() async {
    let wait = drainWait ?? LoopWait()
    drainWait = wait
    await wait.wait(on: loop)
  }

  /// What to throw to somebody who finds the transport closed.
  public var closedError: ReactorError {
    failure ?? ReactorError(.connectionClosed, "the connection is closed")
  }
}
