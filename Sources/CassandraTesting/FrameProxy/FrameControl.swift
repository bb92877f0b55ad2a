/// The rules of a proxy and what it has seen; all of it may be asked and changed from anywhere while frames pass.
public struct FrameControl: Sendable {
  private let watched: Watched<FrameObservation>

  init(_ watched: Watched<FrameObservation>) { self.watched = watched }

  /// Adds a rule. The last rule that was added and takes a frame decides.
  @discardableResult
  public func add(_ match: FrameMatch, _ action: FrameAction) -> FrameRule {
    watched.change { $0.rules.add(match, action) }
  }

  /// Removes a rule; frames that it holds or delays are still handed on. How often it has matched is still known.
  public func remove(_ rule: FrameRule) { watched.change { $0.rules.remove(rule) } }

  /// Removes all rules.
  public func removeRules() { watched.change { $0.rules.removeAll() } }

  /// What has passed so far.
  public var observed: FrameObservation { watched.value }

  /// How many frames a rule has taken.
  public func matches(of rule: FrameRule) -> Int { watched.read { $0.matches(of: rule) } }

  /// Waits until a rule has taken so many frames, or until the task is cancelled.
  public func wait(for count: Int, matchesOf rule: FrameRule) async {
    await watched.wait { $0.matches(of: rule) >= count }
  }

  /// Waits until `condition` holds, or until the task is cancelled.
  public func wait(until condition: @escaping @Sendable (FrameObservation) -> Bool) async {
    await watched.wait(until: condition)
  }
}
