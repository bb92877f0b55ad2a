internal import CassandraReactor

/// The ways into a cluster: names and addresses of some of its nodes, and what the names mean.
struct ContactPoints {
  /// A place to try.
  struct Candidate: Sendable {
    var endPoint: EndPoint
    var addresses: [SocketAddress]
  }

  /// A contact point that could not be used.
  struct Failure: Sendable {
    var endPoint: EndPoint
    var error: CassandraError
  }

  let endPoints: [EndPoint]
  /// The addresses that each had when it was looked up last.
  private(set) var addresses: [EndPoint: [SocketAddress]] = [:]

  init(_ endPoints: [EndPoint]) { self.endPoints = endPoints }

  mutating func resolved(_ endPoint: EndPoint, to addresses: [SocketAddress]) {
    self.addresses[endPoint] = addresses
  }

  /// What to try for a contact point: a name of several addresses is several nodes, each of which has to carry the name.
  func candidates(of endPoint: EndPoint) -> [Candidate] {
    let all = addresses[endPoint] ?? []
    guard all.count > 1 else { return [Candidate(endPoint: endPoint, addresses: all)] }
    return all.map { Candidate(endPoint: Self.endPoint($0, of: endPoint), addresses: [$0]) }
  }

  /// Where a node is reached that says it is at this address: at the contact point where that means no other node, so
  /// that its name is looked up anew for each connection and is what its certificate has to carry.
  func place(host: String, port: Int) -> EndPoint? {
    for endPoint in endPoints {
      guard let all = addresses[endPoint],
        let address = all.first(where: { $0.host == host && Int($0.port) == port })
      else { continue }
      return all.count == 1 ? endPoint : Self.endPoint(address, of: endPoint)
    }
    return nil
  }

  /// Whether a node is reached at one of them.
  func include(_ endPoint: EndPoint) -> Bool {
    endPoints.contains { contact in candidates(of: contact).contains { $0.endPoint == endPoint } }
  }

  private static func endPoint(_ address: SocketAddress, of contact: EndPoint) -> EndPoint {
    EndPoint(
      host: address.host, port: Int(address.port), serverName: contact.serverName,
      certificateName: contact.certificateName ?? contact.host)
  }
}
