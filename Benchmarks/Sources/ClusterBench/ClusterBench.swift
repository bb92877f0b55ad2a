import Cassandra
import CassandraReactor
import Measuring
import Synchronization

/// cluster-bench HOST:PORT[,HOST:PORT…] SECONDS [OPTION=VALUE…]
///
/// A load on a cluster to which something happens meanwhile: reads or idempotent writes by key, at a rate or as fast as
/// some workers can. Prints a line of JSON for each second and one for the whole.
@main struct ClusterBench {
  static let usage = """
    usage: cluster-bench HOST:PORT[,HOST:PORT...] SECONDS [OPTION=VALUE...]
           cluster-bench HOST:PORT replicas [keys=N]
           cluster-bench HOST:PORT ready [nodes=N]

    A load of so many seconds; or which share of reads and writes reaches a replica first, in a keyspace with one replica;
    or how long it takes until so many nodes are connected (60), and how much memory.

      rate=100         requests a second, however long they take; 0 for as many as the workers can
      workers=64       with rate=0
      work=read        read, or write (idempotent)
      keys=1000        different partitions
      rf=3             replication factor of the keyspace, when it is made
      dc=NAME          the local data centre; by default that of the contact points
      loops=1          event loops
      speculation=MS   sends once more after so many milliseconds; 0 for never (0)
      fill=0           1 writes all keys first, which takes its time
      warm=0           seconds in which the workers do what they can before the first second counts
      protocol=5       the newest version of the protocol that is tried
      from=S to=S      the seconds that the line "during" is about

    """

  static func main() async { await runProgram("cluster-bench") { try await run() } }

  private static func run() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count >= 2 else { return print(usage) }
    var options: [String: String] = [:]
    for argument in arguments[2...] {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else { return print(usage) }
      options[parts[0]] = parts[1]
    }
    func number(_ name: String, _ standard: Int) -> Int { options[name].flatMap { Int($0) } ?? standard }
    let points = arguments[0].split(separator: ",").map(String.init)
    let loops = try EventLoops(count: number("loops", 1))
    var configuration = ClientConfiguration(try .nodes(points, localDatacenter: options["dc"]))
    let speculation = number("speculation", 0)
    if speculation > 0 { configuration.defaults.speculation = .after(.milliseconds(speculation)) }
    if number("protocol", 5) == 4 { configuration.protocolVersion = .v4 }
    switch arguments[1] {
    case "replicas": return try await Replicas(keys: number("keys", 1000)).run(configuration, loops)
    case "ready": return try await Ready(nodes: number("nodes", 60)).run(configuration, loops)
    default: break
    }
    guard let seconds = Int(arguments[1]) else { return print(usage) }
    let load = Load(
      rate: number("rate", 100), workers: number("workers", 64), seconds: seconds, keys: number("keys", 1000),
      writes: options["work"] == "write",
      fills: number("fill", 0) != 0)
    try await CassandraClient.withClient(configuration, loops: loops) { client in
      try await load.prepare(client, replicationFactor: number("rf", 3))
      if number("warm", 0) > 0 {
        let warming = Load(
          rate: 0, workers: 64, seconds: number("warm", 0), keys: load.keys, writes: load.writes, fills: false)
        let clock = Clock()
        try await loops[0].run { try await warming.run(client, on: loops[0], clock) }
      }
      let clock = Clock()
      try await loops[0].run { try await load.run(client, on: loops[0], clock) }
      for second in 0..<seconds { print(clock.line(second..<second + 1, "second")) }
      let during = number("from", 0)..<number("to", seconds)
      if during.lowerBound > 1 { print(clock.line(1..<during.lowerBound, "before")) }
      print(clock.line(during, "during"))
      print(clock.line(0..<seconds, "all"))
      for node in await client.topology.nodes { print("# \(node.endPoint) \(node.state)") }
    }
  }
}

/// What came of the requests, by the second in which they began.
final class Clock: Sendable {
  struct Second: Sendable {
    var done = 0
    var failed = 0
    var latencies = Histogram()
    var longest: UInt64 = 0
    var errors: [String: Int] = [:]
  }

  private let began = Usage.nanoseconds
  private let seconds = Mutex<[Second]>([])

  var now: UInt64 { Usage.nanoseconds - began }

  func note(from start: UInt64, error: CassandraError?) {
    let (end, index) = (now, Int(start / 1_000_000_000))
    seconds.withLock { seconds in
      while seconds.count <= index { seconds.append(Second()) }
      seconds[index].longest = max(seconds[index].longest, end - start)
      if let error {
        seconds[index].failed += 1
        seconds[index].errors["\(error.code)", default: 0] += 1
      } else {
        seconds[index].done += 1
        seconds[index].latencies.record(end - start)
      }
    }
  }

  func line(_ range: Range<Int>, _ name: String) -> String {
    var sum = Second()
    seconds.withLock { seconds in
      for index in range where seconds.indices.contains(index) {
        sum.done += seconds[index].done
        sum.failed += seconds[index].failed
        sum.latencies.add(seconds[index].latencies)
        sum.longest = max(sum.longest, seconds[index].longest)
        sum.errors.merge(seconds[index].errors, uniquingKeysWith: +)
      }
    }
    let errors = sum.errors.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
    return #"{"\#(name)":\#(range.lowerBound),"done":\#(sum.done),"failed":\#(sum.failed),"#
      + #""per_s":\#(fixed(Double(sum.done) / Double(max(1, range.count)), 0)),"#
      + #""p50_ms":\#(fixed(sum.latencies.microseconds(atQuantile: 0.5) / 1000, 1)),"#
      + #""p99_ms":\#(fixed(sum.latencies.microseconds(atQuantile: 0.99) / 1000, 1)),"#
      + #""max_ms":\#(fixed(Double(sum.longest) / 1e6, 0)),"errors":{\#(errors)}}"#
  }
}

struct Load: Sendable {
  let rate: Int
  let workers: Int
  let seconds: Int
  let keys: Int
  let writes: Bool
  let fills: Bool

  func prepare(_ client: CassandraClient, replicationFactor: Int) async throws {
    let patient = QueryOptions(timeout: .seconds(60))
    let keyspace = Statement(
      unsafeCQL:
        "CREATE KEYSPACE IF NOT EXISTS bench WITH replication = {'class': 'SimpleStrategy', 'replication_factor': "
        + "\(replicationFactor)}")
    try await client.query(keyspace, options: patient)
    try await client.query(
      "CREATE TABLE IF NOT EXISTS bench.points (key int PRIMARY KEY, value text)", options: patient)
    for key in 0..<(fills ? keys : 1) {
      try await whenAvailable { try await write(client, key) }
      try await whenAvailable { try await read(client, key) }
    }
  }

  /// Nodes that have just started do not know of each other at once; one that stays away is told of after a minute.
  private func whenAvailable(_ body: () async throws -> Void) async throws {
    let patience = ContinuousClock.now + .seconds(60)
    while true {
      do { return try await body() } catch let error as CassandraError where error.code == .unavailable {
        guard ContinuousClock.now < patience else { throw error }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  private func read(_ client: CassandraClient, _ key: Int) async throws {
    try await client.query("SELECT value FROM bench.points WHERE key = \(key)")
  }

  private func write(_ client: CassandraClient, _ key: Int) async throws {
    try await client.query(
      "INSERT INTO bench.points (key, value) VALUES (\(key), \("value"))", options: QueryOptions(isIdempotent: true))
  }

  func run(_ client: CassandraClient, on loop: EventLoop, _ clock: Clock) async throws {
    let end = UInt64(seconds) * 1_000_000_000
    await withDiscardingTaskGroup { group in
      guard rate > 0 else {
        for worker in 0..<workers {
          group.addTask(executorPreference: loop) {
            var number = worker
            while clock.now < end {
              await request(client, number, clock)
              number += workers
            }
          }
        }
        return
      }
      for number in 0..<rate * seconds {
        let start = UInt64(number) * 1_000_000_000 / UInt64(rate)
        if start > clock.now { try? await loop.sleep(for: .nanoseconds(Int64(start - clock.now))) }
        group.addTask(executorPreference: loop) { await request(client, number, clock) }
      }
    }
  }

  private func request(_ client: CassandraClient, _ number: Int, _ clock: Clock) async {
    let start = clock.now
    do {
      if writes { try await write(client, number % keys) } else { try await read(client, number % keys) }
      clock.note(from: start, error: nil)
    } catch { clock.note(from: start, error: error as? CassandraError) }
  }
}
