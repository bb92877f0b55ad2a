import Foundation
import Testing

@testable import CassandraTelemetry

@Suite struct LogFormatTests {
  private let record = LogRecord(
    nanoseconds: 1_795_421_838_123_456_789, level: .warning, label: "web", message: "a request failed",
    fields: [
      (name: "id", value: "abc-1"), (name: "detail", value: "two words\nand \"a\" line"), (name: "ms", value: 12),
      (name: "ratio", value: .number(0.5)), (name: "empty", value: ""), (name: "retry", value: .flag(true)),
    ])

  private func line(_ format: LogFormat) -> String {
    var buffer: [UInt8] = []
    format.append(record, to: &buffer)
    return String(decoding: buffer, as: UTF8.self)
  }

  @Test func text() {
    #expect(
      line(.text)
        == #"2026-11-23T08:17:18.123Z warning web: a request failed id=abc-1 detail="two words\nand \"a\" line" ms=12 ratio=0.5 empty="" retry=true"#
        + "\n")
  }

  @Test func json() {
    #expect(
      line(.json)
        == #"{"time":"2026-11-23T08:17:18.123Z","level":"warning","label":"web","message":"a request failed","id":"abc-1","detail":"two words\nand \"a\" line","ms":12,"ratio":0.5,"empty":"","retry":true}"#
        + "\n")
  }

  /// What strangers say is as long as they like.
  @Test func longValuesAreCut() {
    for format in LogFormat.allCases {
      func line(_ count: Int) -> Int {
        var buffer: [UInt8] = []
        let text = String(repeating: "é", count: count / 2)
        format.append(
          LogRecord(nanoseconds: 0, level: .info, label: "l", message: "m", fields: [("f", .text(text))]), to: &buffer)
        #expect(String(decoding: buffer, as: UTF8.self).contains("… (") == (count > LogFormat.maximumTextBytes))
        return buffer.count
      }
      #expect(line(8192) > 8192)
      #expect(line(1 << 20) < 8400)
    }
  }

  /// What a terminal may act on is escaped, also above ASCII, and in a value that needs no quotes otherwise.
  @Test(arguments: [
    ("\u{9b}31m", #"\u009b31m"#), ("\u{80}\u{9f}", #"\u0080\u009f"#), ("a\u{2028}b\u{2029}", #"a\u2028b\u2029"#),
    ("\u{202e}x\u{2066}", #"\u202ex\u2066"#), ("\u{a0}\u{e9}\u{20ac}\u{1f600}", "\u{a0}\u{e9}\u{20ac}\u{1f600}"),
    ("\u{1b}", #"\u001b"#), ("\u{200e}\u{200f}\u{61c}", #"\u200e\u200f\u061c"#),
    ("\u{200b}\u{feff}\u{ad}", #"\u200b\ufeff\u00ad"#), ("\u{e0041}", #"\udb40\udc41"#), ("\u{206a}", #"\u206a"#),
  ])
  func controlsAreEscaped(_ text: String, _ escaped: String) {
    for format in LogFormat.allCases {
      var buffer: [UInt8] = []
      let record = LogRecord(
        nanoseconds: 0, level: .info, label: "l", message: text, fields: [(name: "f", value: .text(text))])
      format.append(record, to: &buffer)
      let line = String(decoding: buffer, as: UTF8.self)
      #expect(line.components(separatedBy: escaped).count == 3, "\(line)")
      #expect(!line.unicodeScalars.dropLast().contains { $0.value < 0x20 || 0x7f...0x9f ~= $0.value })
    }
  }
}

@Suite struct SecretTests {
  @Test func isNeverShown() {
    let secret = Secret("hunter2")
    var dumped = ""
    dump((secret, [secret]), to: &dumped)
    for text in ["\(secret)", String(reflecting: secret), "\([secret])", dumped] {
      #expect(!text.contains("hunter2"))
    }
    #expect(secret.reveal() == "hunter2")
  }
}

@Suite struct LoggerTests {
  private final class Sink: LogSink {
    let lines = Locked<[LogRecord]>([])
    func write(_ record: LogRecord) { lines.withLock { $0.append(record) } }
  }

  @Test func leavesOutWhatIsBelowItsLevel() {
    let sink = Sink()
    let logger = CassandraLogger(label: "test", level: .warning, sink: sink)
    logger.info("left out")
    logger.warning("kept", ["n": 1])
    logger.labelled("other").error("kept too")
    let lines = sink.lines.withLock { $0 }
    #expect(lines.map(\.message) == ["kept", "kept too"])
    #expect(lines.map(\.label) == ["test", "other"])
    #expect(lines[0].fields.map(\.name) == ["n"])
  }
}

@Suite struct RepeatedLinesTests {
  private func record(_ message: String, _ level: LogLevel = .warning, at time: Int64 = 0) -> LogRecord {
    LogRecord(nanoseconds: time, level: level, label: "web", message: message, fields: [])
  }

  @Test func aLineThatComesAgainAndAgainIsCounted() {
    var lines = RepeatedLines()
    let written = (0..<60_000).count { _ in lines.takes(record("server warning")) }
    #expect(written == RepeatedLines.writtenLines)
    let others = lines.takes(record("another"))
    #expect(others && lines.hasLeftOut)
    #expect(lines.ended(by: RepeatedLines.window - 1, at: 7).isEmpty)
    let told = lines.ended(by: RepeatedLines.window, at: 7)
    #expect(told.map(\.message) == ["server warning"])
    #expect(told.first?.fields.first?.value == .integer(60_000 - RepeatedLines.writtenLines))
    #expect(!lines.hasLeftOut)
    let again = lines.takes(record("server warning", at: RepeatedLines.window))
    #expect(again)
  }

  @Test func whatWasAskedForIsAlwaysWritten() {
    var lines = RepeatedLines()
    let written = (0..<1_000).count { _ in lines.takes(record("request", .info)) }
    #expect(written == 1_000)
  }
}
