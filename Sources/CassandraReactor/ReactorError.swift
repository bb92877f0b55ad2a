internal import CCassandraUV

/// What went wrong with a socket, a name, a certificate or a loop.
///
/// `description` names no peer and no file and may be shown to a stranger; `debugDescription` has all of it.
public struct ReactorError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  /// Kinds of failure. More may come, so a switch over them needs a default.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The code's name.
    public let description: String

    private init(_ name: String) { description = name }

    /// Another socket listens at the address.
    public static let addressInUse = Code("addressInUse")
    /// The machine has no such address.
    public static let addressNotAvailable = Code("addressNotAvailable")
    /// Nothing listens at the address.
    public static let connectionRefused = Code("connectionRefused")
    /// The peer cut the connection, or a write met a connection that was gone.
    public static let connectionReset = Code("connectionReset")
    /// The connection was closed, by the peer at a moment when more was expected, or by ourselves.
    public static let connectionClosed = Code("connectionClosed")
    /// There is no way to the host or its network.
    public static let unreachable = Code("unreachable")
    /// It took longer than the limit that was set.
    public static let timedOut = Code("timedOut")
    /// The host name does not exist.
    public static let nameNotFound = Code("nameNotFound")
    /// The name service did not answer or failed.
    public static let nameLookUpFailed = Code("nameLookUpFailed")
    /// The process or the system has no file descriptor left.
    public static let tooManyOpenFiles = Code("tooManyOpenFiles")
    /// The system does not allow it, for instance a port below 1024.
    public static let permissionDenied = Code("permissionDenied")
    /// The loop has been shut down.
    public static let loopStopped = Code("loopStopped")
    /// A text is not an IP address with a port.
    public static let invalidAddress = Code("invalidAddress")
    /// A certificate, key or TLS setting cannot be used.
    public static let tlsConfiguration = Code("tlsConfiguration")
    /// The peers could not agree, or the peer refused us.
    public static let tlsHandshake = Code("tlsHandshake")
    /// The peer's certificate is missing or not from a trusted authority.
    public static let tlsCertificate = Code("tlsCertificate")
    /// The peer's certificate has expired or is not valid yet.
    public static let tlsCertificateExpired = Code("tlsCertificateExpired")
    /// The peer's certificate is for another name.
    public static let tlsCertificateName = Code("tlsCertificateName")
    /// The peer refused our certificate, or wants one that we do not have.
    public static let tlsClientCertificate = Code("tlsClientCertificate")
    /// What arrived is not TLS.
    public static let tlsProtocol = Code("tlsProtocol")
    /// The peer cut the connection without ending TLS, so what has arrived may not be all.
    public static let tlsTruncated = Code("tlsTruncated")
    /// Any other failure that the system reported.
    public static let system = Code("system")
  }

  /// The kind of failure.
  public var code: Code
  /// What was being done, and what happened, in a sentence without addresses.
  public var message: String
  /// Addresses, file names and the system's own words; for the log.
  public var logDetail: String

  /// Makes an error.
  public init(_ code: Code, _ message: String, logDetail: String = "") {
    self.code = code
    self.message = message
    self.logDetail = logDetail
  }

  /// The message; may be shown to a stranger.
  public var description: String { message }
  /// Code, message and what is for the log.
  public var debugDescription: String {
    logDetail.isEmpty ? "\(code): \(message)" : "\(code): \(message) (\(logDetail))"
  }
}

extension ReactorError {
  /// The error of a libuv call: `action` is what was being done, as in "connecting".
  init(uv result: Int32, _ action: String, logDetail: String = "") {
    let words = String(cString: uv_strerror(result))
    let all = logDetail.isEmpty ? words : "\(logDetail): \(words)"
    switch uv_errno_t(result) {
    case UV_EADDRINUSE:
      self.init(.addressInUse, "\(action): another program is already using this address", logDetail: all)
    case UV_EADDRNOTAVAIL:
      self.init(.addressNotAvailable, "\(action): this machine does not have that address", logDetail: all)
    case UV_ECONNREFUSED: self.init(.connectionRefused, "\(action): nothing is listening there", logDetail: all)
    case UV_ECONNRESET, UV_EPIPE, UV_ECONNABORTED:
      self.init(.connectionReset, "\(action): the peer cut the connection", logDetail: all)
    case UV_EHOSTUNREACH, UV_ENETUNREACH, UV_ENETDOWN:
      self.init(.unreachable, "\(action): there is no route to this host", logDetail: all)
    case UV_ETIMEDOUT: self.init(.timedOut, "\(action): it took too long", logDetail: all)
    case UV_EAI_NONAME, UV_EAI_NODATA:
      self.init(.nameNotFound, "\(action): this host name does not exist", logDetail: all)
    case UV_EAI_AGAIN, UV_EAI_FAIL: self.init(.nameLookUpFailed, "\(action): the name service failed", logDetail: all)
    case UV_EMFILE, UV_ENFILE:
      self.init(.tooManyOpenFiles, "\(action): there are no file descriptors left", logDetail: all)
    case UV_EACCES, UV_EPERM: self.init(.permissionDenied, "\(action): the system does not permit it", logDetail: all)
    case UV_EOF, UV_ECANCELED, UV_EBADF, UV_ENOTCONN:
      self.init(.connectionClosed, "\(action): the connection is closed", logDetail: all)
    default: self.init(.system, "\(action): the system reported an error", logDetail: all)
    }
  }
}
