package import CassandraWire
package import CassandraReactor

/// The nodes of a cluster as a source knew them at one moment.
public struct ClusterMap: Sendable, Hashable {
  /// The nodes to connect to, each once.
  public var endPoints: [EndPoint]
  /// The data centre that the application is in; empty for that of the nodes.
  public var localDatacenter: String

  /// Nodes of a data centre.
  public init(endPoints: [EndPoint], localDatacenter: String) {
    self.endPoints = endPoints
    self.localDatacenter = localDatacenter
  }
}

/// A service that knows the nodes of a cluster, such as the metadata service of an Astra database, and how to get in.
///
/// The client asks it when it starts and again when every node is unreachable: one question at a time for the whole
/// client, with waits that grow as the client's ``ReconnectionPolicy`` says.
package protocol ClusterDirectory: Sendable, CustomStringConvertible {
  /// TLS to every node; a node's end point says which name to ask for and which to verify.
  var tls: TLSClientContext { get }
  /// The user and the password of every node.
  var credentials: Credentials { get }
  /// The newest version of the protocol that the nodes speak.
  var newestVersion: ProtocolVersion { get }

  /// Asks for the nodes, on a loop's task.
  ///
  /// - Throws: ``CassandraError`` whose message says what to do next; it becomes the reason why requests fail.
  nonisolated(nonsending) func locateNodes(on loop: EventLoop) async throws(CassandraError) -> ClusterMap

  /// What a failure to connect to a node means here; the same error when there is nothing to add.
  func explain(_ failure: CassandraError, at endPoint: EndPoint) -> CassandraError
}
