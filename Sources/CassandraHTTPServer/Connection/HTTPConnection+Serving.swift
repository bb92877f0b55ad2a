internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor
internal import CassandraTelemetry

extension HTTPConnection {
  /// Answers one request; false when the connection has to end.
  func serveNext() async -> Bool {
    switch await next() {
    case .end: return false
    case .refused(let reason): begin(refusing: reason)
    case .request: begin()
    }
    return await answerExchange()
  }
}

// MARK: - Answers

extension HTTPConnection {
  func plan(_ response: Response, _ length: ServerMachine.AnswerLength) -> ServerMachine.AnswerPlan {
    if response.fields.contains(where: { $0.closesConnection }) { endAfterAnswer() }
    return beginAnswer(response.status, length)
  }

  @inline(__always)
  func writeHead(_ response: Response, _ plan: ServerMachine.AnswerPlan, _ body: (inout [UInt8]) -> Void) {
    var output = transport.takeOutput()
    output.append(status: response.status)
    output.append(server.dateLine)
    if let contentType = response.contentType { output.append(contentType) }
    // How the message ends is the server's business: a second field about that would make two messages of one.
    for field in response.fields where !field.isOfServer {
      if field.isContentType && response.contentType != nil { continue }
      output.append(field)
    }
    if exchange.sendsID { appendIDs(of: response, to: &output) }
    output.append(framing: plan.framing)
    if plan.isLast { output.append("Connection: close\r\n") }
    output.appendEndOfHead()
    body(&output)
    transport.putBack(output)
  }

  /// Appends the request's id, and its trace where it has one, unless the answer has them.
  private func appendIDs(of response: Response, to output: inout [UInt8]) {
    let hasID = response.fields.contains { $0.isNamed(.requestID) }
    output.append(addingCapacity: Self.bytesOfIDFields + idRoom + TraceParent.bytes) { output in
      if !hasID {
        output.append("X-Request-ID: ")
        appendID(to: &output)
        output.append("\r\n")
      }
      if let trace = exchange.trace {
        output.append("traceparent: ")
        trace.append(child: exchange.span?.spanID, to: &output)
        output.append("\r\n")
      }
    }
  }

  /// Bytes of both fields besides their values: 48 and no more.
  private static var bytesOfIDFields: Int { 48 }
}
