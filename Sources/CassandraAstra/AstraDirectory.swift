internal import CQLWire
internal import Cassandra
internal import Reactor

/// An Astra database as a directory of nodes: its metadata service, and the proxy that stands before the nodes.
struct AstraDirectory: ClusterDirectory {
  let tls: TLSClientContext
  let credentials: Credentials
  let newestVersion = ProtocolVersion.v4
  private let bundle: SecureConnectBundle
  private let limits: AstraLimits

  init(_ bundle: SecureConnectBundle, credentials: AstraCredentials, limits: AstraLimits) throws(AstraError) {
    tls = bundle.tls
    self.credentials = credentials.asCredentials
    self.bundle = bundle
    self.limits = limits
  }

  var description: String { "Astra at \(bundle.host):\(bundle.port)" }

  nonisolated(nonsending) func locateNodes(on loop: EventLoop) async throws(CassandraError) -> ClusterMap {
    throw CassandraError(.noNodeAvailable, "The metadata service of Astra cannot be asked.")
  }

  func explain(_ failure: CassandraError, at endPoint: EndPoint) -> CassandraError { failure }
}
