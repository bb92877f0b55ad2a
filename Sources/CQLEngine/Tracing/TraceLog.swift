import CassandraWire
import Synchronization

/// The traces that can be read in `system_traces`: bounded in number, bytes and age, of which the oldest goes first. They are
/// kept in memory and end with the node.
final class TraceLog: Sendable {
  /// Traces that are kept: 1,000.
  static let maximumTraces = 1_000
  /// Bytes that they may take, about: 8 MiB.
  static let maximumBytes = 8 << 20
  /// Steps of one request that are noted: 100.
  static let maximumEvents = 100
  /// Bytes of a text in a trace, such as that of a statement: 4 KiB. The rest is cut.
  static let maximumTextBytes = 4 << 10
  /// Milliseconds for which a trace is kept: 24 hours, as in Cassandra.
  static let lifetime: Int64 = 24 * 3_600 * 1_000

  /// A step of a request.
  struct Event: Sendable {
    /// A UUID with the time of the step.
    var id: CQLUUID
    /// What was done.
    var activity: String
    /// Microseconds since the request began.
    var elapsed: Int32
  }

  /// What one request did.
  struct Trace: Sendable {
    /// What its client finds it by.
    var id: CQLUUID
    /// Where the client is.
    var client: CQLInet?
    /// Milliseconds since 1970.
    var startedAt: Int64
    /// What kind of request it is.
    var request = ""
    /// What the request says.
    var parameters: NameMap<String> = [:]
    /// The steps in their order.
    var events: [Event] = []
    /// Microseconds that it took.
    var duration: Int32 = 0

    /// About how many bytes it takes.
    var cost: Int {
      512 + parameters.sorted.reduce(0) { $0 + 64 + $1.value.utf8.count }
        + events.reduce(0) { $0 + 96 + $1.activity.utf8.count }
    }
  }

  private struct Traces {
    /// The oldest first, with what each takes.
    var all: [(trace: Trace, cost: Int)] = []
    var cost = 0

    mutating func removeFirst() { cost -= all.removeFirst().cost }
  }

  private let traces = Mutex(Traces())

  /// Keeps a trace.
  func add(_ trace: Trace) {
    let cost = trace.cost
    traces.withLock { traces in
      traces.all.append((trace, cost))
      traces.cost += cost
      while traces.all.count > Self.maximumTraces || traces.cost > Self.maximumBytes && traces.all.count > 1 {
        traces.removeFirst()
      }
    }
  }

  /// The traces that are kept at a time in milliseconds since 1970, or the one with that id.
  func traces(at now: Int64, id: CQLUUID?) -> [Trace] {
    traces.withLock { traces in
      while let oldest = traces.all.first, oldest.trace.startedAt + Self.lifetime <= now { traces.removeFirst() }
      return traces.all.compactMap { id == nil || $0.trace.id == id ? $0.trace : nil }
    }
  }
}
