internal import CassandraTerminal

/// What a check has found, in words for the person who runs the program. It may name hosts, paths and what a server said,
/// and never a secret.
struct Finding: Sendable, Equatable {
  /// How bad it is.
  var mark: Checklist.Mark
  /// What there is.
  var text: String
  /// What to do about it; empty where nothing is to be done.
  var advice: String

  static func ok(_ text: String) -> Finding { Finding(mark: .ok, text: text, advice: "") }

  static func warning(_ text: String, _ advice: String = "") -> Finding {
    Finding(mark: .warning, text: text, advice: advice)
  }

  static func failed(_ text: String, _ advice: String = "") -> Finding {
    Finding(mark: .failed, text: text, advice: advice)
  }

  static func skipped(_ text: String) -> Finding { Finding(mark: .skipped, text: text, advice: "") }
}
