internal import CassandraWire
internal import CassandraReactor

/// One of the two connections of a relay: what has arrived becomes frames for the relay, and its frames become output.
final class FrameLeg: TransportDelegate {
  let transport: Transport
  /// The way that the frames go which arrive here.
  let direction: FrameDirection
  private let relay: FrameRelay
  private var codec = FrameCodec()

  init(_ transport: Transport, receiving direction: FrameDirection, of relay: FrameRelay) {
    self.transport = transport
    self.direction = direction
    self.relay = relay
    transport.delegate = self
  }

  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    var offset = 0
    do throws(WireError) {
      while let frame = try codec.next(in: bytes, at: &offset) { relay.receive(frame, from: self) }
    } catch { relay.fail("what came \(direction == .toNode ? "from the driver" : "from the node"): \(error)") }
  }

  func transportWillFlush(_ transport: Transport) {
    if transport.outputCount > 0 { transport.write { codec.seal(&$0) } }
    relay.outputMoves()
  }

  func transportInputEnded(_ transport: Transport) { relay.inputEnded(of: self) }

  func transportClosed(_ transport: Transport, error: ReactorError?) { relay.closed(self, error) }

  func send(_ frame: Frame) { transport.write { codec.append(frame, to: &$0) } }

  /// Sends the first bytes of a frame, behind all that was said before.
  func send(_ frame: Frame, cutAt count: Int) {
    transport.write { output in
      codec.seal(&output)
      output += codec.bytes(of: frame).prefix(max(0, count))
    }
  }
}
