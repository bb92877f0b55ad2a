public import CassandraHTTP
public import CassandraReactor

/// How a server listens, and its limits.
public struct ServerConfiguration: Sendable {
  /// Where it listens: one address or several, of IPv4, IPv6 or unix sockets. Default 127.0.0.1:5000. The address `::`
  /// takes connections of IPv4 too.
  public var addresses: [SocketAddress] = [.loopback(port: 5000)]
  /// The first of ``addresses``; setting it leaves no other.
  public var address: SocketAddress {
    get { addresses.first ?? .loopback(port: 5000) }
    set { addresses = [newValue] }
  }
  /// TLS; nil for plain HTTP.
  public var tls: TLSServer?
  /// What bounds connections of HTTP/2; nil for HTTP/1.1 only. Whoever begins with HTTP/2's preface is served so on any
  /// connection; within ``tls`` it has to be offered as well, with ``applicationProtocols``.
  public var http2: HTTP2Options? = HTTP2Options()
  /// What the server speaks, in the order of its preference, for a `TLSServerContext`: `h2`, unless ``http2`` is nil, and
  /// `http/1.1`.
  public var applicationProtocols: [String] {
    http2 == nil ? ["http/1.1"] : [HTTP2Connection.protocolName, "http/1.1"]
  }
  /// Connections that the kernel holds until they are accepted: 1,024.
  public var backlog: Int32 = 1024
  /// Who spreads the connections over the loops.
  public var spreading: ListenerGroup.Spreading = .preferred
  /// Limits of heads, chunks and trailers, in bytes and numbers.
  public var messageLimits = HTTPLimits()
  /// Bytes of a body that a handler may collect: 1 MiB. A longer one is answered with 413.
  public var maximumBodyBytes = 1 << 20
  /// Bytes that the requests in flight may hold together, over all loops, their bodies and what is made of them counted:
  /// 256 MiB. More have to wait in their order, for ``budgetTimeout`` at most. Bodies of up to 16 KiB are not counted.
  public var maximumRequestBytes = 256 << 20
  /// How long a request waits for its turn when others hold all of ``maximumRequestBytes``: 10 s. Afterwards 503.
  public var budgetTimeout: Duration = .seconds(10)
  /// Connections that are open at once, over all loops: 65,536, and never more than the process may have files open. More
  /// wait in the backlog.
  public var maximumConnections = 65_536
  /// Streamed answers that are under way at once, over all loops: 1,024. One more is answered with 503.
  public var maximumStreams = 1024
  /// Bytes that may wait for slow clients, over all loops: 64 MiB. Above, the clients that have taken nothing for a second
  /// are cut, those with the most first; when that does not help, requests are answered with 503.
  public var maximumWaitingBytes = 64 << 20
  /// Bytes of answers that may wait for one client before its next request is looked at: 256 KiB.
  public var maximumUnsentBytes = 256 << 10
  /// Bytes of a request that are kept for a handler that does not read them yet, for each connection: 64 KiB. Above, the
  /// client has to wait.
  public var maximumUnreadBytes = 64 << 10
  /// How long a client may take from the first byte of a head to its last: 10 s. Afterwards 408.
  public var headTimeout: Duration = .seconds(10)
  /// How long a client may pause within a body: 30 s. Afterwards 408.
  public var bodyTimeout: Duration = .seconds(30)
  /// The pace at which a body has to arrive besides, in bytes a second: 500. A body may take ``bodyTimeout`` and the time
  /// that what has come of it takes at this pace. Afterwards 408.
  public var slowestBodyBytesPerSecond = 500
  /// How long a connection is kept without a request: 75 s, longer than the 60 s of common load balancers, which would
  /// otherwise send a request on a connection that is being closed.
  public var idleTimeout: Duration = .seconds(75)
  /// How long a client may take no byte of its answer: 30 s. Afterwards the connection is cut, and that is logged. Bytes
  /// count that the client's system has acknowledged.
  public var writeTimeout: Duration = .seconds(30)
  /// The pace of the slowest reader that is waited for, in bytes a second: 1,000. A client's system acknowledges in steps of
  /// up to its whole buffer, so after each the client has, besides ``writeTimeout``, the time to read the step at this pace,
  /// two minutes at most.
  public var slowestReaderBytesPerSecond = 1000
  /// How long a refused client has to read the answer before the connection is closed: 2 s.
  public var lingerTimeout: Duration = .seconds(2)
  /// How long the server serves as before when it is to end, while ``Request/isStopping`` says so: none. A load balancer
  /// that asks a readiness route now and then needs the time until it has asked.
  public var shutdownDelay: Duration = .zero
  /// How long connections are kept afterwards, and new ones are taken, while what is answered ends its connection: 1 s, or
  /// until none is left. Who keeps a connection open learns so that it is to end, before it sends a request in vain. As long
  /// a connection that has just been made is kept for its first request when the server stops.
  public var lastAnswersTimeout: Duration = .seconds(1)
  /// How long requests in flight may take when the server stops: 10 s. Afterwards they are cut.
  public var shutdownTimeout: Duration = .seconds(10)
  /// Whether a client may end its half of the connection and still wait for the answer. Default true. When it is false, the
  /// end of its input while its answer is being made is taken for its leaving, and cancels the handler.
  public var allowsHalfClose = true
  /// Whether requests are counted by route and status, with their durations, for ``Server/metrics`` and
  /// ``Routes/metrics(at:_:)``. Default false, which costs nothing.
  public var countsRequests = false
  /// Requests that take longer are logged at the level of warnings, with their route; nil for none, the default.
  public var slowRequestThreshold: Duration?
  /// Takes a span for each request, within the trace that the client names with `traceparent`, else a new one; nil for none,
  /// the default, which costs nothing. See ``OTLPExporter``.
  public var spans: (any SpanSink)?
  /// What is done to every answer.
  public var answers = AnswerOptions()

  /// The defaults.
  public init() {}
}
