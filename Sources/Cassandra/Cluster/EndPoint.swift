internal import CassandraBytes

/// Where a node is reached: a host and a port, and for a proxy that stands before several nodes the name that it chooses
/// by.
///
/// Two end points with the same host and port are different nodes when their server names differ.
public struct EndPoint: Sendable, Hashable, CustomStringConvertible {
  /// The port that Cassandra listens on by default: 9042.
  public static let defaultPort = 9042

  /// A host name or an IP address. It is resolved anew for every connection, and it is the name that a certificate has
  /// to carry unless ``certificateName`` says another.
  public let host: String
  /// The port.
  public let port: Int
  /// What the TLS greeting asks for, when it is not the host.
  public let serverName: String?
  /// The name that the certificate has to carry, when it is not the host.
  public let certificateName: String?

  /// An end point.
  public init(
    host: String, port: Int = EndPoint.defaultPort, serverName: String? = nil, certificateName: String? = nil
  ) {
    self.host = host
    self.port = port
    self.serverName = serverName
    self.certificateName = certificateName
  }

  /// Reads `host`, `host:port`, `[::1]:port`, `::1`.
  ///
  /// - Throws: ``CassandraError/Code/configuration`` that quotes the text.
  public init(parsing text: String) throws(CassandraError) {
    let text = String(text.unicodeScalars.filter { !$0.properties.isWhitespace })
    func invalid(_ why: String) -> CassandraError {
      CassandraError(
        .configuration, "A contact point must have the form host or host:port.",
        logDetail: "'\(text)': \(why)")
    }
    var host = Substring(text)
    var port: Substring?
    if text.hasPrefix(bytesOf: "[") {
      guard let end = text.firstIndex(ofASCII: "]") else { throw invalid("the bracket is not closed") }
      host = text[text.index(after: text.startIndex)..<end]
      let rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(bytesOf: ":") else {
        throw invalid("a colon and a port may follow the bracket")
      }
      port = rest.isEmpty ? nil : rest[rest.utf8.index(after: rest.startIndex)...]
    } else if text.utf8.count(where: { $0 == UInt8(ascii: ":") }) == 1, let colon = text.firstIndex(ofASCII: ":") {
      host = text[..<colon]
      port = text[text.index(after: colon)...]
    }
    guard !host.isEmpty else { throw invalid("the host is empty") }
    var number = Self.defaultPort
    if let port {
      guard let parsed = Int(port), (1...65535).contains(parsed) else { throw invalid("a port is 1 to 65535") }
      number = parsed
    }
    self.init(host: String(host), port: number)
  }

  /// `host:port`, with the server name behind a slash.
  public var description: String {
    let name = host.contains(ascii: ":") ? "[\(host)]" : host
    return serverName.map { "\(name):\(port)/\($0)" } ?? "\(name):\(port)"
  }
}
