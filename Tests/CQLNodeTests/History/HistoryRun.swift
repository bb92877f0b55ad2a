import CassandraReactor
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// What all histories are told by the environment, and what a run of one tells.
///
/// `HISTORY_SEED` repeats a history. `NODE_TEST_PLAIN=host:port` names a server that takes the place of the embedded node,
/// for instance a node as it is released, which is several times as fast.
struct HistoryRun {
  static let seed = number("HISTORY_SEED") ?? UInt64.random(in: 0...9_999_999)
  static let otherNode = address("NODE_TEST_PLAIN")

  static func number(_ variable: String) -> UInt64? {
    getenv(variable).flatMap { UInt64(String(cString: $0)) }
  }

  /// Statements that were run on both servers, each counted once whatever the pages it was read in.
  var statements = 0
  /// Answers that were compared.
  var answers = 0
  /// Answers that an index of Cassandra's gave and that the same Cassandra, asked again without the index, does not
  /// give: it then agrees with the node.
  private(set) var indexFaults = 0

  /// Counts a fault of an index of Cassandra's, and says which it was.
  mutating func noteIndexFault(_ place: String, index: [String], scan: [String]) {
    indexFaults += 1
    print(
      """
      Cassandra's index fault: \(place)
        by the index only: \(Set(index).subtracting(scan).sorted())
        by its scan and by the node: \(Set(scan).subtracting(index).sorted())
      """)
  }

  func tell(_ kind: String) {
    print(
      "\(kind): seed \(Self.seed): \(statements) statements, \(answers) answers compared, "
        + "\(indexFaults) of them faults of Cassandra's indexes")
  }
}
