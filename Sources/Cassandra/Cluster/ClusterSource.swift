/// Where the nodes of a cluster are.
public struct ClusterSource: Sendable, CustomStringConvertible {
  enum Kind: Sendable {
    case nodes(ClusterMap)
    case directory(any ClusterDirectory)
  }

  let kind: Kind

  /// A cluster by some of its nodes.
  ///
  /// - Parameters:
  ///   - contactPoints: `host`, `host:port` or `[IPv6]:port`, the port 9042 when it is left out. They are the way in and
  ///     nothing more: the other nodes are found through them. A name with several addresses stands for several nodes.
  ///   - localDatacenter: The data centre that the application is in, as `system.local` names it; by default that of the
  ///     contact points. Where that is not clear or there is none of this name, requests fail with
  ///     ``CassandraError/Code/configuration``, and the log has the names there are.
  /// - Throws: ``CassandraError/Code/configuration`` when there is none, or one is not of that form.
  public static func nodes(
    _ contactPoints: [String], localDatacenter: String? = nil
  ) throws(CassandraError) -> ClusterSource {
    try nodes(
      at: contactPoints.map { (text) throws(CassandraError) in try EndPoint(parsing: text) },
      localDatacenter: localDatacenter)
  }

  /// A cluster by some of its nodes, with the names that their certificates have to carry where these are not their hosts.
  ///
  /// - Parameters:
  ///   - contactPoints: Where they are reached.
  ///   - localDatacenter: As of ``nodes(_:localDatacenter:)``.
  /// - Throws: ``CassandraError/Code/configuration`` when there is none.
  public static func nodes(
    at contactPoints: [EndPoint], localDatacenter: String? = nil
  ) throws(CassandraError) -> ClusterSource {
    var endPoints: [EndPoint] = []
    for endPoint in contactPoints where !endPoints.contains(endPoint) { endPoints.append(endPoint) }
    guard !endPoints.isEmpty else {
      throw CassandraError(.configuration, "There is no contact point.")
    }
    return ClusterSource(kind: .nodes(ClusterMap(endPoints: endPoints, localDatacenter: localDatacenter ?? "")))
  }

  /// A cluster whose nodes a service knows.
  package static func directory(_ directory: any ClusterDirectory) -> ClusterSource {
    ClusterSource(kind: .directory(directory))
  }

  /// The contact points with commas between, or the service that knows the nodes.
  public var description: String {
    switch kind {
    case .nodes(let map): map.endPoints.map(\.description).joined(separator: ", ")
    case .directory(let directory): directory.description
    }
  }

  /// The data centre of the settings.
  package var localDatacenter: String? {
    knownMap.flatMap { $0.localDatacenter.isEmpty ? nil : $0.localDatacenter }
  }

  /// The nodes and the data centre, where they are known without asking anyone.
  package var knownMap: ClusterMap? {
    switch kind {
    case .nodes(let map): map
    case .directory: nil
    }
  }

  /// The service that knows the nodes, where there is one.
  package var directory: (any ClusterDirectory)? {
    switch kind {
    case .nodes: nil
    case .directory(let directory): directory
    }
  }
}
