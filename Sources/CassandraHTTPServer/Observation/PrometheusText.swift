/// Metrics in the text format of Prometheus, version 0.0.4: families one after the other, each with its samples.
public struct PrometheusText: Sendable {
  /// What a family is.
  public enum Kind: String, Sendable {
    case counter
    case gauge
    case histogram
  }

  private var bytes: [UInt8] = []
  private var family = ""

  /// No metrics.
  public init() {}

  /// Begins a family; its samples follow.
  public mutating func family(_ name: String, _ kind: Kind, _ help: String) {
    family = name
    bytes += Array("# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n".utf8)
  }

  /// Adds a sample of the family that has no labels.
  public mutating func sample(_ value: UInt64) { sample([:], value) }

  /// Adds a sample of the family.
  public mutating func sample(_ labels: KeyValuePairs<String, String>, _ value: UInt64) {
    append("", labels.map { ($0.key, $0.value) }, "\(value)")
  }

  /// Adds a histogram of the family, in seconds.
  ///
  /// - Parameters:
  ///   - labels: Its labels.
  ///   - counts: How many were at most so many microseconds, and not at most the bound before, by growing bounds.
  ///   - above: How many were above all of them.
  ///   - totalMicroseconds: All of them together.
  public mutating func histogram(
    _ labels: KeyValuePairs<String, String> = [:], _ counts: [(upToMicroseconds: UInt64, count: UInt64)],
    above: UInt64 = 0, totalMicroseconds: UInt64
  ) {
    let labels = labels.map { ($0.key, $0.value) }
    var sum: UInt64 = 0
    for (bound, count) in counts {
      sum &+= count
      append("_bucket", labels + [("le", Self.seconds(bound))], "\(sum)")
    }
    sum &+= above
    append("_bucket", labels + [("le", "+Inf")], "\(sum)")
    append("_sum", labels, Self.seconds(totalMicroseconds))
    append("_count", labels, "\(sum)")
  }

  private static func seconds(_ microseconds: UInt64) -> String { (Double(microseconds) / 1_000_000).description }

  private mutating func append(_ suffix: String, _ labels: [(String, String)], _ value: String) {
    bytes += Array((family + suffix).utf8)
    if !labels.isEmpty {
      bytes.append(UInt8(ascii: "{"))
      for (index, label) in labels.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes += Array(label.0.utf8)
        bytes.append(UInt8(ascii: "="))
        bytes.append(UInt8(ascii: "\""))
        for byte in label.1.utf8 {
          switch byte {
          case UInt8(ascii: "\\"): bytes += [byte, byte]
          case UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
          case UInt8(ascii: "\n"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
          default: bytes.append(byte)
          }
        }
        bytes.append(UInt8(ascii: "\""))
      }
      bytes.append(UInt8(ascii: "}"))
    }
    bytes.append(UInt8(ascii: " "))
    bytes += Array(value.utf8)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Adds what a server has done.
  public mutating func add(_ metrics: ServerMetrics) {
    family("http_requests_total", .counter, "Requests that were answered.")
    for route in metrics.routes {
      for (status, count) in route.statuses.sorted(by: { $0.key < $1.key }) {
        sample(["method": route.method, "route": route.route, "status": "\(status)"], count)
      }
    }
    family("http_request_duration_seconds", .histogram, "Time from the head of a request to the end of its answer.")
    for route in metrics.routes {
      let counts = zip(ServerMetrics.bounds, route.durations).map { (upToMicroseconds: $0, count: $1) }
      histogram(
        ["method": route.method, "route": route.route], counts, above: route.durations.last ?? 0,
        totalMicroseconds: route.totalMicroseconds)
    }
    family("http_response_body_bytes_total", .counter, "Bytes of the bodies of answers.")
    for route in metrics.routes { sample(["method": route.method, "route": route.route], route.bodyBytes) }
    family("http_refusals_total", .counter, "Requests that were refused, and clients that were cut.")
    for refusal in ServerMetrics.Refusal.allCases {
      sample(["reason": refusal.rawValue], metrics.refusals[refusal] ?? 0)
    }
    family("http_connections_accepted_total", .counter, "Connections that were accepted.")
    sample(metrics.acceptedConnections)
    family("http_spans_dropped_total", .counter, "Spans that were dropped, because the collector did not take them.")
    sample(metrics.droppedSpans)
    for (name, value, help) in [
      ("http_connections", metrics.connections, "Connections that are open."),
      ("http_requests_in_flight", metrics.requestsInFlight, "Requests that are being answered."),
      ("http_streams", metrics.streams, "Streamed answers that are under way."),
      ("http_waiting_bytes", metrics.waitingBytes, "Bytes of answers that wait for slow clients."),
    ] {
      family(name, .gauge, help)
      sample(UInt64(max(0, value)))
    }
  }

  /// The metrics as an answer.
  public func response() -> Response {
    Response(contentType: try? FieldLine(.contentType, "text/plain; version=0.0.4; charset=utf-8"), bytes: bytes)
  }
}

extension PrometheusText: ResponseConvertible {}
