import CassandraBytes

/// Makes the head of a request out of the fields that HTTP/2 carries (RFC 9113 §8.3.1).
///
/// They are written as HTTP/1.1 would have sent them and read by its parser, so that both protocols have the same rules
/// and the same limits, and a handler sees the same head. What HTTP/2 alone forbids (names in upper case, fields that are
/// about a connection, pseudo-fields that are missing, twice there or in the wrong place) is the business of whoever takes
/// the frames apart.
package struct HTTP2RequestFields: Sendable {
  private let limits: HTTPLimits
  private var method: [UInt8] = []
  private var target: [UInt8] = []
  private var authority: [UInt8]?
  private var host: [UInt8]?
  private var hasTwoHosts = false
  private var cookie: [UInt8] = []
  /// The other fields as lines.
  private var lines: [UInt8] = []
  /// Bytes so far, as RFC 9113 §6.5.2 counts them: 32 for each field besides its name and value.
  private var size = 0
  private var count = 0
  private var isUnwritable = false

  /// Nothing yet.
  package init(limits: HTTPLimits) { self.limits = limits }

  /// Adds a field; nothing more is kept once there are more bytes than the limits allow.
  package mutating func add(name: Span<UInt8>, value: Span<UInt8>) {
    size += name.count + value.count + 32
    count += 1
    guard !isTooLarge else { return }
    // A line that could end within would be two.
    for index in 0..<value.count where !value[index].isIn(.value) { isUnwritable = true }
    if name.isEqual(to: ":method") {
      method = Array(copying: value)
    } else if name.isEqual(to: ":path") {
      target = Array(copying: value)
    } else if name.isEqual(to: ":authority") {
      authority = Array(copying: value)
    } else if name.isEqual(to: "host") {
      hasTwoHosts = hasTwoHosts || host != nil
      host = Array(copying: value)
    } else if name.isEqual(to: "cookie") {
      // It may come in pieces, which are one for whoever reads it (RFC 9113 §8.2.3).
      if !cookie.isEmpty { cookie.append("; ") }
      cookie.append(copying: value)
    } else if name.count > 0, name[0] != UInt8(ascii: ":") {
      lines.append(copying: name)
      lines.append(": ")
      lines.append(copying: value)
      lines.append("\r\n")
    }
  }

  /// Whether there are more bytes than ``HTTPLimits/headBytes``; the 32 for each field do not count for as many fields as a
  /// head may have.
  private var isTooLarge: Bool { size > limits.headBytes + 32 * min(count, limits.fieldCount) }

  /// The head.
  ///
  /// - Parameter endsStream: Whether no body follows.
  /// - Throws: What is wrong with it, and the status to answer with.
  package func head(endsStream: Bool) throws(HTTPError) -> RequestHead {
    guard !isTooLarge else {
      throw HTTPError(
        .headTooLarge, .requestHeaderFieldsTooLarge, at: limits.headBytes,
        "The head is larger than \(limits.headBytes) bytes")
    }
    guard !isUnwritable else {
      throw HTTPError(.invalidFieldValue, at: 0, "A control character stands in a field's value")
    }
    var text: [UInt8] = []
    text.reserveCapacity(method.count + target.count + lines.count + cookie.count + 256)
    text += method
    text.append(" ")
    // CONNECT has no path (RFC 9113 §8.5).
    text += target.isEmpty ? authority ?? [] : target
    text.append(" HTTP/1.1\r\n")
    if let host = try agreedHost() {
      text.append("host: ")
      text += host
      text.append("\r\n")
    }
    text += lines
    if !cookie.isEmpty {
      text.append("cookie: ")
      text += cookie
      text.append("\r\n")
    }
    text.append("\r\n")
    var parser = RequestParser(limits: limits)
    var head = RequestHead()
    var offset = 0
    guard try parser.parse(text.span, from: &offset, into: &head), offset == text.count else {
      throw HTTPError(.invalidRequestLine, at: 0, "The fields do not make one head")
    }
    head.facts.settle(endsStream: endsStream, expects: head.fields.range(of: .expect) != nil)
    return head
  }

  /// The authority, and `Host`, which must not say anything else (RFC 9113 §8.3.1).
  private func agreedHost() throws(HTTPError) -> [UInt8]? {
    guard !hasTwoHosts else { throw HTTPError(.duplicateHost, at: 0, "There is more than one Host") }
    guard let authority, let host else { return authority ?? host }
    guard authority == host else { throw HTTPError(.duplicateHost, at: 0, "Host is not the authority of the target") }
    return authority
  }
}

extension RequestFacts {
  /// The end of an HTTP/2 body is told by a frame; a length may be told besides.
  fileprivate mutating func settle(endsStream: Bool, expects: Bool) {
    if endsStream {
      framing = .none
    } else if framing == .none {
      framing = .chunked
    }
    expectsContinue = expects && framing.hasContent
  }
}
