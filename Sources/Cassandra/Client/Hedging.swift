/// When a request that has no answer yet is sent to another node, too, while the answer to the first is still welcome.
///
/// A value without I/O; times are milliseconds of one clock. It looks at the attempt that was made last.
struct Hedging {
  /// Why a request goes on elsewhere.
  enum Reason: Equatable {
    /// The attempt has had its time.
    case attemptTimedOut
    /// The node owes answers and has said nothing for a while.
    case nodeIsSilent
    /// The policy of speculation says so.
    case speculation

    /// Whether it counts against ``HedgingBudget``: what happens to every request when a whole cluster becomes slow must
    /// not make it slower.
    var isBudgeted: Bool { self != .attemptTimedOut }
  }

  /// Nodes that a request is sent to without an answer at most, the first included: 4.
  static let maximumAttempts = 4
  /// When no other node can be had, it is looked again after this time: 100 ms.
  static let pause: UInt64 = 100

  /// How long an attempt may take, and after how much silence of its node it goes on; nil for what is not idempotent.
  struct Limits: Sendable, Equatable {
    var attempt: UInt64
    var silence: UInt64
    /// After this time without an answer, and so often at most.
    var speculation: UInt64?
    var speculations = 0
    /// Where ``speculation`` depends on what the node usually takes, and is the longest such time.
    var percentile: Percentile?

    /// Which share of a node's answers is waited for, and for how many milliseconds at least.
    struct Percentile: Sendable, Equatable {
      var share: Double
      var least: UInt64
    }

    /// The limits at a node whose answers take so many microseconds for a share of them; nil where that is not known.
    func resolved(_ latency: (Double) -> UInt64?) -> Limits {
      guard let percentile, let most = speculation else { return self }
      var limits = self
      limits.speculation = min(most, latency(percentile.share).map { max(percentile.least, ($0 + 999) / 1000) } ?? most)
      return limits
    }

    /// When a first attempt is looked at, from its beginning.
    var first: UInt64 { min(attempt, speculations > 0 ? speculation ?? attempt : attempt) }
  }

  private var limits: Limits?
  private var began: UInt64
  private var attempts = 1
  private var speculations = 0
  private var notBefore: UInt64 = 0

  /// The first attempt was made at `began`.
  init(_ limits: Limits?, began: UInt64) {
    self.limits = limits
    self.began = began
  }

  /// Why the request goes on now; nil when it waits.
  ///
  /// - Parameter quietSince: Since when the node of the last attempt owes answers and has said nothing; nil when it owes
  ///   none.
  func reason(now: UInt64, quietSince: UInt64?) -> Reason? {
    guard let limits, attempts < Self.maximumAttempts, now >= notBefore else { return nil }
    if now >= began + limits.attempt { return .attemptTimedOut }
    if let quietSince, now >= max(began, quietSince) + limits.silence { return .nodeIsSilent }
    if let speculation = limits.speculation, speculations < limits.speculations, now >= began + speculation {
      return .speculation
    }
    return nil
  }

  /// When to ask next for a reason.
  func nextLook(now: UInt64, quietSince: UInt64?) -> UInt64 {
    guard let limits, attempts < Self.maximumAttempts else { return .max }
    var next = began + limits.attempt
    // It may fall silent at any moment from now on.
    next = min(next, max(began, quietSince ?? now) + limits.silence)
    if let speculation = limits.speculation, speculations < limits.speculations {
      next = min(next, began + speculation)
    }
    return max(next, notBefore, now + 1)
  }

  /// An attempt is made, the first or one after another that has ended, at a node with these limits.
  mutating func began(now: UInt64, _ limits: Limits?) {
    began = now
    self.limits = limits
  }

  /// It has been sent to another node, with these limits.
  mutating func wentOn(_ reason: Reason, now: UInt64, _ limits: Limits?) {
    attempts += 1
    began = now
    self.limits = limits
    if reason == .speculation { speculations += 1 }
  }

  /// It could not be.
  mutating func couldNot(now: UInt64) { notBefore = now + Self.pause }
}

/// How many requests may be sent to a second node for no other reason than that the first is slow: at most a tenth more
/// than there are requests, and some in advance.
struct HedgingBudget {
  /// One more for so many requests: 10.
  static let requestsForOne = 10
  /// So many in advance: 100, enough for what is under way to a node of a small cluster when it hangs.
  static let inAdvance = 100

  private var credit = inAdvance * requestsForOne

  /// A request was made.
  @inline(__always)
  mutating func earn() {
    if credit < Self.inAdvance * Self.requestsForOne { credit += 1 }
  }

  /// Whether one more may be sent.
  mutating func spend() -> Bool {
    guard credit >= Self.requestsForOne else { return false }
    credit -= Self.requestsForOne
    return true
  }
}

extension SpeculationPolicy {
  /// - Throws: ``CassandraError/Code/configuration`` when the share is none.
  func percentileLimits() throws(CassandraError) -> Hedging.Limits.Percentile? {
    guard let percentile else { return nil }
    guard percentile > 0, percentile < 1 else {
      throw CassandraError(.configuration, "A percentile of speculation is above 0 and below 1.")
    }
    return Hedging.Limits.Percentile(share: percentile, least: leastDelay.wholeMilliseconds)
  }
}
