internal import CCassandraUV

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

extension EventLoop {
  /// The addresses of a host name, in the system's order of preference; an IP address stands for itself.
  ///
  /// The system's resolver blocks, so it runs on libuv's pool of threads, of which there are four. To be called on the
  /// loop.
  ///
  /// - Parameters:
  ///   - host: A name or an IP address.
  ///   - port: The port of the addresses.
  ///   - timeout: How long to wait for the resolver; nil, the default, for as long as it takes.
  /// - Throws: ``ReactorError/Code/nameNotFound``, ``ReactorError/Code/nameLookUpFailed``,
  ///   ``ReactorError/Code/timedOut``; ``ReactorError/Code/connectionClosed`` when the task is cancelled.
  public func resolve(
    _ host: String, port: Int, timeout: Duration? = nil
  ) async throws(ReactorError) -> [SocketAddress] {
    if let literal = try? SocketAddress(host, port: port) { return [literal] }
    guard let port = UInt16(exactly: port) else {
      throw ReactorError(.invalidAddress, "a port is a number from 0 to 65535", detail: "\(port)")
    }
    let lookUp = LookUp(core: core, port: port)
    let bound = LoopBound(lookUp, on: self)
    let deadline = timeout.map { setDeadline(after: $0, handler: lookUp, token: 0) }
    defer { if let deadline { cancelDeadline(deadline) } }
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { lookUp.start(host, waiter: $0) }
    } onCancel: {
      post { bound.withValue { $0.cancel() } }
    }
    return try result.get()
  }
}

/// One look-up on libuv's pool of threads.
private final class LookUp: DeadlineHandler {
  typealias Waiter = UnsafeContinuation<Result<[SocketAddress], ReactorError>, Never>

  private let core: LoopCore
  private let port: UInt16
  private let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
  private var waiter: Waiter?
  private var isUnderWay = false

  init(core: LoopCore, port: UInt16) {
    self.core = core
    self.port = port
  }

  deinit { request.deallocate() }

  func start(_ host: String, waiter: Waiter) {
    self.waiter = waiter
    if Task.isCancelled {
      cancel()
      return
    }
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    #if canImport(Darwin)
      hints.ai_socktype = SOCK_STREAM
    #else
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #endif
    hints.ai_flags = AI_ADDRCONFIG
    request.pointee.data = Unmanaged.passRetained(self).toOpaque()
    let result = uv_getaddrinfo(
      core.uv, request,
      { request, status, list in
        guard let data = request?.pointee.data else { return }
        Unmanaged<LookUp>.fromOpaque(data).takeRetainedValue().didEnd(status, list)
      }, host, nil, &hints)
    if result == 0 {
      core.openHandles += 1
      isUnderWay = true
    } else {
      Unmanaged.passUnretained(self).release()
      finish(.failure(ReactorError(uv: result, "looking up a host name", detail: host)))
    }
  }

  func cancel() { giveUp(ReactorError(.connectionClosed, "looking up a host name was cancelled")) }

  func deadlinePassed(token: UInt64) { giveUp(ReactorError(.timedOut, "looking up a host name took too long")) }

  /// Ends the wait. A look-up that a thread has begun goes on there, and its result is dropped.
  private func giveUp(_ error: ReactorError) {
    if isUnderWay { uv_cancel(UnsafeMutableRawPointer(request).assumingMemoryBound(to: uv_req_t.self)) }
    finish(.failure(error))
  }

  private func didEnd(_ status: Int32, _ list: UnsafeMutablePointer<addrinfo>?) {
    core.openHandles -= 1
    isUnderWay = false
    defer { uv_freeaddrinfo(list) }
    guard status == 0 else {
      finish(.failure(ReactorError(uv: status, "looking up a host name")))
      return
    }
    var addresses: [SocketAddress] = []
    var entry = list
    while let current = entry {
      if let found = SocketAddress(current.pointee.ai_addr),
        let address = SocketAddress(bytes: found.bytes, port: port, scope: found.scope), !addresses.contains(address)
      {
        addresses.append(address)
      }
      entry = current.pointee.ai_next
    }
    finish(
      addresses.isEmpty
        ? .failure(ReactorError(.nameNotFound, "looking up a host name: it has no address")) : .success(addresses))
  }

  private func finish(_ result: Result<[SocketAddress], ReactorError>) {
    let waiter = waiter.take()
    waiter?.resume(returning: result)
  }
}
