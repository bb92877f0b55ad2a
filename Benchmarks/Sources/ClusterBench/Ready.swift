import Cassandra
import Measuring

/// How long it takes until a cluster is connected, and what that costs.
struct Ready {
  let nodes: Int

  func run(_ configuration: ClientConfiguration, _ loops: EventLoops) async throws {
    let began = Usage.nanoseconds
    func milliseconds() -> Double { Double(Usage.nanoseconds - began) / 1e6 }
    try await CassandraClient.withClient(configuration, loops: loops) { client in
      while await !client.isConnected { try await Task.sleep(for: .milliseconds(1)) }
      let first = milliseconds()
      while await client.topology.nodes.count(where: { $0.state == .up }) < nodes {
        try await Task.sleep(for: .milliseconds(1))
      }
      let all = milliseconds()
      let connections = await client.topology.nodes.reduce(0) { $0 + $1.connections }
      print(
        #"{"nodes":\#(nodes),"connections":\#(connections),"first_ms":\#(fixed(first, 0)),"all_ms":\#(fixed(all, 0)),"#
          + #""handshakes_at_once_per_loop":\#(configuration.limits.connectsAtOnce),"loops":\#(loops.count),"#
          + #""peak_mib":\#(fixed(Usage.peakResidentMiB, 1))}"#)
    }
  }
}
