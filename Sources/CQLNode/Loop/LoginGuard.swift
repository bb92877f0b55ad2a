internal import CassandraReactor

/// Makes guessing passwords slow: after failed logins from an address, answers to logins from there wait.
///
/// All answers wait, also that of the right password: whoever guesses would take silence for a refusal otherwise. Each loop
/// has its own.
struct LoginGuard {
  private struct Record {
    var failures = 0
    var waiting = 0
    var last: UInt64 = 0
  }

  /// Addresses that are remembered: 4,096. When there are more, those with the oldest failures are forgotten.
  private static let maximumAddresses = 4_096
  /// How long a failure is remembered: 10 minutes.
  private static let memory: Duration = .seconds(600)
  /// Failures without any wait: a mistake or two.
  private static let freeFailures = 2
  private static let firstWait: Duration = .milliseconds(100)
  private static let longestWait: Duration = .seconds(5)

  private let maximumWaiting: Int
  private var records: [[UInt8]: Record] = [:]

  init(maximumWaiting: Int) { self.maximumWaiting = maximumWaiting }

  /// How many logins from `address` have failed lately.
  func failures(of address: [UInt8]) -> Int { records[address]?.failures ?? 0 }

  /// Notes a failed login.
  mutating func failed(_ address: [UInt8], at now: UInt64) {
    if records.count >= Self.maximumAddresses, records[address] == nil { forget(at: now) }
    var record = records[address] ?? Record()
    if now - record.last > Self.memory.wholeMilliseconds { record.failures = 0 }
    record.failures += 1
    record.last = now
    records[address] = record
  }

  private mutating func forget(at now: UInt64) {
    records = records.filter { $0.value.waiting > 0 || now - $0.value.last <= Self.memory.wholeMilliseconds }
    guard records.count >= Self.maximumAddresses else { return }
    let kept = records.sorted { $0.value.last > $1.value.last }.prefix(Self.maximumAddresses / 2)
    records = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
  }

  /// How long the answer to a login from `address` has to wait; nil when too many wait already. Whoever waits says when it
  /// is over, with ``endWait(_:)``.
  mutating func beginWait(_ address: [UInt8], at now: UInt64) -> Duration? {
    guard var record = records[address], record.failures > Self.freeFailures,
      now - record.last <= Self.memory.wholeMilliseconds
    else { return .zero }
    guard record.waiting < maximumWaiting else { return nil }
    record.waiting += 1
    records[address] = record
    let doublings = min(record.failures - Self.freeFailures - 1, 10)
    return min(Self.firstWait * (1 << doublings), Self.longestWait)
  }

  /// Whether an address has as many logins waiting as it may: one more is not worth the hash of its password.
  func isFull(_ address: [UInt8]) -> Bool { (records[address]?.waiting ?? 0) >= maximumWaiting }

  /// A login that had to wait waits no longer.
  mutating func endWait(_ address: [UInt8]) {
    guard let waiting = records[address]?.waiting else { return }
    records[address]?.waiting = max(0, waiting - 1)
  }

  /// Forgets the failures of an address from which somebody has logged in.
  mutating func succeeded(_ address: [UInt8]) { records[address]?.failures = 0 }
}
