internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraTelemetry

/// Writes a line for each request of one loop.
///
/// Where the lines are JSON and go to a ``ConsoleSink``, as in production, those of a turn of the loop are written straight
/// into a buffer that is used again, and given to the sink at once, with ``flush()``: a line allocates nothing. A line that needs care, and any other form or sink, goes the way of all records; both make the same line.
final class AccessLog {
  private let logger: CassandraLogger
  private let console: ConsoleSink?
  /// What stands between the path and the status, by the number of the endpoint; that of requests without one comes last.
  /// Empty for a route that cannot stand in a string of JSON as it is.
  private let routes: [[UInt8]]
  // `@exclusivity(unchecked)`: these are touched on the loop's thread only, and no access lasts while other code runs.
  @exclusivity(unchecked) private var head = JSONLineHead(
    level: .info, label: AccessLog.label, message: AccessLog.message)
  /// The lines of this turn.
  @exclusivity(unchecked) private var lines: [UInt8] = []
  @exclusivity(unchecked) private var count = 0

  private static let label = "access"
  private static let message = "request"
  /// Bytes of a line besides its texts, at most: names, the method and four numbers.
  private static let bytesBesideTexts = 192
  /// Bytes of lines that do not wait for the end of their turn: 32 KiB.
  private static let turnBytes = 32 << 10

  init(_ logger: CassandraLogger, _ table: RouteTable) {
    self.logger = logger.labelled(Self.label)
    let console = logger.console(for: .info)
    self.console = console?.format == .json ? console : nil
    routes = (table.endpoints.map(\.route) + [""]).map { route in
      let bytes = Array(route.utf8)
      return bytes.span.isPlain ? Array(#","route":""#.utf8) + bytes + Array(#"","status":"#.utf8) : []
    }
  }

  /// Tells of an answer that has been given, or of one that was cut.
  func write(_ exchange: Exchange, on channel: RequestChannel, microseconds: UInt64, at nanoseconds: Int64) {
    if console != nil, !exchange.isCut, append(exchange, channel, microseconds, nanoseconds) { return }
    // The lines before come first.
    flush()
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

  /// Appends the line; false when one of its texts cannot stand there as it is.
  private func append(
    _ exchange: Exchange, _ channel: RequestChannel, _ microseconds: UInt64, _ nanoseconds: Int64
  ) -> Bool {
    let (method, pathRange, id) = (exchange.head.method, exchange.head.pathRange, exchange.givenIDRange)
    let bytes = exchange.head.bytes
    let path = bytes.span.extracting(pathRange)
    let route = routes[exchange.endpointNumber ?? routes.count - 1]
    guard method != .other, channel.hasPlainHost, !route.isEmpty, path.isPlain else { return false }
    if let id, !bytes.span.extracting(id).isPlain { return false }
    head.move(to: nanoseconds)
    let (start, host) = (head.bytes, channel.transport.peerHost)
    let texts = start.count + path.count + route.count + host.count + channel.idRoom
    lines.append(addingCapacity: Self.bytesBesideTexts + texts) { line in
      line.append(copying: start.span)
      line.append(#","method":""#)
      line.append(method.name)
      line.append(#"","path":""#)
      line.append(copying: path)
      line.append(UInt8(ascii: "\""))
      line.append(copying: route.span)
      line.append(decimal: Int(exchange.status.code))
      line.append(#","bytes":"#)
      line.append(decimal: exchange.bodyBytes)
      line.append(#","us":"#)
      line.append(decimal: microseconds)
      line.append(#","client":""#)
      line.append(copying: host.span)
      line.append(#"","id":""#)
      channel.appendID(to: &line)
      line.append("\"}\n")
    }
    count += 1
    if lines.count >= Self.turnBytes { flush() }
    return true
  }

  /// Gives the lines to the sink.
  func flush() {
    guard count > 0 else { return }
    console?.write(lines: lines, count: count)
    lines.removeAll(keepingCapacity: true)
    count = 0
  }
}

extension Span where Element == UInt8 {
  /// Whether the bytes can stand in a string of JSON as they are: printable ASCII but for quotation marks and backslashes.
  var isPlain: Bool {
    var index = 0
    while index + 8 <= count {
      guard Self.isPlain(uint64(at: index)) else { return false }
      index += 8
    }
    while index < count {
      let byte = self[index]
      if byte < 0x20 || byte >= 0x7f || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return false }
      index += 1
    }
    return true
  }

  /// Whether all eight bytes of a number are such; the marks of what is not are right as far as the lowest of them, which is
  /// all that is asked for.
  @inline(__always)
  private static func isPlain(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* 0x22)
    let slashes = word ^ (ones &* 0x5c)
    let deletes = word ^ (ones &* 0x7f)
    let marks = (word &- ones &* 0x20) | (quotes &- ones) | (slashes &- ones) | (deletes &- ones)
    // What has its highest bit set is no ASCII, and would hide its marks.
    return (marks & ~word | word) & (ones &* 0x80) == 0
  }
}
