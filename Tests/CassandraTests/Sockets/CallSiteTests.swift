import Cassandra
import CassandraTesting
import Testing

/// An error says where the call stands that it came from.
@Suite(.timeLimit(.minutes(5))) struct CallSiteTests {
  @Test func aQueryAndABatchNameTheirCaller() async throws {
    try await withScriptedNode { (client, node) async throws in
      node.when(.init(.prepare), .error(.syntaxError, "no"))
      let line: UInt = #line + 1
      let query = try await failure { try await client.query("SELECT nothing") }
      #expect(query.callSite == "CassandraTests/CallSiteTests.swift:\(line)")
      #expect(query.debugDescription.contains("called at CassandraTests/CallSiteTests.swift:\(line)"))
      #expect(!query.description.contains("CallSiteTests"))
      let batch = try await failure { try await client.batch { $0.add("INSERT INTO nowhere (a) VALUES (\(1))") } }
      #expect(batch.callSite == "CassandraTests/CallSiteTests.swift:\(line + 4)")
    }
  }
}
