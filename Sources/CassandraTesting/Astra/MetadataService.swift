internal import CassandraHTTP
internal import CassandraReactor

/// The metadata service of an emulated database: one answer, and all the ways in which it can be wrong. It belongs to a
/// loop.
final class MetadataService {
  private let watched: Watched<AstraState>
  private var listener: Listener?
  private var connections: [ObjectIdentifier: MetadataConnection] = [:]

  init(_ watched: Watched<AstraState>) { self.watched = watched }

  /// Listens, and returns where.
  func listen(at address: SocketAddress, on loop: EventLoop, tls: TLSServer) throws(ReactorError) -> SocketAddress {
    var options = ListenOptions()
    options.tls = tls
    options.handshakeTimeout = FrameProxy.handshakeTime
    let listener = try Listener(at: address, on: loop, options: options) { [self] transport in
      let connection = MetadataConnection(transport, of: self)
      connections[ObjectIdentifier(connection)] = connection
    }
    self.listener = listener
    return listener.address
  }

  /// Takes no connection any more, and cuts those that there are.
  func stop() {
    listener?.close()
    listener = nil
    for connection in connections.values { connection.transport.abort() }
  }

  func closed(_ connection: MetadataConnection) { connections[ObjectIdentifier(connection)] = nil }

  /// What the service does with a request.
  enum Reaction {
    case answer([UInt8], ends: Bool)
    case silence
    case cut
  }

  func react(to head: borrowing RequestHead) -> Reaction {
    guard head.methodName == "GET", head.path == "/metadata" else { return .answer(Self.response(404, ""), ends: true) }
    let authority = head.authority
    let ends = !head.keepsAlive
    return watched.change { state in
      guard authority == "localhost:\(state.metadataAddress.port)" else {
        return .answer(Self.response(400, "the request names another host"), ends: true)
      }
      state.observed.metadataCalls += 1
      if state.faults.idsRotateAtCall == state.observed.metadataCalls {
        state.topology.rotateAll()
        state.observed.rotations += 1
      }
      return Self.reaction(state, ends: ends)
    }
  }

  private static func reaction(_ state: AstraState, ends: Bool) -> Reaction {
    switch state.faults.metadata {
    case .ordinary: return .answer(response(200, state.metadata), ends: ends)
    case .status(let code): return .answer(response(code, "{\"message\":\"as told\"}"), ends: ends)
    case .html:
      let page = "<!DOCTYPE html><html><body>Sign in</body></html>"
      return .answer(response(200, page, type: "text/html"), ends: ends)
    case .truncated:
      let whole = response(200, state.metadata)
      return .answer(Array(whole.dropLast(state.metadata.utf8.count / 2)), ends: true)
    case .chunked:
      var bytes = Array("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
      let body = Array(state.metadata.utf8)
      for start in stride(from: 0, to: body.count, by: 50) {
        let chunk = body[start..<min(start + 50, body.count)]
        bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
      }
      return .answer(bytes + Array("0\r\n\r\n".utf8), ends: ends)
    case .withoutPort:
      let ids = state.topology.nodes.map { "\"\($0.hostID)\"" }
      return .answer(response(200, state.metadata(ids: ids, proxy: "localhost")), ends: ends)
    case .emptyList:
      let body = state.metadata(ids: [], proxy: "localhost:\(state.proxyAddress.port)")
      return .answer(response(200, body), ends: ends)
    case .body(let body): return .answer(response(200, body), ends: ends)
    case .never: return .silence
    case .reset: return .cut
    case .redirect(let location):
      let bytes = Array("HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n".utf8)
      return .answer(bytes, ends: ends)
    }
  }

  private static func response(_ code: UInt16, _ body: String, type: String = "application/json") -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(status: Status(code))
    return bytes + Array("Content-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
  }
}

/// One connection of a client to the metadata service.
final class MetadataConnection: TransportDelegate {
  let transport: Transport
  private let service: MetadataService
  private var parser = RequestParser()
  private var head = RequestHead()

  init(_ transport: Transport, of service: MetadataService) {
    self.transport = transport
    self.service = service
    transport.delegate = self
    transport.startReading()
  }

  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    var offset = 0
    do throws(HTTPError) {
      while try parser.parse(bytes, from: &offset, into: &head) {
        guard transport.isOpen else { return }
        switch service.react(to: head) {
        case .answer(let bytes, let ends):
          transport.write { $0 += bytes }
          if ends { transport.finishOutput() }
        case .silence: break
        case .cut: transport.abort()
        }
      }
    } catch { transport.abort() }
  }

  func transportInputEnded(_ transport: Transport) { transport.finishOutput() }

  func transportClosed(_ transport: Transport, error: ReactorError?) { service.closed(self) }
}
