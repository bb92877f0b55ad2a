import CassandraWire
import Cassandra
import CassandraJSON
import CassandraReactor
import CassandraTelemetry
import Testing
import CassandraHTTPServer
import CassandraWebTesting

@testable import FieldGuide

/// The API over HTTP, in front of each kind of database.
extension DatabaseTests {
  @Suite struct APITests {
    private func with(
      _ database: TestDatabase, log: Log = Log(),
      _ body: @escaping @Sendable (RunningAPI, Settings, RunningDatabase) async throws -> Void
    ) async throws {
      try await database.run { database in
        try await database.withSettings { settings in
          try await initialize(settings)
          try await RunningAPI.run(settings, log: log) { api in
            _ = try await api.wait(for: 200, at: "/health/ready")
            try await body(api, settings, database)
          }
        }
      }
    }

    private static let atalanta =
      #"{"genus":"Vanessa","species":"atalanta","image_url":"https://imgur.com/2fSEnt1","size_cm":4.8,"sightings":43,"#
      + #""taxonomy":["Arthropoda","Insecta","Lepidoptera","Nymphalidae"]}"#
    private static let cardui =
      #"{"genus":"Vanessa","species":"cardui","image_url":"https://imgur.com/WrPsKkD","size_cm":5.5,"sightings":12,"#
      + #""taxonomy":["Arthropoda","Insecta","Lepidoptera","Nymphalidae"]}"#

    @Test(arguments: TestDatabase.all) func theFourRoutes(_ database: TestDatabase) async throws {
      let log = Log()
      try await with(database, log: log) { api, _, _ in
        let one = try await api.get("/animal/Vanessa/atalanta")
        #expect(one.status == 200)
        #expect(one["content-type"] == "application/json")
        #expect(one.text == Self.atalanta)
        let genus = try await api.get("/animal/Vanessa")
        #expect(genus.text == "[\(Self.atalanta),\(Self.cardui)]")
        let plants = try await api.get("/plant/Plantago")
        // Written piece by piece, and short enough to go out with its length.
        #expect(plants["content-length"] == "\(plants.body.count)" && plants["transfer-encoding"] == nil)
        let expected = SampleData.plants.sorted { $0.species < $1.species }
          .map { #"{"genus":"Plantago","species":"\#($0.species)","sightings":\#($0.sightings)}"# }
        #expect(plants.text == "[\(expected.joined(separator: ","))]")
        let new =
          #"{"genus":"Misumena","species":"vatia","image_url":"https://imgur.com/F66x0Pt","size_cm":0.8,"sightings":3,"#
          + #""taxonomy":["Arachnida"]}"#
        let posted = try await api.post(new)
        #expect(posted.status == 200)
        #expect(posted.text == #"{"inserted":true}"#)
        #expect(try await api.get("/animal/Misumena/vatia").text == new)
        // No rows are no error, but for the one animal that there is not.
        #expect(try await api.get("/animal/Nobody").text == "[]")
        #expect(try await api.get("/plant/Nobody").text == "[]")
        let missing = try await api.get("/animal/Vanessa/nobody")
        #expect(missing.status == 404)
        #expect(missing["content-type"] == "application/problem+json")
      }
      #expect(log.failures.isEmpty)
    }

    @Test(arguments: TestDatabase.all) func namesOfAllKinds(_ database: TestDatabase) async throws {
      try await with(database) { api, _, _ in
        let names: [(path: String, name: String)] = [
          ("Falco%20x", "Falco x"), ("a%2Fb", "a/b"), ("%C3%89pervier", "Épervier"), ("%E9%B7%BA", "鷺"),
          ("100%25", "100%"), ("quote%22", "quote\""), ("it's", "it's"), ("%F0%9F%A6%8B", "🦋"), ("a+b", "a+b"),
          ("%25%32%46", "%2F"), ("semi;colon", "semi;colon"), ("tab%09", "tab\t"),
        ]
        for (path, name) in names {
          var bytes: [UInt8] = []
          bytes.appendJSONObject { object in
            object.member("genus", name)
            object.member("species", name)
            object.member("image_url", "")
            object.member("size_cm", 1)
            object.member("sightings", 1)
            object.array("taxonomy") { $0.element(name) }
          }
          let body = String(decoding: bytes, as: UTF8.self)
          #expect(try await api.post(body).status == 200)
          let reply = try await api.get("/animal/\(path)/\(path)")
          let animal = try JSONValue(parsing: reply.body)
          #expect(animal["genus"] == .string(name) && animal["species"] == .string(name), "\(path)")
          #expect(animal["taxonomy"] == .array([.string(name)]))
        }
        #expect(try await api.get("/animal/%ff/x").status == 400)
        #expect(try await api.get("/animal/%zz").status == 400)
      }
    }

    @Test(arguments: TestDatabase.all) func valuesReadBackAsTheyWere(_ database: TestDatabase) async throws {
      try await with(database) { api, settings, database in
        for (size, shown) in [
          ("4.8", "4.8"), ("\"0.1\"", "0.1"), ("3", "3.0"), ("1e20", "1.0E20"), ("3.4028235e38", "3.4028235E38"),
          ("-0.0", "-0.0"),
        ] {
          let body =
            #"{"genus":"Size","species":"s","image_url":"u","size_cm":\#(size),"sightings":"-2147483648","taxonomy":[]}"#
          #expect(try await api.post(body).status == 200)
          let text = try await api.get("/animal/Size/s").text
          #expect(
            text
              == #"{"genus":"Size","species":"s","image_url":"u","size_cm":\#(shown),"sightings":-2147483648,"taxonomy":[]}"#
          )
        }
        // Rows of others may have nulls.
        try await database.withClient { client in
          let keyspace = Identifier(settings.keyspace)
          try await client.query("INSERT INTO \(keyspace).animals (genus, species) VALUES (\("Null"), \("n"))")
          try await client.query("INSERT INTO \(keyspace).plants (genus, species) VALUES (\("Null"), \("n"))")
        }
        let nulls = #"{"genus":"Null","species":"n","image_url":null,"size_cm":null,"sightings":null,"taxonomy":[]}"#
        #expect(try await api.get("/animal/Null/n").text == nulls)
        #expect(try await api.get("/animal/Null").text == "[\(nulls)]")
        #expect(try await api.get("/plant/Null").text == #"[{"genus":"Null","species":"n","sightings":null}]"#)
      }
    }

    @Test(arguments: TestDatabase.all) func whatIsWrongIsToldWithoutAskingTheDatabase(_ database: TestDatabase)
      async throws
    {
      let log = Log()
      try await with(database, log: log) { api, _, _ in
        let malformed = try await api.post("{\"genus\":\n  7,}")
        #expect(malformed.status == 400)
        #expect(malformed.text.contains("line 2, column 5"))
        #expect(try await api.post("{}", type: "text/plain").status == 415)
        #expect(try await api.post("{}", type: nil).status == 415)
        let wrong = try await api.post(
          #"{"genus":"","species":1,"size_cm":"x","sightings":3.7,"taxonomy":["a",1,null],"image_url":null}"#)
        #expect(wrong.status == 422)
        #expect(wrong["content-type"] == "application/problem+json")
        guard case .array(let errors) = try JSONValue(parsing: wrong.body)["errors"] else {
          Issue.record("no errors are told")
          return
        }
        #expect(
          errors.compactMap { $0["pointer"] }
            == [
              "/genus", "/species", "/image_url", "/size_cm", "/sightings", "/taxonomy/1", "/taxonomy/2",
            ].map { .string($0) })
        let large = try await api.post(#"{"genus":"\#(String(repeating: "a", count: 1 << 20))"}"#)
        #expect(large.status == 413)
        let client = try await api.client()
        client.request("DELETE /animal/Vanessa/atalanta")
        let method = try await client.reply()
        #expect(method.status == 405)
        #expect(method["allow"] == "GET, HEAD, OPTIONS")
        client.request("GET /animal")
        #expect(try await client.reply()["allow"] == "OPTIONS, POST")
        for path in ["/animals", "/animal/", "/animal//x", "/plant", "/plant/a/b"] {
          client.request("GET \(path)")
          let reply = try await client.reply()
          #expect(reply.status == (path == "/animal" ? 405 : 404), "\(path)")
        }
        client.close()
      }
      #expect(log.failures.isEmpty)
    }

    @Test(arguments: TestDatabase.all) func headsAndHealth(_ database: TestDatabase) async throws {
      try await with(database) { api, _, _ in
        let client = try await api.client()
        for path in ["/plant/Plantago", "/animal/Vanessa", "/animal/Vanessa/atalanta", "/health/live"] {
          client.request("HEAD \(path)")
          client.request("GET \(path)")
          let head = try await client.reply(toHead: true)
          let get = try await client.reply()
          #expect(head.status == 200 && get.status == 200)
          #expect(head["content-type"] == "application/json")
          #expect(head["content-length"] == get["content-length"], "\(path)")
          #expect(head["transfer-encoding"] == nil && get["transfer-encoding"] == nil, "\(path)")
        }
        client.request("GET /health/live")
        #expect(try await client.reply().text == #"{"status":"live"}"#)
        client.request("GET /health/ready")
        #expect(try await client.reply().text == #"{"status":"ready"}"#)
        client.close()
      }
    }

    @Test(arguments: TestDatabase.all) func initTwiceLeavesRowsAsTheyAre(_ database: TestDatabase) async throws {
      try await with(database) { api, settings, database in
        let changed = Self.atalanta.replacing("\"sightings\":43", with: "\"sightings\":44")
        #expect(try await api.post(changed).status == 200)
        try await initialize(settings)
        #expect(try await api.get("/animal/Vanessa/atalanta").text == changed)
        guard case .array(let plants) = try JSONValue(parsing: try await api.get("/plant/Plantago").body) else {
          Issue.record("no array")
          return
        }
        #expect(plants.count == 88)
      }
    }

    @Test(arguments: TestDatabase.all) func withoutTablesTheAnswerSaysWhatToDo(_ database: TestDatabase) async throws {
      try await database.run { database in
        try await database.withSettings(makesKeyspace: false) { settings in
          // One loop: each has connections of its own, and tries again at a time of its own.
          try await RunningAPI.run(settings, loops: 1) { api in
            func check() async throws {
              for path in ["/animal/Vanessa/atalanta", "/animal/Vanessa", "/plant/Plantago"] {
                let reply = try await api.get(path)
                #expect(reply.status == 503)
                #expect(reply.text.contains("fieldguide init"), "\(reply.text)")
              }
              let posted = try await api.post(Self.atalanta)
              #expect(posted.status == 503)
              #expect(posted.text.contains("fieldguide init"), "\(posted.text)")
            }
            while try await !api.get("/animal/Vanessa").text.contains("Missing") {}
            if database.isAstra {
              // The portal helps here, and the log says so.
              let reply = try await api.get("/animal/Vanessa")
              #expect(reply.status == 503 && reply.text.contains("keyspaceMissing"), "\(reply.text)")
              #expect(!reply.text.contains(settings.keyspace))
            } else {
              try await check()
            }
            // The keyspace alone does not help.
            try await database.makeKeyspace(settings.keyspace)
            while try await !api.get("/animal/Vanessa").text.contains("fieldguide init") {}
            try await check()
            #expect(try await api.get("/health/ready").status == 503)
            try await initialize(settings)
            _ = try await api.wait(for: 200, at: "/health/ready")
            #expect(try await api.get("/animal/Vanessa/atalanta").text == Self.atalanta)
            #expect(try await api.post(Self.atalanta).status == 200)
          }
        }
      }
    }
  }
}
