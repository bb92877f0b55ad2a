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

  @Test(arguments: [(0, 1970, 1, 1), (-1, 1969, 12, 31), (11_016, 2000, 2, 29), (20_780, 2026, 11, 23)])
  func civilDates(_ days: Int64, _ year: Int64, _ month: Int64, _ day: Int64) {
    let date = CivilDate(daysSince1970: days)
    #expect((date.year, date.month, date.day) == (year, month, day))
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
