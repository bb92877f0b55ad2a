public import CassandraReactor
public import CassandraTelemetry

/// How a node listens, where it keeps its data, and who may use it.
public struct NodeConfiguration: Sendable {
  /// Where data is kept.
  public enum Storage: Sendable {
    /// In files of this directory, which is made when it is missing. An acknowledged write survives a loss of power.
    case directory(String)
    /// In a private temporary folder that is removed at the end: nothing is kept.
    case memory
    /// As ``memory``, beginning with what another node held.
    case snapshot(NodeSnapshot)
  }

  /// Where it listens. Default 127.0.0.1:9042; port 0 lets the system choose.
  public var address: SocketAddress = .loopback(port: 9042)
  /// Where data is kept. Default: nothing is kept.
  public var storage: Storage = .memory
  /// Whether the node starts though its files are known to have lost acknowledged writes: the log or the database was
  /// removed, emptied, cut or damaged. Default false: it says what is missing, and does not start.
  public var acceptsLoss = false
  /// The cluster's name, as clients see it. Default `Test Cluster`, as in Cassandra.
  public var clusterName = "Test Cluster"
  /// A superuser that the node makes sure of at each start: it is there, may log in with this password, and may do
  /// everything, whatever statements have changed before. With one, clients have to log in. Nil by default.
  public var user: NodeUser?
  /// Whether clients have to log in, as roles that are kept with the data, and may do what these may. Default false:
  /// everybody is let in without a password, and may do everything. Implied by ``user``. Without it, the first start makes
  /// the superuser `cassandra` with a password that nobody has had before: see ``CQLServer/run(onListening:onFirstUser:)``.
  public var hasRoles = false
  /// TLS; nil for plain TCP.
  public var tls: NodeTLS?
  /// Whether an address that others than this machine can reach may be listened at though nobody has to log in. Default
  /// false.
  public var allowsAnonymousAccess = false
  /// Statements of CQL that are carried out at each start, before anybody is served: each ends with a semicolon. Default:
  /// none. What exists already is passed over, so a schema may be made here; any other failure keeps the node from
  /// starting.
  public var initialStatements = ""
  /// What is bounded, and by how much.
  public var limits = NodeLimits()

  /// The defaults: loopback, port 9042, nothing kept, nobody has to log in.
  public init() {}

  /// Whether a client has to show who it is.
  var asksWhoIsThere: Bool { hasLogins || tls?.clientAuthorities != nil }

  /// Whether a client has to show a password.
  var hasLogins: Bool { user != nil || hasRoles }
}

/// A user of a node with password authentication (Cassandra's `PasswordAuthenticator`).
public struct NodeUser: Sendable {
  /// The name.
  public var name: String
  /// The password, which is shown nowhere.
  public var password: Secret

  /// A user with a password.
  public init(name: String, password: Secret) {
    self.name = name
    self.password = password
  }
}

/// TLS of a node.
public struct NodeTLS: Sendable {
  /// What the node shows.
  public var identity: TLSIdentity
  /// Whose certificates clients have to show; nil, which is the default, does not ask them for any.
  public var clientAuthorities: TLSTrust?

  /// TLS with this certificate.
  public init(identity: TLSIdentity, clientAuthorities: TLSTrust? = nil) {
    self.identity = identity
    self.clientAuthorities = clientAuthorities
  }
}

/// What a node bounds. Limits over all loops are divided evenly among them.
public struct NodeLimits: Sendable {
  /// Connections that the kernel holds until they are accepted: 1,024.
  public var backlog: Int32 = 1024
  /// Connections that are open at once: 4,096. More wait in the backlog.
  public var connections = 4096
  /// Bytes of the body of one request of a client that has not logged in yet, or not sent STARTUP: 100 KiB. A longer one
  /// ends its connection.
  public var loginRequestBytes = 100 << 10
  /// Bytes of the body of one request: 16 MiB, as in Cassandra. A longer one is passed over and answered with INVALID.
  public var requestBytes = 16 << 20
  /// Bytes of the answer to one request: 128 MiB. A page that would have more is answered with INVALID.
  public var answerBytes = 128 << 20
  /// Bytes that all connections together may hold in memory: requests that arrive or are not answered, answers that are
  /// being made, and answers that wait for their clients: 512 MiB. An eighth of it is for connections that hold less than
  /// 256 KiB. An answer asks for room before it is made; one for which there is none waits up to ``memoryTimeout``, and is
  /// then OVERLOADED. One answer at a time, of the whole process, may go beyond the budget, up to ``answerBytes``, so that
  /// there is an end to the waiting. Beside the budget each connection may hold 64 KiB, so that who asks for little is
  /// never refused for those who ask for much.
  public var memoryBytes = 512 << 20
  /// Bytes that one connection may hold of ``memoryBytes``, apart from the answer that is being made: 64 MiB. Above, its
  /// requests are answered with OVERLOADED.
  public var connectionMemoryBytes = 64 << 20
  /// How long a request may wait for memory: 5 s.
  public var memoryTimeout: Duration = .seconds(5)
  /// Requests of one connection that are not answered yet: 4,096. What it sends above that waits and nothing more is read
  /// from it, until some are answered; when there is no memory for what waits, it is answered with OVERLOADED.
  public var requestsPerConnection = 4096
  /// Requests of all connections that are not answered yet: 65,536. One connection has at most a quarter of as many as
  /// there may still be, and two in any case; what it sends above that waits as above ``requestsPerConnection``.
  public var requestsInFlight = 65_536
  /// Bytes of requests that are not answered yet, over all connections: 128 MiB. Above, they are answered with
  /// OVERLOADED, unless their connection holds no more than 64 KiB.
  public var requestBytesInFlight = 128 << 20
  /// Bytes of answers that are made for one client, or wait for it to read: 1 MiB. Above, its requests wait, but for the
  /// oldest, and no more is read from it.
  public var answerBytesPerConnection = 1 << 20
  /// How long a client may take for TLS and, after that, until it is logged in: 10 s each. Afterwards the connection is
  /// closed.
  public var handshakeTimeout: Duration = .seconds(10)
  /// How long a request may take to arrive, once its length is known and is above 16 KiB: 60 s. Afterwards the connection
  /// is cut.
  public var frameTimeout: Duration = .seconds(60)
  /// How long a connection may say nothing while nothing is owed to it: 10 minutes. Afterwards it is closed; drivers ask
  /// for something every 30 s.
  public var idleTimeout: Duration = .seconds(600)
  /// Logins of clients at one address that may wait for their answer at a time: 16. After two that failed, answers to
  /// logins from there wait 100 ms, with each further one twice as long, at most 5 s; further ones are cut.
  public var waitingLoginsPerAddress = 16
  /// How long a client may take no byte of its answers: 30 s, and as long as the bytes that it took last last at the pace
  /// of the slowest reader. Afterwards the connection is cut.
  public var writeTimeout: Duration = .seconds(30)
  /// The pace of the slowest client that is waited for: 4 KiB/s.
  public var slowestReaderBytesPerSecond = 4 << 10
  /// How long requests in flight may take when the node stops: 10 s. Afterwards they are cut.
  public var shutdownTimeout: Duration = .seconds(10)
  /// How long a client that has got its last answer may keep its half of the connection open: 2 s.
  public var lingerTimeout: Duration = .seconds(2)

  /// The defaults.
  public init() {}
}
