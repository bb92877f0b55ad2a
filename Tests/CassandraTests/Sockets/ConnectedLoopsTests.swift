import CassandraReactor
import CassandraTesting
import CassandraWire
import Testing

@testable import Cassandra

/// How many loops have connections.
@Suite(.timeLimit(.minutes(5))) struct ConnectedLoopsTests {
  private func configuration(_ points: String..., limit: Int? = nil) throws -> ClientConfiguration {
    var configuration = ClientConfiguration(try .nodes(points))
    configuration.limits.connectionsPerNode = limit
    return configuration
  }

  @Test func aClusterElsewhereGetsOneConnectionOfEachLoopUpToEight() throws {
    let elsewhere = [
      ["10.0.0.1"], ["db.example"], ["127.0.0.1", "10.0.0.1"], ["localhost.example"], ["126.0.0.1"], ["::2"],
    ]
    for points in elsewhere {
      let configuration = ClientConfiguration(try .nodes(points))
      #expect([1, 2, 3, 8, 9, 64].map { configuration.connectedLoops(of: $0) } == [1, 2, 3, 8, 8, 8], "\(points)")
    }
  }

  @Test func aClusterOnThisMachineGetsOneForTwoLoops() throws {
    let here = [
      ["127.0.0.1"], ["127.0.0.2:9142", "127.0.0.3"], ["localhost"], ["[::1]:9042"], ["::1", "localhost:1"],
    ]
    for points in here {
      let configuration = ClientConfiguration(try .nodes(points))
      #expect([1, 2, 3, 4, 8, 64].map { configuration.connectedLoops(of: $0) } == [1, 1, 2, 2, 4, 8], "\(points)")
    }
  }

  @Test func whatIsSetCounts() throws {
    for point in ["10.0.0.1", "127.0.0.1"] {
      let configuration = try configuration(point, limit: 3)
      #expect([1, 2, 3, 4, 64].map { configuration.connectedLoops(of: $0) } == [1, 2, 3, 3, 3])
    }
    #expect(throws: CassandraError.self) { try CassandraClient(configuration("127.0.0.1", limit: 0)) }
  }
}
