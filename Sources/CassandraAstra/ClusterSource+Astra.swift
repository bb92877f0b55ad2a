public import Cassandra
public import CassandraTelemetry

extension ClusterSource {
  /// The nodes of an Astra database, found through its secure connect bundle.
  ///
  /// ```swift
  /// let bundle = try SecureConnectBundle(path: "secure-connect-naturalist.zip")
  /// let source = try ClusterSource.astra(bundle, credentials: .token(token))
  /// try await CassandraClient.withClient(ClientConfiguration(source, keyspace: "naturalist")) { client in … }
  /// ```
  /// The bundle brings TLS, and the credentials come with the source: a ``ClientConfiguration`` that sets either by hand
  /// is refused.
  ///
  /// - Parameters:
  ///   - bundle: The bundle, as the portal gives it.
  ///   - credentials: A token, or a client id with its secret.
  ///   - limits: Bounds of asking the metadata service.
  ///   - logger: Is told of the region, the proxy and the number of nodes whenever they have been asked for.
  /// - Throws: ``CassandraAstra/AstraError`` when the bundle or the credentials cannot be right.
  public static func astra(
    _ bundle: SecureConnectBundle, credentials: AstraCredentials, limits: AstraLimits = AstraLimits(),
    logger: CassandraLogger = .silent
  ) throws(AstraError) -> ClusterSource {
    .directory(try AstraDirectory(bundle, credentials: credentials, limits: limits, logger: logger))
  }
}

/// Bounds of what is asked of the metadata service.
public struct AstraLimits: Sendable {
  /// How long one question may take, looking up the name, connecting and TLS included: 10 s by default.
  public var metadataTimeout: Duration = .seconds(10)
  /// Bytes of the largest answer that is read: 1 MiB by default.
  public var metadataBytes = 1 << 20

  /// The defaults.
  public init() {}
}
