public import CassandraWire
public import CassandraReactor

/// Bounds of a client. Each holds for one connection, of which there is one for each loop and node, or for one loop.
public struct ClientLimits: Sendable {
  /// Requests that are under way on a connection at once: 2,048 by default, with ``orphanedRequests`` 32,768 at most.
  public var requestsInFlight = 2048
  /// Requests that wait for a place on a connection, and those of a loop that wait for a connection: 8,192 each by
  /// default. One more fails with ``CassandraError/Code/queueFull``.
  public var requestsWaiting = 8192
  /// Answers that never came on a connection, to requests that were given up, before it is replaced: 256 by default.
  public var orphanedRequests = 256
  /// Prepared statements that are kept, for each loop and for the whole client: 1,000 by default. The one that was used
  /// longest ago makes room.
  public var preparedStatements = 1000
  /// Bytes of the largest answer that is accepted: 256 MiB by default, the protocol's own limit. A larger one is passed
  /// over, and its request fails with ``CassandraError/Code/responseTooLarge``. A page of more than a quarter of this
  /// lowers the number of rows that are asked for next.
  public var responseBytes = 256 << 20
  /// Pages without rows that may follow one another in a result: 10,000 by default. A server sends some where it has looked at
  /// many rows that are not wanted; one that sends them without end would keep a request for ever.
  public var emptyPages = 10_000
  /// Connections to a node, one for each of as many loops, of which there may be fewer. Requests from the other loops are
  /// carried out on one of these.
  ///
  /// By default nil: one for each loop, up to ``mostConnectionsPerNode``; and one for every two loops where all contact
  /// points are loopback addresses: a saturated Cassandra that shared two cores with the program had half the 99th percentile
  /// with one connection that it had with two. Where a proxy on this machine leads to a database elsewhere, set a number.
  public var connectionsPerNode: Int?
  /// Connections to a node where ``connectionsPerNode`` is nil: 8 at most.
  public static let mostConnectionsPerNode = 8
  /// Attempts to connect to nodes that are under way on a loop at once: 8 by default. With many nodes the others wait.
  public var connectsAtOnce = 8
  /// The system tables are read again once the cluster's events have been quiet for so long: 1 s by default.
  public var eventQuietTime: Duration = .seconds(1)
  /// How long connecting to a node may take, TLS and authentication included: 5 s by default.
  public var connectTimeout: Duration = .seconds(5)
  /// After this silence on a connection the server is asked whether it is there: 30 s by default.
  public var heartbeatInterval: Duration = .seconds(30)
  /// The same for a connection on which answers are owed: 5 s by default.
  public var silenceBeforeHeartbeat: Duration = .seconds(5)
  /// How long the server may take then to say anything: 2 s by default. Afterwards the connection is replaced.
  public var heartbeatTimeout: Duration = .seconds(2)
  /// When a node owes answers and has said nothing for so long, the idempotent requests that wait for it are sent to
  /// another one, too: 500 ms by default. The first answer counts.
  public var silenceBeforeNextNode: Duration = .milliseconds(500)
  /// How long a request whose attempt has failed waits for another node that is just being connected, as right after the
  /// start: 500 ms by default. Then the same node is asked again.
  public var waitForAnotherNode: Duration = .milliseconds(500)
  /// How long a change of the schema waits until all nodes have it: 10 s by default.
  public var schemaAgreementTimeout: Duration = .seconds(10)
  /// How long requests that are under way may go on when the client ends: 5 s by default.
  public var drainTimeout: Duration = .seconds(5)

  /// The defaults.
  public init() {}

  /// Ids that the protocol has for the requests of a connection: 32,768.
  private static let streamIDs = 1 << 15

  /// - Throws: ``CassandraError/Code/configuration`` when a bound lets nothing through, or more than the protocol can.
  func validate() throws(CassandraError) {
    func require(_ isFine: Bool, _ message: String) throws(CassandraError) {
      guard isFine else { throw CassandraError(.configuration, message) }
    }
    try require(
      requestsInFlight >= 1 && orphanedRequests >= 0 && requestsInFlight + orphanedRequests <= Self.streamIDs,
      "The requests in flight must be at least 1, and with the orphaned ones at most \(Self.streamIDs).")
    try require(requestsWaiting >= 0, "The number of waiting requests must not be negative.")
    try require((connectionsPerNode ?? 1) >= 1, "There must be at least one connection per node.")
    try require(connectsAtOnce >= 1, "At least one connection attempt must be allowed at once.")
    try require(preparedStatements >= 1, "At least one prepared statement must be kept.")
    try require(emptyPages >= 0, "The number of empty pages must not be negative.")
    try require(responseBytes >= 1, "The limit of a response must be at least 1 byte.")
    try require(
      connectTimeout > .zero && heartbeatInterval > .zero && heartbeatTimeout > .zero
        && silenceBeforeHeartbeat > .zero && silenceBeforeNextNode > .zero,
      "The time-outs of connections must be longer than zero.")
  }
}

/// What a client tells servers of itself, beside the driver's own name: Cassandra shows it in `system_views.clients`, where
/// it says whose connection one is.
public struct ClientIntroduction: Sendable, Hashable {
  /// A name of the client that no other has: a random one for each configuration by default; nil for none.
  public var clientID: CQLUUID?
  /// The name of the application.
  public var applicationName: String?
  /// The version of the application.
  public var applicationVersion: String?

  /// An introduction.
  public init(
    clientID: CQLUUID? = .random(), applicationName: String? = nil, applicationVersion: String? = nil
  ) {
    self.clientID = clientID
    self.applicationName = applicationName
    self.applicationVersion = applicationVersion
  }
}

/// Everything that makes a client.
public struct ClientConfiguration: Sendable {
  /// Where the nodes are.
  public var cluster: ClusterSource
  /// The keyspace of names that come without one; nil for none.
  public var keyspace: String?
  /// Whether ``keyspace`` may be missing when the client connects, because the program makes it: false by default, and
  /// requests fail with ``CassandraError/Code/keyspaceMissing`` until it is there.
  ///
  /// When true, connections are of use without it, for `CREATE KEYSPACE` and for names with a keyspace of their own. As
  /// soon as the keyspace is there, made by this client or by somebody else, names without one mean it. What the server
  /// refuses before that fails with ``CassandraError/Code/keyspaceMissing``, which has the server's own words.
  public var keyspaceMayBeMissing = false
  /// The user and the password, for a server that asks for them.
  public var credentials: Credentials?
  /// How the client proves who it is, where that is not by ``credentials``, which are used when this is nil.
  public var authenticator: (any Authenticator)?
  /// What the client tells servers of itself.
  public var introduction = ClientIntroduction()
  /// TLS; nil for plain TCP. The host of a contact point is the name that the node's certificate has to carry.
  public var tls: TLSClientContext?
  /// TLS of single nodes, in place of ``tls``: is asked for every connection that is made, so that nodes may have
  /// authorities and client certificates of their own, and certificates may change while the program runs
  /// (`TLSClientFiles`). What it throws is why the node cannot be reached.
  ///
  /// Which name a certificate has to carry, and which the greeting asks for, is told by the ``EndPoint``: that of a contact
  /// point (``ClusterSource/nodes(at:localDatacenter:)``), or what ``addressTranslation`` makes of a node.
  public var nodeTLS: (@Sendable (EndPoint) async throws -> TLSClientContext)?
  /// Whether envelopes are compressed with LZ4, where the server can: off by default. It saves bytes on the network and
  /// costs time of the processor at both ends.
  public var compression = false
  /// The newest version of the protocol that is tried: v5 by default, v4 at least. A server that does not speak it gets
  /// v4.
  public var protocolVersion = ProtocolVersion.v5
  /// What requests are like that do not say otherwise.
  public var defaults = QueryOptions()
  /// Sets of options with a name: what ``QueryOptions/profile`` names counts over ``defaults``, and under what the call
  /// says itself.
  public var profiles: [String: QueryOptions] = [:]
  /// Where the times of writes come from that are given none: the client's clock by default.
  public var timestamps = TimestampSource.clientClock
  /// Who is told of every request; nobody by default.
  public var requestListener: (any RequestListener)?
  /// Bounds of queues, waits and tables.
  public var limits = ClientLimits()
  /// How long to wait before a node is tried again.
  public var reconnection = ReconnectionPolicy()
  /// Which node a request goes to.
  public var routing = RoutingPolicy()
  /// Where a node is reached that the system tables name, for clusters behind port forwarding or in containers; nil, the
  /// default, for the address and port that they tell. It is not asked about contact points, and may not block.
  public var addressTranslation: (@Sendable (AdvertisedNode) -> EndPoint)?
  /// How the name of a node becomes addresses; by default the system's resolver.
  public var resolver: @Sendable (_ host: String, _ port: Int, _ loop: EventLoop) async throws -> [SocketAddress] = {
    try await $2.resolve($0, port: $1)
  }

  /// A client of `cluster`.
  public init(
    _ cluster: ClusterSource, keyspace: String? = nil, credentials: Credentials? = nil, tls: TLSClientContext? = nil
  ) {
    self.cluster = cluster
    self.keyspace = keyspace
    self.credentials = credentials
    self.tls = tls
  }
}

extension ClientConfiguration {
  /// What holds for a call: its own options over those of its profile over the defaults.
  ///
  /// - Throws: ``CassandraError/Code/configuration`` when there is no profile of the name.
  func options(_ options: QueryOptions) throws(CassandraError) -> QueryOptions {
    guard let name = options.profile ?? defaults.profile else { return defaults.overridden(by: options) }
    guard let profile = profiles[name] else {
      throw CassandraError(
        .configuration, "The client's configuration has no profile with this name.", logDetail: "'\(name)'",
        isRetrySafe: true)
    }
    return defaults.overridden(by: profile).overridden(by: options)
  }

  /// Nodes of each other data centre that any request may use.
  var remoteNodesPerDatacenter: Int {
    let policies = [defaults.routing ?? routing] + profiles.values.compactMap(\.routing)
    return max(0, policies.map(\.remoteNodesPerDatacenter).max() ?? 0)
  }

  /// How to get in, as the directory of the nodes has it.
  ///
  /// - Throws: ``CassandraError/Code/configuration`` when the configuration says otherwise.
  mutating func takeAccess(from directory: (any ClusterDirectory)?) throws(CassandraError) {
    guard let directory else { return }
    guard tls == nil, nodeTLS == nil else {
      throw CassandraError(.configuration, "TLS is set, but the database comes with its own settings: leave it out.")
    }
    guard credentials == nil, authenticator == nil else {
      throw CassandraError(
        .configuration, "Credentials are set, but the database comes with its own: leave them out.")
    }
    tls = directory.tls
    credentials = directory.credentials
    protocolVersion = min(protocolVersion, directory.newestVersion)
  }
}
