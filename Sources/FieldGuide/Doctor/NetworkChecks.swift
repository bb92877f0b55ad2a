internal import Cassandra
internal import CassandraReactor

/// The checks of the way to a host: its name, and its port.
enum NetworkChecks {
  static func checks(to endPoint: EndPoint, route: Route, needs: [String], _ probe: Probe) -> [Check] {
    [
      Check("name", id: "name \(endPoint)", needs: needs) { facts in
        [await lookUp(endPoint, route: route, &facts, probe)]
      },
      Check("connection", id: "connection \(endPoint)", needs: ["name \(endPoint)"]) { facts in
        [await connect(endPoint, route: route, &facts, probe)]
      },
    ]
  }

  /// Looks a name up, and keeps its addresses.
  static func lookUp(_ endPoint: EndPoint, route: Route, _ facts: inout Facts, _ probe: Probe) async -> Finding {
    let result = await probe.addresses(of: endPoint.host, port: endPoint.port)
    if case .success(let addresses) = result { facts.addresses[endPoint.host] = addresses }
    return NetworkFinding.name(endPoint.host, result, route: route)
  }

  /// Connects to each address, and keeps the first that answers.
  static func connect(_ endPoint: EndPoint, route: Route, _ facts: inout Facts, _ probe: Probe) async -> Finding {
    var results: [(address: SocketAddress, error: ReactorError?)] = []
    for address in (facts.addresses[endPoint.host] ?? []).prefix(probe.limits.addresses) {
      // Two end points may have one host and different ports, so the port is this one's.
      guard
        let address = SocketAddress(bytes: address.bytes, port: UInt16(clamping: endPoint.port), scope: address.scope)
      else { continue }
      let error = await probe.connection(to: address)
      if error == nil, facts.reachable[endPoint] == nil { facts.reachable[endPoint] = address }
      results.append((address, error))
    }
    return NetworkFinding.connections(to: "\(endPoint)", results, route: route)
  }
}
