public import CassandraTelemetry

/// The database that an ``AstraEmulator`` plays.
public struct AstraConfiguration: Sendable {
  /// What stands behind each of its host ids.
  public var nodes: [AstraTarget]
  /// The keyspace that the bundle names.
  public var keyspace = "naturalist"
  /// The region that the metadata service names.
  public var region = "us-east1"
  /// The data centre that the metadata service names; the nodes have to say the same of themselves.
  public var localDatacenter = "datacenter1"
  /// The token that opens the database, by default one that is made up: `AstraCS:`, 20 characters and 64 of
  /// hexadecimal.
  public var token = AstraConfiguration.makeToken()
  /// The client id that goes with ``clientSecret``.
  public var clientID = "emulated-client"
  /// The secret of the client id, made up by default.
  public var clientSecret = Secret(AstraConfiguration.characters(96))

  /// A database with these nodes.
  public init(nodes: [AstraTarget]) { self.nodes = nodes }

  /// A token that opens nothing yet.
  public static func makeToken() -> Secret {
    let digits = (0..<64).map { _ in "0123456789abcdef".randomElement() ?? "0" }
    return Secret("AstraCS:\(characters(20)):\(String(digits))")
  }

  private static func characters(_ count: Int) -> String {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    return String((0..<count).map { _ in letters.randomElement() ?? "A" })
  }
}
