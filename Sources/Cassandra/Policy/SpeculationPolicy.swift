/// Whether an idempotent request that has no answer yet is sent to another node, too. The first answer counts.
///
/// In any case a request goes on when its attempt has had its time (``QueryOptions/attemptTimeout``) or when its node owes
/// answers and says nothing (``ClientLimits/silenceBeforeNextNode``); this is for slow nodes. All but the first of these
/// are at most a tenth more requests than there are.
public struct SpeculationPolicy: Sendable, Hashable {
  /// How long to wait for an answer before the request is sent once more; by a percentile, the longest wait.
  public var delay: Duration
  /// How often it is sent once more at most.
  public var maximum: Int
  /// The share of a node's answers, above 0 and below 1, that are waited for; nil to wait for ``delay``.
  public var percentile: Double?
  /// The shortest wait by a percentile.
  public var leastDelay: Duration

  /// Sends once more after each `delay` without an answer, `maximum` times at most.
  public static func after(_ delay: Duration, maximum: Int = 1) -> SpeculationPolicy {
    SpeculationPolicy(delay: delay, maximum: maximum, percentile: nil, leastDelay: .zero)
  }

  /// Sends once more what takes longer than so large a share of the node's own answers of that kind (reads, writes,
  /// batches) have taken lately, `maximum` times at most.
  ///
  /// What counts as lately begins anew once a second, and with fewer than 100 answers goes on; while there have not been
  /// so many, `atMost` is waited for. Waits are looked at every 20 ms, so a shorter one may take as long.
  ///
  /// - Parameters:
  ///   - share: From 0 to 1: 0.99 sends one request of a hundred once more.
  ///   - atLeast: The shortest wait: 10 ms by default.
  ///   - atMost: The longest wait: 1 s by default.
  ///   - maximum: How often one request is sent once more: once by default.
  public static func percentile(
    _ share: Double, atLeast: Duration = .milliseconds(10), atMost: Duration = .seconds(1), maximum: Int = 1
  ) -> SpeculationPolicy {
    SpeculationPolicy(delay: atMost, maximum: maximum, percentile: share, leastDelay: atLeast)
  }

  /// Never.
  public static let never = SpeculationPolicy(delay: .zero, maximum: 0, percentile: nil, leastDelay: .zero)
}
