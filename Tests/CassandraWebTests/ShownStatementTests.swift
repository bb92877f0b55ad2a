import CassandraTelemetry
import CassandraWebTesting
import Testing

@testable import Cassandra
@testable import CassandraWeb

/// What logs and spans tell of statements.
@Suite struct ShownStatementTests {
  private static let statement = "CREATE ROLE api WITH PASSWORD /* of today */ = 'secret' AND LOGIN = true"

  private final class Spans: SpanSink {
    let all = Locked<[TraceSpan]>([])

    func record(_ span: TraceSpan) { all.withLock { $0.append(span) } }
  }

  private func request(_ texts: [String]) -> ObservedRequest {
    texts.count == 1 ? ObservedRequest(id: 1, kind: .query, texts[0]) : ObservedRequest(id: 1, batch: texts)
  }

  @Test func aSlowStatementIsLoggedWithoutItsPassword() {
    let log = Log()
    let listener = SlowQueryLog(
      threshold: .milliseconds(1), logger: CassandraLogger(label: "test", level: .trace, sink: log))
    listener.requestEnded(request([Self.statement]), node: nil, duration: .seconds(1), attempts: 1, failure: nil)
    #expect(log.records.count == 1)
    let shown = "\(log.records)"
    #expect(shown.contains("CREATE ROLE api") && !shown.contains("secret"))
  }

  @Test func aSpanHasNoPassword() {
    let spans = Spans()
    SpanContext.withCurrent(SpanContext()) {
      QuerySpans(sink: spans).requestEnded(
        request([Self.statement]), node: nil, duration: .seconds(1), attempts: 1, failure: nil)
    }
    let recorded = spans.all.withLock { $0 }
    #expect(recorded.count == 1)
    let shown = "\(recorded)"
    #expect(shown.contains("CREATE ROLE api") && !shown.contains("secret"))
  }

  @Test func aPasswordThatIsCutInItsMiddleIsHidden() {
    let before = String(repeating: "x", count: SlowQueryLog.maximumTextBytes - 20)
    let shown = ShownStatement.text(of: request([before + "PASSWORD = 'secretsecretsecret'"]))
    #expect(shown.utf8.count <= SlowQueryLog.maximumTextBytes && !shown.contains("secret"))
  }
}
