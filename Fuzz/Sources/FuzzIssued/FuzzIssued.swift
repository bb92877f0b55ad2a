import CassandraBytes
import CassandraWire
import FuzzDriver

@testable import CQLEngine

/// What a node issues and takes back from strangers: page states, ids of statements and of metadata.
///
/// The first byte says which statement, the second what is done with the rest: it is taken as a state, laid over one that
/// the node has issued, or taken as the ids of EXECUTE. A state that differs from the one that was issued is refused as
/// such, whatever it is; nothing else than an error of the client's comes of any.
@main
enum FuzzIssued {
  private static let statements = [
    "SELECT * FROM ks.t", "SELECT * FROM ks.t LIMIT 30", "SELECT * FROM ks.t WHERE k IN (1, 2, 3)",
    "SELECT DISTINCT k FROM ks.t", "SELECT * FROM ks.t WHERE k = 1 ORDER BY c DESC", "SELECT * FROM ks.t WHERE a = 1",
    "SELECT * FROM ks.t PER PARTITION LIMIT 2", "SELECT key FROM system.local",
  ]

  static func main() async throws {
    let engine = try await Engine(EngineConfiguration(location: .temporary))
    let executor = try engine.makeExecutor(yielding: {})
    var session = EngineSession(version: .v5)
    for text in [
      "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TABLE ks.t (k int, c int, s int static, a int, PRIMARY KEY (k, c))", "CREATE INDEX i ON ks.t (a)",
    ] { _ = try await run(text, executor, &session) }
    for k in 1...3 {
      for c in 1...4 {
        _ = try await run("INSERT INTO ks.t (k, c, s, a) VALUES (\(k), \(c), 1, 1)", executor, &session)
      }
    }
    var issued: [[UInt8]] = []
    for text in statements { issued.append(try await state(text, executor, &session) ?? []) }
    let key = engine.pageStateKey
    let states = issued
    runFuzzer { input in
      guard input.count >= 2 else { return }
      let index = Int(input[0]) % states.count
      var bytes = Array(input[2...])
      if input[1] & 1 != 0 {
        var laid = states[index]
        for (offset, byte) in bytes.prefix(laid.count).enumerated() { laid[offset] ^= byte }
        bytes = laid
      }
      if let taken = PageState(bytes, key) {
        precondition(states.contains(bytes), "a state is taken that was not issued")
        precondition(taken.bytes(key) == bytes, "a state is written as another one")
      }
      if let id = StatementID(bytes) { precondition(id.bytes == bytes, "an id is another one") }
      _ = try? executor.plans.plan(id: bytes)
    }
  }

  private static func run(
    _ text: String, _ executor: EngineExecutor, _ session: inout EngineSession
  ) async throws -> [UInt8] {
    var body: [UInt8] = []
    let parameters = QueryParameters(consistency: .one, pageSize: 2)
    _ = try await executor.query(text, parameters, session: &session, into: &body)
    return body
  }

  private static func state(
    _ text: String, _ executor: EngineExecutor, _ session: inout EngineSession
  ) async throws -> [UInt8]? {
    let body = try await run(text, executor, &session)
    guard case .result(.rows(let rows)) = try ResponseMessage(opcode: .result, body: body.span, version: .v5) else {
      return nil
    }
    return rows.metadata.pageState.map { Array($0) }
  }
}
