import CassandraBytes

/// Makes the head of a request out of the fields that HTTP/2 carries (RFC 9113 §8.3.1).
///
/// They are written as HTTP/1.1 would have sent them and read by its parser, so that both protocols have the same rules
/// and the same limits, and a handler sees the same head. What HTTP/2 alone forbids (names in upper case, fields that are
/// about a connection, pseudo-fields that are missing, twice there or in the wrong place) is the business of whoever takes
/// the frames apart.
///
/// It is used for one request after the other, and keeps its memory.
package struct HTTP2RequestFields: Sendable {
  private let limits: HTTPLimits
  private var parser: RequestParser
  private var method: [UInt8] = []
  private var target: [UInt8] = []
  private var authority: [UInt8] = []
  private var hasAuthority = false
  private var host: [UInt8] = []
  private var hasHost = false
  private var hasTwoHosts = false
  private var cookie: [UInt8] = []
  /// The other fields as lines.
  private var lines: [UInt8] = []
  /// The whole head as HTTP/1.1 has it.
  private var text: [UInt8] = []
  /// Bytes so far, as RFC 9113 §6.5.2 counts them: 32 for each field besides its name and value.
  private var size = 0
  private var count = 0
  private var isUnwritable = false

  /// Nothing yet.
  package init(limits: HTTPLimits) {
    self.limits = limits
    parser = RequestParser(limits: limits)
  }

  /// Begins the next request.
  package mutating func reset() {
    method.removeAll(keepingCapacity: true)
    target.removeAll(keepingCapacity: true)
    authority.removeAll(keepingCapacity: true)
    hasAuthority = false
    host.removeAll(keepingCapacity: true)
    hasHost = false
    hasTwoHosts = false
    cookie.removeAll(keepingCapacity: true)
    lines.removeAll(keepingCapacity: true)
    size = 0
    count = 0
    isUnwritable = false
  }

  /// Adds a field; nothing more is kept once there are more bytes than the limits allow.
  package mutating func add(name: Span<UInt8>, value: Span<UInt8>) {
    size += name.count + value.count + 32
    count += 1
    guard !isTooLarge else { return }
    // A line that could end within would be two.
    for index in 0..<value.count where !value[index].isIn(.value) { isUnwritable = true }
    if name.isEqual(to: ":method") {
      method.replace(with: value)
    } else if name.isEqual(to: ":path") {
      target.replace(with: value)
    } else if name.isEqual(to: ":authority") {
      authority.replace(with: value)
      hasAuthority = true
    } else if name.isEqual(to: "host") {
      hasTwoHosts = hasTwoHosts || hasHost
      host.replace(with: value)
      hasHost = true
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

  /// Makes the head, in memory that `head` has.
  ///
  /// - Parameter endsStream: Whether no body follows.
  /// - Throws: What is wrong with it, and the status to answer with.
  package mutating func make(_ head: inout RequestHead, endsStream: Bool) throws(HTTPError) {
    guard !isTooLarge else {
      throw HTTPError(
        .headTooLarge, .requestHeaderFieldsTooLarge, at: limits.headBytes,
        "The head is larger than \(limits.headBytes) bytes")
    }
    guard !isUnwritable else {
      throw HTTPError(.invalidFieldValue, at: 0, "A control character stands in a field's value")
    }
    try checkHosts()
    var text: [UInt8] = []
    swap(&text, &self.text)
    defer { swap(&text, &self.text) }
    text.removeAll(keepingCapacity: true)
    text += method
    text.append(" ")
    // CONNECT has no path (RFC 9113 §8.5).
    text += target.isEmpty ? authority : target
    text.append(" HTTP/1.1\r\n")
    if hasAuthority || hasHost {
      text.append("host: ")
      text += hasAuthority ? authority : host
      text.append("\r\n")
    }
    text += lines
    if !cookie.isEmpty {
      text.append("cookie: ")
      text += cookie
      text.append("\r\n")
    }
    text.append("\r\n")
    var offset = 0
    do throws(HTTPError) {
      guard try parser.parse(text.span, from: &offset, into: &head), offset == text.count else {
        throw HTTPError(.invalidRequestLine, at: 0, "The fields do not make one head")
      }
    } catch {
      parser = RequestParser(limits: limits)
      throw error
    }
    head.facts.settle(endsStream: endsStream, expects: head.fields.range(of: .expect) != nil)
  }

  /// `Host` must not say anything else than the authority (RFC 9113 §8.3.1).
  private func checkHosts() throws(HTTPError) {
    guard !hasTwoHosts else { throw HTTPError(.duplicateHost, at: 0, "There is more than one Host") }
    guard !hasAuthority || !hasHost || authority == host else {
      throw HTTPError(.duplicateHost, at: 0, "Host is not the authority of the target")
    }
  }
}

extension [UInt8] {
  fileprivate mutating func replace(with bytes: Span<UInt8>) {
    removeAll(keepingCapacity: true)
    append(copying: bytes)
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
