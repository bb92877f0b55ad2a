import CassandraBytes
import CassandraWire
import Testing

@testable import Cassandra

@Suite struct RoutingTests {
  private struct Loads: NodeLoads {
    var loads: [NodeLoad]

    init(_ count: Int) { loads = Array(repeating: NodeLoad(availability: .available, inFlight: 0), count: count) }

    func load(at place: Int) -> NodeLoad { loads[place] }
  }

  private static func topology(remote: Int = 0, racks: [String] = []) -> Topology {
    let nodes = (0..<8).map { number in
      node(
        UInt64(number + 1), number < 6 ? "dc1" : "dc2",
        rack: racks.isEmpty ? "rack1" : racks[number % racks.count], tokens: [Int64(number) * 10])
    }
    return Topology(
      version: 1, nodes: nodes, localDatacenter: ByteText("dc1"), remoteNodes: remote,
      replication: [ByteText("k"): .network([ByteText("dc1"): 3])])
  }

  /// How often each node is chosen.
  private func shares(
    _ topology: Topology, _ loads: Loads, token: Int64? = nil, _ change: (inout Routing) -> Void = { _ in }
  ) -> [Int] {
    var shares = Array(repeating: 0, count: topology.nodes.count)
    var generator = SystemRandomNumberGenerator()
    for turn in 0..<6000 {
      var routing = Routing(turn: UInt(turn), chance: UInt.random(in: 0...UInt.max, using: &generator))
      if let token, let map = topology.replicas[ByteText("k")] {
        routing.replicas = map
        routing.start = map.start(of: token)
      }
      change(&routing)
      if let place = routing.choose(in: topology, skipping: [], loads) { shares[place] += 1 }
    }
    return shares
  }

  @Test func localNodesTakeTurns() {
    #expect(shares(Self.topology(remote: 2), Loads(8)) == [1000, 1000, 1000, 1000, 1000, 1000, 0, 0])
  }

  @Test func theShareOfANodeThatIsAwayIsSpread() {
    var loads = Loads(8)
    loads.loads[2].availability = .away
    #expect(shares(Self.topology(), loads) == [1200, 1200, 0, 1200, 1200, 1200, 0, 0])
  }

  @Test func replicasComeFirst() {
    var loads = Loads(8)
    #expect(shares(Self.topology(), loads, token: 15) == [0, 0, 2000, 2000, 2000, 0, 0, 0])
    for place in 2...4 { loads.loads[place].availability = .away }
    #expect(shares(Self.topology(), loads, token: 15) == [2000, 2000, 0, 0, 0, 2000, 0, 0])
  }

  @Test func theLessLoadedOfTwoIsTaken() {
    var loads = Loads(8)
    loads.loads[3].inFlight = 50
    // It is taken only against itself, which does not happen.
    let shares = shares(Self.topology(), loads, token: 15)
    #expect(shares[3] == 0)
    #expect(shares[2] + shares[4] == 6000)
  }

  @Test func silentNodesComeLast() {
    var loads = Loads(8)
    for place in 2...4 { loads.loads[place].availability = .silent }
    #expect(shares(Self.topology(), loads, token: 15) == [2000, 2000, 0, 0, 0, 2000, 0, 0])
    for place in 0..<6 { loads.loads[place].availability = .silent }
    #expect(shares(Self.topology(), loads).allSatisfy { $0 == 1000 || $0 == 0 })
    #expect(shares(Self.topology(remote: 1), loads) { $0.usesRemote = true }[6] == 0)
  }

  @Test func otherDatacentersOnlyWhereAllowedAndWhenNoLocalNodeIsLeft() {
    var loads = Loads(8)
    for place in 0..<6 { loads.loads[place].availability = .away }
    #expect(shares(Self.topology(), loads) == Array(repeating: 0, count: 8))
    #expect(shares(Self.topology(remote: 2), loads) == Array(repeating: 0, count: 8))
    #expect(shares(Self.topology(remote: 2), loads) { $0.usesRemote = true } == [0, 0, 0, 0, 0, 0, 3000, 3000])
    #expect(shares(Self.topology(remote: 1), loads) { $0.usesRemote = true } == [0, 0, 0, 0, 0, 0, 6000, 0])
  }

  @Test func conditionalStatementsKeepTheOrderOfTheRing() {
    var loads = Loads(8)
    let inOrder: (inout Routing) -> Void = { $0.keepsRingOrder = true }
    #expect(shares(Self.topology(), loads, token: 15, inOrder)[2] == 6000)
    loads.loads[2].inFlight = 1000
    #expect(shares(Self.topology(), loads, token: 15, inOrder)[2] == 6000)
    loads.loads[2].availability = .away
    #expect(shares(Self.topology(), loads, token: 15, inOrder)[3] == 6000)
  }

  @Test func aPreferredRackComesFirst() {
    var loads = Loads(8)
    let topology = Self.topology(racks: ["a", "b"])
    let preferred: (inout Routing) -> Void = { $0.rack = ByteText("b") }
    // Replicas of that token are 2, 3 and one of the other rack.
    let shares = shares(topology, loads, token: 15, preferred)
    #expect(shares[3] + shares[1] + shares[5] == 6000)
    loads.loads[3].availability = .away
    #expect(self.shares(topology, loads, token: 15, preferred)[2] > 0)
    #expect(self.shares(topology, loads, preferred)[0] == 0)
  }

  @Test func aPlanHasEachNodeOnce() {
    var loads = Loads(8)
    loads.loads[0].availability = .silent
    loads.loads[5].availability = .away
    var routing = Routing(turn: 7, chance: 3)
    routing.usesRemote = true
    let topology = Self.topology(remote: 2)
    routing.replicas = topology.replicas[ByteText("k")]
    routing.start = routing.replicas?.start(of: 15) ?? 0
    let order = routing.order(in: topology, loads)
    #expect(Set(order[..<3]) == [2, 3, 4])
    #expect(order[3...].prefix(2) == [1, 0])
    #expect(Set(order[5...]) == [6, 7])
  }
}

@Suite struct RoutingKeyTests {
  private func key(_ statement: Statement, _ types: [CQLType], keys: [UInt16]) throws -> [UInt8]? {
    let columns = types.enumerated().map {
      ColumnSpecification(keyspace: "k", table: "t", name: "c\($0.offset)", type: $0.element)
    }
    let prepared = try PreparedStatement(
      key: StatementKey(""), kind: StatementKind("SELECT"),
      result: PreparedResult(
        id: [1], resultMetadataID: [2], parameters: PreparedMetadata(columns: columns, partitionKeyIndexes: keys),
        result: ResultMetadata(columns: [])), version: .v5)
    var buffer: [UInt8] = []
    return statement.appendRoutingKey(prepared, into: &buffer) ? buffer : nil
  }

  @Test func aSingleColumnIsItsBytes() throws {
    #expect(try key("\("ab") \(1)", [.text, .int], keys: [0]) == [0x61, 0x62])
    #expect(try key("\("ab") \(1)", [.text, .int], keys: [1]) == [0, 0, 0, 1])
    #expect(try key("\(-2)", [.bigint], keys: [0]) == [255, 255, 255, 255, 255, 255, 255, 254])
    #expect(try key("\(300)", [.varint], keys: [0]) == [1, 44])
    #expect(try key("\(id(3))", [.uuid], keys: [0])?.count == 16)
    #expect(try key("\([UInt8]())", [.blob], keys: [0]) == [])
  }

  @Test func severalColumnsHaveTheirLengths() throws {
    #expect(
      try key("\("ab") \(1) \("x")", [.text, .int, .text], keys: [2, 0])
        == [0, 1, 0x78, 0, 0, 2, 0x61, 0x62, 0])
  }

  @Test func namedValuesAreFoundByTheirNames() throws {
    let statement = Statement("", named: ["c1": 7, "c0": "ab"])
    #expect(try key(statement, [.text, .int], keys: [1]) == [0, 0, 0, 7])
    #expect(try key(Statement("", named: ["c0": "ab"]), [.text, .int], keys: [1]) == nil)
  }

  @Test func whatDoesNotTellThePartition() throws {
    #expect(try key("\("ab")", [.text], keys: []) == nil)
    #expect(try key("\(String?.none)", [.text], keys: [0]) == nil)
    #expect(try key("\(1 << 40)", [.int], keys: [0]) == nil)
    #expect(try key("\("ab")", [.int], keys: [0]) == nil)
    #expect(try key("\("ab")", [.text, .text], keys: [1]) == nil)
    #expect(try key("\("ab")", [.text], keys: [5]) == nil)
    let long = String(repeating: "x", count: 65_536)
    #expect(try key("\(long) \(1)", [.text, .int], keys: [0, 1]) == nil)
  }
}
