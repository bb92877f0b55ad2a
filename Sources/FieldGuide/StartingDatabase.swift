internal import Cassandra
internal import CassandraReactor
internal import CassandraTelemetry
internal import CassandraTerminal

/// A database that may still be starting, as a container beside this one.
struct StartingDatabase: Sendable {
  /// How long it is waited for: 60 s.
  static let patience: Duration = .seconds(60)
  /// Time between two attempts: 1 s.
  static let interval: Duration = .seconds(1)

  let settings: Settings
  var patience = Self.patience
  var interval = Self.interval
  let logger: CassandraLogger

  init(settings: Settings, logger: CassandraLogger) {
    self.settings = settings
    self.logger = logger
  }

  /// How long the command line of `fieldguide init` asks to wait; nil when it does not.
  static func patience(_ arguments: Arguments) throws(UsageError) -> Duration? {
    if let seconds = try arguments.integer("wait-seconds", in: 1...86_400) { return .seconds(seconds) }
    return arguments.has("wait") ? patience : nil
  }

  /// Waits until it answers. When it does not within ``patience``, or says something that time does not mend, this
  /// returns as well, and whoever asks it next is told why.
  func wait(progress: Progress = Progress()) async throws {
    let clock = ContinuousClock()
    let end = clock.now + patience
    var hasSaid = false
    while let error = await failure(), Self.passes(error), clock.now < end {
      if !hasSaid {
        progress.done("waiting for the database at \(settings.database.cluster), for \(patience) at most: \(error)")
        hasSaid = true
      }
      try await EventLoops.shared.sleep(for: interval)
    }
  }

  /// Why the database does not answer; nil when it does.
  private func failure() async -> CassandraError? {
    var database = settings.database
    database.keyspace = nil
    do {
      try await CassandraClient.withClient(database, logger: logger) { client in
        _ = try await client.query(
          "SELECT key FROM system.local WHERE key = 'local'",
          options: QueryOptions(consistency: .one, timeout: .seconds(5)))
      }
      return nil
    } catch { return error as? CassandraError }
  }

  /// Whether a failure may be one of a database that is starting. A Cassandra that does so lets nobody in before it has
  /// made its first user.
  static func passes(_ error: CassandraError) -> Bool {
    switch error.code {
    case .noNodeAvailable, .connectionLost, .timedOut, .isBootstrapping, .unavailable, .overloaded, .badCredentials:
      true
    default: false
    }
  }
}
