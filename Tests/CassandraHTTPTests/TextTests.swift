import CassandraHTTP
import Testing

@Suite struct PercentDecodingTests {
  @Test(arguments: [
    ("", ""), ("abc", "abc"), ("a%20b", "a b"), ("%e2%9C%93", "✓"), ("%2541", "%41"), ("a+b", "a+b"), ("%2F", "/"),
    ("é", "é"),
  ])
  func decodes(_ encoded: String, _ text: String) throws {
    #expect(try String(percentDecoding: Array(encoded.utf8).span) == text)
  }

  @Test func aPlusIsASpaceInForms() throws {
    #expect(try String(formDecoding: Array("a+b%2Bc".utf8).span) == "a b+c")
  }

  @Test(arguments: [
    ("%", HTTPError.Code.invalidPercentEncoding, 0), ("a%4", .invalidPercentEncoding, 1),
    ("%4g", .invalidPercentEncoding, 0), ("%%41", .invalidPercentEncoding, 0), ("ab%00", .invalidText, 2),
    ("a\0", .invalidText, 1), ("%ff", .invalidText, 0), ("%c0%80", .invalidText, 0), ("%ed%a0%80", .invalidText, 0),
    ("%e2%9c", .invalidText, 0),
  ])
  func refuses(_ encoded: String, _ code: HTTPError.Code, _ offset: Int) {
    for isForm in [false, true] {
      do {
        let bytes = Array(encoded.utf8)
        _ = isForm ? try String(formDecoding: bytes.span) : try String(percentDecoding: bytes.span)
        Issue.record("accepted")
      } catch {
        #expect(error.code == code && error.offset == offset && error.status == .badRequest)
      }
    }
  }
}

@Suite struct PercentEncodingTests {
  @Test(arguments: [
    ("", ""), ("aZ0-._~", "aZ0-._~"), ("a b/c", "a%20b%2Fc"), ("✓", "%E2%9C%93"), ("+&=%", "%2B%26%3D%25"),
    ("..", ".."), ("!$'()*,;:@", "%21%24%27%28%29%2A%2C%3B%3A%40"), ("\r\n", "%0D%0A"),
  ])
  func encodes(_ text: String, _ encoded: String) throws {
    var output: [UInt8] = []
    output.append(percentEncoding: text)
    #expect(String(decoding: output, as: UTF8.self) == encoded)
    #expect(try String(percentDecoding: output.span) == text)
    #expect(try String(formDecoding: output.span) == text)
  }
}

@Suite struct PathSegmentsTests {
  private func segments(_ path: String) throws(HTTPError) -> [String] {
    let bytes = Array("x\(path)y".utf8)
    var segments = PathSegments(1..<bytes.count - 1)
    var texts: [String] = []
    while let segment = try segments.next(in: bytes.span) {
      texts.append(String(decoding: bytes[segment.range], as: UTF8.self) + (segment.isEncoded ? " (encoded)" : ""))
    }
    return texts
  }

  @Test(arguments: [
    ("/", [""]), ("/a", ["a"]), ("/a/b", ["a", "b"]), ("/a/", ["a", ""]), ("//", ["", ""]),
    ("//a//", ["", "a", "", ""]),
    ("/a%2fb/c", ["a%2fb (encoded)", "c"]), ("/...", ["..."]), ("/.a", [".a"]), ("/a.", ["a."]), ("/..a", ["..a"]),
    ("/%2e%2e%2e", ["%2e%2e%2e (encoded)"]), ("", []), ("*", ["*"]),
  ])
  func parts(_ path: String, _ expected: [String]) throws { #expect(try segments(path) == expected) }

  @Test(arguments: [
    "/.", "/..", "/a/../b", "/a/./b", "/%2e", "/%2E%2e", "/.%2e", "/%2e.", "/a/..", "/../a",
  ])
  func dotSegmentsAreRefused(_ path: String) {
    do {
      _ = try segments(path)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .dotSegment && error.status == .badRequest)
    }
  }
}

@Suite struct FormItemsTests {
  @Test(arguments: [
    ("", []), ("a=b", ["a|b"]), ("a=b&c=d", ["a|b", "c|d"]), ("a", ["a|"]), ("a=", ["a|"]), ("=b", ["|b"]),
    ("=", ["|"]), ("a=b=c", ["a|b=c"]), ("&&a=b&", ["a|b"]), ("a&b", ["a|", "b|"]), ("a=%26&b=+", ["a|%26", "b|+"]),
  ])
  func parts(_ query: String, _ expected: [String]) {
    let bytes = Array("x\(query)y".utf8)
    var items = FormItems(1..<bytes.count - 1)
    var texts: [String] = []
    while let item = items.next(in: bytes.span) {
      let (name, value) = (bytes[item.name], bytes[item.value])
      texts.append("\(String(decoding: name, as: UTF8.self))|\(String(decoding: value, as: UTF8.self))")
    }
    #expect(texts == expected)
  }
}

@Suite struct MediaTypeTests {
  @Test func partsAndParameters() throws {
    let type = try #require(MediaType(parsing: "Text/HTML ; Charset=UTF-8;;a=\"b;\\\"c\\\\\" ; "))
    #expect(type.matches("text", "html"))
    #expect(type.parameter("charset") == "UTF-8")
    #expect(type.parameter("a") == "b;\"c\\")
    #expect(type.parameter("b") == nil)
    #expect(type.parameters.map(\.name) == ["charset", "a"])
  }

  @Test func withoutParameters() throws {
    let type = try #require(MediaType(parsing: "application/problem+json"))
    #expect(type.matches("application", "problem+json"))
    #expect(type.parameters.isEmpty)
  }

  @Test(arguments: [
    "text/html" + (0...16).map { ";p\($0)=v" }.joined(), "", "text", "text/", "/html", "text/html/x", "text /html",
    "text/ html", "text/html charset=x",
    "text/html; charset",
    "text/html; charset =x", "text/html; charset= x", "text/html; charset=", "text/html; =x", "text/html; a=\"b",
    "text/html; a=\"b\"c", "text/html; a=b; A=c", "text/html, text/plain", "text/html; a=\"\\",
    "text/html; a=\"\u{1}\"",
  ])
  func whatIsNone(_ text: String) { #expect(MediaType(parsing: text) == nil) }
}
