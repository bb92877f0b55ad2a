/// Chunked bodies (RFC 9112 §7.1), behind the head of a request; expected is what follows the head.
let chunkCases: [Case] = [
  // What is accepted.
  chunks("nothing", "0\r\n\r\n", "body \"\""),
  chunks("one chunk", "5\r\nhello\r\n0\r\n\r\n", "body \"hello\""),
  chunks("two chunks", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "body \"hello\""),
  chunks("a size in hexadecimal", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "body \"01234567890123456789\""),
  chunks("leading zeros", "0005\r\nhello\r\n0000\r\n\r\n", "body \"hello\""),
  chunks("sixteen digits", "0000000000000005\r\nhello\r\n0\r\n\r\n", "body \"hello\""),
  chunks("CRLF within data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "body \"\r\n\r\n\""),
  chunks("an extension", "5;a=b\r\nhello\r\n0\r\n\r\n", "body \"hello\""),
  chunks("an extension without a value", "5;a\r\nhello\r\n0;b\r\n\r\n", "body \"hello\""),
  chunks(
    "a line end in a quoted extension", "5;a=\"b;\\\"\r\\\\ c\"\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension @9"),
  chunks("a quoted extension with escapes", "5;a=\"b;\\\" \\\\ c=\"\r\nhello\r\n0\r\n\r\n", "body \"hello\""),
  chunks("an empty quoted extension", "5;a=\"\"\r\nhello\r\n0\r\n\r\n", "body \"hello\""),
  chunks("several extensions", "5;a;b=c;d=\"e\";f\r\nhello\r\n0\r\n\r\n", "body \"hello\""),
  chunks("blanks where the grammar has them", "5 \t; a = b ;c=\"d\" ; e\r\nhello\r\n0\r\n\r\n", "body \"hello\""),
  chunks("a chunk that goes on", "5\r\nhel", "incomplete"),
  chunks("the end that is missing", "5\r\nhello\r\n", "incomplete"),
  chunks("half of the end", "5\r\nhello\r\n0\r\n", "incomplete"),
  chunks("three quarters of the end", "5\r\nhello\r\n0\r\n\r", "incomplete"),

  // Sizes.
  chunks("no size", "\r\nhello\r\n0\r\n\r\n", "400 invalidChunkSize @0"),
  chunks("an extension without a size", ";a=b\r\n", "400 invalidChunkSize"),
  chunks("a size with a sign", "+5\r\nhello\r\n0\r\n\r\n", "400 invalidChunkSize"),
  chunks("a negative size", "-1\r\n", "400 invalidChunkSize"),
  chunks("a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n", "400 invalidChunkSize @1"),
  chunks("a size with an underscore", "1_0\r\n", "400 invalidChunkSize"),
  chunks("a size of other letters", "5g\r\nhello", "400 invalidChunkSize @1"),
  chunks("a blank before the size", " 5\r\nhello\r\n0\r\n\r\n", "400 invalidChunkSize"),
  chunks("a blank behind the size", "5 \r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension @2"),
  chunks("a tab behind the size", "5\t\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),
  chunks("a blank within the size", "5 0\r\n", "400 invalidChunkExtension"),
  chunks("the largest size", "7fffffffffffffff\r\nhello", "incomplete"),
  chunks("a size that overflows by one", "8000000000000000\r\n", "400 invalidChunkSize"),
  chunks("a size of sixteen Fs", "ffffffffffffffff\r\n", "400 invalidChunkSize"),
  chunks("a size of seventeen digits", "00000000000000005\r\nhello\r\n", "400 invalidChunkSize @16"),
  chunks("a size that wraps around", "100000000000000005\r\nhello\r\n", "400 invalidChunkSize"),
  chunks("a NUL in the size", "5\0\r\nhello", "400 invalidChunkSize"),

  // Extensions.
  chunks("a semicolon and nothing", "5;\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension @2"),
  chunks("two semicolons", "5;;a\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),
  chunks("an extension without a name", "5;=b\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),
  chunks("an equals sign and nothing", "5;a=\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),
  chunks("a blank at the end", "5;a \r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),
  chunks("a blank behind a value", "5;a=b \r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),
  chunks("two values", "5;a=b c\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),
  chunks("a quote that stays open", "5;a=\"b\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),
  chunks("something behind a quote", "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),
  chunks("a quote within a token", "5;a=b\"c\"\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),
  chunks("a control character", "5;a=\u{1}\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),
  chunks("a control character in quotes", "5;a=\"\u{1}\"\r\nhello\r\n0\r\n\r\n", "400 invalidChunkExtension"),

  // Line ends.
  chunks("a line feed behind the size", "5\nhello\r\n0\r\n\r\n", "400 bareLineFeed @1"),
  chunks("a line feed behind an extension", "5;a\nhello\r\n0\r\n\r\n", "400 bareLineFeed @3"),
  chunks("a line feed in quotes", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n", "400 bareLineFeed"),
  chunks("a line feed behind a value", "2;a=b\nxx\r\n4c\r\n0\r\n\r\n", "400 bareLineFeed"),
  chunks("a carriage return behind the size", "5\rhello\r\n0\r\n\r\n", "400 bareCarriageReturn @2"),
  chunks("two carriage returns", "5\r\r\nhello\r\n0\r\n\r\n", "400 bareCarriageReturn"),
  chunks("data that is too long", "5\r\nhello!\r\n0\r\n\r\n", "400 invalidChunkEnd @8"),
  chunks("data that is too short", "6\r\nhello\r\n0\r\n\r\n", "400 invalidChunkEnd"),
  chunks("data without an end", "5\r\nhello0\r\n\r\n", "400 invalidChunkEnd"),
  chunks("data that ends with a line feed", "5\r\nhello\n0\r\n\r\n", "400 invalidChunkEnd @8"),
  chunks("data that ends with a carriage return", "5\r\nhello\r0\r\n\r\n", "400 invalidChunkEnd @9"),
  chunks("an end with a line feed", "0\r\n\n", "400 bareLineFeed @3"),
  chunks("an end with a bare carriage return", "0\r\n\rX", "400 bareCarriageReturn @3"),
  chunks("something behind the last chunk", "0\r\nGET / HTTP/1.1\r\n\r\n", "400 invalidFieldName"),

  // Trailers.
  chunks("a trailer", "1\r\nx\r\n0\r\nDigest: y\r\n\r\n", "body \"x\"", "trailer Digest: y"),
  chunks("two trailers", "0\r\nA: 1\r\nB: 2\r\n\r\n", "body \"\"", "trailer A: 1", "trailer B: 2"),
  chunks(
    "framing in trailers is dropped", "0\r\nContent-Length: 9\r\nA: 1\r\nTransfer-Encoding: gzip\r\n\r\n", "body \"\"",
    "trailer A: 1"),
  chunks("routing in trailers is dropped", "0\r\nhost: b\r\nA: 1\r\n\r\n", "body \"\"", "trailer A: 1"),
  chunks("conditions in trailers are dropped", "0\r\nIf-Match: b\r\nIf-None-Match: c\r\n\r\n", "body \"\""),
  chunks("authorization in trailers is dropped", "0\r\nAuthorization: b\r\nCookie: c\r\n\r\n", "body \"\""),
  chunks("a trailer without a colon", "0\r\nX\r\n\r\n", "400 invalidFieldName @3"),
  chunks("a trailer with a blank before the colon", "0\r\nX : y\r\n\r\n", "400 invalidFieldName @4"),
  chunks("a folded trailer", "0\r\nX: y\r\n z\r\n\r\n", "400 obsoleteFolding"),
  chunks("a trailer with a NUL", "0\r\nX: \0\r\n\r\n", "400 controlCharacter @6"),
  chunks("a trailer with a line feed", "0\r\nX: y\n\r\n", "400 bareLineFeed @7"),
  chunks("a trailer with a carriage return", "0\r\nX: y\rZ: a\r\n\r\n", "400 bareCarriageReturn"),
  chunks("trailers that go on", "0\r\nX: y\r\n", "incomplete"),
]

private func chunks(_ name: String, _ body: String, _ expected: String...) -> Case {
  Case(
    name, Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)".utf8),
    ["POST / host=a chunked"] + expected)
}
