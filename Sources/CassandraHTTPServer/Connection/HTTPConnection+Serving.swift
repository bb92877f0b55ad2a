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

  /// Writes the head of an answer, and behind it a body that is there, in one piece.
  func write(_ response: Response, _ plan: ServerMachine.AnswerPlan, _ body: [UInt8] = []) {
    let (date, sendsIDs) = (server.dateLine, exchange.sendsID)
    // One by one, because what is written below would keep a copy of the whole answer.
    let (status, contentType, fields) = (response.status, response.contentType, response.fields)
    var room = Self.bytesBesideFields + date.byteCount + body.count + (contentType?.byteCount ?? 0)
    for field in fields { room += field.byteCount }
    if sendsIDs { room += Self.bytesOfIDFields + idRoom + TraceParent.bytes }
    var bytes = transport.takeOutput()
    bytes.append(addingCapacity: room) { output in
      output.append(status: status)
      output.append(date)
      if let contentType { output.append(contentType) }
      // How the message ends is the server's business: a second field about that would make two messages of one.
      for field in fields where !field.isOfServer {
        if field.isContentType && contentType != nil { continue }
        output.append(field)
      }
      if sendsIDs { appendIDs(besides: fields, to: &output) }
      output.append(framing: plan.framing)
      if plan.isLast { output.append("Connection: close\r\n") }
      output.append("\r\n")
      output.append(copying: body.span)
    }
    transport.putBack(bytes)
  }

  /// Bytes of a head besides its fields at most: its first line, how its body ends, whether the connection does, and its end.
  private static var bytesBesideFields: Int { OutputSpan<UInt8>.statusLineBytes + OutputSpan<UInt8>.framingBytes + 21 }

  /// Appends the request's id, and its trace where it has one, unless the answer has them.
  private func appendIDs(besides fields: [FieldLine], to output: inout OutputSpan<UInt8>) {
    if !fields.contains(where: { $0.isNamed(.requestID) }) {
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

  /// Bytes of both fields besides their values: 48 and no more.
  private static var bytesOfIDFields: Int { 48 }
}
