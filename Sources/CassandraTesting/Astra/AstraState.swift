internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// All that an emulator knows, for its services and for those who wait for something.
struct AstraState: Sendable {
  /// Statements that are remembered: 10,000. Beyond, all are forgotten, and prepared writes pass unseen.
  static let maximumStatements = 10_000

  let configuration: AstraConfiguration
  var faults = AstraFaults()
  var topology: AstraTopology
  var observed = AstraObservation()
  /// Where the proxy listens now.
  var proxyAddress = SocketAddress.loopback(port: 0)
  var metadataAddress = SocketAddress.loopback(port: 0)
  private var statements: [[UInt8]: AstraStatement] = [:]

  init(_ configuration: AstraConfiguration) {
    self.configuration = configuration
    topology = AstraTopology(configuration.nodes)
  }

  func statement(_ id: [UInt8]) -> AstraStatement? { statements[id] }

  mutating func remember(_ statement: AstraStatement, as id: [UInt8]) {
    if statements.count >= Self.maximumStatements { statements = [:] }
    statements[id] = statement
  }

  /// Whether these are the credentials of the database: all of the token, and nothing behind it.
  func accepts(user: [UInt8], password: [UInt8]) -> Bool {
    guard !faults.refusesCredentials else { return false }
    let pairs = [
      ("token", configuration.token), (configuration.clientID, configuration.clientSecret),
    ]
    return pairs.contains { Array($0.utf8) == user && Array($1.reveal().utf8) == password }
  }

  /// What the metadata service says when all is well.
  var metadata: String {
    let ids = topology.nodes.map { "\"\(faults.dialsByOtherIDs ? $0.alias : $0.hostID)\"" }
    return metadata(ids: ids, proxy: "localhost:\(proxyAddress.port)")
  }

  func metadata(ids: [String], proxy: String) -> String {
    """
    {"version":1,"region":"\(configuration.region)","contact_info":{"type":"sni_proxy",\
    "local_dc":"\(configuration.localDatacenter)","contact_points":[\(ids.joined(separator: ","))],\
    "sni_proxy_address":"\(proxy)"}}
    """
  }
}

/// What an ``AstraEmulator`` has seen so far.
public struct AstraObservation: Sendable {
  /// Requests that the metadata service has read.
  public internal(set) var metadataCalls = 0
  /// Connections to nodes that the proxy has let through.
  public internal(set) var connections = 0
  /// Connections whose greeting named no node.
  public internal(set) var unknownNames = 0
  /// Connections to nodes that were refused.
  public internal(set) var refusedConnections = 0
  /// Logins with the right credentials.
  public internal(set) var logins = 0
  /// Logins with wrong ones.
  public internal(set) var refusedLogins = 0
  /// Requests that were refused because Astra refuses them.
  public internal(set) var refusedRequests = 0
  /// Times that the database's host ids were all replaced.
  public internal(set) var rotations = 0
}
