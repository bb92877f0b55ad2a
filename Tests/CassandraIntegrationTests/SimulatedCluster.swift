import CassandraWire
import Cassandra
import Foundation
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// A simulated cluster, made and told what to answer through the simulator's administration. It speaks v4 only.
struct SimulatedCluster: Sendable {
  let id: Int
  /// `host:port` of each node, in their order.
  let contactPoints: [String]

  static let administration = Database.variable("SIMULACRON_TEST")

  /// Makes a cluster of that many nodes in each data centre.
  init(nodes: [Int]) async throws {
    let counts = nodes.map(String.init).joined(separator: ",")
    let reply = try await Self.call("POST", "/cluster?data_centers=\(counts)&cassandra_version=3.11.2")
    let cluster = try JSONDecoder().decode(Cluster.self, from: reply)
    id = cluster.id
    contactPoints = cluster.datacenters.flatMap { $0.nodes.map(\.address) }
  }

  private struct Cluster: Decodable {
    struct Datacenter: Decodable { var nodes: [Node] }
    struct Node: Decodable { var address: String }
    var id: Int
    var datacenters: [Datacenter]

    enum CodingKeys: String, CodingKey {
      case id
      case datacenters = "data_centers"
    }
  }

  @discardableResult
  private static func call(_ method: String, _ path: String, _ body: [String: Any]? = nil) async throws -> Data {
    let address = try #require(administration)
    var request = URLRequest(url: try #require(URL(string: "http://\(address)\(path)")))
    request.httpMethod = method
    if let body {
      request.httpBody = try JSONSerialization.data(withJSONObject: body)
      request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    }
    let (data, response) = try await URLSession.shared.data(for: request)
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    try #require((200..<300).contains(status), "\(method) \(path): \(status) \(String(decoding: data, as: UTF8.self))")
    return data
  }

  /// The path of the whole cluster, or of one node.
  private func path(_ kind: String, node: Int? = nil) -> String {
    "/\(kind)/\(id)" + (node.map { "/0/\($0)" } ?? "")
  }

  /// Says what a text is answered with.
  func prime(_ text: String, _ answer: [String: Any], node: Int? = nil) async throws {
    try await Self.call("POST", path("prime", node: node), ["when": ["query": text], "then": answer])
  }

  func forgetAnswers() async throws { try await Self.call("DELETE", path("prime")) }
  func pause(node: Int) async throws { try await Self.call("PUT", path("pause-reads", node: node)) }
  func resume(node: Int) async throws { try await Self.call("DELETE", path("pause-reads", node: node)) }
  func cutConnections() async throws { try await Self.call("DELETE", path("connections") + "?type=reset") }
  func refuse(node: Int) async throws { try await Self.call("DELETE", path("listener", node: node) + "?type=stop") }
  func accept(node: Int) async throws { try await Self.call("PUT", path("listener", node: node)) }

  /// How often the nodes have seen a text, as a query or executed; those of one data centre where one is given.
  func count(_ text: String, datacenter: Int? = nil) async throws -> Int {
    try await counts(text, datacenter: datacenter).reduce(0, +)
  }

  /// The same for each node.
  func counts(_ text: String, datacenter: Int? = nil) async throws -> [Int] {
    struct Log: Decodable {
      struct Datacenter: Decodable { var nodes: [Node] }
      struct Node: Decodable { var queries: [Query]? }
      struct Query: Decodable {
        var query: String?
        var type: String?
      }
      var datacenters: [Datacenter]

      enum CodingKeys: String, CodingKey {
        case datacenters = "data_centers"
      }
    }
    let log = try JSONDecoder().decode(Log.self, from: try await Self.call("GET", path("log")))
    return log.datacenters.enumerated().filter { datacenter == nil || $0.offset == datacenter }.flatMap(\.element.nodes)
      .map { node in (node.queries ?? []).count { $0.query == text && $0.type != "PREPARE" } }
  }

  /// Runs `body` with a client of a cluster of that many nodes, and forgets the cluster afterwards.
  static func with(
    nodes: Int = 1, configure: (inout ClientConfiguration) -> Void = { _ in },
    _ body: (CassandraClient, SimulatedCluster) async throws -> Void
  ) async throws {
    try await with(datacenters: [nodes], configure: configure, body)
  }

  /// The same with that many nodes in each data centre; the first is the local one.
  static func with(
    datacenters nodes: [Int], configure: (inout ClientConfiguration) -> Void = { _ in },
    _ body: (CassandraClient, SimulatedCluster) async throws -> Void
  ) async throws {
    let cluster = try await SimulatedCluster(nodes: nodes)
    var configuration = ClientConfiguration(try .nodes([cluster.contactPoints[0]], localDatacenter: "dc1"))
    configuration.protocolVersion = .v4
    configuration.reconnection = ReconnectionPolicy(first: .milliseconds(20), longest: .milliseconds(200))
    configuration.limits.drainTimeout = .milliseconds(200)
    configuration.limits.eventQuietTime = .milliseconds(50)
    configure(&configuration)
    let result: Result<Void, any Error>
    do {
      result = .success(try await CassandraClient.withClient(configuration) { try await body($0, cluster) })
    } catch { result = .failure(error) }
    try await call("DELETE", "/cluster/\(cluster.id)")
    try result.get()
  }
}
