import CassandraWeb
import Logging
import ServiceLifecycle

/// Gives what the driver and the server log to a logger of swift-log.
struct SwiftLogSink: LogSink {
  let logger: Logger

  func write(_ record: LogRecord) {
    let level = Logger.Level(rawValue: record.level.name) ?? .info
    let fields = record.fields.map { ($0.name, Logger.MetadataValue.string("\($0.value)")) }
    logger.log(level: level, "\(record.message)", metadata: Dictionary(fields) { first, _ in first })
  }
}

extension CassandraLogger {
  init(_ logger: Logger, level: LogLevel = .info) {
    self.init(label: logger.label, level: level, sink: SwiftLogSink(logger: logger))
  }
}

// A client and a server are services as they are.
extension CassandraClient: @retroactive Service {}

struct API: Service {
  let server: Server
  func run() async throws { try await server.run(.part) }
}

@main struct Adapters {
  static func main() throws {
    let logger = CassandraLogger(Logger(label: "api"))
    logger.info("hello", ["answer": 42])
    let source = try ClusterSource.nodes(["127.0.0.1:9042"], localDatacenter: "datacenter1")
    let client = try CassandraClient(ClientConfiguration(source), logger: logger)
    let services: [any Service] = [client, API(server: Server(routes: Routes<Void>(), context: (), logger: logger))]
    print(services.count, "services")
  }
}
