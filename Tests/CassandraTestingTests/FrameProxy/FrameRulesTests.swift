import CassandraWire
import Testing

@testable import CassandraTesting

/// The rules of a proxy as transcripts: a frame in, a decision out, time by hand.
@Suite struct FrameRulesTests {
  private static func frame(_ opcode: Opcode, stream: Int16 = 0, body: String = "") -> Frame {
    Frame(
      EnvelopeHeader(version: .v4, isResponse: !opcode.isRequest, stream: stream, opcode: opcode),
      body: Array(body.utf8))
  }

  /// What is decided on a request at the time 100, on the first connection.
  private static func decide(_ rules: inout FrameRules, _ frame: Frame, at now: UInt64 = 100, connection: Int = 1)
    -> String
  {
    let direction: FrameDirection = frame.header.isResponse ? .toDriver : .toNode
    let (decision, rule) = rules.decide(frame, going: direction, connection: connection, at: now)
    let name =
      switch decision {
      case .pass: "pass"
      case .drop: "drop"
      case .later(let due): "later \(due)"
      case .hold: "hold"
      case .forge(let message): "forge \(message.opcode)"
      case .forgeBytes(let opcode, let bytes): "forge \(bytes.count) bytes of \(opcode)"
      case .close: "close"
      case .cut: "cut"
      case .truncate(let count): "truncate \(count)"
      }
    return rule.map { "\(name) by \($0.number)" } ?? name
  }

  @Test func withoutARuleFramesPass() {
    var rules = FrameRules(seed: 1)
    #expect(Self.decide(&rules, Self.frame(.query)) == "pass")
    #expect(Self.decide(&rules, Self.frame(.result)) == "pass")
  }

  @Test func aRuleTakesTheFramesOfItsKind() {
    var rules = FrameRules(seed: 1)
    let query = rules.add(FrameMatch(.toNode, .query), .drop)
    let stream = rules.add(FrameMatch(stream: 7), .delay(.milliseconds(50)))
    let connection = rules.add(FrameMatch(connection: 2), .cut)
    let text = rules.add(FrameMatch(text: "FROM plants"), .forge(.ready))
    #expect(Self.decide(&rules, Self.frame(.query)) == "drop by 1")
    #expect(Self.decide(&rules, Self.frame(.execute)) == "pass")
    #expect(Self.decide(&rules, Self.frame(.result, stream: 7)) == "later 150 by 2")
    #expect(Self.decide(&rules, Self.frame(.result, stream: 8)) == "pass")
    #expect(Self.decide(&rules, Self.frame(.result), connection: 2) == "cut by 3")
    #expect(Self.decide(&rules, Self.frame(.prepare, body: "SELECT a FROM plants")) == "forge READY by 4")
    #expect(Self.decide(&rules, Self.frame(.prepare, body: "SELECT a FROM plant")) == "pass")
    #expect([query, stream, connection, text].map { rules.matches(of: $0) } == [1, 1, 1, 1])
  }

  @Test func theWayMatters() {
    var rules = FrameRules(seed: 1)
    rules.add(FrameMatch(.toDriver), .close)
    #expect(Self.decide(&rules, Self.frame(.query)) == "pass")
    #expect(Self.decide(&rules, Self.frame(.error)) == "close by 1")
  }

  @Test func aRuleMayBeginLateAndEndEarly() {
    var rules = FrameRules(seed: 1)
    let rule = rules.add(FrameMatch(.toNode, .execute, skipping: 2, times: 2), .truncate(5))
    let decisions = (0..<6).map { _ in Self.decide(&rules, Self.frame(.execute)) }
    #expect(decisions == ["pass", "pass", "truncate 5 by 1", "truncate 5 by 1", "pass", "pass"])
    #expect(rules.matches(of: rule) == 2)
  }

  @Test func theLastRuleDecidesAndShieldsTheOthers() {
    var rules = FrameRules(seed: 1)
    rules.add(FrameMatch(.toNode), .drop)
    let shield = rules.add(FrameMatch(.toNode, .options), .pass)
    #expect(Self.decide(&rules, Self.frame(.options)) == "pass by 2")
    #expect(Self.decide(&rules, Self.frame(.query)) == "drop by 1")
    rules.remove(shield)
    #expect(Self.decide(&rules, Self.frame(.options)) == "drop by 1")
    #expect(rules.matches(of: shield) == 1)
    rules.removeAll()
    #expect(Self.decide(&rules, Self.frame(.options)) == "pass")
  }

  @Test func aRuleThatIsUsedUpLeavesTheFrameToTheOneBefore() {
    var rules = FrameRules(seed: 1)
    rules.add(FrameMatch(), .drop)
    rules.add(FrameMatch(times: 1), .forgeBytes(.result, [1, 2]))
    #expect(Self.decide(&rules, Self.frame(.query)) == "forge 2 bytes of RESULT by 2")
    #expect(Self.decide(&rules, Self.frame(.query)) == "drop by 1")
  }

  @Test func aSeedRepeatsItsChances() {
    func run(_ seed: UInt64) -> [String] {
      var rules = FrameRules(seed: seed)
      rules.add(FrameMatch(probability: 0.3), .drop)
      return (0..<1000).map { _ in Self.decide(&rules, Self.frame(.query)) }
    }
    #expect(run(1) == run(1))
    #expect(run(1) != run(2))
    // Of 1000 chances of 0.3 fewer than 200 or more than 400 are out of the question.
    #expect((200...400).contains(run(1).count { $0 != "pass" }))
    var rules = FrameRules(seed: 1)
    rules.add(FrameMatch(probability: 0), .drop)
    #expect((0..<100).allSatisfy { _ in Self.decide(&rules, Self.frame(.query)) == "pass" })
  }

  @Test func theNewestFramesAreRemembered() {
    var observation = FrameObservation(seed: 1)
    let number = 3 * FrameObservation.maximumRecords
    for stream in 0..<number {
      let frame = Self.frame(.query, stream: Int16(stream))
      observation.add(FrameRecord(frame, connection: 1, .toNode, .pass, nil))
    }
    #expect(observation.frames == number)
    #expect(observation.records.count >= FrameObservation.maximumRecords)
    #expect(observation.records.count <= 2 * FrameObservation.maximumRecords)
    #expect(observation.records.suffix(2).map(\.stream) == [Int16(number - 2), Int16(number - 1)])
  }
}
