internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraTelemetry

/// Writes a line for each request of one loop.
///
/// Where the lines are JSON and go to a ``ConsoleSink``, as in production, a line is written straight into a buffer that is
/// used again: it allocates nothing. A line that needs care, and any other form or sink, goes the way of all records; both
/// make the same line.
final class AccessLog {
  private let logger: CassandraLogger
  private let console: ConsoleSink?
  // `@exclusivity(unchecked)`: both are touched on the loop's thread only, and no access lasts while other code runs.
  @exclusivity(unchecked) private var head = JSONLineHead(
    level: .info, label: AccessLog.label, message: AccessLog.message)
  @exclusivity(unchecked) private var line: [UInt8] = []

  private static let label = "access"
  private static let message = "request"
  /// Bytes of what stands between the values of a line, and of its numbers, at most.
  private static let bytesBesideTexts = 256

  init(_ logger: CassandraLogger) {
    self.logger = logger.labelled(Self.label)
    let console = logger.console(for: .info)
    self.console = console?.format == .json ? console : nil
  }

  /// Tells of an answer that has been given, or of one that was cut.
  func write(_ exchange: Exchange, on channel: RequestChannel, microseconds: UInt64, at nanoseconds: Int64) {
    if let console, !exchange.isCut, isPlain(exchange, channel) {
      var line: [UInt8] = []
      swap(&line, &self.line)
      defer { swap(&line, &self.line) }
      if make(&line, exchange, channel, microseconds, nanoseconds) { return console.write(line: line) }
    }
    let head = exchange.head
    logger.info(
      exchange.isCut ? "cut" : Self.message,
      [
        "method": .text(head.methodText), "path": .text(head.path),
        "route": .text(exchange.pattern), "status": .integer(Int(exchange.status.code)),
        "bytes": .integer(exchange.bodyBytes), "us": .integer(Int(clamping: microseconds)),
        "client": .text(channel.clientHost), "id": .text(channel.requestID),
      ])
  }

  /// Whether what is known before is such that a line can be made of it.
  private func isPlain(_ exchange: Exchange, _ channel: RequestChannel) -> Bool {
    exchange.head.method != .other && exchange.isRoutePlain && channel.hasPlainHost
  }

  /// Makes the line; false when one of its texts cannot stand there as it is.
  private func make(
    _ line: inout [UInt8], _ exchange: Exchange, _ channel: RequestChannel, _ microseconds: UInt64,
    _ nanoseconds: Int64
  ) -> Bool {
    let bytes = exchange.head.bytes
    let path = bytes.span.extracting(exchange.head.pathRange)
    guard path.isPlain else { return false }
    line.removeAll(keepingCapacity: true)
    line.reserveCapacity(Self.bytesBesideTexts + path.count + exchange.pattern.utf8.count)
    line += head.at(nanoseconds)
    line.append(#","method":""#)
    line.append(utf8: exchange.head.methodText)
    line.append(#"","path":""#)
    line.append(copying: path)
    line.append(#"","route":""#)
    line.append(utf8: exchange.pattern)
    line.append(#"","status":"#)
    line.append(decimal: Int(exchange.status.code))
    line.append(#","bytes":"#)
    line.append(decimal: exchange.bodyBytes)
    line.append(#","us":"#)
    line.append(decimal: microseconds)
    line.append(#","client":""#)
    line += channel.transport.peerHost
    line.append(#"","id":""#)
    let id = line.count
    channel.appendID(to: &line)
    guard line.span.extracting(id..<line.count).isPlain else { return false }
    line.append("\"}\n")
    return true
  }
}

extension Span where Element == UInt8 {
  /// Whether the bytes can stand in a string of JSON as they are.
  var isPlain: Bool {
    for index in indices {
      let byte = self[index]
      if byte < 0x20 || byte >= 0x7f || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
    }
    return true
  }
}
