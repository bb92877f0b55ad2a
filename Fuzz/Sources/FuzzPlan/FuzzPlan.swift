import CQLLanguage
import CassandraWire
import FuzzDriver

@testable import CQLEngine

/// A statement, planned for tables with columns of many types: names are resolved, terms and selectors are typed, and the
/// primary key is covered or not. Nothing is run.
///
/// What cannot be planned is refused as the client's fault, and either way it costs what its length explains.
@main
enum FuzzPlan {
  static func main() async throws {
    let engine = try await Engine(EngineConfiguration(location: .temporary))
    let executor = try engine.makeExecutor(yielding: {})
    var session = EngineSession(version: .v5)
    for text in [
      "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      "CREATE TYPE ks.u (a int, b frozen<list<text>>)",
      "CREATE TABLE ks.t (k int, c int, d text, s int static, a int, b text, l list<int>, m map<text, int>, e set<uuid>, "
        + "u frozen<u>, v u, t tuple<int, text>, f vector<float, 3>, x blob, PRIMARY KEY (k, c, d))",
      "CREATE TABLE ks.p (k text, k2 int, a decimal, b duration, n frozen<map<int, frozen<list<int>>>>, "
        + "PRIMARY KEY ((k, k2)))",
      "CREATE TABLE ks.n (k int PRIMARY KEY, n counter)", "CREATE INDEX i ON ks.t (a)", "CREATE INDEX j ON ks.t (l)",
    ] {
      var body: [UInt8] = []
      _ = try await executor.query(text, QueryParameters(consistency: .one), session: &session, into: &body)
    }
    runFuzzer { input in
      do throws(EngineFailure) {
        _ = try executor.plans.plan(text: String(decoding: input, as: UTF8.self), keyspace: "ks")
      } catch {
        precondition(!error.response.message.isEmpty, "an error says nothing")
        precondition(error.response.code != .serverError, "the client's fault is called the server's: \(error)")
      }
    }
  }
}
