internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor

/// Finds out who the client is behind proxies that are trusted.
enum ClientAddress {
  /// Proxies that are followed at most: 16.
  private static let maximumProxies = 16

  /// The client's address: the peer's, or, when the peer is trusted, the last address that a trusted proxy has seen and
  /// that is no trusted proxy itself. What a client writes into the fields before that is not believed.
  static func find(_ head: RequestHead, peer: SocketAddress?, trusted: [AddressRange]) -> SocketAddress? {
    guard !trusted.isEmpty, trusted.contains(where: { $0.contains(peer) }) else { return peer }
    var client = peer
    for element in named(head).reversed().prefix(maximumProxies) {
      guard let address = address(in: element) else { return client }
      client = address
      guard trusted.contains(where: { $0.contains(address) }) else { return client }
    }
    return client
  }

  /// What the proxies wrote, the client first: `Forwarded` (RFC 7239) before the older field.
  private static func named(_ head: RequestHead) -> [String] {
    if head.fields.range(of: "Forwarded") != nil {
      return head.fields.list("Forwarded").map { element in
        for part in element.split(ascii: ";") {
          let pair = part.split(ascii: "=", maxSplits: 1)
          guard pair.count == 2 else { continue }
          let name = pair[0].utf8.filter { $0 != UInt8(ascii: " ") }.map { $0 | 0x20 }
          if name == Array("for".utf8) { return String(pair[1]) }
        }
        return ""
      }
    }
    return head.fields.list("X-Forwarded-For")
  }

  /// An address, perhaps in quotes, in brackets, with a port; nil for a name or `unknown`.
  private static func address(in text: String) -> SocketAddress? {
    var bytes = text.utf8.filter { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: " ") }[...]
    guard bytes.count <= 64 else { return nil }
    if bytes.first == UInt8(ascii: "[") {
      guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
      bytes = bytes[bytes.index(after: bytes.startIndex)..<end]
    } else if bytes.count(where: { $0 == UInt8(ascii: ":") }) == 1, let colon = bytes.firstIndex(of: UInt8(ascii: ":"))
    {
      bytes = bytes[..<colon]
    }
    return try? SocketAddress(String(decoding: bytes, as: UTF8.self), port: 0)
  }
}
