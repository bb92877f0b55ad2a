/// What to do when a node does not know a prepared statement, once and again within one request.
///
/// Once is what a node does that has restarted or has not been asked before. Again and again means that more statements
/// are in use than the server keeps: it forgets one while another is being prepared. Then waiting helps a little, another
/// node may have more room, and in the end the statement is sent as text with its values, which needs no memory at all.
///
/// A value without I/O.
struct Repreparations {
  enum Step: Equatable {
    /// Prepare it on the same node after so many milliseconds, and send it again.
    case prepare(after: UInt64)
    /// Go to another node after so many milliseconds, where there is one.
    case moveOn(after: UInt64)
    /// Send it as text.
    case sendAsText
  }

  /// The first wait, in milliseconds: 10. The second is four times as long.
  static let firstWait: UInt64 = 10

  private(set) var count = 0

  /// The next step, after the node has not known the statement.
  mutating func next() -> Step {
    count += 1
    switch count {
    case 1: return .prepare(after: 0)
    case 2: return .prepare(after: Self.firstWait)
    case 3: return .moveOn(after: Self.firstWait * 4)
    case 4: return .prepare(after: 0)
    default: return .sendAsText
    }
  }

  /// Whether so much has been forgotten that it is worth a warning.
  var isThrashing: Bool { count > 2 }
}
