import CassandraHTTP

/// Answers and what was asked for them (RFC 9112 §4, §6.3).
struct ResponseCase: Sendable {
  let example: Case
  let methods: [Method]

  init(_ name: String, answering methods: Method..., input: String, _ expected: String...) {
    example = Case(name, Array(input.utf8), expected)
    self.methods = methods
  }
}

let responseCases: [ResponseCase] = [
  // The status line.
  ResponseCase("a length", input: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 OK length=2", "body \"hi\""),
  ResponseCase("no reason", input: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "200 length=0", "body \"\""),
  ResponseCase(
    "no reason and no space", input: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 length=0", "body \"\""),
  ResponseCase(
    "a reason of UTF-8", input: "HTTP/1.1 200 Schön\tja\r\nContent-Length: 0\r\n\r\n", "200 Schön\tja length=0",
    "body \"\""),
  ResponseCase(
    "a status nobody knows", input: "HTTP/1.1 799 X\r\nContent-Length: 0\r\n\r\n", "799 X length=0", "body \"\""),
  ResponseCase(
    "a later version", input: "HTTP/1.3 200 OK\r\nContent-Length: 0\r\n\r\n", "200 OK length=0", "body \"\""),
  ResponseCase("HTTP/2.0", input: "HTTP/2.0 200 OK\r\n\r\n", "505 unsupportedVersion @0"),
  ResponseCase("a version without a minor", input: "HTTP/2 200 OK\r\n\r\n", "400 invalidStatusLine"),
  ResponseCase("another protocol", input: "ICY/1.0x 200 OK\r\n\r\n", "400 invalidVersion"),
  ResponseCase("two digits", input: "HTTP/1.1 20 OK\r\n\r\n", "400 invalidStatusLine @11"),
  ResponseCase("four digits", input: "HTTP/1.1 2000 OK\r\n\r\n", "400 invalidStatusLine @12"),
  ResponseCase("a status below 100", input: "HTTP/1.1 099 OK\r\n\r\n", "400 invalidStatusLine"),
  ResponseCase("letters for a status", input: "HTTP/1.1 abc OK\r\n\r\n", "400 invalidStatusLine"),
  ResponseCase("a sign before the status", input: "HTTP/1.1 +20 OK\r\n\r\n", "400 invalidStatusLine"),
  ResponseCase("two spaces", input: "HTTP/1.1  200 OK\r\n\r\n", "400 invalidStatusLine"),
  ResponseCase("an empty line first", input: "\r\nHTTP/1.1 200 OK\r\n\r\n", "400 invalidStatusLine @0"),
  ResponseCase("a short line", input: "HTTP/1.1\r\n\r\n", "400 invalidStatusLine"),
  ResponseCase("a control character", input: "HTTP/1.1 200 O\u{1}K\r\n\r\n", "400 controlCharacter @14"),
  ResponseCase("line feeds alone", input: "HTTP/1.1 200 OK\nX: y\n\n", "400 bareLineFeed"),
  ResponseCase("a request", input: "GET / HTTP/1.1\r\n\r\n", "400 invalidStatusLine"),

  // Fields.
  ResponseCase("a blank before a colon", input: "HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "400 invalidFieldName @18"),
  ResponseCase("a folded field", input: "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", "400 obsoleteFolding"),
  ResponseCase("no end of the head", input: "HTTP/1.1 200 OK\r\nX: y\r\n", "incomplete"),

  // Where it ends.
  ResponseCase("until the end", input: "HTTP/1.1 200 OK\r\n\r\nhello", "200 OK untilClose close", "body \"hello\""),
  ResponseCase("until the end at once", input: "HTTP/1.1 200 OK\r\n\r\n", "200 OK untilClose close", "body \"\""),
  ResponseCase(
    "chunks", input: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n",
    "200 OK chunked",
    "body \"hi\"", "trailer X: y"),
  ResponseCase("too short", input: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", "200 OK length=3", "incomplete"),
  ResponseCase(
    "chunks cut off", input: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "200 OK chunked",
    "incomplete"),
  ResponseCase("204", input: "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1", "204 No Content", "incomplete"),
  ResponseCase("204 with a length", input: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "204 No Content"),
  ResponseCase(
    "304 with a length", input: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 Not Modified"),
  ResponseCase("HEAD", answering: .head, input: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 OK"),
  ResponseCase(
    "HEAD of chunks", answering: .head, input: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200 OK"),
  ResponseCase("HEAD of no length", answering: .head, input: "HTTP/1.1 200 OK\r\n\r\n", "200 OK"),
  ResponseCase("CONNECT", answering: .connect, input: "HTTP/1.1 200 OK\r\n\r\n", "200 OK"),
  ResponseCase(
    "CONNECT refused", answering: .connect, input: "HTTP/1.1 403 No\r\nContent-Length: 1\r\n\r\nx", "403 No length=1",
    "body \"x\""),
  ResponseCase(
    "answers in a row", answering: .head, .get,
    input: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx", "200 OK",
    "404 Not Found length=1", "body \"x\""),
  ResponseCase(
    "interim answers",
    input: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
    "100 Continue", "103 Early Hints", "204 No"),
  ResponseCase("a switch of protocols", input: "HTTP/1.1 101 Switching Protocols\r\n\r\n", "101 Switching Protocols"),
  ResponseCase(
    "two lengths", input: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
    "400 duplicateContentLength"),
  ResponseCase("a bad length", input: "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n", "400 invalidContentLength"),
  ResponseCase(
    "a bad length in a 304", input: "HTTP/1.1 304 No\r\nContent-Length: x\r\n\r\n", "400 invalidContentLength"),
  ResponseCase(
    "a length and chunks", input: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "400 conflictingFraming"),
  ResponseCase(
    "another coding", input: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "501 unsupportedTransferCoding"),
  ResponseCase(
    "chunks in HTTP/1.0", input: "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "400 conflictingFraming"),

  // Whether the connection stays.
  ResponseCase("close", input: "HTTP/1.1 204 No\r\nConnection: close\r\n\r\n", "204 No close"),
  ResponseCase("HTTP/1.0", input: "HTTP/1.0 204 No\r\n\r\n", "204 No HTTP/1.0 close"),
  ResponseCase("HTTP/1.0 that stays", input: "HTTP/1.0 204 No\r\nConnection: keep-alive\r\n\r\n", "204 No HTTP/1.0"),
  ResponseCase(
    "HTTP/1.0 that cannot stay", input: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nx",
    "200 OK HTTP/1.0 untilClose close", "body \"x\""),
]
