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
  /// The cluster's name, as clients see it. Default `Test Cluster`, as in Cassandra.
  public var clusterName = "Test Cluster"
  /// The one user who may log in; nil, which is the default, lets everybody in without a password.
  public var user: NodeUser?
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
  var asksWhoIsThere: Bool { user != nil || tls?.clientAuthorities != nil }
}

/// The user of a node with password authentication (Cassandra's `PasswordAuthenticator`).
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
  /// Bytes of the body of one request: 16 MiB, as in Cassandra. A longer one ends its connection.
  public var requestBytes = 16 << 20
  /// Requests of one connection that are not answered yet: 4,096. Above, they are answered with OVERLOADED.
  public var requestsPerConnection = 4096
  /// Requests of all connections that are not answered yet: 65,536. Above, they are answered with OVERLOADED.
  public var requestsInFlight = 65_536
  /// Bytes of requests that are not answered yet, over all connections: 128 MiB. Above, they are answered with
  /// OVERLOADED.
  public var requestBytesInFlight = 128 << 20
  /// Bytes of answers that wait for one client to read: 1 MiB. Above, its requests wait and no more is read from it.
  public var answerBytesPerConnection = 1 << 20
  /// Bytes of answers that wait for clients to read, over all connections: 256 MiB. Above, requests are answered with
  /// OVERLOADED.
  public var answerBytesWaiting = 256 << 20
  /// How long a client may take for TLS and, after that, until it is logged in: 10 s each. Afterwards the connection is
  /// closed.
  public var handshakeTimeout: Duration = .seconds(10)
  /// How long a client may take no byte of its answers: 30 s. Afterwards the connection is cut.
  public var writeTimeout: Duration = .seconds(30)
  /// How long requests in flight may take when the node stops: 10 s. Afterwards they are cut.
  public var shutdownTimeout: Duration = .seconds(10)
  /// How long a client that has got its last answer may keep its half of the connection open: 2 s.
  public var lingerTimeout: Duration = .seconds(2)

  /// The defaults.
  public init() {}
}
