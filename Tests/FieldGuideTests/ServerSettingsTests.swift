import CassandraHTTPServer
import CassandraReactor
import Testing

@testable import FieldGuide

/// What can be set of the server: that it reaches the configuration which the server obeys, and that nonsense is refused in a
/// sentence which tells what would be right. What the server does with each is tested where it is done.
@Suite struct ServerSettingsTests {
  /// A setting, a value, what the configuration is then, and values that are refused with a part of the sentence.
  struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let value: String
    let takesEffect: @Sendable (ServerConfiguration) -> Bool
    let wrong: [String]
    let sentence: String
    var testDescription: String { name }
  }

  private static func time(
    _ name: String, _ path: any KeyPath<ServerConfiguration, Duration> & Sendable
  ) -> Row {
    Row(
      name: name, value: "2.5", takesEffect: { $0[keyPath: path] == .milliseconds(2500) },
      wrong: ["-1", "86401", "soon", "1s", "nan", "inf"], sentence: "takes seconds from 0 to 86400")
  }

  private static func number(
    _ name: String, _ path: any KeyPath<ServerConfiguration, Int> & Sendable, _ value: Int, in range: ClosedRange<Int>
  ) -> Row {
    Row(
      name: name, value: "\(value)", takesEffect: { $0[keyPath: path] == value },
      wrong: ["\(range.lowerBound - 1)", "\(range.upperBound + 1)", "-1", "1.5", "1k", "many", "99999999999999999999"],
      sentence: "takes a number from \(range.lowerBound) to \(range.upperBound)")
  }

  private static func flag(_ name: String, _ isOn: @escaping @Sendable (ServerConfiguration) -> Bool) -> Row {
    Row(name: name, value: "on", takesEffect: isOn, wrong: ["On", "maybe", "2", "on "], sentence: "takes on or off")
  }

  private static func origins(_ configuration: ServerConfiguration) -> [String]? {
    configuration.answers.crossOrigin.flatMap { $0.origins }
  }

  static let rows: [Row] = [
    time("IDLE_TIMEOUT", \.idleTimeout), time("HEAD_TIMEOUT", \.headTimeout), time("BODY_TIMEOUT", \.bodyTimeout),
    time("BUDGET_TIMEOUT", \.budgetTimeout), time("LINGER_TIMEOUT", \.lingerTimeout),
    time("WRITE_TIMEOUT", \.writeTimeout), time("SHUTDOWN_DELAY", \.shutdownDelay),
    time("LAST_ANSWERS_TIMEOUT", \.lastAnswersTimeout), time("SHUTDOWN_TIMEOUT", \.shutdownTimeout),
    number("MAX_BODY_BYTES", \.maximumBodyBytes, 77, in: 1...1 << 30),
    number("MAX_REQUEST_BYTES", \.maximumRequestBytes, 1 << 21, in: 1 << 20...1 << 40),
    number("MAX_WAITING_BYTES", \.maximumWaitingBytes, 1 << 22, in: 1 << 20...1 << 40),
    number("SLOWEST_BODY", \.slowestBodyBytesPerSecond, 7, in: 1...1 << 30),
    number("SLOWEST_READER", \.slowestReaderBytesPerSecond, 9, in: 1...1 << 30),
    number("MAX_CONNECTIONS", \.maximumConnections, 12, in: 1...1 << 24),
    number("MAX_STREAMS", \.maximumStreams, 3, in: 1...1 << 20),
    Row(
      name: "HTTP2", value: "off", takesEffect: { $0.http2 == nil }, wrong: ["no HTTP/2", "OFF"],
      sentence: "takes on or off"),
    flag("METRICS") { $0.countsRequests }, flag("ACCESS_LOG") { $0.answers.logsAccess },
    flag("REQUEST_IDS") { $0.answers.sendsRequestIDs }, flag("GZIP") { $0.answers.compresses },
    flag("ETAGS") { $0.answers.tagsEntities }, flag("SECURITY_FIELDS") { !$0.answers.fields.isEmpty },
    Row(
      name: "SLOW_REQUEST", value: "250", takesEffect: { $0.slowRequestThreshold == .milliseconds(250) },
      wrong: ["0", "86400001", "-1", "1.5", "slow"], sentence: "takes a number of milliseconds from 1 to 86400000"),
    Row(
      name: "CORS_ORIGINS", value: "https://a.example, http://localhost:3000",
      takesEffect: { origins($0) == ["https://a.example", "http://localhost:3000"] },
      wrong: [
        "a.example", "https://", "https://a.example/", "https://a.example/path", "https://A.example", "ftp://a.example",
        "*, https://a.example", ",", "https://a.example https://b.example", "https://*.example", "null",
        "https://user@a.example", "https://a.example?x", "https://é.example",
      ], sentence: "takes * or a list of origins such as https://example.com"),
    Row(
      name: "TRUSTED_PROXIES", value: "10.0.0.0/8,unix", takesEffect: { $0.answers.trustedProxies.count == 2 },
      wrong: ["10.0.0.0/33", "proxy", "10.0.0.0/", "10.0.0/8"], sentence: "takes a list of addresses or ranges"),
    Row(
      name: "RATE_LIMIT", value: "20",
      takesEffect: {
        $0.answers.requestLimits?.requestsPerSecond == 20 && $0.answers.requestLimits?.burst == 40
      }, wrong: ["0", "1000001", "-1", "fast"], sentence: "takes a number from 1 to 1000000"),
  ]

  /// A setting without a row here is one that nobody has tried.
  @Test func everySettingHasARow() {
    #expect(Set(Self.rows.map { "FIELDGUIDE_\($0.name)" }) == Set(ServerSetting.all.map(\.name)))
    #expect(Self.rows.count == ServerSetting.all.count)
  }

  private func set(_ row: Row, to value: String) throws -> ServerConfiguration {
    let setting = try #require(ServerSetting.all.first { $0.name == "FIELDGUIDE_\(row.name)" })
    var configuration = ServerConfiguration()
    try setting.set(
      &configuration, SettingsSource.Value(text: value, place: "--\(setting.option)", folder: nil))
    return configuration
  }

  @Test(arguments: rows) func aValueTakesEffect(_ row: Row) throws {
    #expect(!row.takesEffect(ServerConfiguration()))
    #expect(row.takesEffect(try set(row, to: row.value)))
  }

  @Test(arguments: rows) func nonsenseIsRefusedInASentence(_ row: Row) throws {
    for value in row.wrong {
      let refusal = try #require(throws: SettingsError.self, "\(value)") { try set(row, to: value) }
      #expect(refusal.description.contains(row.sentence) && refusal.description.hasSuffix("not '\(value)'."))
      #expect(refusal.description.hasPrefix("--"))
    }
  }

  @Test func anyOriginIsOneStar() throws {
    let row = try #require(Self.rows.first { $0.name == "CORS_ORIGINS" })
    let configuration = try set(row, to: "*")
    #expect(configuration.answers.crossOrigin != nil && Self.origins(configuration) == nil)
  }
}
