/// The other end of a transport that has no socket: what is written to it is handed over in the process, for tests of what
/// stands above transports. It belongs to the transport's loop.
package final class MemoryPeer {
  // Weak, because what was posted may come when the transport has gone.
  private weak let transport: Transport?
  private let output: (UnsafeRawBufferPointer) -> Void
  private let ended: () -> Void
  private var input: [UInt8] = []
  private var isDelivering = false

  init(_ transport: Transport, output: @escaping (UnsafeRawBufferPointer) -> Void, ended: @escaping () -> Void) {
    self.transport = transport
    self.output = output
    self.ended = ended
  }

  func take(_ bytes: UnsafeRawBufferPointer) { output(bytes) }
  func outputEnded() { ended() }

  /// Bytes that come in one piece at most, as from a socket: 64 KiB.
  private static let pieceBytes = 64 << 10

  /// Sends to the transport, which reads when it wants to.
  package func send(_ bytes: [UInt8]) {
    input += bytes
    deliver()
  }

  /// Ends this half.
  package func end() { transport?.didReadEnd() }

  func readingStarted() {
    guard !input.isEmpty, let transport else { return }
    // Not from within the call that asks for it.
    let bound = LoopBound(self, on: transport.loop)
    transport.loop.post { bound.withValue { $0.deliver() } }
  }

  private func deliver() {
    guard !isDelivering, let transport else { return }
    isDelivering = true
    defer { isDelivering = false }
    while !input.isEmpty, transport.isReading {
      let piece = Array(input.prefix(Self.pieceBytes))
      input.removeFirst(piece.count)
      transport.delegate?.transport(transport, received: piece.span)
    }
  }

  /// A transport without a socket, open at once; for tests.
  ///
  /// - Parameters:
  ///   - loop: The present loop.
  ///   - output: Takes what is written; the bytes are there during the call only.
  ///   - ended: Is told when the output has ended in order.
  ///   - closed: Is told when the transport has closed.
  package static func transport(
    on loop: EventLoop, output: @escaping (UnsafeRawBufferPointer) -> Void, ended: @escaping () -> Void,
    closed: @escaping () -> Void
  ) throws(ReactorError) -> (Transport, MemoryPeer) {
    let transport = try Transport(on: loop, phase: .open)
    let peer = MemoryPeer(transport, output: output, ended: ended)
    transport.memory = peer
    transport.onClosed = closed
    return (transport, peer)
  }
}
