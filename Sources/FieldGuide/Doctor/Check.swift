internal import Cassandra
internal import CassandraReactor
internal import CassandraTerminal

/// One thing that is looked at.
struct Check: Sendable {
  /// What to call it.
  let label: String
  /// What others that need it name it by; the label, where there is one of the kind.
  let id: String
  /// The checks that have to have gone well before, each of them.
  let needs: [String]
  /// The checks of which one has to have gone well; empty for none.
  let needsOneOf: [String]
  /// Looks, and says what there is; may add to what is known.
  let look: @Sendable (inout Facts) async -> [Finding]

  init(
    _ label: String, id: String? = nil, needs: [String] = [], needsOneOf: [String] = [],
    look: @escaping @Sendable (inout Facts) async -> [Finding]
  ) {
    self.label = label
    self.id = id ?? label
    self.needs = needs
    self.needsOneOf = needsOneOf
    self.look = look
  }
}

/// What earlier checks have found out for later ones.
struct Facts: Sendable {
  /// The addresses that names stand for.
  var addresses: [String: [SocketAddress]] = [:]
  /// The first address of a host and port that takes connections.
  var reachable: [EndPoint: SocketAddress] = [:]
  /// The contact points that have let us in.
  var open: [EndPoint] = []
  /// The nodes that the metadata service has named.
  var map: ClusterMap?
}

/// Goes through checks one after the other, and remembers which went well.
actor Examination {
  private let begin: @Sendable (String) -> Void
  private let report: @Sendable (String, Finding) -> Void
  private var facts = Facts()
  private var wentWell: Set<String> = []
  private var labels: [String: String] = [:]
  /// How many findings were failures.
  private(set) var failures = 0

  /// - Parameters:
  ///   - begin: Is told what is being looked at.
  ///   - report: Is told what was found, with its label.
  init(
    begin: @escaping @Sendable (String) -> Void, report: @escaping @Sendable (String, Finding) -> Void
  ) {
    self.begin = begin
    self.report = report
  }

  /// Goes through `checks`. One whose needs are not met is reported as skipped, and why.
  func run(_ checks: [Check]) async {
    for check in checks {
      labels[check.id] = check.label
      if let missing = firstMissing(of: check) {
        note([.skipped("because of: \(labels[missing] ?? missing)")], check.label)
        continue
      }
      begin(check.label)
      var known = facts
      let findings = await check.look(&known)
      facts = known
      note(findings, check.label)
      if findings.allSatisfy({ $0.mark == .ok || $0.mark == .warning }) { wentWell.insert(check.id) }
    }
  }

  /// Reports what is known without a check.
  func note(_ findings: [Finding], _ label: String) {
    for finding in findings {
      report(label, finding)
      if finding.mark == .failed { failures += 1 }
    }
  }

  private func firstMissing(of check: Check) -> String? {
    if let missing = check.needs.first(where: { !wentWell.contains($0) }) { return missing }
    guard !check.needsOneOf.isEmpty, !check.needsOneOf.contains(where: wentWell.contains) else { return nil }
    return check.needsOneOf.first
  }
}
