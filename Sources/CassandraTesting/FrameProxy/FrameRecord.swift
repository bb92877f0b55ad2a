public import CassandraWire

/// A frame that a ``FrameProxy`` has seen, and what became of it.
public struct FrameRecord: Sendable {
  /// What a proxy did with a frame.
  public enum Fate: Sendable, Equatable {
    /// It was handed on at once.
    case passed
    /// It was not handed on.
    case dropped
    /// It was or will be handed on later.
    case delayed
    /// An answer was sent in the node's name.
    case forged
    /// The connections were ended or cut, perhaps after a part of it.
    case ended
  }

  /// The connection, from 1.
  public let connection: Int
  /// The way that it went.
  public let direction: FrameDirection
  /// The version of the protocol.
  public let version: UInt8
  /// What stands before its message.
  public let flags: EnvelopeFlags
  /// The stream id.
  public let stream: Int16
  /// The kind of message; nil for a number that no message has.
  public let opcode: Opcode?
  /// Bytes of its body, decompressed where the proxy can.
  public let bodyBytes: Int
  /// What became of it.
  public let fate: Fate
  /// The rule that decided that.
  public let rule: FrameRule?
}

/// What a ``FrameProxy`` has seen so far.
public struct FrameObservation: Sendable {
  /// Frames that are remembered, the newest: 4,096.
  public static let maximumRecords = 4096

  /// The newest frames, the newest last.
  public private(set) var records: [FrameRecord] = []
  /// All frames.
  public private(set) var frames = 0
  /// Connections that were accepted.
  public internal(set) var connections = 0
  /// Connections that have ended, on both sides.
  public internal(set) var endedConnections = 0
  /// Connections that were ended because one side did not keep to the protocol, or because the node could not be
  /// reached.
  public internal(set) var failures: [String] = []
  var rules: FrameRules

  init(seed: UInt64) { rules = FrameRules(seed: seed) }

  /// How many frames a rule has taken.
  public func matches(of rule: FrameRule) -> Int { rules.matches(of: rule) }

  /// The remembered frames of a kind.
  public func records(_ direction: FrameDirection, _ opcode: Opcode) -> [FrameRecord] {
    records.filter { $0.direction == direction && $0.opcode == opcode }
  }

  mutating func add(_ record: FrameRecord) {
    frames += 1
    // In halves, so that a frame does not move all the others.
    if records.count >= Self.maximumRecords + Self.maximumRecords / 2 {
      records.removeFirst(records.count - Self.maximumRecords)
    }
    records.append(record)
  }

  mutating func add(failure: String) {
    if failures.count < Self.maximumRecords { failures.append(failure) }
  }
}
