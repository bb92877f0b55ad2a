internal import CassandraWire
internal import CassandraReactor
internal import CassandraTelemetry

/// The schema of a database as it changes: see ``CassandraClient/schemaUpdates(of:)``.
public struct SchemaUpdates: AsyncSequence, Sendable {
  /// What the sequence gives.
  public typealias Element = ClusterSchema
  /// What reading may throw.
  public typealias Failure = CassandraError

  private let client: CassandraClient
  private let keyspaces: [String]?

  init(_ client: CassandraClient, _ keyspaces: [String]?) {
    self.client = client
    self.keyspaces = keyspaces
  }

  /// The schemas one after the other.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(client: client, keyspaces: keyspaces) }

  /// Reads the schema whenever it has changed.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let client: CassandraClient
    fileprivate let keyspaces: [String]?
    private var last: (schema: ClusterSchema, version: UInt64)?

    fileprivate init(client: CassandraClient, keyspaces: [String]?) {
      self.client = client
      self.keyspaces = keyspaces
    }

    /// The first time the schema as it is, and then the next one that is another; nil when the client has ended or the
    /// task is cancelled.
    ///
    /// - Throws: ``CassandraError`` when it cannot be read the first time. Later that is tried again, with the waits of
    ///   ``ClientConfiguration/reconnection``.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws(CassandraError) -> ClusterSchema? {
      let news = client.schemaNews
      guard let last else {
        let version = news.version
        let schema = try await client.schema(of: keyspaces)
        last = (schema, version)
        return schema
      }
      var version = last.version
      while await news.hasChanged(since: version) {
        guard let (schema, read) = await readOnceQuiet() else { return nil }
        version = read
        self.last = (schema, read)
        if schema != last.schema { return schema }
      }
      return nil
    }

    /// Reads the schema when nothing has been heard for a while; nil when the task is cancelled or the client has ended.
    private func readOnceQuiet() async -> (ClusterSchema, UInt64)? {
      var failures = 0
      while true {
        var version = client.schemaNews.version
        for _ in 0..<RefreshSchedule.patience {
          guard (try? await client.loops.sleep(for: client.configuration.limits.eventQuietTime)) != nil else {
            return nil
          }
          let now = client.schemaNews.version
          if now == version { break }
          version = now
        }
        do throws(CassandraError) { return (try await client.schema(of: keyspaces), version) } catch {
          if Task.isCancelled || error.code == .closed { return nil }
          failures += 1
          let delay = client.configuration.reconnection.delay(failures: failures, chance: .random(in: 0...1))
          guard (try? await client.loops.sleep(for: delay)) != nil else { return nil }
        }
      }
    }
  }
}
