public import CassandraBytes
public import CassandraWire
internal import CassandraReactor

/// How a request is to be carried out. What is nil is taken from the client's defaults.
///
/// A set of options with a name of its own is a profile:
/// ```swift
/// let reporting = QueryOptions(consistency: .one, pageSize: 1_000, timeout: .seconds(60))
/// let rows = try await client.query("SELECT …", options: reporting)
/// ```
public struct QueryOptions: Sendable {
  /// How many replicas have to answer. Default LOCAL_QUORUM.
  public var consistency: Consistency?
  /// The same for the serial phase of a conditional statement: SERIAL or LOCAL_SERIAL. Default LOCAL_SERIAL.
  public var serialConsistency: Consistency?
  /// Rows of a page. Default 5,000.
  public var pageSize: Int?
  /// Where to go on with a result that was interrupted: what ``Rows/resumeToken`` gave.
  public var resuming: ResumeToken?
  /// How long the whole request may take, retries included. Default 12 s, more than Cassandra's own time-outs.
  public var timeout: Duration?
  /// How long one node may take to answer what is idempotent, before the request is sent to another one, too: 2 s by
  /// default. What is not idempotent waits for its node until ``timeout``.
  public var attemptTimeout: Duration?
  /// Whether what is idempotent is sent to a second node before that. Default never.
  public var speculation: SpeculationPolicy?
  /// Which node the request goes to. Default ``ClientConfiguration/routing``.
  public var routing: RoutingPolicy?
  /// The options of ``ClientConfiguration/profiles`` with this name come between the client's defaults and these.
  public var profile: String?
  /// Whether a request that failed is sent again. Default ``RetryPolicy/standard``.
  public var retry: RetryPolicy?
  /// The time of the write, in microseconds since 1970. By default the client's clock, strictly increasing over the whole
  /// client.
  public var timestamp: Int64?
  /// Whether carrying the request out twice does no harm, so that it may be sent again after a failure whose outcome is
  /// not known. By default only a SELECT is.
  public var isIdempotent: Bool?
  /// Whether the server traces the request; ``Rows/tracingID`` names the trace.
  public var tracing: Bool?
  /// The keyspace of names that come without one, in place of the client's. It needs protocol v5: a server that speaks v4
  /// only is not sent such a statement, which fails with ``CassandraError/Code/invalidStatement``.
  public var keyspace: String?
  /// What the server takes for the time when it decides what has expired, in seconds since 1970; for tests of data that
  /// expires. It needs protocol v5.
  public var nowInSeconds: Int32?
  /// Something for a custom query handler of the server; Cassandra's own ignores it.
  public var customPayload: [ByteText: [UInt8]?]?
  /// Whether the next page is asked for while one is being read. Default true; without it a page is asked for when it is
  /// wanted, which saves a read where a result is left after a page.
  public var looksAhead: Bool?

  /// Options; those that are left out come from the client's defaults.
  public init(
    consistency: Consistency? = nil, serialConsistency: Consistency? = nil, pageSize: Int? = nil,
    resuming: ResumeToken? = nil, timeout: Duration? = nil, timestamp: Int64? = nil, isIdempotent: Bool? = nil,
    tracing: Bool? = nil, keyspace: String? = nil, nowInSeconds: Int32? = nil,
    customPayload: [ByteText: [UInt8]?]? = nil,
    looksAhead: Bool? = nil, attemptTimeout: Duration? = nil, speculation: SpeculationPolicy? = nil,
    retry: RetryPolicy? = nil, routing: RoutingPolicy? = nil, profile: String? = nil
  ) {
    self.consistency = consistency
    self.serialConsistency = serialConsistency
    self.pageSize = pageSize
    self.resuming = resuming
    self.timeout = timeout
    self.timestamp = timestamp
    self.isIdempotent = isIdempotent
    self.tracing = tracing
    self.attemptTimeout = attemptTimeout
    self.speculation = speculation
    self.retry = retry
    self.routing = routing
    self.profile = profile
    self.keyspace = keyspace
    self.nowInSeconds = nowInSeconds
    self.customPayload = customPayload
    self.looksAhead = looksAhead
  }

  /// These options with those of `other` over them.
  public func overridden(by other: QueryOptions) -> QueryOptions {
    QueryOptions(
      consistency: other.consistency ?? consistency, serialConsistency: other.serialConsistency ?? serialConsistency,
      pageSize: other.pageSize ?? pageSize, resuming: other.resuming ?? resuming, timeout: other.timeout ?? timeout,
      timestamp: other.timestamp ?? timestamp, isIdempotent: other.isIdempotent ?? isIdempotent,
      tracing: other.tracing ?? tracing, keyspace: other.keyspace ?? keyspace,
      nowInSeconds: other.nowInSeconds ?? nowInSeconds, customPayload: other.customPayload ?? customPayload,
      looksAhead: other.looksAhead ?? looksAhead, attemptTimeout: other.attemptTimeout ?? attemptTimeout,
      speculation: other.speculation ?? speculation, retry: other.retry ?? retry,
      routing: other.routing ?? routing, profile: other.profile ?? profile)
  }
}

/// Options for whoever waits for an answer. They are large, and every copy would lie in the frames of the functions that
/// wait, whose memory a task keeps for as long as it lives.
final class SharedOptions: Sendable {
  let values: ResolvedOptions

  init(_ values: ResolvedOptions) { self.values = values }
}

/// Options without gaps.
struct ResolvedOptions: Sendable {
  static let defaultTimeout: Duration = .seconds(12)
  static let defaultPageSize = 5000
  static let defaultAttemptTimeout: Duration = .seconds(2)

  var consistency: Consistency
  var serialConsistency: Consistency
  var pageSize: Int32
  var resuming: ResumeToken?
  var timeout: Duration
  var timestamp: Int64?
  var isIdempotent: Bool?
  var tracing: Bool
  var attemptTimeout: Duration
  var speculation: SpeculationPolicy
  var retry: RetryPolicy
  /// Where it goes, when that is another matter than for the client's other requests.
  var routing: RoutingRules?
  /// When what is idempotent goes on to another node.
  let hedging: Hedging.Limits
  var keyspace: String?
  var nowInSeconds: Int32?
  var customPayload: [ByteText: [UInt8]?]?
  var looksAhead: Bool
  /// Whether there is nothing that the shortest way of a request would have to look at.
  let arePlain: Bool

  init(_ options: QueryOptions, _ limits: ClientLimits = ClientLimits()) throws(CassandraError) {
    consistency = options.consistency ?? .localQuorum
    serialConsistency = options.serialConsistency ?? .localSerial
    guard serialConsistency == .serial || serialConsistency == .localSerial else {
      throw CassandraError(.configuration, "The serial consistency must be SERIAL or LOCAL_SERIAL.")
    }
    guard let pageSize = Int32(exactly: options.pageSize ?? Self.defaultPageSize), pageSize > 0 else {
      throw CassandraError(.configuration, "The page size must be from 1 to 2,147,483,647 rows.")
    }
    self.pageSize = pageSize
    resuming = options.resuming
    timeout = options.timeout ?? Self.defaultTimeout
    timestamp = options.timestamp
    isIdempotent = options.isIdempotent
    tracing = options.tracing ?? false
    attemptTimeout = options.attemptTimeout ?? Self.defaultAttemptTimeout
    speculation = options.speculation ?? .never
    retry = options.retry ?? .standard
    routing = options.routing.map { RoutingRules($0) }
    hedging = Hedging.Limits(
      attempt: attemptTimeout.wholeMilliseconds, silence: limits.silenceBeforeNextNode.wholeMilliseconds,
      speculation: speculation.delay.wholeMilliseconds, speculations: max(0, speculation.maximum),
      percentile: try speculation.percentileLimits())
    keyspace = options.keyspace
    nowInSeconds = options.nowInSeconds
    customPayload = options.customPayload
    looksAhead = options.looksAhead ?? true
    arePlain =
      resuming == nil && timestamp == nil && !tracing && keyspace == nil && nowInSeconds == nil && customPayload == nil
  }

  /// What the envelope of a request says of what stands before it, and of tracing.
  var flags: EnvelopeFlags {
    var flags: EnvelopeFlags = tracing ? .tracing : []
    if customPayload != nil { flags.insert(.customPayload) }
    return flags
  }
}
