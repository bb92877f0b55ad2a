import CassandraBytes
import CassandraDice
import Testing

@testable import Cassandra

@Suite struct ReplicaTests {
  private func map(
    _ replication: Replication, _ nodes: [NodeDescription], local: String? = "dc1"
  ) throws -> ReplicaMap {
    let topology = Topology(
      version: 1, nodes: nodes, localDatacenter: local.map { ByteText($0) }, remoteNodes: 0,
      replication: [ByteText("k"): replication])
    return try #require(topology.replicas[ByteText("k")])
  }

  @Test func aRangeEndsWithItsToken() throws {
    let nodes = [node(1, tokens: [-100, 50]), node(2, tokens: [0]), node(3, tokens: [100])]
    let map = try map(.simple(1), nodes)
    let owners = [Int64.min, -101, -100, -99, 0, 1, 50, 51, 100, 101, .max].map { map.replicas(of: $0) }
    #expect(owners == [[0], [0], [0], [1], [1], [0], [0], [2], [2], [0], [0]])
  }

  @Test func theSimpleStrategyTakesTheNextNodes() throws {
    let nodes = [node(1, tokens: [0, 1]), node(2, tokens: [2]), node(3, "dc2", tokens: [3]), node(4, tokens: [4])]
    let map = try map(.simple(3), nodes)
    // Those of another data centre count, and are not local.
    #expect(map.replicas(of: 0) == [0, 1])
    #expect(map.replicas(of: 3) == [3, 0])
    #expect(try self.map(.simple(99), nodes).replicas(of: 2) == [1, 3, 0])
  }

  @Test func theNetworkStrategyUsesTheRacks() throws {
    let nodes = [
      node(1, rack: "a", tokens: [0]), node(2, rack: "a", tokens: [10]), node(3, rack: "b", tokens: [20]),
      node(4, "dc2", rack: "a", tokens: [5]), node(5, rack: "c", tokens: [30]), node(6, rack: "b", tokens: [40]),
    ]
    let map = try map(.network([ByteText("dc1"): 3, ByteText("dc2"): 1]), nodes)
    #expect(map.replicas(of: 0) == [0, 2, 4])
    #expect(map.replicas(of: 15) == [2, 4, 0])
    #expect(map.replicas(of: 35) == [5, 0, 4])
    // More replicas than racks: as many repeats as that makes.
    let four = try self.map(.network([ByteText("dc1"): 4]), nodes)
    #expect(four.replicas(of: 0) == [0, 1, 2, 4])
    #expect(four.replicas(of: 25) == [4, 5, 0, 1])
    #expect(try self.map(.network([ByteText("dc2"): 1]), nodes, local: "dc2").replicas(of: 77) == [3])
  }

  /// With one node in the rack that is still wanted, each of the ranges would go around the whole ring.
  @Test func aRingThatIsTooLongHasNoReplicas() {
    let nodes = [
      node(1, rack: "a", tokens: (0..<1_000).map { $0 * 2 }), node(2, rack: "b", tokens: [1]),
      node(3, rack: "c", tokens: [3]),
    ]
    func replicas(_ replication: Replication, of nodes: [NodeDescription], steps: Int) -> ReplicaMap? {
      Topology(
        version: 1, nodes: nodes, localDatacenter: "dc1", remoteNodes: 0, replication: ["k": replication],
        ringSteps: steps
      ).replicas["k"]
    }
    for replication in [Replication.network(["dc1": 3]), .simple(3)] {
      #expect(replicas(replication, of: nodes, steps: 100_000) == nil)
      #expect(replicas(replication, of: nodes, steps: 1_002 * 1_002)?.replicas(of: 0) == [0, 1, 2])
    }
    // With one replica nobody looks at a second place, nor for more replicas than there are nodes.
    #expect(replicas(.simple(1), of: nodes, steps: 1_002)?.replicas(of: 1) == [1])
    #expect(replicas(.simple(1), of: nodes, steps: 1_001) == nil)
    #expect(replicas(.network(["dc1": 3]), of: [nodes[0]], steps: 1_000)?.replicas(of: 5) == [0])
  }

  /// What Cassandra does, said as simply as can be: who has a range is found by walking over the ring from its end.
  private func expected(_ replication: Replication, _ nodes: [NodeDescription], after token: Int64) -> [Int] {
    let ring = nodes.enumerated().flatMap { place, node in node.tokens.map { ($0, place) } }.sorted { $0 < $1 }
    let start = ring.firstIndex { $0.0 >= token } ?? 0
    let walk = (0..<ring.count).map { ring[(start + $0) % ring.count].1 }
    var found: [Int] = []
    switch replication {
    case .other: return []
    case .simple(let factor):
      for place in walk where found.count < factor && !found.contains(place) { found.append(place) }
      return found.filter { nodes[$0].datacenter == "dc1" }
    case .network(let factors):
      let local = walk.filter { nodes[$0].datacenter == "dc1" }
      let wanted = min(factors["dc1"] ?? 0, Set(local).count)
      var repeats = max(0, (factors["dc1"] ?? 0) - Set(local.map { nodes[$0].rack }).count)
      for place in local where found.count < wanted && !found.contains(place) {
        if found.contains(where: { nodes[$0].rack == nodes[place].rack }) {
          guard repeats > 0 else { continue }
          repeats -= 1
        }
        found.append(place)
      }
      return found
    }
  }

  @Test(arguments: 1...40 as ClosedRange<UInt64>) func replicasAreThoseOfAWalkOverTheRing(_ seed: UInt64) {
    var dice = Dice(seed: seed)
    let nodes = (1...UInt64(dice.number(2...9))).map { number in
      node(
        number, dice.number(1...3) == 1 ? "dc2" : "dc1", rack: "rack\(dice.number(1...4))",
        tokens: (0..<dice.number(1...5)).map { _ in Int64(dice.number(-1_000...1_000)) * 16 + Int64(number) })
    }
    var replications: [ByteText: Replication] = [:]
    for factor in 1...6 {
      replications[ByteText("s\(factor)")] = .simple(factor)
      replications[ByteText("n\(factor)")] = .network(["dc1": factor, "dc2": 7 - factor])
    }
    let topology = Topology(
      version: 1, nodes: nodes, localDatacenter: "dc1", remoteNodes: 0, replication: replications)
    for (keyspace, replication) in replications {
      for token in stride(from: Int64(-17_000), through: 17_000, by: 1_371) {
        let replicas = topology.replicas[keyspace]?.replicas(of: token) ?? []
        #expect(replicas == expected(replication, nodes, after: token), "\(keyspace) \(token)")
      }
    }
  }

  /// A topology is made in pieces, of which each is bounded, however large the cluster is; ways of replication that are the
  /// same on the ring are looked at once.
  @Test func aTopologyIsMadeInPieces() {
    let nodes = (1...UInt64(64)).map { number in
      node(number, rack: "rack\(number % 3)", tokens: (0..<256).map { Int64($0) * 1_000 + Int64(number) })
    }
    let factors = (1...5_000).map { (ByteText("k\($0)"), Replication.network(["dc1": 3, "dc2": $0])) }
    var draft = TopologyDraft(
      version: 1, nodes: nodes, localDatacenter: "dc1", remoteNodes: 0,
      replication: Dictionary(factors) { first, _ in first })
    var (pieces, most, all) = (0, 0, 0)
    while case let work = draft.step(), work > 0 {
      pieces += 1
      most = max(most, work)
      all += work
    }
    #expect(pieces > 64 && most <= SystemLimits.ringStepsAtOnce + 1)
    // Seven merges of 16,384 tokens, and a walk over each of these.
    #expect(all < 500_000)
    #expect(draft.keyspacesTooLong == 0 && draft.topology.replicas.count == 5_000)
    let first = draft.topology.replicas["k1"]
    #expect(first != nil && draft.topology.replicas.values.allSatisfy { $0 === first })
    let short = TopologyDraft.made(nodes, replication: ["a": .simple(2), "b": .simple(3)], ringSteps: 16_384 * 2)
    #expect(short.keyspacesTooLong == 1 && short.topology.replicas.count == 1)
  }

  @Test func whatIsSaidOfReplication() {
    #expect(
      Replication(["class": "org.apache.cassandra.locator.SimpleStrategy", "replication_factor": "3"]) == .simple(3))
    #expect(
      Replication(["class": "NetworkTopologyStrategy", "dc1": "3/1", "dc2": "2"])
        == .network([ByteText("dc1"): 3, ByteText("dc2"): 2]))
    let others: [[ByteText: String]] = [
      ["class": "org.apache.cassandra.locator.LocalStrategy"], ["class": "SimpleStrategy"], [:],
      ["class": "SimpleStrategy", "replication_factor": "many"],
    ]
    for options in others { #expect(Replication(options) == .other) }
  }

  @Test func emptyRingsHaveNoReplicas() {
    let topology = Topology(
      version: 1, nodes: [node(1, tokens: [])], localDatacenter: nil, remoteNodes: 0,
      replication: [ByteText("k"): .simple(1), ByteText("l"): .network([:]), ByteText("m"): .other])
    #expect(topology.replicas.isEmpty)
  }
}

extension TopologyDraft {
  /// One that is finished.
  fileprivate static func made(
    _ nodes: [NodeDescription], replication: [ByteText: Replication], ringSteps: Int
  ) -> TopologyDraft {
    var draft = TopologyDraft(
      version: 1, nodes: nodes, localDatacenter: "dc1", remoteNodes: 0, replication: replication, ringSteps: ringSteps)
    while draft.step() > 0 {}
    return draft
  }
}
