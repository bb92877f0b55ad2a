internal import CassandraWire
internal import Cassandra
internal import CassandraReactor

/// A directory that knows one of another's nodes only, so that this one has to answer.
struct OneNode: ClusterDirectory {
  let directory: any ClusterDirectory
  let node: EndPoint
  let localDatacenter: String

  var tls: TLSClientContext { directory.tls }
  var credentials: Credentials { directory.credentials }
  var newestVersion: ProtocolVersion { directory.newestVersion }
  var description: String { "\(node)" }

  nonisolated(nonsending) func locateNodes(on loop: EventLoop) async throws(CassandraError) -> ClusterMap {
    ClusterMap(endPoints: [node], localDatacenter: localDatacenter)
  }

  func explain(_ failure: CassandraError, at endPoint: EndPoint) -> CassandraError {
    directory.explain(failure, at: endPoint)
  }
}
