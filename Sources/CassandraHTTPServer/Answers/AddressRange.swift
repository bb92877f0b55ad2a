internal import CassandraBytes
public import CassandraReactor

/// Addresses with the same beginning, such as `10.0.0.0/8` or `fd00::/8`; a single one, such as `127.0.0.1`; or `unix` for
/// whoever comes through a unix socket.
public struct AddressRange: Sendable, Hashable {
  private let bytes: [UInt8]
  private let bits: Int

  /// Reads a range; nil for anything else.
  public init?(_ text: String) {
    if text == "unix" {
      (bytes, bits) = ([], 0)
      return
    }
    let parts = text.split(ascii: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = try? SocketAddress(String(parts[0]), port: 0) else { return nil }
    let all = address.bytes.count * 8
    guard parts.count == 2 else {
      (bytes, bits) = (address.bytes, all)
      return
    }
    guard let bits = Int(parts[1]), 0...all ~= bits else { return nil }
    (bytes, self.bits) = (address.bytes, bits)
  }

  /// Whether the address is one of these; nil is the peer of a unix socket. An IPv4 address that arrives as IPv6 is itself.
  public func contains(_ address: SocketAddress?) -> Bool {
    guard let address else { return bytes.isEmpty }
    let other = address.plainBytes
    guard !bytes.isEmpty, other.count == bytes.count else { return false }
    var rest = bits
    for (left, right) in zip(bytes, other) {
      guard rest > 0 else { return true }
      let mask = rest >= 8 ? 0xff : ~(UInt8(0xff) >> UInt8(rest))
      if left & mask != right & mask { return false }
      rest -= 8
    }
    return true
  }
}

extension SocketAddress {
  /// The bytes of the address; four for an IPv4 address that arrives at a socket of IPv6.
  var plainBytes: [UInt8] {
    let prefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
    return bytes.count == 16 && bytes.starts(with: prefix) ? Array(bytes.suffix(4)) : bytes
  }
}
