internal import CassandraBytes
public import CassandraWire

/// What the system tables say of one node, and where it is reached.
struct NodeDescription: Sendable, Equatable {
  /// The node's own id, which it keeps when its address changes; nil where no table tells.
  var hostID: CQLUUID?
  /// Where it is reached, translated.
  var endPoint: EndPoint
  /// The address that events name it by.
  var address: NodeAddress?
  var datacenter: ByteText?
  var rack: ByteText?
  var release: ByteText?
  /// Where its ranges on the ring end.
  var tokens: [Int64] = []

  /// Whether both are the same node: by its id, and by where it is reached where there is none.
  func isSame(as other: NodeDescription) -> Bool {
    guard let hostID, let otherID = other.hostID else { return endPoint == other.endPoint }
    return hostID == otherID
  }
}

/// Where a node says that it is reached: what an address translation is made from.
public struct AdvertisedNode: Sendable, Hashable {
  /// The node's id.
  public var hostID: CQLUUID
  /// Its address for clients, as text.
  public var host: String
  /// Its port for clients.
  public var port: Int
  /// The data centre that it is in.
  public var datacenter: String
  /// The rack that it is in.
  public var rack: String
}
