internal import CCassandraUV

/// How to reach a peer.
public struct ConnectOptions: Sendable {
  /// How long the TCP connection and the TLS handshake may take together: 5 s by default.
  public var timeout: Duration = .seconds(5)
  /// Probes of the system on a connection that is silent, after this time: 60 s by default, nil for none.
  public var keepAlive: Duration? = .seconds(60)
  /// TLS with this name in the greeting and in the certificate; nil for plain TCP.
  public var tls: TLSClient?

  /// The defaults: 5 s, probes after 60 s, plain.
  public init() {}
}

extension Transport {
  /// Connects to `address` from the loop that the caller runs on.
  ///
  /// Nothing is read before ``startReading()``.
  ///
  /// - Throws: ``ReactorError``: refused, unreachable, timed out, anything of TLS; ``ReactorError/Code/connectionClosed``
  ///   when the task is cancelled.
  public static func connect(
    to address: SocketAddress, on loop: EventLoop, options: ConnectOptions = ConnectOptions()
  ) async throws(ReactorError) -> Transport {
    if Task.isCancelled { throw ReactorError(.connectionClosed, "connecting was cancelled") }
    let transport = try Transport(on: loop, phase: .connecting)
    if let tls = options.tls {
      do { transport.tls = try TLSSession(client: tls) } catch {
        transport.close()
        throw error
      }
    }
    let end = OneShot<ReactorError?>()
    transport.onReady = { end.fulfill($0) }
    transport.beginConnecting(to: address)
    let failure = await end.value(
      on: loop, due: loop.now + options.timeout.wholeMilliseconds,
      cancelled: ReactorError(.connectionClosed, "connecting was cancelled"),
      late: {
        let step = transport.phase == .securing ? "the TLS handshake" : "connecting"
        return ReactorError(.timedOut, "\(step) took too long")
      })
    if let failure {
      transport.fail(failure)
      throw failure
    }
    // A cancellation that came with the last step has closed the transport after it became open.
    guard transport.phase == .open else { throw transport.closedError }
    if let keepAlive = options.keepAlive {
      uv_tcp_keepalive(transport.handle, 1, UInt32(max(1, keepAlive.components.seconds)))
    }
    return transport
  }

  private func beginConnecting(to address: SocketAddress) {
    let request = UnsafeMutablePointer<uv_connect_t>.allocate(capacity: 1)
    let result = address.withSystemAddress { pointer, _ in
      uv_tcp_connect(request, handle, pointer) { request, status in
        let transport = Transport.of(request?.pointee.handle?.pointee.data)
        request?.deallocate()
        guard let transport, transport.phase == .connecting else { return }
        if status == 0 {
          transport.connectionEstablished()
        } else {
          transport.fail(ReactorError(uv: status, "connecting"))
        }
      }
    }
    if result != 0 {
      request.deallocate()
      fail(ReactorError(uv: result, "connecting", detail: "\(address)"))
    }
  }
}
