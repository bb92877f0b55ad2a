/// Whether an idempotent request that has no answer yet is sent to another node, too. The first answer counts.
///
/// In any case a request goes on when its attempt has had its time (``QueryOptions/attemptTimeout``) or when its node owes
/// answers and says nothing (``ClientLimits/silenceBeforeNextNode``); this is for slow nodes. All but the first of these
/// are at most a tenth more requests than there are.
public struct SpeculationPolicy: Sendable, Hashable {
  /// How long to wait for an answer before the request is sent once more.
  public var delay: Duration
  /// How often it is sent once more at most.
  public var maximum: Int

  /// Sends once more after each `delay` without an answer, `maximum` times at most.
  public static func after(_ delay: Duration, maximum: Int = 1) -> SpeculationPolicy {
    SpeculationPolicy(delay: delay, maximum: maximum)
  }

  /// Never.
  public static let never = SpeculationPolicy(delay: .zero, maximum: 0)
}
