/// A TCP address that stays its owner's while nobody listens at it, for whoever stops listening there and begins again: the
/// system would give the port to another socket in between. Who connects meanwhile is refused.
///
/// Elsewhere than on Linux a socket cannot listen beside it; there it only chooses the port.
package final class ReservedAddress: Sendable {
  /// The address, with the port that the system chose.
  package let address: SocketAddress
  private let descriptor: Int32

  /// Reserves an address; with port 0, one that is free.
  ///
  /// - Throws: ``ReactorError/Code/addressInUse`` when somebody listens there.
  package init(_ address: SocketAddress) throws(ReactorError) {
    let socket = try ListeningSocket(boundTo: address)
    self.address = socket.address
    #if os(Linux)
      descriptor = socket.descriptor
    #else
      closeDescriptor(socket.descriptor)
      descriptor = -1
    #endif
  }

  deinit { if descriptor >= 0 { closeDescriptor(descriptor) } }
}
