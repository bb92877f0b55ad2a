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
    if Task.isCancelled { throw LookUp.cancelled }
    let lookUp = LookUp(core: core, port: port)
    lookUp.start(host)
    defer { lookUp.stop() }
    let due = timeout.map { now + $0.wholeMilliseconds }
    return try await lookUp.addresses.value(on: self, due: due, cancelled: .failure(LookUp.cancelled)) {
      .failure(ReactorError(.timedOut, "looking up a host name took too long"))
    }.get()
  }
}

/// One look-up on libuv's pool of threads.
private final class LookUp {
  static var cancelled: ReactorError { ReactorError(.connectionClosed, "looking up a host name was cancelled") }

  let addresses = OneShot<Result<[SocketAddress], ReactorError>>()

  private let core: LoopCore
  private let port: UInt16
  private let request = UnsafeMutablePointer<uv_getaddrinfo_t>.allocate(capacity: 1)
  private var isUnderWay = false

  init(core: LoopCore, port: UInt16) {
    self.core = core
    self.port = port
  }

  deinit { request.deallocate() }

  func start(_ host: String) {
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
      addresses.fulfill(.failure(ReactorError(uv: result, "looking up a host name", detail: host)))
    }
  }

  /// Nobody waits any more. A look-up that a thread has begun goes on there, and its result is dropped.
  func stop() {
    if isUnderWay { uv_cancel(UnsafeMutableRawPointer(request).assumingMemoryBound(to: uv_req_t.self)) }
  }

  private func didEnd(_ status: Int32, _ list: UnsafeMutablePointer<addrinfo>?) {
    core.openHandles -= 1
    isUnderWay = false
    defer { uv_freeaddrinfo(list) }
    guard status == 0 else {
      addresses.fulfill(.failure(ReactorError(uv: status, "looking up a host name")))
      return
    }
    var found: [SocketAddress] = []
    var entry = list
    while let current = entry {
      if let bare = SocketAddress(current.pointee.ai_addr),
        let address = SocketAddress(bytes: bare.bytes, port: port, scope: bare.scope), !found.contains(address)
      {
        found.append(address)
      }
      entry = current.pointee.ai_next
    }
    addresses.fulfill(
      found.isEmpty
        ? .failure(ReactorError(.nameNotFound, "looking up a host name: it has no address")) : .success(found))
  }
}
