public import CassandraReactor
public import CassandraTelemetry

/// What stands behind a host id of an ``AstraEmulator``.
public struct AstraTarget: Sendable {
  /// Where the node listens.
  public var address: SocketAddress
  /// TLS to the node, mutual when its context has an identity; nil for plain TCP.
  public var tls: TLSClient?
  /// Who the emulator is to the node; nil where nobody has to log in.
  public var credentials: (user: String, password: Secret)?
  /// Whether the node is one of a real cluster and knows its peers; if not, the emulator makes up what it says of them.
  public var knowsItsPeers: Bool

  /// A node by itself, such as an ``EmbeddedNode``.
  ///
  /// Several host ids may lead to the same one: nodes of this kind cannot replicate to each other, so a database of three
  /// nodes is one node under three names. What is written through one name is there under the others.
  public static func embedded(_ address: SocketAddress) -> AstraTarget {
    AstraTarget(address: address, tls: nil, credentials: nil, knowsItsPeers: false)
  }

  /// A node of a Cassandra cluster. Its peers should be targets, too: those that are not are seen as they are.
  public static func cassandra(
    _ address: SocketAddress, tls: TLSClient? = nil, credentials: (user: String, password: Secret)? = nil
  ) -> AstraTarget {
    AstraTarget(address: address, tls: tls, credentials: credentials, knowsItsPeers: true)
  }
}
