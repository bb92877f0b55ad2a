import Cassandra
import CassandraHTTP
import Testing

@testable import CassandraAstra

@Suite struct MetadataTests {
  private static let id = "9f2c1e1a-0b1c-4d2e-8f3a-5b6c7d8e9f00"

  private func text(
    points: String = #"["9f2c1e1a-0b1c-4d2e-8f3a-5b6c7d8e9f00"]"#, datacenter: String = #""us-east1""#,
    proxy: String = #""proxy.example:29042""#
  ) -> String {
    """
    {"version": 1, "region": "us-east1", "contact_info": {"type": "sni_proxy", "local_dc": \(datacenter),
      "contact_points": \(points), "sni_proxy_address": \(proxy)}}
    """
  }

  private func answer(_ text: String) throws -> MetadataAnswer { try MetadataAnswer(parsing: Array(text.utf8)) }

  @Test func nodesAreEndPointsBehindTheProxy() throws {
    let points = #"["9F2C1E1A-0b1c-4d2e-8f3a-5b6c7d8e9f00", "9f2c1e1a-0b1c-4d2e-8f3a-5b6c7d8e9f00"]"#
    let answer = try answer(text(points: points))
    #expect(answer.region == "us-east1")
    let map = answer.map
    #expect(map.localDatacenter == "us-east1")
    #expect(map.endPoints == [EndPoint(host: "proxy.example", port: 29042, serverName: Self.id)])
    #expect(try self.answer(text(proxy: #""[::1]:7""#)).proxyHost == "::1")
  }

  @Test(arguments: [
    ("{}", "contact_info"), (#"{"contact_info": 7}"#, "contact_info"), ("<html></html>", "not JSON"), ("", "not JSON"),
    (#"{"contact_info": {}}"#, "contact_points"),
  ]) func whatIsMissingIsNamed(_ text: String, _ words: String) {
    #expect { try answer(text) } throws: {
      ($0 as? AstraError)?.code == .metadataInvalid && "\($0)".contains(words)
    }
  }

  @Test func membersThatAreWrongAreNamed() {
    for (text, words) in [
      (text(points: "[]"), "no nodes"), (text(points: #"["x"]"#), "not a UUID"), (text(points: "[7]"), "not a UUID"),
      (text(points: #"["9f2c1e1a-0b1c-4d2e-8f3a-5b6c7d8e9f0g"]"#), "not a UUID"),
      (text(points: #"["9f2c1e1ax0b1c-4d2e-8f3a-5b6c7d8e9f00"]"#), "not a UUID"),
      (text(datacenter: "null"), "local_dc"),
      (text(datacenter: #""""#), "local_dc"), (text(proxy: "null"), "sni_proxy_address"),
      (text(proxy: #""host""#), "without a port"), (text(proxy: #""host:0""#), "without a port"),
      (text(proxy: #"":1""#), "without a host"), (text(proxy: #""a b:1""#), "without a host"),
      (text(points: "[" + (0...1024).map { _ in "\"\(Self.id)\"" }.joined(separator: ",") + "]"), "more than 1024"),
    ] {
      #expect { try answer(text) } throws: {
        ($0 as? AstraError)?.code == .metadataInvalid && "\($0)".contains(words)
      }
    }
  }
}

@Suite struct MetadataResponseTests {
  /// What follows when the bytes come in pieces of a size; nil at the end of input means that it was not complete.
  private func outcome(_ text: String, piece: Int, limit: Int = 100, ends: Bool = true) throws
    -> MetadataResponse.Progress
  {
    var response = MetadataResponse(limit: limit)
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(piece))
      rest = rest.dropFirst(part.count)
      let progress = try response.receive(part.span)
      if progress != .needsMore { return progress }
    }
    return ends ? try response.end() : .needsMore
  }

  @Test(arguments: [1, 2, 7, 1000]) func bodiesOfEveryKindAreRead(_ piece: Int) throws {
    let done = MetadataResponse.Progress.complete(.ok, Array("{}".utf8))
    for text in [
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "HTTP/1.1 200 OK\r\n\r\n{}",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ] {
      #expect(try outcome(text, piece: piece) == done)
    }
    let empty = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    #expect(try outcome(empty, piece: piece, ends: false) == .complete(.serviceUnavailable, []))
  }

  @Test(arguments: [1, 1000]) func answersThatBreakOffOrGoOnAreRefused(_ piece: Int) {
    for text in [
      "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ] {
      #expect { try outcome(text, piece: piece) } throws: {
        if case .cutShort? = $0 as? MetadataResponse.Failure { true } else { false }
      }
    }
    let long = "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 101)
    #expect { try outcome(long, piece: piece) } throws: {
      if case .tooLarge? = $0 as? MetadataResponse.Failure { true } else { false }
    }
    #expect { try outcome("SSH-2.0-OpenSSH\r\n\r\n", piece: piece) } throws: {
      if case .notHTTP? = $0 as? MetadataResponse.Failure { true } else { false }
    }
  }
}
