import CassandraHTTP
import CassandraJSON
import CassandraReactor
import Foundation
import CassandraTelemetry
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@Suite(.timeLimit(.minutes(5))) struct AnswerOptionTests {
  private func routes() -> Routes<Void> {
    var routes = Routes<Void>()
    routes.get("/text/{name}") { request in "\(request.path["name"]) \(String(repeating: "text ", count: 1000))" }
    routes.get("/small") { _ in "small" }
    routes.get("/who") { request in request.client?.host ?? "none" }
    routes.get("/stream") { _ in
      Response(contentType: .json) { writer in
        for _ in 0..<3 {
          try await writer.write(String(repeating: "[1,2,3]", count: 1000))
          try await writer.flush()
        }
      }
    }
    routes.get("/failing") { _ in
      Response(contentType: .json) { writer in
        try await writer.write(String(repeating: "[1,2,3]", count: 100))
        throw Failure()
      }
    }
    routes.get("/known") { _ in
      Response(contentType: .json, length: 7000) { writer in
        try await writer.write(String(repeating: "[1,2,3]", count: 1000))
      }
    }
    return routes
  }

  private struct Failure: Error {}

  /// What is put onto every answer is put onto the one that stands for a stream that has failed, once, and nothing of what
  /// the stream would have had.
  @Test func aStreamThatFailsAtOnceIsAnAnswerLikeAnyOther() async throws {
    try await serving(routes()) {
      $0.answers.compresses = true
      $0.answers.sendsRequestIDs = true
      $0.answers.crossOrigin = CrossOrigin(origins: ["https://a.example"])
      $0.answers.fields = AnswerOptions.securityFields
    } body: { server in
      let client = try await server.client()
      client.request(
        "GET /failing", "Origin: https://a.example", "Accept-Encoding: gzip", "X-Request-ID: mine",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
      let reply = try await client.reply()
      #expect(reply.status == 500 && reply["content-encoding"] == nil)
      #expect(reply["content-type"] == "application/problem+json" && reply.text.contains("\"internal\""))
      let names = reply.fields.map(\.name).filter { $0 != "vary" }
      #expect(Set(names).count == names.count, "\(names)")
      #expect(reply.fields.filter { $0.name == "vary" }.map(\.value) == ["Origin", "Accept-Encoding"])
    }
  }

  /// A letter with seven thousand marks took a loop 65 ms for each request.
  @Test(.timeLimit(.minutes(5))) func fieldsOfCombiningMarks() async throws {
    let marks = "e" + String(repeating: "\u{301}", count: 3_400) + String(repeating: "\u{316}", count: 3_400)
    try await serving(routes()) {
      $0.answers.trustedProxies = ["127.0.0.0/8"].compactMap { AddressRange($0) }
      $0.answers.compresses = true
    } body: { server in
      let client = try await server.client()
      for _ in 0..<700 {
        client.request("GET /who", "Forwarded: \(marks)=for")
        #expect(try await client.reply().text == "127.0.0.1")
        client.request("GET /text/a", "Accept-Encoding: \(marks)")
        #expect(try await client.reply()["content-encoding"] == nil)
      }
    }
  }

  @Test func requestIDsAndTraces() async throws {
    try await serving(routes()) {
      $0.answers.sendsRequestIDs = true
    } body: { server in
      let client = try await server.client()
      client.request("GET /small")
      let own = try await client.reply()
      #expect(own["x-request-id"]?.isEmpty == false && own["traceparent"] == nil)
      let given = "!" + String(repeating: "~", count: 127)
      client.request(
        "GET /nowhere", "X-Request-ID: \(given)", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
      )
      let reply = try await client.reply()
      #expect(reply.fields.filter { $0.name == "x-request-id" }.map(\.value) == [given])
      let trace = try #require(reply["traceparent"])
      #expect(
        trace.hasPrefix("00-0af7651916cd43dd8448eb211c80319c-") && trace.hasSuffix("-01") && trace.utf8.count == 55)
      #expect(!trace.contains("b7ad6b7169203331"))
      for wrong in [
        "00-0", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      ] {
        client.request("GET /small", "traceparent: \(wrong)", "X-Request-ID: a b")
        let reply = try await client.reply()
        #expect(reply["traceparent"] == nil && reply["x-request-id"] != "a b")
      }
    }
  }

  @Test func browsersOfOtherOrigins() async throws {
    try await serving(routes()) {
      $0.answers.crossOrigin = CrossOrigin(origins: ["https://a.example"])
    } body: { server in
      let client = try await server.client()
      client.request(
        "OPTIONS /anything", "Origin: https://a.example", "Access-Control-Request-Method: DELETE",
        "Access-Control-Request-Headers: authorization")
      let preflight = try await client.reply()
      #expect(preflight.status == 204)
      #expect(preflight["access-control-allow-origin"] == "https://a.example")
      #expect(preflight["access-control-allow-methods"]?.contains("DELETE") == true)
      #expect(preflight["access-control-allow-headers"]?.contains("Authorization") == true)
      client.request("GET /nowhere", "Origin: https://a.example")
      let missing = try await client.reply()
      #expect(missing.status == 404 && missing["access-control-allow-origin"] == "https://a.example")
      #expect(missing["vary"] == "Origin")
      client.request("GET /small", "Origin: https://b.example")
      let other = try await client.reply()
      #expect(other.status == 200 && other["access-control-allow-origin"] == nil && other["vary"] == "Origin")
    }
  }

  @Test func fieldsForBrowsers() async throws {
    try await serving(routes()) {
      $0.answers.fields = AnswerOptions.securityFields
    } body: { server in
      for line in ["GET /small", "GET /nowhere", "NO(", "GET /stream"] {
        let reply = try await server.reply(to: "\(line) HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(reply["x-content-type-options"] == "nosniff", "\(line)")
      }
    }
  }

  @Test func compression() async throws {
    try await serving(routes()) {
      $0.answers.compresses = true
    } body: { server in
      let client = try await server.client()
      client.request("GET /text/plain")
      let plain = try await client.reply()
      #expect(plain["content-encoding"] == nil && plain["vary"] == "Accept-Encoding")
      for accepted in ["gzip", "x-gzip", "br, gzip;q=0.5", "*", "GZIP"] {
        client.request("GET /text/plain", "Accept-Encoding: \(accepted)")
        let reply = try await client.reply()
        #expect(reply["content-encoding"] == "gzip" && reply.body.count < plain.body.count / 4)
        #expect(try Gzip.plain(reply.body) == plain.body)
      }
      for refused in ["gzip;q=0", "br", "*;q=0.0", "identity"] {
        client.request("GET /text/plain", "Accept-Encoding: \(refused)")
        #expect(try await client.reply()["content-encoding"] == nil)
      }
      client.request("GET /small", "Accept-Encoding: gzip")
      #expect(try await client.reply()["content-encoding"] == nil)
      client.request("GET /stream", "Accept-Encoding: gzip")
      let head = try await client.head()
      #expect(head["content-encoding"] == "gzip" && head["transfer-encoding"] == "chunked")
      var body: [UInt8] = []
      var chunks = 0
      while let chunk = try await client.chunk() {
        body += chunk
        chunks += 1
      }
      #expect(chunks >= 3)
      #expect(try Gzip.plain(body).count == 21_000)
      // HEAD does not tell the length of another form (RFC 9110 §8.6).
      client.request("HEAD /known", "Accept-Encoding: gzip")
      let known = try await client.reply(toHead: true)
      #expect(known["content-encoding"] == "gzip" && known["content-length"] == nil)
      client.request("HEAD /known")
      #expect(try await client.reply(toHead: true)["content-length"] == "7000")
    }
  }

  /// What has not changed varies as what has (RFC 9110 §15.4.5).
  @Test func tagsOfWhatMayBeCompressed() async throws {
    try await serving(routes()) {
      $0.answers.compresses = true
      $0.answers.tagsEntities = true
    } body: { server in
      let client = try await server.client()
      client.request("GET /text/a", "Accept-Encoding: gzip")
      let first = try await client.reply()
      let tag = try #require(first["etag"])
      #expect(first["content-encoding"] == "gzip" && first["vary"] == "Accept-Encoding")
      client.request("GET /text/a", "Accept-Encoding: gzip", "If-None-Match: \(tag)")
      let second = try await client.reply()
      #expect(second.status == 304 && second["etag"] == tag && second["vary"] == "Accept-Encoding")
      #expect(second["content-encoding"] == nil && second["content-length"] == nil)
    }
  }

  @Test func entityTags() async throws {
    try await serving(routes()) {
      $0.answers.tagsEntities = true
    } body: { server in
      let client = try await server.client()
      client.request("GET /text/a")
      let tag = try #require(try await client.reply()["etag"])
      for value in [tag, "\"x\", \(tag)", "*", String(tag.dropFirst(2))] {
        client.request("GET /text/a", "If-None-Match: \(value)")
        let reply = try await client.reply()
        #expect(reply.status == 304 && reply["etag"] == tag && reply["content-type"] == nil && reply.body.isEmpty)
      }
      client.request("GET /text/b", "If-None-Match: \(tag)")
      let other = try await client.reply()
      #expect(other.status == 200 && other["etag"] != tag)
      client.request("GET /nowhere", "If-None-Match: *")
      #expect(try await client.reply().status == 404)
    }
  }

  @Test func clientsBehindProxies() async throws {
    try await serving(routes()) {
      $0.answers.trustedProxies = ["127.0.0.0/8", "10.0.0.0/8"].compactMap { AddressRange($0) }
    } body: { server in
      let client = try await server.client()
      for (field, who) in [
        ("X: y", "127.0.0.1"), ("X-Forwarded-For: 1.1.1.1, 192.0.2.7, 10.2.3.4", "192.0.2.7"),
        ("X-Forwarded-For: [2001:db8::1]:99", "2001:db8::1"), ("X-Forwarded-For: evil, 10.0.0.1", "10.0.0.1"),
        ("Forwarded: for=198.51.100.17;proto=https;by=10.0.0.1", "198.51.100.17"),
        ("Forwarded: For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"), ("X-Forwarded-For: unknown", "127.0.0.1"),
      ] {
        client.request("GET /who", field)
        #expect(try await client.reply().text == who, "\(field)")
      }
    }
    try await serving(routes()) { server in
      let reply = try await server.reply(to: "GET /who HTTP/1.1\r\nHost: t\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n")
      #expect(reply.text == "127.0.0.1")
    }
  }

  @Test func limitsOfAClient() async throws {
    var all = routes()
    all.always { $0.get("/live") { _ in "live" } }
    let routes = all
    try await serving(routes) {
      var limits = RequestLimits()
      limits.requestsPerSecond = 1
      limits.burst = 3
      $0.answers.requestLimits = limits
    } body: { server in
      let client = try await server.client()
      var refused: Reply?
      for _ in 0..<10 where refused == nil {
        client.request("GET /small")
        let reply = try await client.reply()
        if reply.status != 200 { refused = reply }
      }
      #expect(refused?.status == 429)
      #expect(refused?["retry-after"].flatMap { Int($0) } ?? 0 >= 1)
      client.request("GET /live")
      #expect(try await client.reply().text == "live")
    }
  }

  @Test func theAccessLog() async throws {
    let log = Log()
    try await serving(routes(), log: log) {
      $0.answers.logsAccess = true
    } body: { server in
      let client = try await server.client()
      client.request("GET /text/x?secret=1", "X-Request-ID: one")
      let length = try await client.reply().body.count
      client.request("GET /stream", "X-Request-ID: two")
      _ = try await client.reply()
      let bad = try await server.reply(to: "NO( HTTP/1.1\r\n\r\n")
      #expect(bad.status == 400)
      let lines = log.records.filter { $0.label == "access" }
      func value(_ name: String, _ index: Int) -> LogValue? { lines[index].fields.first { $0.name == name }?.value }
      try #require(lines.count == 3)
      #expect(value("path", 0) == "/text/x" && value("route", 0) == "/text/{name}" && value("id", 0) == "one")
      #expect(value("bytes", 0) == .integer(length) && value("status", 0) == 200 && value("client", 0) == "127.0.0.1")
      #expect(value("bytes", 1) == 21_000 && value("status", 1) == 200)
      #expect(value("status", 2) == 400)
    }
  }

  /// Lines of JSON for a file are written in another way than all others, and say the same.
  @Test func theAccessLogSaysTheSameInAFile() async throws {
    let requests: [(line: String, fields: [String])] = [
      ("GET /text/x?secret=1", ["X-Request-ID: one"]), ("GET /text/%22%5C", []), ("GET /nowhere/~a", []),
      (#"GET /a"b\c"#, []), ("DELETE /text/x", [#"X-Request-ID: a"b\c"#]), ("GET /stream", ["X-Request-ID: \u{7f}"]),
      ("BREW /text/x", []), ("HEAD /text/x", ["X-Request-ID: "]), ("OPTIONS *", []),
      ("GET /text/\(String(repeating: "long", count: 1000))", []),
    ]
    @Sendable func ask(_ server: Running) async throws {
      for (line, fields) in requests {
        let text = ([line + " HTTP/1.1", "Host: t", "Connection: close"] + fields).joined(separator: "\r\n")
        _ = try await server.reply(to: text + "\r\n\r\n", toHead: line.hasPrefix("HEAD"))
      }
    }
    let log = Log()
    try await serving(routes(), log: log) {
      $0.answers.logsAccess = true
    } body: { server in
      try await ask(server)
    }
    let path = NSTemporaryDirectory() + "access-\(UUID().uuidString).log"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = open(path, O_CREAT | O_WRONLY, 0o600)
    defer { close(file) }
    let sink = ConsoleSink(format: .json, descriptor: file)
    try await serving(routes(), log: sink) {
      $0.answers.logsAccess = true
    } body: { server in
      try await ask(server)
    }
    sink.flush()
    let written = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      try JSONValue(parsing: Array($0.utf8))
    }.filter { $0["label"] == "access" }
    let kept = log.records.filter { $0.label == "access" }
    #expect(kept.count == requests.count && written.count == requests.count)
    for (line, record) in zip(written, kept) {
      guard case .object(let members) = line else {
        Issue.record("a line is no object")
        continue
      }
      #expect(members.map(\.name.text) == ["time", "level", "label", "message"] + record.fields.map(\.name))
      #expect(line["message"]?.string == record.message && line["level"] == "info")
      #expect(line["time"]?.string?.utf8.count == 24)
      // An id that the server made differs, and so does the length of a problem that names it.
      let hasOwnID = record.fields.contains { $0.name == "id" && "\($0.value)".contains("-") }
      for (name, value) in record.fields where name != "us" && !(hasOwnID && (name == "id" || name == "bytes")) {
        #expect(line[name].map { $0.string ?? "\($0)" } == "\(value)", "\(name)")
      }
    }
  }

  @Test func tokensAndKeys() async throws {
    var routes = Routes<Secret>()
    routes.within(Routes.bearer { token, secret in token.isSame(as: secret) }) { routes in
      routes.get("/token") { _ in "in" }
    }
    routes.within(Routes.apiKey { key, secret in key.isSame(as: secret) }) { routes in
      routes.get("/key") { _ in "in" }
    }
    routes.get("/open") { _ in "open" }
    let all = routes
    try await serving(all, context: Secret("right")) { server in
      let client = try await server.client()
      for (path, field, status) in [
        ("/token", "Authorization: Bearer right", 200), ("/token", "authorization: bearer right", 200),
        ("/token", "Authorization: Bearer wrong", 401), ("/token", "Authorization: Basic right", 401),
        ("/token", "X: y", 401),
        ("/token", "Authorization: Bearer rightright", 401), ("/key", "X-API-Key: right", 200),
        ("/key", "X-API-Key: r", 401),
        ("/open", "X: y", 200),
      ] {
        client.request("GET \(path)", field)
        let reply = try await client.reply()
        #expect(reply.status == status, "\(path) \(field)")
        if status == 401 && path == "/token" { #expect(reply["www-authenticate"] == "Bearer realm=\"api\"") }
      }
    }
  }
}
