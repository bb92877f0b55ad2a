import Synchronization
import CassandraTerminal

@testable import FieldGuide

/// What a doctor has reported.
final class Reported: Sendable {
  private let lines = Mutex<[(label: String, finding: Finding)]>([])

  func add(_ label: String, _ finding: Finding) { lines.withLock { $0.append((label, finding)) } }

  /// Everything, a line for each finding: mark, label, text.
  var all: [String] { lines.withLock { $0.map { "\($0.finding.mark.rawValue) \($0.label): \($0.finding.text)" } } }

  /// Everything, with what to do.
  var text: String {
    lines.withLock { $0.map { "\($0.finding.mark) \($0.label) \($0.finding.text) \($0.finding.advice)" } }
      .joined(separator: "\n")
  }

  /// The marks in their order.
  var marks: [Checklist.Mark] { lines.withLock { $0.map(\.finding.mark) } }

  /// What was found under a label.
  subscript(label: String) -> [Finding] { lines.withLock { $0.filter { $0.label == label }.map(\.finding) } }
}
