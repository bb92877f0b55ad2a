/// How many replicas have to answer before a request counts as done ([consistency] in section 3 of the specification).
public enum Consistency: UInt16, CaseIterable, Hashable, Sendable {
  /// Any node, a hint counts; writes only.
  case any = 0
  /// One replica.
  case one = 1
  /// Two replicas.
  case two = 2
  /// Three replicas.
  case three = 3
  /// More than half of the replicas of all data centres together.
  case quorum = 4
  /// Every replica.
  case all = 5
  /// More than half of the replicas of the coordinator's data centre.
  case localQuorum = 6
  /// More than half of the replicas of each data centre.
  case eachQuorum = 7
  /// The serial phase of a conditional statement over all data centres; a read with it sees a settled state.
  case serial = 8
  /// The serial phase within the coordinator's data centre.
  case localSerial = 9
  /// One replica of the coordinator's data centre.
  case localOne = 10
  /// The coordinator itself. Not in the specification; Cassandra 5.0 has it for reads where it is allowed.
  case nodeLocal = 11

  /// Whether it is one of the two levels that a serial consistency can have.
  public var isSerial: Bool { self == .serial || self == .localSerial }
}

extension Consistency: LosslessStringConvertible {
  /// The name as CQL and Cassandra's messages write it, such as `LOCAL_QUORUM`.
  public var description: String {
    switch self {
    case .any: "ANY"
    case .one: "ONE"
    case .two: "TWO"
    case .three: "THREE"
    case .quorum: "QUORUM"
    case .all: "ALL"
    case .localQuorum: "LOCAL_QUORUM"
    case .eachQuorum: "EACH_QUORUM"
    case .serial: "SERIAL"
    case .localSerial: "LOCAL_SERIAL"
    case .localOne: "LOCAL_ONE"
    case .nodeLocal: "NODE_LOCAL"
    }
  }

  /// The level of a name in either case, or nil when there is none of that name.
  public init?(_ name: String) {
    let wanted = name.uppercased()
    guard let level = Consistency.allCases.first(where: { $0.description == wanted }) else { return nil }
    self = level
  }
}
