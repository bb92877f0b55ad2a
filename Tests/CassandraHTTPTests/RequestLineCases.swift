/// The request line and its target (RFC 9112 §3), each followed by a `Host`.
let requestLineCases: [Case] = [
  // What is served.
  line("a path", "GET / HTTP/1.1", "GET / host=a"),
  line(
    "a path and a query", "GET /animal/Vanessa/atalanta?page=2 HTTP/1.1", "GET /animal/Vanessa/atalanta?page=2 host=a"),
  line("a method of 33 letters", "\(String(repeating: "X", count: 33)) / HTTP/1.1", "400 invalidMethod"),
  line("a method of 9,000 letters", "\(String(repeating: "X", count: 9_000)) / HTTP/1.1", "400 invalidMethod"),
  line("an empty query", "GET /? HTTP/1.1", "GET /? host=a"),
  line("a question mark within a query", "GET /?a?b/c HTTP/1.1", "GET /?a?b/c host=a"),
  line("empty segments", "GET //a//b/ HTTP/1.1", "GET //a//b/ host=a"),
  line("an escape", "GET /%41%e2%9c%93 HTTP/1.1", "GET /%41%e2%9c%93 host=a"),
  line("an escaped NUL is left to decoding", "GET /%00 HTTP/1.1", "GET /%00 host=a"),
  line("dot segments are left to the router", "GET /../etc HTTP/1.1", "GET /../etc host=a"),
  line("all of pchar", "GET /-._~!$&'()*+,;=:@ HTTP/1.1", "GET /-._~!$&'()*+,;=:@ host=a"),
  line("what browsers leave as it is in a path", "GET /[a]|^ HTTP/1.1", "GET /[a]|^ host=a"),
  line("what browsers leave as it is in a query", "GET /?[a]|{b}^`\\ HTTP/1.1", "GET /?[a]|{b}^`\\ host=a"),
  line("a lone percent sign in a query is left to decoding", "GET /?a=100% HTTP/1.1", "GET /?a=100% host=a"),
  line("every known method", "PATCH / HTTP/1.1", "PATCH / host=a"),
  line("a method nobody knows is left to the router", "BREW /pot HTTP/1.1", "BREW /pot host=a"),
  line("methods have a case", "get / HTTP/1.1", "get / host=a"),
  line("a method of odd token characters", "M-SEARCH!#$%&'*+.^_`|~ / HTTP/1.1", "M-SEARCH!#$%&'*+.^_`|~ / host=a"),
  line("a later minor version is read as 1.1", "GET / HTTP/1.2", "GET / host=a"),
  line("the last minor version", "GET / HTTP/1.9", "GET / host=a"),
  line("HTTP/1.0 is closed after its answer", "GET / HTTP/1.0", "GET / HTTP/1.0 host=a close"),

  // The other forms of the target.
  line("absolute form", "GET http://b/x?y HTTP/1.1", "GET http://b/x?y host=b"),
  line("absolute form with a port", "GET http://b:81/ HTTP/1.1", "GET http://b:81/ host=b port=81"),
  line("absolute form without a path", "GET http://b HTTP/1.1", "GET http://b host=b"),
  line("absolute form with only a query", "GET http://b?x HTTP/1.1", "GET http://b?x host=b"),
  line("absolute form of https in any case", "GET hTTpS://b/ HTTP/1.1", "GET hTTpS://b/ host=b"),
  line("absolute form of IPv6", "GET http://[::1]:80/ HTTP/1.1", "GET http://[::1]:80/ host=[::1] port=80"),
  line("asterisk form", "OPTIONS * HTTP/1.1", "OPTIONS * host=a"),
  line("OPTIONS of a path", "OPTIONS /x HTTP/1.1", "OPTIONS /x host=a"),
  line("authority form", "CONNECT b:443 HTTP/1.1", "CONNECT b:443 host=b port=443"),
  line("absolute form without a host", "GET http:///x HTTP/1.1", "400 invalidTarget @11"),
  line("absolute form with nothing behind the scheme", "GET http:// HTTP/1.1", "400 invalidTarget @4"),
  line("absolute form with user information", "GET http://u:p@b/ HTTP/1.1", "400 invalidHost"),
  line("absolute form with a user", "GET http://u@b/ HTTP/1.1", "400 invalidHost @12"),
  line("absolute form of another scheme", "GET ftp://b/ HTTP/1.1", "400 invalidTarget @4"),
  line("absolute form with a bad port", "GET http://b:x/ HTTP/1.1", "400 invalidHost @13"),
  line("absolute form with a port and no host", "GET http://:80/ HTTP/1.1", "400 invalidHost"),
  line("an asterisk with another method", "GET * HTTP/1.1", "400 invalidTarget @4"),
  line("an asterisk and more", "OPTIONS *x HTTP/1.1", "400 invalidTarget"),
  line("a host without CONNECT", "GET b:443 HTTP/1.1", "400 invalidTarget"),
  line("CONNECT without a port", "CONNECT b HTTP/1.1", "400 invalidTarget"),
  line("CONNECT with an empty port", "CONNECT b: HTTP/1.1", "400 invalidTarget"),
  line("CONNECT of a path", "CONNECT / HTTP/1.1", "400 invalidHost"),
  line("CONNECT of a URI", "CONNECT http://b:80/ HTTP/1.1", "400 invalidHost"),
  line("a relative path", "GET x HTTP/1.1", "400 invalidTarget"),

  // What a target must not hold.
  line("a fragment", "GET /x#y HTTP/1.1", "400 invalidTarget @6"),
  line("a fragment behind a query", "GET /x?y#z HTTP/1.1", "400 invalidTarget @8"),
  line("a space", "GET /a b HTTP/1.1", "400 invalidTarget @6"),
  line("a second version", "GET / HTTP/1.1 HTTP/1.1", "400 invalidTarget"),
  line("a tab", "GET /a\tb HTTP/1.1", "400 invalidTarget"),
  line("a NUL", "GET /a\0b HTTP/1.1", "400 controlCharacter @6"),
  line("a control character", "GET /a\u{1}b HTTP/1.1", "400 controlCharacter @6"),
  line("a delete", "GET /a\u{7f}b HTTP/1.1", "400 controlCharacter @6"),
  line("raw UTF-8", "GET /é HTTP/1.1", "400 invalidTarget @5"),
  line("raw UTF-8 in a query", "GET /?é HTTP/1.1", "400 invalidTarget @6"),
  line("a backslash in a path", "GET /a\\b HTTP/1.1", "400 invalidTarget"),
  line("a quote", "GET /\"a\" HTTP/1.1", "400 invalidTarget"),
  line("an angle bracket", "GET /<a> HTTP/1.1", "400 invalidTarget"),
  line("an angle bracket in a query", "GET /?<a> HTTP/1.1", "400 invalidTarget"),
  line("a brace in a path", "GET /{a} HTTP/1.1", "400 invalidTarget"),
  line("a percent sign without digits", "GET /% HTTP/1.1", "400 invalidPercentEncoding @5"),
  line("a percent sign with one digit", "GET /%4 HTTP/1.1", "400 invalidPercentEncoding"),
  line("a percent sign with other letters", "GET /%4g HTTP/1.1", "400 invalidPercentEncoding"),
  line("a percent sign before the query", "GET /%4?1 HTTP/1.1", "400 invalidPercentEncoding"),

  // The line itself.
  line("no version: HTTP/0.9", "GET /", "400 invalidRequestLine"),
  line("only a method", "GET", "400 invalidRequestLine"),
  line("two spaces before the target", "GET  / HTTP/1.1", "400 invalidTarget @4"),
  line("two spaces before the version", "GET /  HTTP/1.1", "400 invalidTarget"),
  line("a space before the method", " GET / HTTP/1.1", "400 invalidMethod @0"),
  line("a space behind the version", "GET / HTTP/1.1 ", "400 invalidRequestLine"),
  line("tabs instead of spaces", "GET\t/\tHTTP/1.1", "400 invalidMethod @3"),
  line("no target", "GET HTTP/1.1", "400 invalidRequestLine"),
  line("no target and two spaces", "GET  HTTP/1.1", "400 invalidTarget"),
  line("a method that is no token", "GE(T / HTTP/1.1", "400 invalidMethod @2"),
  line("a method with a colon", "GET: / HTTP/1.1", "400 invalidMethod"),
  line("a method of UTF-8", "É / HTTP/1.1", "400 invalidMethod @0"),
  line("a field line first", "Host: a", "400 invalidMethod"),

  // The version.
  line("HTTP/2.0", "GET / HTTP/2.0", "505 unsupportedVersion @6"),
  line("HTTP/3.0", "GET / HTTP/3.0", "505 unsupportedVersion"),
  line("HTTP/0.9 by name", "GET / HTTP/0.9", "505 unsupportedVersion"),
  line("a version without a minor", "GET / HTTP/2", "400 invalidRequestLine"),
  line("a version with a dot and no minor", "GET /x HTTP/1.", "400 invalidRequestLine"),
  line("a version with two digits", "GET / HTTP/1.10", "400 invalidRequestLine"),
  line("a version with a comma", "GET / HTTP/1,1", "400 invalidVersion"),
  line("a version in lower case", "GET / http/1.1", "400 invalidVersion @6"),
  line("another protocol", "GET / ICAP/1.0", "400 invalidVersion"),
  line("a version with letters", "GET / HTTP/x.y", "400 invalidVersion"),
  Case("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 unsupportedVersion"),
  Case(
    "a TLS handshake", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3], ["400 controlCharacter @0"]),

  // Empty lines before it.
  Case("an empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / host=a"),
  Case("four empty lines first", "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / host=a"),
  Case("five empty lines first", "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 invalidRequestLine @8"),
  Case("a line feed first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 bareLineFeed @0"),
  Case("only an empty line is no request yet", "\r\n"),
  Case("nothing"),
  Case("the beginning of a method", "GE", "incomplete"),
]

private func line(_ name: String, _ line: String, _ expected: String) -> Case {
  Case(name, "\(line)\r\nHost: a\r\n\r\n", expected)
}

extension Case {
  fileprivate init(_ name: String) { self.init(name, [], []) }
}
