import CassandraReactor
import CassandraTelemetry
import Testing
import CassandraHTTPServer
import CassandraWebTesting

/// Runs a server on loops of its own around `body`, which runs on another loop; afterwards stops it, and checks that
/// nothing is left open.
func serving<Context: Sendable>(
  _ routes: Routes<Context>, context: Context, loops count: Int = 2, log: (any LogSink)? = nil,
  _ configure: (inout ServerConfiguration) -> Void = { _ in },
  body: @escaping @Sendable (Running) async throws -> Void
) async throws {
  var configuration = ServerConfiguration()
  configuration.address = .loopback(port: 0)
  configuration.shutdownTimeout = .seconds(60)
  // A busy machine is no fault of the server; a test of one of these times sets it.
  configuration.budgetTimeout = .seconds(60)
  configuration.headTimeout = .seconds(60)
  configuration.bodyTimeout = .seconds(60)
  configure(&configuration)
  let loops = try EventLoops(count: count)
  let logger = log.map { CassandraLogger(label: "test", level: .trace, sink: $0) } ?? .silent
  let server = Server(routes: routes, context: context, configuration: configuration, loops: loops, logger: logger)
  let listening = Promise<SocketAddress>()
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      defer { listening.cancel() }
      try await server.run(.part) { listening.send($0) }
    }
    if let address = await listening.value {
      do {
        try await EventLoops.shared[0].run { try await body(Running(server: server, address: address, loops: loops)) }
      } catch {
        Issue.record(error)
      }
    }
    server.shutDown()
    try await group.waitForAll()
  }
  #expect(await loops.openHandles == 0)
  await loops.shutDown()
}

/// The same for routes without a context.
func serving(
  _ routes: Routes<Void>, loops count: Int = 2, log: (any LogSink)? = nil,
  _ configure: (inout ServerConfiguration) -> Void = { _ in },
  body: @escaping @Sendable (Running) async throws -> Void
) async throws {
  try await serving(routes, context: (), loops: count, log: log, configure, body: body)
}

/// A server that runs.
struct Running: Sendable {
  let server: Server
  let address: SocketAddress
  let loops: EventLoops

  /// Waits until the server has no connection.
  func connectionsEnded() async {
    // Each loop has a socket that listens.
    while await loops.openHandles > loops.count { try? await Task.sleep(for: .milliseconds(2)) }
  }

  /// Another client of it.
  func client(reads: Bool = true) async throws -> RawClient {
    try await RawClient.connect(to: address, reads: reads)
  }

  /// What it answers to these bytes on a connection of their own.
  func reply(to text: String, toHead: Bool = false) async throws -> Reply {
    let client = try await client()
    client.send(text)
    defer { client.close() }
    return try await client.reply(toHead: toHead)
  }
}
