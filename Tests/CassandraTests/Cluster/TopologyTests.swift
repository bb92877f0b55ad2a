import CassandraBytes
import CassandraTelemetry
import CassandraWire
import Testing

@testable import Cassandra

/// An id that ends with a number.
func id(_ number: UInt64) -> CQLUUID { CQLUUID(high: 0xc0ff_ee00_0000_4000, low: 0x8000_0000_0000_0000 + number) }

/// The row of a node at `127.0.0.NUMBER`.
func row(
  _ number: UInt64, address: CQLInet? = nil, port: UInt16? = nil, datacenter: String? = "dc1",
  rack: String? = "rack1", tokens: [Int64]? = nil
) -> SystemNodeRow {
  SystemNodeRow(
    hostID: id(number), address: address ?? .v4(0x7f00_0000 + UInt32(number)), port: port, datacenter: datacenter,
    rack: rack, tokens: tokens ?? [Int64(number) * 100])
}

func node(_ number: UInt64, _ datacenter: String = "dc1", rack: String = "rack1", tokens: [Int64]) -> NodeDescription {
  NodeDescription(
    hostID: id(number), endPoint: EndPoint(host: "127.0.0.\(number)"), address: nil,
    datacenter: ByteText(datacenter), rack: ByteText(rack), release: nil, tokens: tokens)
}

@Suite struct TopologyTests {
  private static let first = row(1)
  private let asked = EndPoint(host: "proxy.test", port: 9999)

  private func nodes(
    _ local: SystemNodeRow = row(1), peers: [SystemNodeRow], known: Set<CQLUUID> = []
  ) -> [NodeDescription] {
    SystemReading(local: local, peers: peers).nodes(reachedAt: asked, known: known) {
      EndPoint(host: $0.host, port: $0.port)
    }
  }

  @Test func theNodeThatWasAskedIsWhereItWasReached() {
    let found = nodes(peers: [row(2), row(3, port: 9043)])
    #expect(found.map(\.endPoint.description) == ["proxy.test:9999", "127.0.0.2:9999", "127.0.0.3:9043"])
    #expect(found.map(\.hostID) == [id(1), id(2), id(3)])
    #expect(found[2].address == NodeAddress(address: .v4(0x7f00_0003), port: 9043))
  }

  @Test func rowsWithGapsAreNoNodes() {
    let peers = [
      row(2, datacenter: nil), row(3, rack: nil), row(4, tokens: []), SystemNodeRow(address: .v4(0x7f00_0005)), row(6),
    ]
    #expect(nodes(peers: peers).map(\.hostID) == [id(1), id(6)])
    // The node that was asked is one, whatever it tells.
    #expect(nodes(SystemNodeRow(), peers: []).map(\.endPoint) == [asked])
  }

  @Test func noNodeIsThereTwice() {
    #expect(nodes(peers: [row(1), row(2), row(2, address: .v4(0x7f00_0009))]).map(\.hostID) == [id(1), id(2)])
  }

  @Test func anAddressThatMovedToAnotherNodeIsThatOfTheNewOne() {
    let moved = [row(2), row(7, address: .v4(0x7f00_0002))]
    #expect(nodes(peers: moved, known: [id(2)]).map(\.hostID) == [id(1), id(7)])
    #expect(nodes(peers: moved.reversed(), known: [id(2)]).map(\.hostID) == [id(1), id(7)])
    #expect(nodes(peers: moved, known: [id(7)]).map(\.hostID) == [id(1), id(2)])
  }

  @Test func rowsOfAllReleases() throws {
    func read(_ columns: [(String, CQLType, CQLValue)]) throws -> SystemNodeRow {
      var body: [UInt8] = []
      let specifications = columns.map {
        ColumnSpecification(keyspace: "system", table: "peers", name: $0.0, type: $0.1)
      }
      try RowsResult(metadata: ResultMetadata(columns: specifications), rowCount: 1).encode(into: &body, version: .v4)
      for column in columns { try body.append(value: column.2, as: column.1) }
      var belief = SystemBelief()
      return SystemNodeRow(try #require(try Page(body: body, at: 4, version: .v4, layout: nil).first), &belief)
    }
    let peer = ("peer", CQLType.inet, CQLValue.inet(.v4(0x0a00_0001)))
    let anywhere = CQLValue.inet(.v4(0))
    #expect(try read([peer, ("rpc_address", .inet, .inet(.v4(7)))]).address == .v4(7))
    #expect(try read([peer, ("rpc_address", .inet, anywhere)]).address == .v4(0x0a00_0001))
    #expect(try read([peer, ("rpc_address", .inet, .inet(.v6(high: 0, low: 0)))]).address == .v4(0x0a00_0001))
    #expect(try read([peer, ("rpc_address", .inet, .null)]).address == .v4(0x0a00_0001))
    let new = try read([
      peer, ("native_address", .inet, .inet(.v4(9))), ("native_port", .int, .int(9043)),
      ("tokens", .set(.text), .set([.text("-5"), .text("17"), .text("abc")])), ("data_center", .text, .text("dc1")),
    ])
    #expect(new.address == .v4(9))
    #expect(new.port == 9043)
    #expect(new.tokens == [-5, 17])
    #expect(new.datacenter == ByteText("dc1"))
    #expect(try read([peer, ("native_port", .int, .int(-1))]).port == nil)
  }

  /// Rows of a system table.
  private func page(_ columns: [(String, CQLType)], _ rows: [[CQLValue]]) throws -> Page {
    var body: [UInt8] = []
    let specifications = columns.map { ColumnSpecification(keyspace: "system", table: "t", name: $0.0, type: $0.1) }
    try RowsResult(metadata: ResultMetadata(columns: specifications), rowCount: rows.count)
      .encode(into: &body, version: .v4)
    for row in rows { for (value, column) in zip(row, columns) { try body.append(value: value, as: column.1) } }
    return try Page(body: body, at: 4, version: .v4, layout: nil)
  }

  /// A node says as often as it likes where its ranges end; beyond what a node has, nothing is believed of the ring.
  @Test func moreTokensThanANodeHas() throws {
    let columns: [(String, CQLType)] = [
      ("host_id", .uuid), ("native_address", .inet), ("data_center", .text), ("rack", .text), ("tokens", .set(.text)),
    ]
    func row(_ number: UInt64, tokens: Int) -> [CQLValue] {
      [
        .uuid(id(number)), .inet(.v4(0x7f00_0000 + UInt32(number))), .text("dc1"), .text("rack1"),
        .set((0..<tokens).map { .text("\($0 * 8 + Int(number))") }),
      ]
    }
    func reading(_ counts: [Int]) throws -> (SystemReading, SystemBelief) {
      var belief = SystemBelief()
      let rows = try page(columns, counts.enumerated().map { row(UInt64($0.offset + 2), tokens: $0.element) })
        .map { SystemNodeRow($0, &belief) }
      return (SystemReading(local: Self.first, peers: rows, hasRing: belief.hasRing), belief)
    }
    let (most, fine) = try reading([SystemLimits.nodeTokens, 256])
    #expect(fine.hasRing && fine.excess == .none)
    #expect(most.peers.map(\.tokens.count) == [SystemLimits.nodeTokens, 256])
    let (over, belief) = try reading([SystemLimits.nodeTokens + 1, 256])
    #expect(!belief.hasRing && belief.excess.nodesWithTokens == 1)
    #expect(over.peers.allSatisfy { $0.tokens.isEmpty })
    // They are nodes as before, and requests go to any of them.
    let nodes = over.nodes(reachedAt: asked, known: []) { EndPoint(host: $0.host, port: $0.port) }
    #expect(nodes.count == 3 && nodes.allSatisfy { $0.tokens.isEmpty })
    // So it is with many nodes of as many tokens as each may have.
    let (_, together) = try reading(Array(repeating: SystemLimits.nodeTokens, count: 684))
    #expect(!together.hasRing && together.excess.nodesWithTokens > 0)
  }

  /// The count stands before the elements: what is over a limit is not decoded, be it whatever it is.
  @Test func whatIsOverALimitIsLeftOut() throws {
    let columns: [(String, CQLType)] = [("keyspace_name", .text), ("replication", .map(key: .text, value: .text))]
    func options(_ count: Int) -> CQLValue {
      .map(
        [CQLValue.Entry(.text("class"), .text("NetworkTopologyStrategy"))]
          + (1..<count).map { CQLValue.Entry(.text("dc\($0)"), .text("3")) })
    }
    let long = String(repeating: "x", count: SystemLimits.nameBytes + 1)
    let rows = try page(
      columns,
      [
        [.text("few"), options(3)], [.text("many"), options(SystemLimits.replicationOptions + 1)],
        [.text(long), options(2)],
      ])
    var belief = SystemBelief()
    let found = rows.compactMap { belief.replication(in: $0) }
    #expect(found.map(\.keyspace) == ["few"])
    #expect(found.first?.1 == .network(["dc1": 3, "dc2": 3]))
    #expect(belief.excess.keyspaces == 1 && belief.excess.names == 1)
    var many = SystemBelief()
    let taken = (0..<5_000).count { _ in many.takesKeyspace(of: 5_000) }
    #expect(taken == SystemLimits.keyspaces)
    let peers = (0..<10_000).count { many.takesPeer($0) }
    #expect(peers == SystemLimits.peerRows && many.excess.hasPeerRows)
  }

  @Test func namesAreBytes() {
    // The same text to a reader of Unicode, and two names to a server.
    #expect(ByteText("Re\u{301}gion") != ByteText("R\u{e9}gion"))
    #expect(Set([ByteText("Re\u{301}gion"), ByteText("R\u{e9}gion")]).count == 2)
  }

  @Test func theLocalDatacenterIsCheckedOrFound() throws {
    let nodes = [node(1, tokens: [1]), node(2, "dc2", tokens: [2])]
    #expect(try LocalDatacenter.choose(ByteText("dc2"), among: nodes, contacts: [nodes[0]]) == ByteText("dc2"))
    #expect(try LocalDatacenter.choose(nil, among: nodes, contacts: [nodes[1]]) == ByteText("dc2"))
    let wrong = #expect(throws: CassandraError.self) {
      try LocalDatacenter.choose(ByteText("dc3"), among: nodes, contacts: [])
    }
    #expect(wrong?.code == .configuration)
    #expect(wrong?.debugDescription.contains("'dc1', 'dc2'") == true)
    #expect(wrong?.description.contains("dc1") == false)
    #expect(throws: CassandraError.self) { try LocalDatacenter.choose(nil, among: nodes, contacts: nodes) }
    // Where no table tells, nothing contradicts.
    var silent = nodes[0]
    silent.datacenter = nil
    #expect(try LocalDatacenter.choose(ByteText("dc3"), among: [silent], contacts: []) == ByteText("dc3"))
    #expect(try LocalDatacenter.choose(nil, among: [silent], contacts: [silent]) == nil)
  }

  /// A server may call its data centres as it likes, and as many as it likes: they are told in the order of their bytes, and
  /// only the first of them.
  @Test(.timeLimit(.minutes(5))) func namesOfDatacentersCostWhatTheirBytesCost() throws {
    let marks = String(repeating: "\u{301}", count: 300_000) + String(repeating: "\u{316}", count: 300_000)
    let nodes = (1...30).map { node($0, "dc\(10 + $0)e" + marks, tokens: [Int64($0)]) }
    #expect(try LocalDatacenter.choose(nil, among: nodes, contacts: [nodes[0]]) == nodes[0].datacenter)
    let wrong = #expect(throws: CassandraError.self) {
      try LocalDatacenter.choose(ByteText("dc1"), among: nodes, contacts: [])
    }
    // Marks are bytes of their own here, and no parts of characters.
    let words = wrong?.debugDescription ?? ""
    let told = String(decoding: words.utf8.map { $0 < 0x80 ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    #expect(told.contains("'dc11e??") && told.contains("'dc30e") && !told.contains("'dc31e"))
    #expect(told.contains("???', and 10 more") && told.utf8.count < 4000)
  }

  /// What has changed is found by look-ups: a server that names 4,096 others each time does not hold a loop up.
  @Test func changesAreTold() {
    final class Lines: LogSink {
      let messages = Locked<[String]>([])
      func write(_ record: LogRecord) { messages.withLock { $0.append(record.message) } }
    }
    func topology(_ version: UInt64, _ nodes: [NodeDescription]) -> Topology {
      Topology(version: version, nodes: nodes, localDatacenter: nil, remoteNodes: 0, replication: [:])
    }
    func told(_ before: [NodeDescription], _ after: [NodeDescription]) -> [String] {
      let lines = Lines()
      topology(2, after).log(
        changesSince: topology(1, before), to: CassandraLogger(label: "", level: .info, sink: lines))
      return lines.messages.withLock { $0 }
    }
    var (one, two) = (node(1, tokens: [1]), node(2, tokens: [2]))
    #expect(told([one], [one]) == [])
    #expect(told([one], [one, two]) == ["a node has joined the cluster"])
    #expect(told([one, two], [two]) == ["a node has left the cluster"])
    let moved = NodeDescription(hostID: one.hostID, endPoint: EndPoint(host: "127.0.0.9"))
    #expect(told([one], [moved]) == ["a node has another address"])
    // One that tells no id is the one at its address, on either side.
    one.hostID = nil
    #expect(told([one], [node(1, tokens: [1])]) == [])
    #expect(told([node(1, tokens: [1])], [one]) == [])
    two.hostID = nil
    #expect(told([one], [two]) == ["a node has joined the cluster", "a node has left the cluster"])
    let old = (1...4096).map { node($0, tokens: []) }
    let new = (5001...9096).map { node($0, tokens: []) }
    let lines = told(old, new)
    #expect(lines.count == 65 && lines.last == "many nodes of the cluster have changed")
  }

  @Test func contactPointsKeepTheirNames() throws {
    let (name, pair) = (EndPoint(host: "one.test"), EndPoint(host: "pair.test"))
    var contacts = ContactPoints([name, pair])
    contacts.resolved(name, to: [try SocketAddress("10.0.0.1", port: 9042)])
    contacts.resolved(pair, to: [try SocketAddress("10.0.0.2", port: 9042), try SocketAddress("10.0.0.3", port: 9042)])
    #expect(contacts.place(host: "10.0.0.1", port: 9042) == name)
    let second = EndPoint(host: "10.0.0.3", certificateName: "pair.test")
    #expect(contacts.place(host: "10.0.0.3", port: 9042) == second)
    #expect(contacts.place(host: "10.0.0.3", port: 9043) == nil)
    #expect(contacts.candidates(of: pair).map(\.endPoint.host) == ["10.0.0.2", "10.0.0.3"])
    #expect(contacts.include(second) && contacts.include(name) && !contacts.include(EndPoint(host: "10.0.0.4")))
  }

  /// Compared pair by pair, so many would not end within the time limit.
  @Test(.timeLimit(.minutes(5))) func moreNodesThanAClusterHasAreLeftOut() {
    let many = (2..<200_000).map { row(UInt64($0)) }
    #expect(nodes(peers: many).count == Topology.maximumNodes)
    // As long as there is room, a row that is there again takes none.
    let few = (0..<200_000).map { row(UInt64($0 % 1_000 + 2)) }
    #expect(nodes(peers: few).count == 1_001)
  }

  @Test func eventsAreGathered() {
    var schedule = RefreshSchedule(quiet: 1000)
    #expect(schedule.due == nil)
    schedule.note(now: 100)
    #expect(schedule.due == 1100)
    schedule.note(now: 900)
    #expect(schedule.due == 1900)
    let early = schedule.take(now: 1899)
    #expect(!early)
    for now in stride(from: UInt64(1800), through: 6000, by: 900) { schedule.note(now: now) }
    // However many there are, the first one is not put off for ever.
    #expect(schedule.due == 5100)
    let (late, again) = (schedule.take(now: 5100), schedule.take(now: 9000))
    #expect(late && !again)
    #expect(schedule.due == nil)
  }

  @Test func remoteNodesAreUsedWithinTheirLimit() {
    let nodes = [
      node(1, tokens: [1]), node(2, "dc2", tokens: [2]), node(3, "dc2", tokens: [3]), node(4, "dc3", tokens: [4]),
    ]
    func topology(_ remote: Int) -> Topology {
      Topology(version: 1, nodes: nodes, localDatacenter: ByteText("dc1"), remoteNodes: remote, replication: [:])
    }
    #expect(topology(0).distances == [.local, .ignored, .ignored, .ignored])
    #expect(topology(1).distances == [.local, .remote, .ignored, .remote])
    #expect(topology(2).remote == [1, 2, 3])
  }
}
