/// What is wrong with an emulated Astra database, and in which of the ways in which real ones differ it is.
///
/// Everything may be changed while it serves, by ``AstraEmulator/change(_:)``. A new value is a healthy database.
public struct AstraFaults: Sendable {
  /// What the metadata service answers.
  public enum MetadataAnswer: Sendable, Equatable {
    /// Where the nodes are.
    case ordinary
    /// This status, with a body that means nothing.
    case status(UInt16)
    /// 200 with a page of HTML.
    case html
    /// 200 and the first half of the answer, then the end of the connection.
    case truncated
    /// The answer in chunks, which is right.
    case chunked
    /// An address of the proxy without its port.
    case withoutPort
    /// No node at all.
    case emptyList
    /// 200 and this as the body, whatever it is.
    case body(String)
    /// Nothing: the request is read and never answered.
    case never
    /// The connection is cut once the request has come.
    case reset
    /// 302 to this address.
    case redirect(String)
  }

  /// What a service shows as its certificate.
  public enum Certificate: Sendable, Equatable {
    /// One of the bundle's authority, for `localhost`.
    case ordinary
    /// One of another authority.
    case otherAuthority
    /// One that was valid until yesterday.
    case expired
    /// One for another name.
    case otherName
  }

  /// What the nodes call their way of logging in.
  public enum Authenticator: String, Sendable, CaseIterable {
    /// Cassandra's own.
    case password = "org.apache.cassandra.auth.PasswordAuthenticator"
    /// Astra's.
    case astra = "org.apache.cassandra.auth.AstraAuthenticator"
    /// The one that wants to be told `PLAIN` first, and answers `PLAIN-START`.
    case dse = "com.datastax.bdp.cassandra.auth.DseAuthenticator"
  }

  /// What the metadata service answers.
  public var metadata = MetadataAnswer.ordinary
  /// At this call of the metadata service, from 1, all host ids change before it is answered; nil for never.
  public var idsRotateAtCall: Int?
  /// What the metadata service shows as its certificate.
  public var metadataCertificate = Certificate.ordinary
  /// What the proxy shows as its certificate.
  public var proxyCertificate = Certificate.ordinary

  /// Whether the names of both services cannot be resolved by ``AstraEmulator/resolver``.
  public var hidesNames = false

  /// Whether the metadata service names host ids that lead to the nodes, and that are not those that they report.
  public var dialsByOtherIDs = false
  /// Whether nodes report addresses that nobody can reach, as Astra's do. True by default.
  public var reportsPrivateAddresses = true
  /// Whether there is a table `system.peers_v2`.
  public var hasPeersV2 = true
  /// A second data centre with one node, which the peers name and nobody can reach from here; nil for none.
  public var secondDatacenter: String?

  /// What the nodes call their way of logging in.
  public var authenticator = Authenticator.password
  /// Whether credentials are refused though they are right.
  public var refusesCredentials = false

  /// Whether version 5 of the protocol is refused, as Astra does. True by default.
  public var refusesV5 = true
  /// Whether writes at ANY, ONE and LOCAL_ONE are refused, as Astra does. True by default.
  public var refusesWeakWrites = true
  /// Whether keyspaces, views, functions and aggregates cannot be made, changed or dropped by CQL, as in Astra. True by
  /// default.
  public var refusesKeyspaceChanges = true
  /// Whether options of tables are ignored with a warning, as in Astra. True by default.
  public var ignoresTableOptions = true

  /// A healthy database.
  public init() {}
}
