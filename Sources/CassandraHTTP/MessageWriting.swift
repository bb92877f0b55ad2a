import CassandraBytes

/// Writing heads into a buffer.
///
/// A head is a first line, field lines and the empty line. Nothing that is written can break out of its line: names are
/// tokens by type, and values are checked; when a check fails, nothing was appended.
///
/// ```swift
/// output.append(status: .ok)
/// output.append(dateLine)                                  // a FieldLine that is made once a second
/// output.append(field: .contentType, literal: "application/json")
/// output.append(framing: .length(body.count))
/// output.appendEndOfHead()
/// ```
extension Array where Element == UInt8 {
  /// Appends the first line of a response, always as HTTP/1.1 (RFC 9112 §2.3, §4).
  public mutating func append(status: Status) {
    append(addingCapacity: OutputSpan<UInt8>.statusLineBytes) { output in output.append(status: status) }
  }

  /// Appends a field that was made ready before.
  public mutating func append(_ line: FieldLine) { append(copying: line.bytes.span) }

  /// Appends a field whose value comes from elsewhere.
  ///
  /// - Throws: `invalidFieldValue` when the value holds a control character other than a tab (RFC 9110 §5.5).
  public mutating func append(field name: FieldName, _ value: String) throws(HTTPError) {
    let start = count
    append(startOf: name)
    let valueStart = count
    append(utf8: value)
    try endField(valueStart, from: start)
  }

  /// Appends a field whose value is bytes from elsewhere.
  ///
  /// - Throws: `invalidFieldValue` when the value holds a control character other than a tab (RFC 9110 §5.5).
  public mutating func append(field name: FieldName, _ value: Span<UInt8>) throws(HTTPError) {
    let start = count
    append(startOf: name)
    let valueStart = count
    append(copying: value)
    try endField(valueStart, from: start)
  }

  /// Appends a field whose value stands in the source; traps when the value holds a control character.
  public mutating func append(field name: FieldName, literal value: StaticString) {
    append(startOf: name)
    let valueStart = count
    append(value)
    precondition(firstControl(from: valueStart) == nil, "A field's value holds no control characters.")
    append("\r\n")
  }

  /// Appends a field whose value is a number.
  public mutating func append(field name: FieldName, decimal value: Int) {
    append(startOf: name)
    append(decimal: value)
    append("\r\n")
  }

  /// Appends the field that says how the body ends, if there is one to say so: `Content-Length` or `Transfer-Encoding`.
  ///
  /// `none` and `untilClose` append nothing. An answer without content to anything but HEAD, 1xx, 204 and 304 needs
  /// `.length(0)`, else the client waits for the end of the connection (RFC 9112 §6.3).
  public mutating func append(framing: BodyFraming) {
    append(addingCapacity: OutputSpan<UInt8>.framingBytes) { output in output.append(framing: framing) }
  }

  /// Appends the empty line behind the fields.
  public mutating func appendEndOfHead() { append("\r\n") }

  /// Appends the first line of a request and its `Host` (RFC 9112 §3).
  ///
  /// - Parameters:
  ///   - method: Any but `other`.
  ///   - target: The target in the form that the method wants, percent-encoded; for nearly all requests a path and query.
  ///   - host: Host and perhaps port, as in a URI.
  /// - Throws: `invalidMethod`, `invalidTarget`, `invalidPercentEncoding` or `invalidHost` under the rules by which
  ///   `RequestParser` reads them.
  public mutating func append(request method: Method, target: String, host: String) throws(HTTPError) {
    guard method != .other else { throw HTTPError(.invalidMethod, at: 0, "The method has no name") }
    let start = count
    append(method.name)
    append(" ")
    let targetStart = count
    append(utf8: target)
    let targetEnd = count
    append(" HTTP/1.1\r\nHost: ")
    let hostStart = count
    append(utf8: host)
    do throws(HTTPError) {
      _ = try RequestTarget(span, targetStart..<targetEnd, method: method)
      let syntax = try HostSyntax(span, hostStart..<count)
      guard !syntax.host.isEmpty else { throw HTTPError(.invalidHost, at: 0, "The host is empty") }
    } catch {
      removeLast(count - start)
      throw HTTPError(error.code, at: 0, error.reason)
    }
    append("\r\n")
  }

  @inline(__always)
  private mutating func append(startOf name: FieldName) {
    append(utf8: name.text)
    append(": ")
  }

  private mutating func endField(_ valueStart: Int, from start: Int) throws(HTTPError) {
    if let index = firstControl(from: valueStart) {
      removeLast(count - start)
      throw HTTPError(.invalidFieldValue, at: index - valueStart, "A control character stands in a field's value")
    }
    append("\r\n")
  }

  private func firstControl(from start: Int) -> Int? {
    let bytes = span
    for index in start..<count where !bytes[index].isIn(.value) { return index }
    return nil
  }
}

/// The same into room that is there: a server writes the whole head of an answer with one look at the room.
extension OutputSpan where Element == UInt8 {
  /// Bytes of a status line, at most: 64.
  package static var statusLineBytes: Int { 64 }
  /// Bytes of the field that says how the body ends, at most: 48.
  package static var framingBytes: Int { 48 }

  /// Appends the first line of a response; ``statusLineBytes`` at most.
  package mutating func append(status: Status) {
    let line = status.line
    guard line.utf8CodeUnitCount == 0 else { return append(line) }
    append("HTTP/1.1 ")
    append(decimal: UInt64(status.code))
    append(" \r\n")
  }

  /// Appends a field that was made ready before; ``FieldLine/byteCount``.
  package mutating func append(_ line: FieldLine) { append(copying: line.bytes.span) }

  /// Appends the field that says how the body ends, if there is one to say so; ``framingBytes`` at most.
  package mutating func append(framing: BodyFraming) {
    switch framing {
    case .length(let length):
      append("Content-Length: ")
      append(decimal: length)
      append("\r\n")
    case .chunked: append("Transfer-Encoding: chunked\r\n")
    case .none, .untilClose: break
    }
  }
}
