import CassandraHTTP
import CassandraReactor
import Synchronization
import Testing
import CassandraHTTPServer
import CassandraTesting
import CassandraWebTesting

/// Limits of sums, and that who causes a load bears it.
@Suite(.timeLimit(.minutes(5))) struct BudgetTests {
  private final class Count: Sendable {
    let now = Atomic<Int>(0)
    let most = Atomic<Int>(0)
  }

  /// Who sends many requests at once does not have the loop to themselves.
  @Test func manyRequestsOfOneLeaveTurnsToOthers() async throws {
    let (answered, begun, isAsked) = (Count(), Promise<Void>(), Count())
    var routes = plainRoutes()
    routes.get("/many") { _ in
      // The first one holds the loop until another client has asked.
      if answered.now.wrappingAdd(1, ordering: .relaxed).newValue == 1 {
        begun.send()
        while isAsked.now.load(ordering: .acquiring) == 0 {}
      }
      return Response.text("")
    }
    routes.get("/one") { _ in Response.text("\(answered.now.load(ordering: .relaxed))") }
    try await serving(routes, loops: 1) { server in
      let (many, one) = (try await server.client(), try await server.client())
      one.request("GET /one")
      #expect(try await one.reply().text == "0")
      many.send(String(repeating: "GET /many HTTP/1.1\r\nHost: test\r\n\r\n", count: 300))
      await begun.value
      one.request("GET /one")
      isAsked.now.store(1, ordering: .releasing)
      let before = try #require(Int(try await one.reply().text))
      #expect(before < 100, "of 300 requests that had come before")
      for _ in 0..<300 { #expect(try await many.reply().status == 200) }
    }
  }

  /// Bodies together hold no more than the budget: the others wait in their order, and all are answered.
  @Test(arguments: [true, false]) func bodiesWaitForTheirTurn(_ isChunked: Bool) async throws {
    let count = Count()
    let mayGoOn = Promise<Void>()
    var routes = plainRoutes()
    routes.post("/body") { request in
      let body = try await request.body.collect()
      let now = count.now.add(1, ordering: .relaxed).newValue
      count.most.max(now, ordering: .relaxed)
      await mayGoOn.value
      count.now.subtract(1, ordering: .relaxed)
      return "\(body.count)"
    }
    let all = routes
    try await serving(all, loops: 1) {
      $0.maximumRequestBytes = 500_000
    } body: { server in
      // Handlers that wait for ever would hide why.
      defer { mayGoOn.send() }
      var clients: [RawClient] = []
      let body = [UInt8](repeating: 65, count: 100_000)
      for _ in 0..<20 {
        let client = try await server.client()
        clients.append(client)
        if isChunked {
          client.request("POST /body", "Transfer-Encoding: chunked")
          client.send(Array("186a0\r\n".utf8) + body + Array("\r\n0\r\n\r\n".utf8))
        } else {
          client.request("POST /body", "Content-Length: 100000")
          client.send(body)
        }
      }
      // Who asks for little does not wait.
      #expect(try await server.reply(to: "GET /ok HTTP/1.1\r\nHost: t\r\n\r\n").text == "OK")
      while count.now.load(ordering: .relaxed) < (isChunked ? 1 : 5) {
        try await Task.sleep(for: .milliseconds(2))
      }
      mayGoOn.send()
      for client in clients { #expect(try await client.reply().text == "100000") }
    }
    #expect(count.most.load(ordering: .relaxed) <= 5)
  }

  @Test func whoWaitsTooLongIsToldSo() async throws {
    let mayGoOn = Promise<Void>()
    let begun = Promise<Void>()
    var routes = Routes<Void>()
    routes.post("/body") { request in
      _ = try await request.body.collect()
      begun.send()
      await mayGoOn.value
      return "done"
    }
    let all = routes
    try await serving(all, loops: 1) {
      $0.maximumRequestBytes = 100_000
      $0.budgetTimeout = .milliseconds(100)
    } body: { server in
      defer { mayGoOn.send() }
      let (first, second) = (try await server.client(), try await server.client())
      let body = String(repeating: "x", count: 90_000)
      first.request("POST /body", "Content-Length: 90000", body: body)
      await begun.value
      second.request("POST /body", "Content-Length: 90000", body: body)
      let reply = try await second.reply()
      #expect(reply.status == 503 && reply["retry-after"] != nil)
      mayGoOn.send()
      #expect(try await first.reply().text == "done")
    }
  }

  private struct Numbers: Validatable {
    init(_ body: inout Validator) {}
  }

  /// What is made of a body counts as well: twelve times its bytes are too few for a value as for a tree.
  @Test func whatIsMadeOfABodyCounts() async throws {
    let mayGoOn = Promise<Void>()
    let begun = Promise<Void>()
    var routes = Routes<Void>()
    routes.post("/body") { request in
      _ = try await request.body.collect()
      begun.send()
      await mayGoOn.value
      return "done"
    }
    routes.post("/tree") { request in
      _ = try await request.json()
      return "done"
    }
    routes.post("/value") { request in
      _ = try await request.validated(Numbers.self)
      return "done"
    }
    let all = routes
    try await serving(all, loops: 1) {
      $0.maximumRequestBytes = 20_000 + 12 * 20_001
      $0.budgetTimeout = .milliseconds(50)
    } body: { server in
      defer { mayGoOn.send() }
      let first = try await server.client()
      first.request("POST /body", "Content-Length: 20000", body: String(repeating: "x", count: 20_000))
      await begun.value
      let json = "[" + Array(repeating: "1", count: 10_000).joined(separator: ",") + "]"
      for path in ["/tree", "/value"] {
        let client = try await server.client()
        client.request("POST \(path)", "Content-Type: application/json", "Content-Length: 20001", body: json)
        #expect(try await client.reply().status == 503, "\(path)")
      }
      mayGoOn.send()
      #expect(try await first.reply().text == "done")
      let alone = try await server.client()
      alone.request("POST /tree", "Content-Type: application/json", "Content-Length: 20001", body: json)
      #expect(try await alone.reply().status == 200)
    }
  }

  /// A body that is taken as fast as it is made does not keep the loop from its other connections.
  @Test func aLongBodyLeavesTurnsToOthers() async throws {
    let turns = Count()
    var routes = Routes<Void>()
    routes.get("/long") { _ in
      Response(contentType: .octets) { writer in
        guard let loop = EventLoop.current else { return }
        let before = loop.turnNumber
        for _ in 0..<64 { try await writer.write([UInt8](repeating: 7, count: 128 << 10)) }
        turns.now.store(Int(loop.turnNumber - before), ordering: .relaxed)
      }
    }
    try await routes.test(context: ()) { (client) async throws in
      #expect(try await client.get("/long").body.count == 8 << 20)
    }
    #expect(turns.now.load(ordering: .relaxed) >= 16)
  }

  /// Clients that ask and do not read are cut; those who read, and who watches, are served meanwhile.
  @Test func whoDoesNotReadWaitsAlone() async throws {
    let log = Log()
    var routes = plainRoutes()
    routes.get("/large") { _ in
      Response(contentType: .octets) { writer in
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        for _ in 0..<64 { try await writer.write(piece) }
      }
    }
    routes.always { $0.get("/live") { _ in "live" } }
    let all = routes
    try await serving(all, loops: 1, log: log) {
      $0.maximumWaitingBytes = 1 << 20
    } body: { server in
      var deaf: [RawClient] = []
      for _ in 0..<20 {
        let client = try await server.client(reads: false)
        deaf.append(client)
        client.request("GET /large")
      }
      // Until the first of them are cut.
      while !log.records.contains(where: { $0.message == "a client was cut because it did not take its answer" }) {
        #expect(try await server.reply(to: "GET /live HTTP/1.1\r\nHost: t\r\n\r\n").text == "live")
        // Each request that finds too much waiting has the slowest looked for.
        _ = try await server.reply(to: "GET /ok HTTP/1.1\r\nHost: t\r\n\r\n")
      }
      for client in deaf { client.reset() }
    }
    let cut = try #require(log.records.first { $0.message == "a client was cut because it did not take its answer" })
    #expect(cut.fields.contains { $0.name == "sent" })
  }
}
