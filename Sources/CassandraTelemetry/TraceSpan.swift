internal import Synchronization

/// Which trace and span a piece of work belongs to (W3C Trace Context).
public struct SpanContext: Sendable, Hashable {
  /// The trace, in two halves.
  public var traceID: (high: UInt64, low: UInt64) {
    get { (traceHigh, traceLow) }
    set { (traceHigh, traceLow) = newValue }
  }
  private var traceHigh: UInt64
  private var traceLow: UInt64
  /// The span within it.
  public var spanID: UInt64

  /// The span that is under way in this task, when requests are traced.
  @TaskLocal public static var current: SpanContext?

  /// A span of a trace.
  public init(traceID: (high: UInt64, low: UInt64), spanID: UInt64) {
    (traceHigh, traceLow) = traceID
    self.spanID = spanID
  }

  /// A span of a new trace.
  public init() {
    let first = SpanNumbers.reserve(3)
    self.init(
      traceID: (SpanNumbers.number(first), SpanNumbers.number(first &+ 1)), spanID: SpanNumbers.number(first &+ 2))
  }

  /// Another span of the same trace.
  public var child: SpanContext {
    SpanContext(traceID: traceID, spanID: SpanNumbers.number(SpanNumbers.reserve(1)))
  }
}

/// Numbers of traces and spans. They have to differ from everybody else's and need not be secret, so they come from a seed and
/// a counter: the system's random numbers cost a call each.
private enum SpanNumbers {
  private static let seed = UInt64.random(in: .min ... .max)
  private static let count = Atomic<UInt64>(0)

  /// So many places in the order of numbers, which are nobody else's; the first of them.
  @inline(__always)
  static func reserve(_ count: UInt64) -> UInt64 { self.count.add(count, ordering: .relaxed).oldValue }

  /// The number of a place; never 0, which means none. The steps are those of SplitMix64, which repeats none within 2 to the
  /// 64; the one place of the 0 has the highest number.
  @inline(__always)
  static func number(_ place: UInt64) -> UInt64 {
    var word = seed &+ place &* 0x9e37_79b9_7f4a_7c15
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    word ^= word >> 31
    return word == 0 ? .max : word
  }
}

/// One piece of work that has been done, as OpenTelemetry knows it.
public struct TraceSpan: Sendable {
  /// Whether the work was asked for or was asked of others.
  public enum Kind: Int, Sendable {
    case server = 2
    case client = 3
  }

  /// Its trace and its own number.
  public var context: SpanContext
  /// The span that it is a part of; nil for the outermost.
  public var parentID: UInt64?
  /// What it was, without what changes from one to the next: `GET /plant/{genus}`.
  public var name: String
  /// Who asked whom.
  public var kind: Kind
  /// When it ended, in nanoseconds since 1970.
  public var end: Int64
  /// How long it took, in nanoseconds.
  public var duration: Int64
  /// More of it, by the names of OpenTelemetry's conventions.
  public var attributes: [(name: String, value: LogValue)]
  /// Whether it failed.
  public var isFailure: Bool

  /// A span that ends now.
  public init(
    _ context: SpanContext, parent: UInt64?, name: String, kind: Kind, duration: Int64,
    attributes: [(name: String, value: LogValue)], isFailure: Bool
  ) {
    self.context = context
    parentID = parent
    self.name = name
    self.kind = kind
    self.duration = duration
    end = nanosecondsSince1970()
    self.attributes = attributes
    self.isFailure = isFailure
  }

  /// The span with these facts.
  init(_ facts: SpanFacts, name: String, attributes: [(name: String, value: LogValue)]) {
    context = facts.context
    parentID = facts.parentID
    self.name = name
    kind = facts.kind
    end = facts.end
    duration = facts.duration
    self.attributes = attributes
    isFailure = facts.isFailure
  }
}

/// Takes spans that have ended. Must not block: it is called on event loops.
public protocol SpanSink: Sendable {
  /// Takes one.
  func record(_ span: TraceSpan)
  /// How many were dropped so far.
  var droppedCount: UInt64 { get }
}

extension SpanSink {
  /// None.
  public var droppedCount: UInt64 { 0 }
}
