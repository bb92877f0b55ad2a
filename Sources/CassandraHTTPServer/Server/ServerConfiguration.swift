public import CassandraHTTP
public import CassandraReactor

/// How a server listens, and its limits.
public struct ServerConfiguration: Sendable {
  /// Where it listens. Default 127.0.0.1:5000.
  public var address: SocketAddress = .loopback(port: 5000)
  /// TLS; nil for plain HTTP.
  public var tls: TLSServer?
  /// Connections that the kernel holds until they are accepted: 1,024.
  public var backlog: Int32 = 1024
  /// Who spreads the connections over the loops.
  public var spreading: ListenerGroup.Spreading = .preferred
  /// Limits of heads, chunks and trailers, in bytes and numbers.
  public var messageLimits = HTTPLimits()
  /// Bytes of a body that a handler may collect: 1 MiB. A longer one is answered with 413.
  public var maximumBodyBytes = 1 << 20
  /// Connections that are open at once, over all loops: 65,536. More wait in the backlog.
  public var maximumConnections = 65_536
  /// Streamed answers that are under way at once, over all loops: 1,024. One more is answered with 503.
  public var maximumStreams = 1024
  /// Bytes that may wait for slow clients, over all loops: 64 MiB. Above, requests are answered with 503.
  public var maximumWaitingBytes = 64 << 20
  /// Bytes of a request that are kept for a handler that does not read them yet, for each connection: 64 KiB. Above, the
  /// client has to wait.
  public var maximumUnreadBytes = 64 << 10
  /// How long a client may take from the first byte of a head to its last: 10 s. Afterwards 408.
  public var headTimeout: Duration = .seconds(10)
  /// How long a client may pause within a body: 30 s. Afterwards 408.
  public var bodyTimeout: Duration = .seconds(30)
  /// How long a connection is kept without a request: 60 s.
  public var idleTimeout: Duration = .seconds(60)
  /// How long a client may take no byte of its answer: 30 s. Afterwards the connection is cut.
  public var writeTimeout: Duration = .seconds(30)
  /// How long a refused client has to read the answer before the connection is closed: 2 s.
  public var lingerTimeout: Duration = .seconds(2)
  /// How long requests in flight may take when the server stops: 10 s. Afterwards they are cut.
  public var shutdownTimeout: Duration = .seconds(10)
  /// Whether a client may end its half of the connection and still wait for the answer. Default false: the end of its
  /// input while its answer is being made is taken for its leaving, and cancels the handler.
  public var allowsHalfClose = false

  /// The defaults.
  public init() {}
}
