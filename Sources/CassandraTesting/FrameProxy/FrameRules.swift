internal import CassandraWire
internal import CassandraReactor

/// The rules of a proxy: what becomes of a frame is decided here, and nothing is done. Time is an argument.
struct FrameRules: Sendable {
  /// What is to be done with a frame.
  enum Decision {
    case pass
    case drop
    /// Handed on at this time, in milliseconds of the loop's clock.
    case later(UInt64)
    case hold(Gate)
    case forge(ResponseMessage)
    case forgeBytes(Opcode, [UInt8])
    case close
    case cut
    case truncate(Int)
  }

  private struct Entry {
    var rule: FrameRule
    var match: FrameMatch
    var action: FrameAction
    /// Frames that the condition was true of, and those of them that the rule took.
    var seen = 0
    var taken = 0
  }

  private var entries: [Entry] = []
  private var matches: [FrameRule: Int] = [:]
  private var lastNumber = 0
  private var chances: SeededChances

  /// No rules yet.
  init(seed: UInt64) { chances = SeededChances(seed) }

  @discardableResult
  mutating func add(_ match: FrameMatch, _ action: FrameAction) -> FrameRule {
    lastNumber += 1
    let rule = FrameRule(number: lastNumber)
    entries.append(Entry(rule: rule, match: match, action: action))
    return rule
  }

  /// Removes a rule; how often it has matched is still known.
  mutating func remove(_ rule: FrameRule) { entries.removeAll { $0.rule == rule } }

  mutating func removeAll() { entries = [] }

  /// How many frames a rule has taken.
  func matches(of rule: FrameRule) -> Int { matches[rule] ?? 0 }

  /// The last rule that was added and takes the frame decides; without one it passes.
  mutating func decide(
    _ frame: Frame, going direction: FrameDirection, connection: Int, at now: UInt64
  ) -> (decision: Decision, rule: FrameRule?) {
    for index in entries.indices.reversed()
    where entries[index].match.includes(frame, going: direction, connection: connection) {
      let match = entries[index].match
      entries[index].seen += 1
      guard entries[index].seen > match.skipping, entries[index].taken < match.times else { continue }
      guard match.probability >= 1 || chances.next() < match.probability else { continue }
      entries[index].taken += 1
      let rule = entries[index].rule
      matches[rule, default: 0] += 1
      return (decision(entries[index].action, at: now), rule)
    }
    return (.pass, nil)
  }

  private func decision(_ action: FrameAction, at now: UInt64) -> Decision {
    switch action {
    case .pass: .pass
    case .drop: .drop
    case .delay(let time): .later(now + time.wholeMilliseconds)
    case .hold(let gate): .hold(gate)
    case .forge(let message): .forge(message)
    case .forgeBytes(let opcode, let bytes): .forgeBytes(opcode, bytes)
    case .close: .close
    case .cut: .cut
    case .truncate(let count): .truncate(count)
    }
  }
}

/// Chances from 0 to 1 that are the same for the same seed (SplitMix64).
private struct SeededChances: Sendable {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return Double((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53
  }
}
