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

  /// A span of a trace.
  public init(traceID: (high: UInt64, low: UInt64), spanID: UInt64) {
    (traceHigh, traceLow) = traceID
    self.spanID = spanID
  }

  /// A span of a new trace.
  public init() {
    var numbers = SpanNumbers(reserving: 3)
    self.init(newTrace: &numbers)
  }

  /// A span of a new trace.
  @inline(__always)
  init(newTrace numbers: inout SpanNumbers) {
    self.init(traceID: (numbers.take(), numbers.take()), spanID: numbers.take())
  }

  /// Another span of the same trace.
  public var child: SpanContext {
    var numbers = SpanNumbers(reserving: 1)
    return child(&numbers)
  }

  /// Another span of the same trace.
  @inline(__always)
  func child(_ numbers: inout SpanNumbers) -> SpanContext { SpanContext(traceID: traceID, spanID: numbers.take()) }
}

/// Numbers of traces and spans. They have to differ from everybody else's and need not be secret, so they come from a seed and
/// a counter: the system's random numbers cost a call each. Who needs many reserves many places at once, and takes them
/// without asking other threads.
struct SpanNumbers {
  private static let seed = UInt64.random(in: .min ... .max)
  private static let reserved = Atomic<UInt64>(0)
  /// Places that are reserved at once where many are needed: 4,096.
  private static let blockSize: UInt64 = 4096
  /// The distance between two places in the sequence of SplitMix64.
  private static let step: UInt64 = 0x9e37_79b9_7f4a_7c15

  private var state: UInt64
  private var left: UInt64

  /// So many places in the order of numbers, which are nobody else's; more are reserved when they are used up.
  init(reserving count: UInt64 = Self.blockSize) {
    state = Self.seed &+ Self.reserved.add(count, ordering: .relaxed).oldValue &* Self.step
    left = count
  }

  /// The number of the next place; never 0, which means none. The steps are those of SplitMix64, which repeats none within 2
  /// to the 64; the one place of the 0 has the highest number.
  @inline(__always)
  mutating func take() -> UInt64 {
    if left == 0 { self = SpanNumbers() }
    left &-= 1
    var word = state
    state &+= Self.step
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
