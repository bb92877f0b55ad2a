internal import CQLNode
internal import Cassandra
internal import CassandraReactor
internal import CassandraTelemetry

/// The node that the program runs itself when its settings name no database: the same CQL over the same protocol as a
/// Cassandra, on a free port of loopback and on a loop of its own. Who connects to it has to know a password that the
/// program makes at its start and tells nobody.
enum EmbeddedDatabase {
  /// Where it keeps its data, below the working directory.
  static let directory = "data/fieldguide"
  /// The data centre of its one node.
  private static let datacenter = "datacenter1"

  /// How to reach it; before it has started, its port is not known and this is only a place for it.
  static func configuration(port: UInt16 = UInt16(EndPoint.defaultPort)) throws(SettingsError) -> ClientConfiguration {
    do throws(CassandraError) {
      let point = EndPoint(host: "127.0.0.1", port: Int(port))
      var configuration = ClientConfiguration(try .nodes([point.description], localDatacenter: datacenter))
      // Its node has one thread for all of them, so none keeps another waiting.
      configuration.limits.connectionsPerNode = ClientLimits.mostConnectionsPerNode
      return configuration
    } catch { throw SettingsError("The embedded database cannot be reached: \(error)") }
  }

  /// Runs `body` with the settings as they are, or beside a node when they name no database.
  ///
  /// - Parameter directory: Where it keeps its data.
  /// - Throws: ``CommandFailure`` when the node does not start or ends, and what `body` throws.
  static func with(
    _ settings: Settings, directory: String = directory, logger: CassandraLogger,
    _ body: @escaping @Sendable (Settings) async throws -> Void
  ) async throws {
    guard settings.usesEmbeddedDatabase else {
      try await body(settings)
      return
    }
    let loops = try EventLoops(count: 1, logger: logger)
    do {
      try await run(settings, directory, on: loops, logger: logger, body)
    } catch {
      await loops.shutDown()
      throw error
    }
    await loops.shutDown()
  }

  /// The name of its one user.
  private static let user = "fieldguide"

  /// 192 bits that nobody can guess.
  private static func randomPassword() -> String {
    var generator = SystemRandomNumberGenerator()
    return (0..<3).map { _ in String(generator.next() as UInt64, radix: 36) }.joined(separator: "-")
  }

  private enum Part: Sendable {
    case node
    case body
  }

  private static func run(
    _ settings: Settings, _ directory: String, on loops: EventLoops, logger: CassandraLogger,
    _ body: @escaping @Sendable (Settings) async throws -> Void
  ) async throws {
    var node = NodeConfiguration()
    node.address = .loopback(port: 0)
    node.storage = .directory(directory)
    // Loopback is open to every user of the machine; with a password that only this process knows, its data is not.
    let password = Secret(randomPassword())
    node.user = NodeUser(name: user, password: password)
    let server = try CQLServer(node, loops: loops, logger: logger)
    let (addresses, report) = AsyncStream.makeStream(of: SocketAddress.self)
    try await withThrowingTaskGroup(of: Part.self) { group in
      group.addTask {
        defer { report.finish() }
        do throws(NodeError) { try await server.run { report.yield($0) } } catch { throw CommandFailure(error) }
        return .node
      }
      group.addTask {
        // There is none when the node does not start, and then its own task says why.
        for await address in addresses {
          var settings = settings
          let keyspace = settings.database.keyspace
          settings.database = try configuration(port: address.port)
          settings.database.keyspace = keyspace
          settings.database.credentials = Credentials(username: user, password: password)
          logger.notice(address)
          try await body(settings)
          break
        }
        return .body
      }
      while let part = try await group.next() {
        switch part {
        case .body: server.shutDown()
        case .node: group.cancelAll()
        }
      }
    }
  }
}

extension CassandraLogger {
  /// Says which database it is and how to use another.
  fileprivate func notice(_ address: SocketAddress) {
    info(
      "using the embedded database; to use another, set CASSANDRA_CONTACT_POINTS and CASSANDRA_LOCAL_DATACENTER",
      ["address": .text("\(address)"), "data": .text(EmbeddedDatabase.directory)])
  }
}
