import CassandraWire
import Cassandra
import CassandraJSON
import CassandraReactor
import CassandraTelemetry
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@testable import FieldGuide

/// What becomes of the API when its database goes and comes; the way between them is cut, not the database.
extension DatabaseTests {
  @Suite struct OutageTests {
    /// The API, on one loop and so with one connection, with a proxy right before the database, which does not forward yet.
    private func with(
      _ database: TestDatabase, log: Log = Log(),
      _ body: @escaping @Sendable (RunningAPI, Forwarder, Settings, RunningDatabase) async throws -> Void
    ) async throws {
      try await database.run { database in
        let loop = EventLoops.shared[0]
        let target = try #require(database.addresses.first)
        let forwarder = try await loop.run { LoopBound(try Forwarder(to: target), on: loop) }
        let address = await loop.run { forwarder.onLoop.address }
        try await database.withSettings(through: [address]) { settings in
          try await loop.run { try forwarder.onLoop.restore() }
          try await initialize(settings)
          await loop.run { forwarder.onLoop.cut() }
          try await RunningAPI.run(settings, loops: 1, log: log) { api in
            defer { forwarder.onLoop.cut() }
            try await body(api, forwarder.onLoop, settings, database)
          }
        }
      }
    }

    @Test(arguments: TestDatabase.ofOneNode) func theDatabaseMayComeLater(_ database: TestDatabase) async throws {
      let log = Log()
      try await with(database, log: log) { api, forwarder, _, _ in
        let reply = try await api.get("/animal/Vanessa")
        #expect(reply.status == 503)
        #expect(reply["retry-after"] == "1")
        #expect(!reply.text.contains("127.0.0.1"))
        #expect(try await api.get("/health/ready").status == 503)
        #expect(try await api.get("/health/live").status == 200)
        #expect(log.records.contains { $0.level == .warning && $0.message.contains("trying again") })
        try forwarder.restore()
        _ = try await api.wait(for: 200, at: "/health/ready")
        #expect(try await api.get("/animal/Vanessa").status == 200)
      }
    }

    @Test(arguments: TestDatabase.ofOneNode) func theDatabaseMayGoAndComeBack(_ database: TestDatabase) async throws {
      try await with(database) { api, forwarder, _, _ in
        try forwarder.restore()
        _ = try await api.wait(for: 200, at: "/animal/Vanessa/atalanta")
        for _ in 0..<3 {
          forwarder.cut()
          let gone = try await api.wait(for: 503, at: "/animal/Vanessa/atalanta")
          #expect(gone["retry-after"] == "1")
          try forwarder.restore()
          _ = try await api.wait(for: 200, at: "/animal/Vanessa/atalanta")
        }
      }
    }

    /// Three times as many rows as a page may have, and so large that all together are 22 MB.
    private static let largeRows = 15_000
    private static let largeBytes = 1500
    /// Cassandra refuses batches of more than 50 KiB.
    private static let rowsOfABatch = 30

    private func addLargeGenus(_ settings: Settings, _ database: RunningDatabase) async throws {
      let text = "INSERT INTO \(Identifier(settings.keyspace)).plants (genus, species, sightings) VALUES (?, ?, ?)"
      let tail = String(repeating: "x", count: Self.largeBytes)
      try await database.withClient { client in
        try await withThrowingTaskGroup(of: Void.self) { group in
          for writer in 0..<4 {
            group.addTask {
              for start in stride(
                from: writer * Self.rowsOfABatch, to: Self.largeRows, by: 4 * Self.rowsOfABatch)
              {
                try await TestDatabase.patiently {
                  try await client.batch(.unlogged) { batch in
                    for index in start..<start + Self.rowsOfABatch {
                      batch.add(Statement(unsafeCQL: text, ["Large", "\(100_000 + index)\(tail)", index]))
                    }
                  }
                }
              }
            }
          }
          try await group.waitForAll()
        }
      }
    }

    @Test(arguments: TestDatabase.ofOneNode) func aLongStreamIsWholeAndFollowsItsReader(_ database: TestDatabase)
      async throws
    {
      let log = Log()
      try await with(database, log: log) { api, forwarder, settings, database in
        try await addLargeGenus(settings, database)
        try forwarder.restore()
        _ = try await api.wait(for: 200, at: "/health/ready")

        // Read whole: in chunks of 16 to 64 KiB but for the last one, and a row may stand over.
        let client = try await api.client()
        client.request("GET /plant/Large")
        let head = try await client.head()
        try #require(head.status == 200, "\(log.records.last?.fields ?? [])")
        var body: [UInt8] = []
        var sizes: [Int] = []
        while let chunk = try await client.chunk() {
          sizes.append(chunk.count)
          body += chunk
        }
        guard case .array(let plants) = try JSONValue(parsing: body, limits: .init(bytes: 64 << 20)) else {
          Issue.record("no array")
          return
        }
        #expect(plants.count == Self.largeRows)
        #expect(sizes.dropLast().allSatisfy { (16 << 10..<(64 << 10) + Self.largeBytes + 100).contains($0) })
        let whole = forwarder.bytesForwarded
        #expect(whole > Self.largeRows * Self.largeBytes)

        // HEAD asks for the first page only.
        client.request("HEAD /plant/Large")
        #expect(try await client.reply(toHead: true).status == 200)
        client.request("GET /health/ready")
        #expect(try await client.reply().status == 200)
        #expect(forwarder.bytesForwarded - whole < whole / 2)
        client.close()

        // Who leaves after the first bytes stops the paging: the next stream begins when this one has ended.
        let before = forwarder.bytesForwarded
        let leaving = try await api.client()
        leaving.request("GET /plant/Large")
        #expect(try await leaving.head().status == 200)
        leaving.reset()
        while !log.records.contains(where: { $0.message.contains("given up") }) {
          _ = try await api.get("/health/live")
        }
        #expect(forwarder.bytesForwarded - before < whole / 2)
      }
      #expect(!log.records.contains { $0.message.contains("an answer was cut") })
    }

    @Test(arguments: TestDatabase.ofOneNode) func aStreamWhoseDatabaseGoesIsCut(_ database: TestDatabase) async throws {
      let log = Log()
      try await with(database, log: log) { api, forwarder, settings, database in
        try await addLargeGenus(settings, database)
        try forwarder.restore()
        _ = try await api.wait(for: 200, at: "/health/ready")
        let client = try await api.client()
        client.request("GET /plant/Large")
        // The first page is there, and some fifty are to come.
        let head = try await client.head()
        try #require(head.status == 200, "\(log.records.last?.fields ?? [])")
        forwarder.cut()
        let bytes = await client.ending()
        #expect(bytes.count < Self.largeRows * Self.largeBytes)
        #expect(!String(decoding: bytes.suffix(7), as: UTF8.self).hasSuffix("0\r\n\r\n"))
      }
      #expect(log.records.contains { $0.level == .error && $0.message.contains("an answer was cut") })
    }
  }
}
