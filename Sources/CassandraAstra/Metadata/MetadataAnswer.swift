internal import CassandraBytes
internal import Cassandra
internal import CassandraJSON

/// What the metadata service says of a database.
struct MetadataAnswer: Sendable, Equatable {
  /// The most nodes that are taken from an answer: 1,024.
  static let maximumNodes = 1024

  var region: String?
  var localDatacenter: String
  /// The host ids of the nodes, as lower-case UUIDs, each once.
  var hostIDs: [String]
  var proxyHost: String
  var proxyPort: Int

  /// The nodes as end points behind the proxy.
  var map: ClusterMap {
    ClusterMap(
      endPoints: hostIDs.map { EndPoint(host: proxyHost, port: proxyPort, serverName: $0) },
      localDatacenter: localDatacenter)
  }

  /// - Throws: ``AstraError/Code/metadataInvalid`` that names the member.
  init(parsing bytes: [UInt8]) throws(AstraError) {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONValue(parsing: bytes, limits: JSONLimits(bytes: max(bytes.count, 1), depth: 16))
    } catch {
      throw .metadata("is not JSON, so something else may answer there", logDetail: "\(error)", cause: error)
    }
    guard let contact = value["contact_info"], contact.members != nil else { throw .metadata("has no contact_info") }
    guard let points = contact["contact_points"]?.array else { throw .metadata("has no contact_points") }
    guard !points.isEmpty else { throw .metadata("lists no nodes (contact_points is empty)") }
    guard points.count <= Self.maximumNodes else { throw .metadata("lists more than \(Self.maximumNodes) nodes") }
    guard let datacenter = contact["local_dc"]?.string, !datacenter.isEmpty else { throw .metadata("has no local_dc") }
    guard let address = contact["sni_proxy_address"]?.string else { throw .metadata("has no sni_proxy_address") }
    (proxyHost, proxyPort) = try Self.proxy(address)
    localDatacenter = datacenter
    region = value["region"]?.string
    hostIDs = []
    for point in points {
      guard let text = point.string, let id = Self.hostID(text) else {
        throw .metadata("lists a node that is not a UUID")
      }
      if !hostIDs.contains(id) { hostIDs.append(id) }
    }
  }

  private static func proxy(_ address: String) throws(AstraError) -> (String, Int) {
    guard let colon = address.lastIndex(ofASCII: ":"), let port = Int(address[address.index(after: colon)...]),
      (1...65_535).contains(port)
    else { throw .metadata("has an sni_proxy_address without a port") }
    var host = address[..<colon]
    if host.utf8.first == UInt8(ascii: "["), host.utf8.last == UInt8(ascii: "]"), host.utf8.count > 1 {
      host = Substring(host.utf8.dropFirst().dropLast())
    }
    guard BundleConfiguration.isHost(String(host)) else { throw .metadata("has an sni_proxy_address without a host") }
    return (String(host), port)
  }

  /// The UUID in lower case; nil when it is none.
  private static func hostID(_ text: String) -> String? {
    guard text.utf8.count == 36 else { return nil }
    let id = text.lowercased()
    for (index, byte) in id.utf8.enumerated() {
      switch (index, byte) {
      case (8, UInt8(ascii: "-")), (13, UInt8(ascii: "-")), (18, UInt8(ascii: "-")), (23, UInt8(ascii: "-")): continue
      case (8, _), (13, _), (18, _), (23, _): return nil
      case (_, UInt8(ascii: "0")...UInt8(ascii: "9")), (_, UInt8(ascii: "a")...UInt8(ascii: "f")): continue
      default: return nil
      }
    }
    return id
  }
}
