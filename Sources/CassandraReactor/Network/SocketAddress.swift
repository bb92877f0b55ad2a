internal import CCassandraUV

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// An IP address and a port, or the path of a unix socket to listen at.
public struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
  /// The four or sixteen bytes of the address, in network order; none for a unix socket.
  public let bytes: [UInt8]
  /// The port; 0 lets the system choose one when listening.
  public let port: UInt16
  /// The interface of a link-local IPv6 address; 0 for any other.
  public let scope: UInt32
  /// The path of a unix socket; nil for an IP address.
  public let path: String?

  /// The address with these bytes, four of IPv4 or sixteen of IPv6; nil for any other number.
  public init?(bytes: [UInt8], port: UInt16, scope: UInt32 = 0) {
    guard bytes.count == 4 || bytes.count == 16 else { return nil }
    self.bytes = bytes
    self.port = port
    self.scope = scope
    path = nil
  }

  /// The unix socket at `path`.
  ///
  /// - Throws: ``ReactorError/Code/invalidAddress`` when the path is empty, has more than 100 bytes or holds a NUL.
  public init(unixPath path: String) throws(ReactorError) {
    guard 1...Self.maximumPathBytes ~= path.utf8.count, !path.utf8.contains(0) else {
      throw ReactorError(
        .invalidAddress, "the path of a unix socket has 1 to \(Self.maximumPathBytes) bytes", logDetail: path)
    }
    bytes = []
    port = 0
    scope = 0
    self.path = path
  }

  /// Bytes of a unix socket's path: 100. The systems take 103 to 107.
  public static let maximumPathBytes = 100

  /// Reads a literal such as `127.0.0.1` or `::1`; no name is looked up.
  ///
  /// - Throws: ``ReactorError/Code/invalidAddress``.
  public init(_ literal: String, port: Int) throws(ReactorError) {
    guard let port = UInt16(exactly: port) else {
      throw ReactorError(.invalidAddress, "a port is a number from 0 to 65535", logDetail: "\(port)")
    }
    var buffer = [UInt8](repeating: 0, count: 16)
    let isSix = literal.utf8.contains(UInt8(ascii: ":"))
    let result = buffer.withUnsafeMutableBytes { uv_inet_pton(isSix ? AF_INET6 : AF_INET, literal, $0.baseAddress) }
    guard result == 0 else {
      throw ReactorError(.invalidAddress, "this is not an IP address", logDetail: literal)
    }
    bytes = isSix ? buffer : Array(buffer.prefix(4))
    self.port = port
    scope = 0
    path = nil
  }

  /// Whether `host` is an IP address and not a name.
  public static func isLiteral(_ host: String) -> Bool { (try? SocketAddress(host, port: 0)) != nil }

  /// 127.0.0.1.
  public static func loopback(port: UInt16) -> SocketAddress { SocketAddress(four: [127, 0, 0, 1], port: port) }

  private init(four: [UInt8], port: UInt16) {
    bytes = four
    self.port = port
    scope = 0
    path = nil
  }

  /// Whether the address is that of all interfaces: 0.0.0.0 or ::.
  public var isUnspecified: Bool { path == nil && bytes.allSatisfy { $0 == 0 } }

  /// Whether the address stays on this machine: 127.0.0.0/8, ::1 or a unix socket.
  public var isLoopback: Bool {
    if path != nil { return true }
    if bytes.count == 4 { return bytes[0] == 127 }
    return bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1
  }

  /// The address alone, as text.
  public var host: String {
    if let path { return path }
    var text = [CChar](repeating: 0, count: 64)
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    let result = bytes.withUnsafeBytes { uv_inet_ntop(family, $0.baseAddress, &text, text.count) }
    guard result == 0 else { return "?" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// `127.0.0.1:9042`, `[::1]:9042` or `unix:/run/api.sock`.
  public var description: String {
    if let path { return "unix:\(path)" }
    return bytes.count == 4 ? "\(host):\(port)" : "[\(host)]:\(port)"
  }
}

// MARK: - The system's form

extension SocketAddress {
  /// Reads the system's form; nil for anything but IPv4 and IPv6.
  init?(_ pointer: UnsafePointer<sockaddr>?) {
    guard let pointer else { return nil }
    switch Int32(pointer.pointee.sa_family) {
    case AF_INET:
      let address = UnsafeRawPointer(pointer).loadUnaligned(as: sockaddr_in.self)
      self.init(
        bytes: withUnsafeBytes(of: address.sin_addr) { Array($0) }, port: UInt16(bigEndian: address.sin_port))
    case AF_INET6:
      let address = UnsafeRawPointer(pointer).loadUnaligned(as: sockaddr_in6.self)
      self.init(
        bytes: withUnsafeBytes(of: address.sin6_addr) { Array($0) }, port: UInt16(bigEndian: address.sin6_port),
        scope: address.sin6_scope_id)
    default: return nil
    }
  }

  /// Lends the system's form to `body`.
  func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    if let path {
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
      }
    }
    if bytes.count == 4 {
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: bytes) }
      #if canImport(Darwin)
        address.sin_len = UInt8(MemoryLayout<sockaddr_in>.size)
      #endif
      return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
      }
    }
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    address.sin6_scope_id = scope
    withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: bytes) }
    #if canImport(Darwin)
      address.sin6_len = UInt8(MemoryLayout<sockaddr_in6>.size)
    #endif
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
    }
  }
}
