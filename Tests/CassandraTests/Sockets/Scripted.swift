import CassandraWire
import Cassandra
import CassandraTesting
import CassandraReactor
import CassandraTelemetry
import Testing

/// Statements that the scripted nodes of these tests know, as text and as the client writes them.
enum Known {
  static let columns: [(String, CQLType)] = [("a", .text), ("n", .int)]
  static let select = "SELECT a, n FROM t"
  static let other = "SELECT other FROM t"
  static let insert = "INSERT INTO t (a, n) VALUES (?, ?)"
  static let paged = "SELECT paged FROM t"

  static func row(_ text: String, _ number: Int32) -> [CQLValue] { [.text(text), .int(number)] }

  static func define(on node: ScriptedNode) {
    node.define(.init(select, columns: columns, pages: [[row("one", 1)]]))
    node.define(.init(other, columns: columns, pages: [[row("other", 2)]]))
    node.define(.init(insert, parameters: columns))
    node.define(
      .init(
        paged, columns: columns,
        pages: (0..<4).map { page in (0..<2).map { row("page \(page)", Int32(page * 2 + $0)) } }))
  }
}

/// An address that no other test listens at, for a node that is to be refused while its clients try again: its port could
/// be given to somebody else's node in the meantime. Elsewhere than on Linux there is only one such address.
func addressOfItsOwn() throws -> SocketAddress {
  #if os(Linux)
    let number = addressesTaken.withLock { taken in
      taken += 1
      return taken
    }
    return try SocketAddress("127.9.0.\(number)", port: 0)
  #else
    return .loopback(port: 0)
  #endif
}

private let addressesTaken = Locked(0)

/// Runs `body` with a client of scripted nodes; afterwards nothing of them is left open.
func withScriptedNodes(
  _ count: Int = 1, loops loopCount: Int = 1, options: ScriptedNode.Options = .init(),
  at address: SocketAddress = .loopback(port: 0), logger: CassandraLogger = .silent,
  configure: (inout ClientConfiguration) -> Void = { _ in },
  _ body: (CassandraClient, [ScriptedNode]) async throws -> Void
) async throws {
  let loops = try EventLoops(count: loopCount)
  let nodeLoops = try EventLoops(count: 1)
  var nodes: [ScriptedNode] = []
  for _ in 0..<count {
    let node = try await ScriptedNode(on: nodeLoops[0], at: address, options: options)
    Known.define(on: node)
    nodes.append(node)
  }
  if count > 1 { ScriptedNode.join(nodes) }
  var configuration = ClientConfiguration(try .nodes(nodes.map(\.contactPoint), localDatacenter: "scripted"))
  configuration.reconnection = ReconnectionPolicy(first: .milliseconds(1), longest: .milliseconds(20))
  configuration.limits.drainTimeout = .milliseconds(50)
  configuration.limits.eventQuietTime = .milliseconds(1)
  // By default a node on this machine gets fewer.
  configuration.limits.connectionsPerNode = loops.count
  configure(&configuration)
  let result: Result<Void, any Error>
  do {
    let theNodes = nodes
    result = .success(
      try await CassandraClient.withClient(configuration, loops: loops, logger: logger) { client in
        if count > 1 { await client.untilConnected(to: count, loops: loops.count) }
        try await body(client, theNodes)
      })
  } catch { result = .failure(error) }
  for node in nodes { await node.close() }
  while await loops.openHandles + nodeLoops.openHandles > 0 { await Task.yield() }
  await loops.shutDown()
  await nodeLoops.shutDown()
  try result.get()
}

/// One node, by its version.
func withScriptedNode(
  _ version: ProtocolVersion = .v5, loops: Int = 1, options: ScriptedNode.Options = .init(),
  at address: SocketAddress = .loopback(port: 0), logger: CassandraLogger = .silent,
  configure: (inout ClientConfiguration) -> Void = { _ in },
  _ body: (CassandraClient, ScriptedNode) async throws -> Void
) async throws {
  try await withScriptedNodes(
    loops: loops, options: options, at: address, logger: logger,
    configure: {
      $0.protocolVersion = version
      configure(&$0)
    }
  ) { client, nodes in try await body(client, nodes[0]) }
}

/// The error of a call, or a failure of the test.
func failure(_ body: () async throws -> Void) async throws -> CassandraError {
  do { try await body() } catch let error as CassandraError { return error }
  Issue.record("nothing was thrown")
  throw CancellationError()
}

extension CassandraClient {
  /// The first column of the statement's rows.
  func texts(_ text: String, options: QueryOptions? = nil) async throws -> [String] {
    var texts: [String] = []
    for try await (text, _) in try await query(Statement(unsafeCQL: text), options: options).decode((String, Int).self)
    {
      texts.append(text)
    }
    return texts
  }

  func insert(_ options: QueryOptions? = nil) async throws {
    try await query("INSERT INTO t (a, n) VALUES (\("x"), \(1))", options: options)
  }

  /// Waits until a request can be sent.
  func untilConnected() async { while await !isConnected { await Task.yield() } }

  /// Waits until every loop has a connection to each of so many nodes.
  func untilConnected(to nodes: Int, loops: Int) async {
    while true {
      let connected = await topology.nodes
      if connected.count == nodes && connected.allSatisfy({ $0.connections == loops }) { return }
      await Task.yield()
    }
  }
}

let bothVersions: [ProtocolVersion] = [.v4, .v5]

/// Keeps the messages of log lines.
final class RecordingSink: LogSink {
  private let lines = Locked<[LogRecord]>([])
  var messages: [String] { lines.withLock { $0.map(\.message) } }
  var records: [LogRecord] { lines.withLock { $0 } }
  func write(_ record: LogRecord) { lines.withLock { $0.append(record) } }
}
