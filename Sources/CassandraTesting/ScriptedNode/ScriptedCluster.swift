public import CassandraReactor
public import CassandraWire

extension ScriptedNode {
  /// A node as the system tables of scripted nodes tell of it.
  public struct Member: Sendable {
    /// The node's own id.
    public var hostID: CQLUUID
    /// Where clients reach it.
    public var address: SocketAddress
    /// The data centre that it is in.
    public var datacenter: String
    /// The rack that it is in.
    public var rack: String
    /// Where its ranges on the ring end.
    public var tokens: [Int64]
    /// The version of the schema that it has.
    public var schemaVersion = CQLUUID(high: 1, low: 1)

    /// A member of a cluster.
    public init(
      hostID: CQLUUID, address: SocketAddress, datacenter: String = "scripted", rack: String = "rack1",
      tokens: [Int64] = []
    ) {
      self.hostID = hostID
      self.address = address
      self.datacenter = datacenter
      self.rack = rack
      self.tokens = tokens
    }

    /// A member by its number in the cluster: its id ends with it.
    public init(_ node: ScriptedNode, number: Int, of count: Int, datacenter: String = "scripted") {
      let width = Int64.max / Int64(max(1, count))
      self.init(
        hostID: CQLUUID(high: 0xc0ff_ee00_0000_4000, low: 0x8000_0000_0000_0000 + UInt64(number)),
        address: node.address, datacenter: datacenter,
        tokens: [.min + 1 + width * Int64(number) &+ width * Int64(number)])
    }
  }

  /// Makes a cluster of nodes: each tells of itself and of the others.
  public static func join(_ nodes: [ScriptedNode], datacenter: (Int) -> String = { _ in "scripted" }) {
    let members = nodes.enumerated().map {
      Member($0.element, number: $0.offset, of: nodes.count, datacenter: datacenter($0.offset))
    }
    for (index, node) in nodes.enumerated() {
      node.setCluster(local: members[index], peers: members.enumerated().filter { $0.offset != index }.map(\.element))
    }
  }
}

/// The system tables of a scripted node that is in a cluster.
struct ScriptedCluster {
  var local: ScriptedNode.Member
  var peers: [ScriptedNode.Member]
  var replication: [String: [String: String]]

  private static let columns: [(String, CQLType)] = [
    ("host_id", .uuid), ("data_center", .text), ("rack", .text), ("release_version", .text), ("tokens", .set(.text)),
    ("schema_version", .uuid),
  ]

  private static func columns(_ table: String, _ more: [(String, CQLType)]) -> [ColumnSpecification] {
    (columns + more).map { .init(keyspace: "system", table: table, name: $0.0, type: $0.1) }
  }

  private static func values(_ member: ScriptedNode.Member) -> [CQLValue] {
    [
      .uuid(member.hostID), .text(member.datacenter), .text(member.rack), .text("5.0.6"),
      .set(member.tokens.map { .text("\($0)") }), .uuid(member.schemaVersion),
    ]
  }

  private static func inet(_ address: SocketAddress) -> CQLValue {
    CQLInet(address.bytes.span).map { .inet($0) } ?? .null
  }

  /// The answer to a question for a table of the cluster; nil for another.
  func reaction(to text: String) -> ScriptedNode.Reaction? {
    if text.contains("FROM system.local") {
      return .rows(
        Self.columns(
          "local", [("key", .text), ("rpc_address", .inet), ("rpc_port", .int), ("partitioner", .text)]),
        [
          Self.values(local) + [
            .text("local"), Self.inet(local.address), .int(Int32(local.address.port)),
            .text("org.apache.cassandra.dht.Murmur3Partitioner"),
          ]
        ])
    }
    if text.contains("FROM system.peers") {
      let more: [(String, CQLType)] = [("peer", .inet), ("native_address", .inet), ("native_port", .int)]
      return .rows(
        Self.columns("peers_v2", more),
        peers.map {
          Self.values($0) + [Self.inet($0.address), Self.inet($0.address), .int(Int32($0.address.port))]
        })
    }
    if text.contains("FROM system_schema.keyspaces") {
      let columns: [(String, CQLType)] = [("keyspace_name", .text), ("replication", .map(key: .text, value: .text))]
      return .rows(
        columns.map { .init(keyspace: "system_schema", table: "keyspaces", name: $0.0, type: $0.1) },
        replication.map { name, options in
          [.text(name), .map(options.map { CQLValue.Entry(.text($0.key), .text($0.value)) })]
        })
    }
    return nil
  }
}
