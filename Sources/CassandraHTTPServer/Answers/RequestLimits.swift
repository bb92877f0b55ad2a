internal import CassandraReactor
internal import CassandraTelemetry

/// What one client may ask for. A client is an IPv4 address, or the 64 bits of an IPv6 address that a household has.
///
/// Above, requests are answered with 429 and `Retry-After`. The limits hold for all loops together.
public struct RequestLimits: Sendable {
  /// Requests of one client that are handled at once: 64.
  public var concurrentRequests = 64
  /// Requests a second of one client, on average: 100.
  public var requestsPerSecond = 100
  /// Requests that a client may make at once after a pause: 200.
  public var burst = 200

  /// The defaults.
  public init() {}
}

/// Counts what clients ask for, on all loops.
final class ClientCounts: Sendable {
  /// Clients that are counted at once: 65,536. When they are more, those without a request are forgotten.
  private static let maximumClients = 65_536

  private struct Count {
    var inFlight = 0
    /// Requests that may be made now, in thousandths.
    var credit: Int
    var seen: UInt64
  }

  private let limits: RequestLimits
  private let counts = Locked<[[UInt8]: Count]>([:])

  init(_ limits: RequestLimits) { self.limits = limits }

  /// What a client is known by.
  static func key(_ client: SocketAddress?) -> [UInt8] {
    guard let bytes = client?.plainBytes else { return [] }
    return bytes.count == 16 ? Array(bytes.prefix(8)) : bytes
  }

  /// Begins a request; the seconds after which to come again when it may not be, else nil.
  func begin(_ key: [UInt8], now: UInt64) -> Int? {
    let limits = limits
    return counts.withLock { counts in
      let full = limits.burst * 1000
      if counts.count >= Self.maximumClients, counts[key] == nil { counts = counts.filter { $0.value.inFlight > 0 } }
      var count = counts[key] ?? Count(credit: full, seen: now)
      let elapsed = Int(clamping: now > count.seen ? min(now - count.seen, 86_400_000) : 0)
      count.credit = min(full, count.credit + elapsed * limits.requestsPerSecond)
      count.seen = max(now, count.seen)
      defer { counts[key] = count }
      guard count.inFlight < limits.concurrentRequests else { return 1 }
      guard count.credit >= 1000 else {
        return max(1, (1000 - count.credit) / max(1, limits.requestsPerSecond * 1000) + 1)
      }
      count.credit -= 1000
      count.inFlight += 1
      return nil
    }
  }

  /// Ends a request that was begun.
  func end(_ key: [UInt8]) { counts.withLock { $0[key]?.inFlight -= 1 } }
}
