import CassandraBytes
import CassandraWire
import CassandraHTTP
import CassandraReactor
import CassandraTelemetry
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@testable import Cassandra
@testable import CassandraWeb

@Suite(.timeLimit(.minutes(5))) struct ErrorMappingTests {
  static let statuses: [(code: CassandraError.Code, status: UInt16, retry: Bool)] = [
    (.notRunning, 503, true), (.closed, 503, true), (.noNodeAvailable, 503, true), (.connectionLost, 503, true),
    (.queueFull, 503, true), (.unavailable, 503, true), (.overloaded, 503, true), (.isBootstrapping, 503, true),
    (.keyspaceMissing, 503, true), (.timedOut, 504, false), (.readTimeout, 504, false), (.writeTimeout, 504, false),
    (.cancelled, 503, false), (.invalidPageState, 400, false), (.serverError, 500, false), (.protocolError, 500, false),
    (.syntaxError, 500, false), (.unauthorized, 500, false), (.invalid, 500, false), (.configError, 500, false),
    (.alreadyExists, 500, false), (.unprepared, 500, false), (.readFailure, 500, false), (.writeFailure, 500, false),
    (.functionFailure, 500, false), (.truncateError, 500, false), (.cdcWriteFailure, 500, false),
    (.casWriteUnknown, 500, false), (.otherServerError, 500, false), (.protocolViolation, 500, false),
    (.undecodableRow, 500, false), (.rowsAlreadyRead, 500, false), (.invalidStatement, 500, false),
    (.invalidValue, 500, false),
  ]

  @Test(arguments: statuses)
  func everyFailureHasItsStatus(_ code: CassandraError.Code, _ status: UInt16, _ retry: Bool) {
    let error = CassandraError(
      code, "A sentence.", logDetail: "SELECT secret FROM t", coordinator: EndPoint(host: "10.9.8.7"))
    let problem = error.problem
    #expect(problem.status.code == status)
    #expect(problem.code == "\(code)")
    // Retry-After is the only field that is ever added.
    #expect(!problem.fields.isEmpty == retry)
    // The rest is for the log.
    #expect(!problem.detail.contains("SELECT") && !problem.detail.contains("10.9.8.7"))
    #expect(String(reflecting: problem.cause).contains("10.9.8.7"))
  }

  private struct Context: CassandraContext {
    let cassandra: CassandraClient
  }

  @Test func healthWithoutADatabase() async throws {
    // Nothing listens at the discard port of loopback, and run() is not running anyway.
    let cluster = try ClusterSource.nodes(["127.0.0.1:9"], localDatacenter: "datacenter1")
    var database = ClientConfiguration(cluster)
    database.defaults.timeout = .milliseconds(50)
    let loops = try EventLoops(count: 1)
    let client = try CassandraClient(database, loops: loops)
    var routes = Routes<Context>()
    routes.health(at: "/internal")
    var configuration = ServerConfiguration()
    configuration.address = .loopback(port: 0)
    let server = Server(
      routes: routes, context: Context(cassandra: client), configuration: configuration, loops: loops)
    let listening = Promise<SocketAddress>()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { listening.cancel() }
        try await server.run(.part) { listening.send($0) }
      }
      let address = try #require(await listening.value)
      try await EventLoops.shared[0].run {
        let client = try await RawClient.connect(to: address)
        client.request("GET /internal/live")
        let live = try await client.reply()
        #expect(live.status == 200)
        #expect(live.text == #"{"status":"live"}"#)
        client.request("GET /internal/ready")
        let ready = try await client.reply()
        #expect(ready.status == 503)
        #expect(ready["retry-after"] == "1")
        #expect(ready.text.contains(#""code":"notRunning""#), "\(ready.text)")
        client.close()
      }
      server.shutDown()
      try await group.waitForAll()
    }
    await loops.shutDown()
  }
}
