import CassandraWire
import Foundation
import CassandraReactor
import Testing

@testable import CQLEngine

/// No write is acknowledged before the sync that covers it, as the system sees it: a node of its own process runs under
/// strace, and for each answer on a socket the sync of the write-ahead log behind the write's transaction has returned
/// before the answer is handed to the system.
@Suite(.timeLimit(.minutes(10))) struct SyncOrderTests {
  private static let writesOfClient = 200

  /// What the clients write at the same time, each its own kind.
  private enum Kind: Int, CaseIterable {
    case row
    case batch
    case conditional
    case counter
    case definition

    /// A statement that leaves the write's marks in the log.
    func statement(_ stream: Int16) -> String {
      let mark = marks(stream)
      switch self {
      case .row: return "INSERT INTO s.t (k, v) VALUES (\(stream), '\(mark[0])')"
      case .batch:
        return """
          BEGIN BATCH INSERT INTO s.t (k, v) VALUES (\(stream), '\(mark[0])'); \
          INSERT INTO s.t (k, v) VALUES (-\(stream), '\(mark[1])'); APPLY BATCH
          """
      case .conditional: return "INSERT INTO s.t (k, v) VALUES (\(stream), '\(mark[0])') IF NOT EXISTS"
      case .counter: return "UPDATE s.c SET n = n + 1 WHERE k = '\(mark[0])'"
      case .definition: return "CREATE TABLE s.t\(stream) (k int PRIMARY KEY) WITH comment = '\(mark[0])'"
      }
    }

    func marks(_ stream: Int16) -> [String] {
      (self == .batch ? ["a", "b"] : ["a"]).map { "<mark \(stream) \($0)>" }
    }

    var count: Int { self == .definition ? 10 : writesOfClient }
    /// The streams of this client's writes, which no other client uses.
    var streams: Range<Int16> { Int16(1000 * (rawValue + 1))..<Int16(1000 * (rawValue + 1) + count) }
  }

  private static let canTrace: Bool = {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["strace", "-D", "-f", "-o", "/dev/null", "true"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }()

  @Test(.enabled(if: canTrace, "strace is missing, or may not trace here"))
  func noAcknowledgementPrecedesItsSync() async throws {
    let folder = NSTemporaryDirectory() + "cql-node-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let pipe = folder + "/trace"
    try #require(mkfifo(pipe, 0o600) == 0)
    // Its end is the end of strace, which comes a little later than that of the node. No child of this task: when no node
    // starts there is no end, and nobody waits for it.
    let text = Task { try await Self.contents(of: pipe) }
    let node = try NodeProcess(
      ["--data", folder + "/data", "--port", "0"],
      under: ["strace", "-D", "-f", "-q", "-yy", "-xx", "-s", "262144", "-o", pipe, "-e", "trace=\(SystemCalls.names)"])
    try await Self.write(to: node)
    #expect(node.terminate() == 0)
    let order = try Self.Order(of: SystemCalls(await text.value))
    #expect(order.early == [], "acknowledged before the sync")
    #expect(order.acknowledged == Set(Kind.allCases.flatMap { Array($0.streams) }), "every write was seen")
    #expect(order.syncs > 0)
  }

  private static func contents(of path: String) async throws -> Data {
    try await withCheckedThrowingContinuation { done in
      // Opening it waits for strace, so it is no work for a thread of the tests.
      Thread.detachNewThread {
        done.resume(
          with: Result { try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).readToEnd() ?? Data() })
      }
    }
  }

  private static func write(to node: NodeProcess) async throws {
    try await WireClient.busyLoop.run { () async throws in
      let first = try await WireClient.ready(to: node.address, version: .v4)
      for text in [
        "CREATE KEYSPACE s WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
        "CREATE TABLE s.t (k int PRIMARY KEY, v text)", "CREATE TABLE s.c (k text PRIMARY KEY, n counter)",
      ] {
        if case .error(let error) = try await first.query(text).message {
          throw NodeProcess.Failure(description: error.message)
        }
      }
      first.close()
      var clients: [WireClient] = []
      for kind in Kind.allCases {
        let client = try await WireClient.ready(to: node.address, version: .v4)
        client.nextStream = kind.streams.lowerBound
        clients.append(client)
      }
      // Sixteen writes of each client are in flight, so that a group has writes of several and many groups follow.
      for step in stride(from: 0, to: writesOfClient, by: 16) {
        var streams: [(WireClient, Int16)] = []
        for (kind, client) in zip(Kind.allCases, clients) {
          for stream in kind.streams.dropFirst(step).prefix(16) {
            try client.send(.query(kind.statement(stream), QueryParameters(consistency: .one)))
            streams.append((client, stream))
          }
        }
        for (client, stream) in streams {
          guard case .result = try await client.answer(on: stream).message else {
            throw NodeProcess.Failure(description: "a write has failed")
          }
        }
      }
      for client in clients { client.close() }
    }
  }
}

// MARK: - The order

extension SyncOrderTests {
  /// What the calls say about the log and the answers.
  private struct Order {
    /// The streams of writes that were answered.
    private(set) var acknowledged: Set<Int16> = []
    /// The streams of those that were answered before they were durable.
    private(set) var early: Set<Int16> = []
    /// How often the log was synced.
    private(set) var syncs = 0

    /// Marks in the log whose transaction has not ended yet, and those whose transaction has.
    private var written: Set<String> = []
    private var committed: Set<String> = []
    private var durable: Set<String> = []
    private var isCommitting = false
    /// What a sync covers that has begun, and what was durable when an answer was handed over, by thread.
    private var covered: [Int: Set<String>] = [:]
    private var durableBefore: [Int: Set<String>] = [:]
    /// Bytes of answers that are not whole yet, by socket.
    private var answers: [String: [UInt8]] = [:]

    init(of calls: SystemCalls) throws {
      for event in calls.events {
        switch event {
        case .began(let call):
          if call.name.hasSuffix("sync") {
            covered[call.thread] = committed
          } else {
            durableBefore[call.thread] = durable
          }
        case .ended(let call, let result):
          if call.name.hasSuffix("sync") {
            if call.isOfLog && result == 0 {
              syncs += 1
              durable.formUnion(covered[call.thread] ?? [])
            }
          } else if call.isOfLog {
            try #require(result == call.bytes.count)
            logged(call)
          } else if result > 0, call.name != "pwrite64" {
            answered(call, Array(call.bytes.prefix(result)))
          }
        }
      }
    }

    /// Behind the log's header of 32 bytes stand frames: a header of 24 bytes, then a page. The header of a transaction's
    /// last frame has the size of the database at 4 (file format 4.1). A call writes headers and pages as a whole, one or
    /// many of them.
    private mutating func logged(_ call: SystemCalls.Call) {
      var rest = call.bytes[...]
      var offset = call.offset
      while !rest.isEmpty {
        let place = offset < 32 ? -1 : (offset - 32) % (24 + StoreFormat.pageBytes)
        let count = min(rest.count, place < 0 ? 32 : place < 24 ? 24 : 24 + StoreFormat.pageBytes - place)
        let part = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        offset += count
        guard place >= 0 else { continue }
        if place < 24 {
          isCommitting = part[4..<8].contains { $0 != 0 }
          continue
        }
        written.formUnion(Self.marks(in: part))
        if isCommitting {
          committed.formUnion(written)
          written.removeAll()
          isCommitting = false
        }
      }
    }

    /// An answer of protocol v4: 0x84, flags, the stream in two bytes, the opcode (8: RESULT), four bytes of length.
    private mutating func answered(_ call: SystemCalls.Call, _ bytes: [UInt8]) {
      var waiting = answers[call.file, default: []] + bytes
      guard waiting[0] == 0x84 else { return }
      while waiting.count >= 9 {
        let length = waiting[5..<9].reduce(0) { $0 << 8 | Int($1) }
        guard waiting.count >= 9 + length else { break }
        let stream = Int16(waiting[2]) << 8 | Int16(waiting[3])
        if waiting[4] == 8, let kind = Kind.allCases.first(where: { $0.streams.contains(stream) }) {
          acknowledged.insert(stream)
          if !Set(kind.marks(stream)).isSubset(of: durableBefore[call.thread] ?? []) { early.insert(stream) }
        }
        waiting.removeFirst(9 + length)
      }
      answers[call.file] = waiting
    }

    /// The texts `<mark …>` in a page.
    private static func marks(in page: [UInt8]) -> [String] {
      var found: [String] = []
      var rest = page[...]
      while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
        rest = rest[start...]
        if rest.starts(with: "<mark ".utf8), let end = rest.prefix(20).firstIndex(of: UInt8(ascii: ">")) {
          found.append(String(decoding: rest[start...end], as: UTF8.self))
        }
        rest = rest.dropFirst()
      }
      return found
    }
  }
}

extension SystemCalls.Call {
  /// Whether it is of the write-ahead log, whose name strace shows in hexadecimal.
  fileprivate var isOfLog: Bool {
    file.hasSuffix("node.db-wal>")
      || file.hasSuffix("node.db-wal".utf8.map { "\\x" + String($0, radix: 16) }.joined() + ">")
  }
}
