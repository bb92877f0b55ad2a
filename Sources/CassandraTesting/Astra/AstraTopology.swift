internal import CassandraWire
internal import CassandraReactor

/// The nodes of an emulated database: their ids, and what becomes of those who ask for them. A pure value.
struct AstraTopology: Sendable {
  struct Node: Sendable {
    /// What it reports as its id, and an id that leads to it as well.
    var hostID: CQLUUID
    var alias: CQLUUID
    var target: AstraTarget
    /// Its place, which decides its address.
    var index: Int
    var isRefused = false

    /// The address that it reports where addresses are private.
    var privateAddress: CQLInet { .v4(0xac1e_0000 | UInt32(index + 1)) }

    init(_ target: AstraTarget, index: Int) {
      self.target = target
      self.index = index
      hostID = .random()
      alias = .random()
    }

    mutating func rotate() {
      hostID = .random()
      alias = .random()
    }
  }

  private(set) var nodes: [Node] = []
  private var lastIndex = -1
  /// The id of the node of the second data centre, where there is one.
  let remoteID = CQLUUID.random()
  /// What nodes that know no peers report as the version of their schema.
  let schemaVersion = CQLUUID.random()

  init(_ targets: [AstraTarget]) { for target in targets { add(target) } }

  @discardableResult
  mutating func add(_ target: AstraTarget) -> Node {
    lastIndex += 1
    let node = Node(target, index: lastIndex)
    nodes.append(node)
    return node
  }

  /// The node that a name in the greeting of TLS leads to.
  func node(named name: String) -> Node? {
    nodes.first { $0.hostID.description == name || $0.alias.description == name }
  }

  func node(at place: Int) -> Node? { nodes.first { $0.index == place } }

  mutating func change(_ place: Int, _ body: (inout Node) -> Void) {
    for index in nodes.indices where nodes[index].index == place { body(&nodes[index]) }
  }

  mutating func rotateAll() { for index in nodes.indices { nodes[index].rotate() } }

  /// The token of a node that knows no peers: the nodes share the ring evenly.
  func token(of node: Node) -> String {
    let place = nodes.firstIndex { $0.index == node.index } ?? 0
    let step = UInt64.max / UInt64(max(1, nodes.count))
    return String(Int64(bitPattern: UInt64(bitPattern: Int64.min) &+ UInt64(place) &* step))
  }

  /// Whose address this is, as the cluster sees it.
  func node(at address: CQLInet) -> Node? {
    nodes.first { $0.target.knowsItsPeers && CQLInet($0.target.address.bytes.span) == address }
  }
}

extension CQLUUID {
  /// A random id.
  static func random() -> CQLUUID {
    var generator = SystemRandomNumberGenerator()
    return .random(using: &generator)
  }
}
