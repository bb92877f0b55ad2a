internal import CCassandraUV

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A socket of the system that listens, before a loop looks at it.
struct ListeningSocket {
  let descriptor: Int32
  /// Where it listens, with the port that the system chose.
  let address: SocketAddress

  /// Makes the socket, binds it and listens.
  ///
  /// The socket file of a unix address that nobody listens at any more is replaced.
  init(at address: SocketAddress, backlog: Int32, sharesPort: Bool) throws(ReactorError) {
    try self.init(boundTo: address, sharesPort: sharesPort)
    guard listen(descriptor, backlog) == 0 else {
      let code = errno
      closeDescriptor(descriptor)
      throw ReactorError(uv: -code, "listening", logDetail: "\(address)")
    }
  }

  /// Makes the socket and binds it: nobody can connect to it.
  init(boundTo address: SocketAddress, sharesPort: Bool = false) throws(ReactorError) {
    let descriptor = Self.make(address)
    guard descriptor >= 0 else { throw ReactorError(uv: -errno, "making a socket") }
    self.descriptor = descriptor
    do throws(ReactorError) {
      if address.path == nil {
        try Self.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if sharesPort { Self.sharePort(of: descriptor) }
      }
      if address.bytes.count == 16 {
        // The address of all interfaces is that of IPv4 too, as people expect of it.
        try Self.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, address.isUnspecified ? 0 : 1)
      }
      try Self.bind(descriptor, to: address)
    } catch {
      closeDescriptor(descriptor)
      throw error
    }
    self.address = address.path == nil ? Self.name(of: descriptor) ?? address : address
  }

  private static func make(_ address: SocketAddress) -> Int32 {
    let family = address.path != nil ? AF_UNIX : address.bytes.count == 4 ? AF_INET : AF_INET6
    #if canImport(Darwin)
      let kind = SOCK_STREAM
    #else
      let kind = Int32(SOCK_STREAM.rawValue)
    #endif
    let descriptor = socket(family, kind, 0)
    if descriptor >= 0 { setUp(descriptor) }
    return descriptor
  }

  /// A child process of the program must not inherit it, and nobody waits for it.
  private static func setUp(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
  }

  private static func set(
    _ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32
  ) throws(ReactorError) {
    var value = value
    guard setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
      throw ReactorError(uv: -errno, "setting a socket up")
    }
  }

  private static func bind(_ descriptor: Int32, to address: SocketAddress) throws(ReactorError) {
    var code = address.withSystemAddress { pointer, size in systemBind(descriptor, pointer, size) == 0 ? 0 : errno }
    if code == EADDRINUSE, let path = address.path, isAbandoned(address) {
      unlink(path)
      code = address.withSystemAddress { pointer, size in systemBind(descriptor, pointer, size) == 0 ? 0 : errno }
    }
    guard code == 0 else { throw ReactorError(uv: -code, "listening", logDetail: "\(address)") }
  }

  /// Whether the file of a unix address is a socket that nobody listens at.
  private static func isAbandoned(_ address: SocketAddress) -> Bool {
    var status = stat()
    guard let path = address.path, lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
    let probe = make(address)
    guard probe >= 0 else { return false }
    defer { closeDescriptor(probe) }
    return address.withSystemAddress { pointer, size in
      systemConnect(probe, pointer, size) != 0 && errno == ECONNREFUSED
    }
  }

  private static func name(of descriptor: Int32) -> SocketAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { found in
        getsockname(descriptor, found, &length) == 0 ? SocketAddress(UnsafePointer(found)) : nil
      }
    }
  }

  static func sharePort(of descriptor: Int32) {
    // Where it fails, the next listener says that the address is in use.
    _ = try? set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)
  }

  /// Takes a connection; -1, and `errno`, when there is none or it cannot be taken.
  static func accept(from descriptor: Int32) -> Int32 {
    let accepted = systemAccept(descriptor)
    if accepted >= 0 { setUp(accepted) }
    return accepted
  }

  func close() {
    _ = Self.passOverNew(descriptor, at: address)
    closeDescriptor(descriptor)
  }

  /// Lets nobody begin a connection any more, as far as the system can, while those that have begun become complete. Who
  /// tries meanwhile finds nobody at a unix address, and tries again a second later over TCP.
  ///
  /// - Returns: Whether handshakes may still be under way.
  static func passOverNew(_ descriptor: Int32, at address: SocketAddress) -> Bool {
    if let path = address.path {
      unlink(path)
      return false
    }
    return uv_pass_over_new_connections(descriptor) == 0
  }
}

// The type's own methods have the names of the system's functions.
private func systemBind(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
  bind(descriptor, address, size)
}

private func systemAccept(_ descriptor: Int32) -> Int32 { accept(descriptor, nil, nil) }

private func systemConnect(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Int32 {
  connect(descriptor, address, size)
}

/// The socket behind a handle, or -1.
func descriptor(of handle: UnsafeMutablePointer<uv_tcp_t>) -> Int32 {
  var descriptor: uv_os_fd_t = -1
  let result = uv_fileno(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self), &descriptor)
  return result == 0 ? descriptor : -1
}

func closeDescriptor(_ descriptor: Int32) {
  var request = uv_fs_t()
  uv_fs_close(nil, &request, descriptor, nil)
  uv_fs_req_cleanup(&request)
}
