internal import CassandraWire
internal import Cassandra
internal import CassandraReactor
internal import CassandraTelemetry

/// An Astra database as a directory of nodes: its metadata service, and the proxy that stands before the nodes.
struct AstraDirectory: ClusterDirectory {
  let tls: TLSClientContext
  let credentials: Credentials
  // Astra refuses v5 with a protocol error.
  let newestVersion = ProtocolVersion.v4
  private let service: MetadataService
  private let logger: CassandraLogger

  init(
    _ bundle: SecureConnectBundle, credentials: AstraCredentials, limits: AstraLimits, logger: CassandraLogger
  ) throws(AstraError) {
    tls = bundle.tls
    self.credentials = try credentials.checked()
    service = MetadataService(bundle: bundle, limits: limits)
    self.logger = logger.labelled("astra")
    for warning in bundle.warnings { self.logger.warning(warning) }
  }

  var description: String { "Astra (\(service.url))" }

  nonisolated(nonsending) func locateNodes(on loop: EventLoop) async throws(CassandraError) -> ClusterMap {
    let answer: MetadataAnswer
    do throws(AstraError) { answer = try await service.ask(on: loop) } catch {
      throw CassandraError(.noNodeAvailable, error.description, isRetrySafe: true, cause: error)
    }
    logger.info(
      "the nodes of the database are known",
      [
        "region": .text(answer.region ?? ""), "local_dc": .text(answer.localDatacenter),
        "proxy": .text("\(answer.proxyHost):\(answer.proxyPort)"), "nodes": .integer(answer.hostIDs.count),
      ])
    return answer.map
  }

  func explain(_ failure: CassandraError, at endPoint: EndPoint) -> CassandraError {
    guard !(failure.cause is AstraError), let meaning = meaning(of: failure, at: endPoint) else { return failure }
    return CassandraError(
      failure.code, meaning.description, server: failure.server, coordinator: endPoint,
      isRetrySafe: failure.isRetrySafe, cause: meaning)
  }

  /// What a failure of the driver means where the database is Astra; nil when it means just what it says.
  private func meaning(of failure: CassandraError, at endPoint: EndPoint) -> AstraError? {
    let node = "node \(endPoint)"
    switch failure.code {
    case .badCredentials, .credentialsMissing:
      return AstraError(
        .credentialsRefused,
        "Astra does not accept the token: it may have been deleted, or belong to another organization; create one in the Astra portal, with a role that may use this database.",
        logDetail: node, cause: failure)
    case .keyspaceMissing:
      return AstraError(
        .keyspaceMissing,
        "The keyspace does not exist in the database; create it in the Astra portal, the only place where keyspaces are created, or correct its name.",
        logDetail: node, cause: failure)
    case .invalid where failure.server?.reason == .consistencyNotAllowed:
      return AstraError(
        .consistencyRefused,
        "Astra does not accept writes at this consistency level; use LOCAL_QUORUM, which is the default.",
        logDetail: node,
        cause: failure)
    case .noNodeAvailable, .connectionLost, .timedOut:
      guard let reason = failure.networkFailure else { return nil }
      return .reaching(.proxy, failed: reason, logDetail: node)
    default: return nil
    }
  }
}

extension CassandraError {
  /// The failure of the network behind it, however deep.
  fileprivate var networkFailure: ReactorError? {
    var cause = cause
    while let failure = cause as? CassandraError {
      if failure.code == .timedOut, failure.cause == nil {
        return ReactorError(.timedOut, "it takes connections and does not answer")
      }
      cause = failure.cause
    }
    return cause as? ReactorError
  }
}
