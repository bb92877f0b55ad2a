/// Where a request ends (RFC 9112 §6, §7), and what else its fields ask of the connection.
let framingCases: [Case] = [
  // Content-Length.
  post("a length", "Content-Length: 5", "hello", "POST / host=a length=5", "body \"hello\""),
  post("a length of 0", "Content-Length: 0", "", "POST / host=a length=0", "body \"\""),
  post("leading zeros", "Content-Length: 005", "hello", "POST / host=a length=5", "body \"hello\""),
  post("a body that goes on", "Content-Length: 9", "hello", "POST / host=a length=9", "incomplete"),
  post("no body at all", "X: y", "", "POST / host=a"),
  post("the same length twice", "Content-Length: 5\r\nContent-Length: 5", "hello", "400 duplicateContentLength"),
  post("two lengths", "Content-Length: 5\r\nContent-Length: 6", "hello", "400 duplicateContentLength"),
  post("two lengths in one", "Content-Length: 5, 5", "hello", "400 invalidContentLength"),
  post(
    "two lengths apart from each other", "Content-Length: 5\r\nX: y\r\ncontent-length: 0", "",
    "400 duplicateContentLength"),
  post("an empty length", "Content-Length:", "", "400 invalidContentLength"),
  post("a sign", "Content-Length: +5", "hello", "400 invalidContentLength"),
  post("a negative length", "Content-Length: -1", "", "400 invalidContentLength"),
  post("a hexadecimal length", "Content-Length: 0x5", "hello", "400 invalidContentLength"),
  post("letters behind the digits", "Content-Length: 5b", "hello", "400 invalidContentLength"),
  post("a space within the digits", "Content-Length: 5 5", "hello", "400 invalidContentLength"),
  post("an underscore within the digits", "Content-Length: 1_0", "hello", "400 invalidContentLength"),
  post("a fraction", "Content-Length: 5.0", "hello", "400 invalidContentLength"),
  post("a quoted length", "Content-Length: \"5\"", "hello", "400 invalidContentLength"),
  post("digits of another script", "Content-Length: ٥", "hello", "400 invalidContentLength"),
  post(
    "the largest length", "Content-Length: 9223372036854775807", "", "POST / host=a length=9223372036854775807",
    "incomplete"),
  post("one more", "Content-Length: 9223372036854775808", "", "400 invalidContentLength"),
  post("2 to the 64", "Content-Length: 18446744073709551616", "", "400 invalidContentLength"),
  post("many digits", "Content-Length: 99999999999999999999999999", "", "400 invalidContentLength"),

  // Transfer-Encoding.
  post("chunks", "Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n", "POST / host=a chunked", "body \"hello\""),
  post("chunks in any case", "transfer-encoding: ChunKed", "0\r\n\r\n", "POST / host=a chunked", "body \"\""),
  post("chunks and a length", "Transfer-Encoding: chunked\r\nContent-Length: 5", "", "400 conflictingFraming"),
  post("a length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked", "", "400 conflictingFraming"),
  post("a length of 0 and chunks", "Content-Length: 0\r\nTransfer-Encoding: chunked", "", "400 conflictingFraming"),
  post("another coding and a length", "Content-Length: 5\r\nTransfer-Encoding: gzip", "", "400 conflictingFraming"),
  post("another coding", "Transfer-Encoding: gzip", "", "501 unsupportedTransferCoding"),
  post("identity", "Transfer-Encoding: identity", "", "501 unsupportedTransferCoding"),
  post("another coding, then chunks", "Transfer-Encoding: gzip, chunked", "", "501 unsupportedTransferCoding"),
  post(
    "the same in two fields", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", "",
    "501 unsupportedTransferCoding"),
  post("a coding that only looks like it", "Transfer-Encoding: xchunked", "", "501 unsupportedTransferCoding"),
  post("chunks twice", "Transfer-Encoding: chunked, chunked", "", "400 invalidTransferEncoding"),
  post(
    "chunks in two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "",
    "400 invalidTransferEncoding"),
  post("chunks not last", "Transfer-Encoding: chunked, gzip", "", "400 invalidTransferEncoding"),
  post(
    "chunks not last, in two fields", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "",
    "400 invalidTransferEncoding"),
  post("chunks between others", "Transfer-Encoding: gzip, chunked, br", "", "400 invalidTransferEncoding"),
  post("an empty list", "Transfer-Encoding:", "", "400 invalidTransferEncoding"),
  post("an empty element first", "Transfer-Encoding: , chunked", "", "400 invalidTransferEncoding"),
  post("an empty element last", "Transfer-Encoding: chunked,", "", "400 invalidTransferEncoding"),
  post("chunks with a parameter", "Transfer-Encoding: chunked;a=b", "", "400 invalidTransferEncoding"),
  post("quoted chunks", "Transfer-Encoding: \"chunked\"", "", "400 invalidTransferEncoding"),
  post("chunks and a blank", "Transfer-Encoding: chunked x", "", "400 invalidTransferEncoding"),
  Case("chunks in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400 conflictingFraming"),
  Case(
    "a length in HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", "POST / HTTP/1.0 length=2 close",
    "body \"hi\""),

  // Several requests in a row.
  Case(
    "a body that looks like a request",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 19\r\n\r\nGET /x HTTP/1.1\r\n\r\nGET /y HTTP/1.1\r\nHost: b\r\n\r\n",
    "POST / host=a length=19", "body \"GET /x HTTP/1.1\r\n\r\n\"", "GET /y host=b"),
  Case(
    "pipelined requests", "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /3", "GET /1 host=a",
    "GET /2 host=a", "incomplete"),
  Case(
    "a CRLF behind a body",
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / host=a length=2", "body \"hi\"", "GET / host=a"),
  Case(
    "a body longer than its length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nh{} / HTTP/1.1\r\n\r\n",
    "POST / host=a length=1", "body \"h\"", "400 invalidMethod @0"),
  Case(
    "a request behind chunks",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: u\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / host=a chunked", "body \"x\"", "trailer T: u", "GET / host=a"),

  // Connection.
  get("close", "Connection: close", "GET / host=a close"),
  get("close in any case", "Connection: CLOSE", "GET / host=a close"),
  get("close in a list", "Connection: x, close ,y", "GET / host=a close"),
  get("close in a second field", "Connection: x\r\nConnection: close", "GET / host=a close"),
  get("keep-alive is the rule", "Connection: keep-alive", "GET / host=a"),
  get("something that begins with close", "Connection: closed", "GET / host=a"),
  Case("keep-alive does not help HTTP/1.0", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / HTTP/1.0 close"),

  // Expect.
  post(
    "100-continue", "Expect: 100-continue\r\nContent-Length: 9", "", "POST / host=a length=9 continue", "incomplete"),
  post(
    "100-continue in any case", "Expect: 100-Continue\r\nContent-Length: 9", "", "POST / host=a length=9 continue",
    "incomplete"),
  post(
    "100-continue for chunks", "Expect: 100-continue\r\nTransfer-Encoding: chunked", "",
    "POST / host=a chunked continue", "incomplete"),
  get("100-continue without a body", "Expect: 100-continue", "GET / host=a"),
  get("another expectation", "Expect: 200-ok", "417 unsupportedExpectation"),
  get("another expectation beside it", "Expect: 100-continue, x", "417 unsupportedExpectation"),
  Case(
    "100-continue means nothing in HTTP/1.0", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
    "POST / HTTP/1.0 length=0 close", "body \"\""),
]

private func post(_ name: String, _ fields: String, _ body: String, _ expected: String...) -> Case {
  Case(name, Array("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)".utf8), expected)
}

private func get(_ name: String, _ field: String, _ expected: String) -> Case {
  Case("Connection and Expect: \(name)", "GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n", expected)
}
