internal import CassandraBytes
internal import CassandraWire

/// A row of `system.local`, `system.peers_v2` or `system.peers`, of whatever release.
struct SystemNodeRow: Sendable, Equatable {
  var hostID: CQLUUID?
  /// Its address for clients.
  var address: CQLInet?
  /// Its port for clients; nil in tables that do not tell.
  var port: UInt16?
  var datacenter: ByteText?
  var rack: ByteText?
  var release: ByteText?
  var tokens: [Int64] = []
  /// Whether it has tokens, also where these are not known.
  var hasTokens = false

  init(
    hostID: CQLUUID? = nil, address: CQLInet? = nil, port: UInt16? = nil, datacenter: String? = nil,
    rack: String? = nil, tokens: [Int64] = []
  ) {
    self.hostID = hostID
    self.address = address
    self.port = port
    self.datacenter = datacenter.map { ByteText($0) }
    self.rack = rack.map { ByteText($0) }
    self.tokens = tokens
    hasTokens = !tokens.isEmpty
  }

  /// Reads a row, whatever columns its table has, within ``SystemLimits``.
  init(_ row: Row, _ belief: inout SystemBelief) {
    hostID = try? row.decode(CQLUUID.self, "host_id")
    let wanted = ["native_address", "native_transport_address", "rpc_address"].lazy
      .compactMap { try? row.decode(CQLInet.self, $0) }.first { !$0.isUnspecified }
    // A node that listens everywhere says 0.0.0.0, and is where the other nodes reach it.
    let others = ["peer", "broadcast_address", "listen_address"].lazy
      .compactMap { try? row.decode(CQLInet.self, $0) }.first { !$0.isUnspecified }
    address = wanted ?? others
    port = ["native_port", "native_transport_port", "rpc_port"].lazy
      .compactMap { try? row.decode(Int.self, $0) }.compactMap { UInt16(exactly: $0) }.first { $0 > 0 }
    datacenter = belief.name("data_center", in: row)
    rack = belief.name("rack", in: row)
    release = belief.name("release_version", in: row)
    hasTokens = belief.tokens(in: row, into: &tokens)
  }

  /// Whether the row is of a node that has joined: one that is joining or has left may have a row with gaps.
  var isComplete: Bool {
    hostID != nil && address != nil && datacenter != nil && rack != nil && hasTokens
  }
}

extension CQLInet {
  /// Whether it stands for all addresses of a machine.
  var isUnspecified: Bool {
    switch self {
    case .v4(let bits): bits == 0
    case .v6(let high, let low): high == 0 && low == 0
    }
  }
}

/// Reads what a server tells of its cluster as far as ``SystemLimits`` let it, and counts the rest.
struct SystemBelief {
  /// Whether the ring is known: every node has told its tokens, and they are no more than a ring has.
  private(set) var hasRing = true
  private(set) var excess = SystemExcess.none
  private var tokens = 0
  private var keyspaces = 0
  private var options = 0

  /// A text that is a name; nil when there is none, or a longer one than names are.
  mutating func name(_ column: String, in row: Row) -> ByteText? {
    guard let extent = row.extent(column) else { return nil }
    guard extent.bytes <= SystemLimits.nameBytes else {
      excess.names += 1
      return nil
    }
    return (try? row.decode(String.self, column)).map { ByteText($0) }
  }

  /// Reads the tokens of a node; false when it tells none.
  mutating func tokens(in row: Row, into list: inout [Int64]) -> Bool {
    guard let extent = row.extent("tokens"), extent.elements > 0 else { return false }
    let (sum, isOver) = tokens.addingReportingOverflow(extent.elements)
    guard extent.elements <= SystemLimits.nodeTokens, !isOver, sum <= SystemLimits.ringTokens else {
      hasRing = false
      excess.nodesWithTokens += 1
      return true
    }
    tokens = sum
    // A ring with gaps would send requests where their data is not.
    guard hasRing else { return true }
    list = ((try? row.decode([String].self, "tokens")) ?? []).compactMap { Int64($0) }
    return !list.isEmpty
  }

  /// Whether the row of another node is to be read, which is the one with that number.
  mutating func takesPeer(_ number: Int) -> Bool {
    guard number >= SystemLimits.peerRows else { return true }
    excess.hasPeerRows = true
    return false
  }

  /// Whether the rows of further keyspaces are to be read: there are `count` in all.
  mutating func takesKeyspace(of count: Int) -> Bool {
    guard keyspaces >= SystemLimits.keyspaces else {
      keyspaces += 1
      return true
    }
    excess.keyspaces += count - keyspaces
    return false
  }

  /// How the keyspace of a row is replicated; nil where nothing is known of that.
  mutating func replication(in row: Row) -> (keyspace: ByteText, Replication)? {
    guard let extent = row.extent("replication"), let name = name("keyspace_name", in: row) else { return nil }
    guard extent.elements <= SystemLimits.replicationOptions, extent.bytes <= SystemLimits.replicationBytes,
      options + extent.elements <= SystemLimits.allReplicationOptions
    else {
      excess.keyspaces += 1
      return nil
    }
    options += extent.elements
    return (try? row.decode([ByteText: String].self, "replication")).map { (name, Replication($0)) }
  }
}

/// What the system tables of one node say of the cluster.
struct SystemReading: Sendable {
  var local: SystemNodeRow
  var peers: [SystemNodeRow]
  /// Whether the tokens are those of all nodes, and what ``Murmur3`` computes.
  var hasRing = true
  var replication: [ByteText: Replication] = [:]
  /// What was told beyond what is believed.
  var excess = SystemExcess.none

  /// The nodes of the cluster, the one that was asked first.
  ///
  /// - Parameters:
  ///   - endPoint: Where the node that was asked has been reached, which is surer than what it says of itself.
  ///   - known: Ids of nodes that were there before.
  ///   - place: Where a node with this row is to be reached.
  func nodes(
    reachedAt endPoint: EndPoint, known: Set<CQLUUID>, place: (AdvertisedNode) -> EndPoint
  ) -> [NodeDescription] {
    var asked = describe(local, at: endPoint, port: endPoint.port)
    if !hasRing { asked.tokens = [] }
    var nodes = [asked]
    var ids = Set([local.hostID].compactMap(\.self))
    var places = [asked.endPoint: 0]
    for row in peers where row.isComplete && nodes.count < Topology.maximumNodes {
      guard let hostID = row.hostID, let address = row.address, hostID != local.hostID else { continue }
      let advertised = AdvertisedNode(
        hostID: hostID, host: "\(address)", port: row.port.map { Int($0) } ?? endPoint.port,
        datacenter: row.datacenter?.text ?? "", rack: row.rack?.text ?? "")
      var node = describe(row, at: place(advertised), port: advertised.port)
      if !hasRing { node.tokens = [] }
      guard !ids.contains(hostID) else { continue }
      if let rival = places[node.endPoint] {
        // The address was given to another node, and the row of the one before is still there: the new one is that
        // which was not known. The node that was asked is itself in any case.
        if rival > 0, let rivalID = nodes[rival].hostID, known.contains(rivalID), !known.contains(hostID) {
          nodes[rival] = node
          ids.remove(rivalID)
          ids.insert(hostID)
        }
        continue
      }
      ids.insert(hostID)
      places[node.endPoint] = nodes.count
      nodes.append(node)
    }
    return nodes
  }

  private func describe(_ row: SystemNodeRow, at endPoint: EndPoint, port: Int) -> NodeDescription {
    NodeDescription(
      hostID: row.hostID, endPoint: endPoint,
      address: row.address.map { NodeAddress(address: $0, port: row.port ?? UInt16(clamping: port)) },
      datacenter: row.datacenter, rack: row.rack, release: row.release, tokens: row.tokens)
  }
}

/// Which data centre is the application's own.
enum LocalDatacenter {
  /// - Parameters:
  ///   - configured: The name in the settings; nil to take that of the contact points.
  ///   - contacts: The nodes among `nodes` that are contact points.
  /// - Throws: ``CassandraError/Code/configuration`` with the names there are, when there is none of that name or the
  ///   contact points are in several.
  static func choose(
    _ configured: ByteText?, among nodes: [NodeDescription], contacts: [NodeDescription]
  ) throws(CassandraError) -> ByteText? {
    let names = Set(nodes.compactMap(\.datacenter))
    if let configured {
      // Nodes that do not tell their data centre cannot contradict.
      guard names.isEmpty || names.contains(configured) else {
        throw CassandraError(
          .configuration, "The configured local data centre does not exist in the cluster.",
          logDetail: "it is '\(configured)'; there is \(list(names))", isRetrySafe: true)
      }
      return configured
    }
    let found = Set(contacts.compactMap(\.datacenter))
    guard found.count <= 1 else {
      throw CassandraError(
        .configuration,
        "The contact points are in several data centres: set the local one.",
        logDetail: "there is \(list(names))", isRetrySafe: true)
    }
    return found.first
  }

  /// Names that a message tells: 20. A server may name as many as there are nodes.
  private static let listedNames = 20
  /// Bytes of a name that a message tells: 100. Of a longer one, which the protocol lets be, the beginning is told.
  private static let listedBytes = 100

  /// The names for a message, in their order.
  private static func list(_ names: Set<ByteText>) -> String {
    let listed = names.sorted().prefix(listedNames).map { name in
      let bytes = name.text.utf8
      return bytes.count <= listedBytes
        ? "'\(name)'" : "'\(String(decoding: bytes.prefix(listedBytes), as: UTF8.self))…'"
    }
    let rest = names.count - listed.count
    return listed.joined(separator: ", ") + (rest > 0 ? ", and \(rest) more" : "")
  }
}
