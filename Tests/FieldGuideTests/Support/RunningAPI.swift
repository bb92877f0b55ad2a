import CassandraReactor
import CassandraTelemetry
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@testable import FieldGuide

/// The API while it is being tested.
struct RunningAPI: Sendable {
  let address: SocketAddress

  /// Runs the API on loops of its own around `body`, which runs on another loop.
  static func run(
    _ settings: Settings, loops count: Int = 2, log: Log = Log(),
    _ body: @escaping @Sendable (RunningAPI) async throws -> Void
  ) async throws {
    var configuration = ServerConfiguration()
    configuration.address = .loopback(port: 0)
    configuration.shutdownTimeout = .seconds(60)
    let loops = try EventLoops(count: count)
    let logger = CassandraLogger(label: "test", level: .debug, sink: log)
    let service = try Service(settings: settings, configuration: configuration, loops: loops, logger: logger)
    let listening = Promise<SocketAddress>()
    let end = Promise<Void>()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { listening.cancel() }
        try await service.run(onListening: { listening.send($0) }, until: { await end.value })
      }
      if let address = await listening.value {
        do {
          try await EventLoops.shared[0].run { try await body(RunningAPI(address: address)) }
        } catch {
          Issue.record(error)
        }
      }
      end.send()
      try await group.waitForAll()
    }
    // A look-up of a name that a thread has begun comes to its end there; everything else is closed, or the suite's time
    // ends.
    while await loops.openHandles > 0 { try? await Task.sleep(for: .milliseconds(2)) }
    await loops.shutDown()
  }

  /// Connects.
  func client() async throws -> RawClient { try await RawClient.connect(to: address) }

  /// Asks on a connection of its own.
  func get(_ path: String) async throws -> Reply {
    let client = try await client()
    defer { client.close() }
    client.request("GET \(path)")
    return try await client.reply()
  }

  /// Posts an animal, or what is to be taken for one.
  func post(_ body: String, type: String? = "application/json") async throws -> Reply {
    let client = try await client()
    defer { client.close() }
    let fields = "Content-Length: \(body.utf8.count)\r\n" + (type.map { "Content-Type: \($0)\r\n" } ?? "")
    client.send("POST /animal HTTP/1.1\r\nHost: test\r\n\(fields)\r\n\(body)")
    return try await client.reply()
  }

  /// Asks again until the answer has that status.
  func wait(for status: Int, containing words: String = "", at path: String) async throws -> Reply {
    let client = try await client()
    defer { client.close() }
    while true {
      client.request("GET \(path)")
      let reply = try await client.reply()
      if reply.status == status && (words.isEmpty || reply.text.contains(words)) { return reply }
      try await Task.sleep(for: .milliseconds(10))
    }
  }
}
