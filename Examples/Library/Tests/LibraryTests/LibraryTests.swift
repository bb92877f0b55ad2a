import CassandraTesting
import CassandraWeb
import Testing

@testable import Library

/// The service on a node in the process, asked without a socket.
@Suite(.timeLimit(.minutes(5))) struct LibraryTests {
  private static let token = "a token for tests"

  private func withLibrary(_ body: @escaping @Sendable (TestClient) async throws -> Void) async throws {
    try await EmbeddedNode.withNode { node in
      var database = ClientConfiguration(try .nodes([node.endPoint], localDatacenter: "datacenter1"))
      try await CassandraClient.withClient(database) { try await Schema.make(with: $0) }
      database.keyspace = Schema.keyspace
      try await CassandraClient.withClient(database) { client in
        let context = LibraryContext(cassandra: client, token: Secret(Self.token))
        try await libraryRoutes().test(context: context) { client in
          var client = client
          client.fields = [try FieldLine(.authorization, "Bearer \(Self.token)")]
          try await body(client)
        }
      }
    }
  }

  private func book(_ number: Int, title: String = "Emma") -> String {
    #"{"isbn":"97800000000\#(number)","title":"\#(title)","author":"Austen","place":{"room":"A","shelf":7}}"#
  }

  @Test func aBookFromItsBeginningToItsEnd() async throws {
    try await withLibrary { client in
      let added = try await client.post("/books", json: book(10))
      #expect(added.status == .created && added["location"] == "/books/9780000000010")
      #expect(try await client.post("/books", json: book(10, title: "Other")).status == .conflict)
      let path = "/books/9780000000010"
      #expect(
        try await client.get(path).text
          == #"{"isbn":"9780000000010","title":"Emma","author":"Austen","year":null,"place":{"room":"A","shelf":7}}"#)
      let changed = try await client.patch(path, json: #"{"title":"Emma, again","year":1816,"place":null}"#)
      #expect(changed.status == .ok)
      #expect(
        changed.text
          == #"{"isbn":"9780000000010","title":"Emma, again","author":"Austen","year":1816,"place":null}"#)
      #expect(try await client.patch(path, json: "{}").json()["year"] == 1816)
      #expect(
        try await client.get("/authors/Austen/books").text == #"[{"isbn":"9780000000010","title":"Emma, again"}]"#)
      #expect(try await client.delete(path).status == .noContent)
      #expect(try await client.delete(path).status == .notFound)
      #expect(try await client.get("/authors/Austen/books").text == "[]")
    }
  }

  @Test func whoMayDoWhatAndWhatIsWrong() async throws {
    try await withLibrary { client in
      var stranger = client
      stranger.fields = []
      #expect(try await stranger.post("/books", json: book(10)).status == .unauthorized)
      #expect(try await stranger.get("/books").status == .ok)
      let wrong = try await client.post("/books", json: #"{"isbn":"97","title":"","place":{"room":"A","shelf":0}}"#)
      #expect(wrong.status == .unprocessableContent)
      let pointers = try wrong.json()["errors"]?.array?.compactMap { $0["pointer"]?.string }
      #expect(pointers == ["/isbn", "/title", "/author", "/place/shelf"])
    }
  }

  @Test func listsLoansAndTheExport() async throws {
    try await withLibrary { client in
      for number in 10..<17 { _ = try await client.post("/books", json: book(number, title: "a \\\"b\\\"")) }
      var seen = 0
      var target: String? = "/books?limit=3"
      while let next = target {
        let page = try await client.get(next)
        seen += try page.json().array?.count ?? 0
        target = page["link"].map { String($0.dropFirst().prefix { $0 != ">" }) }
      }
      #expect(seen == 7)
      for at in ["2024-02-29T12:00:00Z", "2024-03-01T12:00:00+01:00"] {
        let lent = try await client.post("/books/9780000000011/loans", json: #"{"reader":"Ada","at":"\#(at)"}"#)
        #expect(lent.status == .created)
      }
      #expect(
        try await client.get("/books/9780000000011/loans?limit=1").text
          == #"[{"lent_at":"2024-03-01T11:00:00.000Z","reader":"Ada"}]"#)
      let export = try await client.get("/export.csv").text.split(separator: "\r\n")
      #expect(export.count == 8 && export.contains(#""9780000000012","a ""b""","Austen""#))
      #expect(try await client.get("/openapi.json").json()["paths"]?.members?.count == 5)
      #expect(try await client.get("/health/ready").status == .ok)
    }
  }
}
