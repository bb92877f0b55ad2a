import Cassandra
import CassandraHTTPServer
import CassandraReactor
import Measuring

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// scale-bench WORK …
///
/// What a request costs while the number of one thing grows.
@main struct ScaleBench {
  static let usage = """
    usage: scale-bench routes N
           scale-bench statements HOST:PORT N [OPERATIONS]
           scale-bench nodes HOST:PORT N [OPERATIONS]

      routes      serves N routes, of which the last one is /thing-N/{id}, until SIGTERM; prints the port
      statements  reads with N different prepared statements in turn, with room for all of them; without room with
                  room=R
      nodes       requests to a cluster of N nodes, once all are connected, that answers anything (Simulacron)

    OPERATIONS is 100000; each is done once before, uncounted, for every statement and node. 64 requests are under way at
    once on one loop. Prints a line of JSON: microseconds of CPU for one, and with ALLOCATIONS_FILE of the library
    Benchmarks/Scripts/allocations.c, allocations and their bytes.

    """

  static func main() async { await runProgram("scale-bench") { try await run() } }

  private static func run() async throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let room = arguments.last.flatMap { $0.hasPrefix("room=") ? Int($0.dropFirst(5)) : nil }
    if room != nil { arguments.removeLast() }
    func number(_ index: Int) -> Int? { arguments.count > index ? Int(arguments[index]) : nil }
    let operations = number(3) ?? 100_000
    switch (arguments.first, number(1), number(2)) {
    case ("routes", let count?, _): try await serve(routes: count)
    case ("statements", _, let count?):
      try await Statements(node: arguments[1], count: count, room: room ?? count).run(operations)
    case ("nodes", _, let count?): try await Nodes(contact: arguments[1], count: count).run(operations)
    default: print(usage)
    }
  }

  private static func serve(routes count: Int) async throws {
    var routes = Routes<Void>()
    for number in 1...max(1, count) {
      routes.get(RoutePattern("/thing-\(number)/{id}")) { request in "\(number) \(request.path["id"])" }
    }
    var configuration = ServerConfiguration()
    configuration.address = .loopback(port: 0)
    let server = Server(routes: routes, context: (), configuration: configuration, loops: try EventLoops(count: 1))
    try await server.run {
      print("\($0)")
      // Or a pipe would have it at the end only.
      fflush(nil)
    }
  }
}

/// Carries out operations, 64 at once, and tells what they cost.
struct Cost {
  static func line(
    _ operations: Int, on loop: EventLoop, _ operation: @escaping @Sendable (Int) async throws -> Void
  ) async throws -> String {
    let (usage, counts) = (Usage.now, Allocations.now)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for first in 0..<64 {
        group.addTask(executorPreference: loop) {
          for index in stride(from: first, to: operations, by: 64) { try await operation(index) }
        }
      }
      try await group.waitForAll()
    }
    let (usageAfter, countsAfter) = (Usage.now, Allocations.now)
    func share(_ difference: Double) -> String { fixed(difference / Double(operations), 2) }
    var parts = [
      #""operations":\#(operations)"#, #""cpu_us":\#(share((usageAfter.cpu - usage.cpu) * 1e6))"#,
      #""peak_mib":\#(fixed(Usage.peakResidentMiB, 1))"#,
    ]
    if let counts, let countsAfter {
      parts.append(#""allocations":\#(share(Double(countsAfter.number - counts.number)))"#)
      parts.append(#""bytes":\#(share(Double(countsAfter.bytes - counts.bytes)))"#)
    }
    return "{" + parts.joined(separator: ",") + "}"
  }
}

/// Reads with many different statements.
struct Statements {
  let node: String
  let count: Int
  let room: Int

  func run(_ operations: Int) async throws {
    let loops = try EventLoops(count: 1)
    var configuration = ClientConfiguration(try .nodes([node], localDatacenter: "datacenter1"), keyspace: "naturalist")
    configuration.limits.preparedStatements = room
    configuration.defaults.consistency = .localOne
    let texts = (0..<count).map {
      "SELECT genus, species, sightings AS number_\($0) FROM plants WHERE genus = ? AND species = ?"
    }
    let line = try await CassandraClient.withClient(configuration, loops: loops) { client in
      let read: @Sendable (Int) async throws -> Void = { index in
        let statement = Statement(unsafeCQL: texts[index % texts.count], ["Plantago", "afra"])
        _ = try await client.query(statement).first((String, String, Int?).self)
      }
      _ = try await Cost.line(max(count, 1000), on: loops[0], read)
      return try await Cost.line(operations, on: loops[0], read)
    }
    print(line)
  }
}

/// Asks a cluster of many nodes.
struct Nodes {
  let contact: String
  let count: Int

  func run(_ operations: Int) async throws {
    let loops = try EventLoops(count: 1)
    var configuration = ClientConfiguration(try .nodes([contact], localDatacenter: nil))
    configuration.protocolVersion = .v4
    let count = count
    let line = try await CassandraClient.withClient(configuration, loops: loops) { client in
      while await client.topology.nodes.count(where: { $0.state == .up }) < count {
        try await Task.sleep(for: .milliseconds(10))
      }
      let ask: @Sendable (Int) async throws -> Void = { _ in try await client.query("SELECT value FROM measured.points")
      }
      _ = try await Cost.line(max(1000, count * 64), on: loops[0], ask)
      return try await Cost.line(operations, on: loops[0], ask)
    }
    print(line)
  }
}
