internal import CCassandraUV

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

  /// The defaults: a backlog of 1,024, no limit, plain.
  public init() {}
}

/// A socket that takes connections, on one loop.
public final class Listener {
  /// Where it listens, with the port that the system chose.
  public let address: SocketAddress

  private let loop: EventLoop
  private let core: LoopCore
  private let handle: UnsafeMutablePointer<uv_tcp_t>
  private let acceptor: Acceptor
  /// Gives a socket to another loop; nil when this loop serves its connections itself.
  private let handOver: ((Int32) -> Void)?
  private var isOpen = true
  /// The kernel has a connection for us that was not taken yet.
  private var hasWaiting = false

  /// Listens at `address` and calls `onAccept` on the loop for each connection that is ready, TLS done.
  ///
  /// - Throws: ``ReactorError/Code/addressInUse``, ``ReactorError/Code/addressNotAvailable``,
  ///   ``ReactorError/Code/permissionDenied``.
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
    self.loop = loop
    self.acceptor = acceptor
    self.handOver = handOver
    core = loop.core
    handle = .allocate(capacity: 1)
    let result = uv_tcp_init_ex(core.uv, handle, UInt32(address.bytes.count == 4 ? AF_INET : AF_INET6))
    guard result == 0 else {
      handle.deallocate()
      throw ReactorError(uv: result, "making a socket")
    }
    switch Listener.bind(handle, to: address, sharesPort: sharesPort) {
    case .success(let address): self.address = address
    case .failure(let error):
      uv_close(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)) { handle in
        UnsafeMutableRawPointer(handle)?.deallocate()
      }
      throw error
    }
    core.openHandles += 1
    handle.pointee.data = Unmanaged.passRetained(self).toOpaque()
    let listening = uv_listen(stream, backlog) { stream, status in
      guard let data = stream?.pointee.data else { return }
      Unmanaged<Listener>.fromOpaque(data).takeUnretainedValue().connectionWaits(status)
    }
    if listening != 0 {
      close()
      throw ReactorError(uv: listening, "listening", detail: "\(address)")
    }
    acceptor.onRoom = { [self] in acceptWaiting() }
  }

  /// Connections that are open through this listener, those in the TLS handshake included.
  public var openConnections: Int { acceptor.openConnections }

  private var stream: UnsafeMutablePointer<uv_stream_t> {
    UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_stream_t.self)
  }

  private static func bind(
    _ handle: UnsafeMutablePointer<uv_tcp_t>, to address: SocketAddress, sharesPort: Bool
  ) -> Result<SocketAddress, ReactorError> {
    if sharesPort { setPortSharing(handle) }
    let result = address.withSystemAddress { pointer, _ in
      uv_tcp_bind(handle, pointer, address.bytes.count == 16 ? UInt32(UV_TCP_IPV6ONLY.rawValue) : 0)
    }
    guard result == 0 else { return .failure(ReactorError(uv: result, "listening", detail: "\(address)")) }
    var storage = sockaddr_storage()
    var length = Int32(MemoryLayout<sockaddr_storage>.size)
    let name = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { found in
        uv_tcp_getsockname(handle, found, &length) == 0 ? SocketAddress(UnsafePointer(found)) : nil
      }
    }
    return .success(name ?? address)
  }

  private static func setPortSharing(_ handle: UnsafeMutablePointer<uv_tcp_t>) {
    var on: Int32 = 1
    setsockopt(
      descriptor(of: handle), SOL_SOCKET, SO_REUSEPORT, &on, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Lets further listeners of this process share the port from now on. Before that, and to every other process, the
  /// address is in use.
  func allowSharing() { Listener.setPortSharing(handle) }
}

// MARK: - Accepting

extension Listener {
  private func connectionWaits(_ status: Int32) {
    // When no descriptor is left, the connection stays in the backlog and libuv tells us again later.
    guard isOpen, status == 0 else { return }
    hasWaiting = true
    acceptWaiting()
  }

  /// Takes the connection that waits, unless all places are taken: until it is taken, libuv does not look for another.
  private func acceptWaiting() {
    guard isOpen, hasWaiting, acceptor.hasRoom || handOver != nil else { return }
    hasWaiting = false
    guard let transport = try? Transport(on: loop, phase: .connecting) else { return }
    guard uv_accept(stream, transport.stream) == 0 else {
      transport.close()
      return
    }
    guard let handOver else {
      acceptor.take(transport)
      return
    }
    // A copy that a child process of the program inherited would keep the connection open when we have closed it.
    let copy = fcntl(descriptor(of: transport.handle), F_DUPFD_CLOEXEC, 0)
    transport.close()
    if copy >= 0 { handOver(copy) }
  }

  /// Stops listening. Connections that are open stay open.
  public func close() {
    guard isOpen else { return }
    isOpen = false
    acceptor.stop()
    uv_close(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)) { handle in
      guard let data = handle?.pointee.data else { return }
      let listener = Unmanaged<Listener>.fromOpaque(data).takeRetainedValue()
      listener.core.openHandles -= 1
      listener.handle.deallocate()
    }
  }
}

/// The socket behind a handle, or -1.
private func descriptor(of handle: UnsafeMutablePointer<uv_tcp_t>) -> Int32 {
  var descriptor: uv_os_fd_t = -1
  uv_fileno(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self), &descriptor)
  return descriptor
}

func closeDescriptor(_ descriptor: Int32) {
  var request = uv_fs_t()
  uv_fs_close(nil, &request, descriptor, nil)
  uv_fs_req_cleanup(&request)
}
