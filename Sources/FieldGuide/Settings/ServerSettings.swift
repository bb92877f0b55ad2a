internal import CassandraHTTPServer
internal import CassandraReactor
internal import CassandraTerminal

/// What can be set of the server: each by an environment variable, or in `.env`, and by an option of the command, which
/// goes before.
struct ServerSetting: Sendable {
  /// The variable.
  let name: String
  /// What its value is called in the help.
  let value: String
  /// What it does, with its default.
  let help: String
  /// Puts the value into the configuration; returns what is wrong with it, to follow the name of the setting.
  let apply: @Sendable (inout ServerConfiguration, SettingsSource.Value) -> String?

  /// Puts the value into the configuration.
  func set(_ configuration: inout ServerConfiguration, _ value: SettingsSource.Value) throws(SettingsError) {
    if let wrong = apply(&configuration, value) { throw SettingsError("\(value.place) \(wrong), not '\(value.text)'.") }
  }

  /// The option of the command: `idle-timeout` for `FIELDGUIDE_IDLE_TIMEOUT`.
  var option: String {
    String(
      decoding: name.utf8.dropFirst("FIELDGUIDE_".utf8.count).map {
        $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 | 0x20
      }, as: UTF8.self)
  }
}

extension ServerSetting {
  /// All of them, in the order of the help. What the value of one is made of may be overridden by the next, so the ports
  /// come first.
  static let all: [ServerSetting] = times + sizes + answers

  private static let times: [ServerSetting] = [
    time("IDLE_TIMEOUT", \.idleTimeout, "how long a connection is kept without a request (75)"),
    time("HEAD_TIMEOUT", \.headTimeout, "how long a request's head may take (10)"),
    time("BODY_TIMEOUT", \.bodyTimeout, "how long a body may pause (30)"),
    time("BUDGET_TIMEOUT", \.budgetTimeout, "how long a request waits for others that hold all bytes (10)"),
    time("LINGER_TIMEOUT", \.lingerTimeout, "how long a refused client has to read why (2)"),
    time("WRITE_TIMEOUT", \.writeTimeout, "how long a client may read nothing of its response (30)"),
    time("SHUTDOWN_DELAY", \.shutdownDelay, "how long it serves after SIGTERM while /health/ready says no (0)"),
    time(
      "LAST_ANSWERS_TIMEOUT", \.lastAnswersTimeout,
      "how long it takes connections afterwards, which end with their answers (1)"),
    time("SHUTDOWN_TIMEOUT", \.shutdownTimeout, "how long requests in flight may take during shutdown (10)"),
  ]

  private static let sizes: [ServerSetting] = [
    number("MAX_BODY_BYTES", \.maximumBodyBytes, in: 1...1 << 30, "largest body in bytes (1048576)"),
    number(
      "MAX_REQUEST_BYTES", \.maximumRequestBytes, in: 1 << 20...1 << 40, "bytes of all bodies at once (268435456)"),
    number(
      "MAX_WAITING_BYTES", \.maximumWaitingBytes, in: 1 << 20...1 << 40, "bytes that wait for slow clients (67108864)"),
    number("SLOWEST_BODY", \.slowestBodyBytesPerSecond, in: 1...1 << 30, "bytes a second of a body, at least (500)"),
    number(
      "SLOWEST_READER", \.slowestReaderBytesPerSecond, in: 1...1 << 30,
      "bytes a second of the slowest reader that is waited for (1000)"),
    number("MAX_CONNECTIONS", \.maximumConnections, in: 1...1 << 24, "connections at once (65536)"),
    number("MAX_STREAMS", \.maximumStreams, in: 1...1 << 20, "streamed answers at once (1024)"),
  ]

  private static let answers: [ServerSetting] = [
    ServerSetting(name: "FIELDGUIDE_HTTP2", value: "off", help: "off: HTTP/1.1 only (on)") { configuration, value in
      guard let isOn = isOn(value) else { return notAFlag }
      configuration.http2 = isOn ? HTTP2Options() : nil
      return nil
    },
    ServerSetting(
      name: "FIELDGUIDE_METRICS", value: "on", help: "on: /metrics for Prometheus, and requests are counted (off)"
    ) {
      configuration, value in
      guard let isOn = isOn(value) else { return notAFlag }
      configuration.countsRequests = isOn
      return nil
    },
    ServerSetting(
      name: "FIELDGUIDE_SLOW_REQUEST", value: "MS",
      help: "requests and queries above so many milliseconds are logged (none)"
    ) { configuration, value in
      guard let number = Int(value.text), 1...86_400_000 ~= number else {
        return "takes a number of milliseconds from 1 to 86400000"
      }
      configuration.slowRequestThreshold = .milliseconds(number)
      return nil
    },
    flag("ACCESS_LOG", \.logsAccess, "on: a line in the log for each request (off)"),
    flag("REQUEST_IDS", \.sendsRequestIDs, "on: X-Request-ID and traceparent on each answer (off)"),
    flag("GZIP", \.compresses, "on: answers are compressed for who takes it (off)"),
    flag("ETAGS", \.tagsEntities, "on: whole answers have an ETag, and 304 (off)"),
    ServerSetting(name: "FIELDGUIDE_SECURITY_FIELDS", value: "on", help: "on: fields that a browser obeys (off)") {
      configuration, value in
      guard let isOn = isOn(value) else { return notAFlag }
      configuration.answers.fields = isOn ? AnswerOptions.securityFields : []
      return nil
    },
    ServerSetting(name: "FIELDGUIDE_CORS_ORIGINS", value: "LIST", help: "origins whose pages may ask; * for any (none)")
    {
      configuration, value in
      let origins = list(value.text)
      // A browser names scheme, host and perhaps port, and nothing behind, so anything else would let nobody in.
      guard origins == ["*"] || !origins.isEmpty && origins.allSatisfy(isOrigin) else {
        return
          "takes * or a list of origins such as https://example.com, in lower case and without a path, with commas between"
      }
      configuration.answers.crossOrigin = CrossOrigin(origins: origins == ["*"] ? nil : origins)
      return nil
    },
    ServerSetting(
      name: "FIELDGUIDE_TRUSTED_PROXIES", value: "LIST",
      help: "proxies that say who the client is: 10.0.0.0/8, unix (none)"
    ) { configuration, value in
      var ranges: [AddressRange] = []
      for text in list(value.text) {
        guard let range = AddressRange(text) else {
          return "takes a list of addresses or ranges such as 10.0.0.0/8, with commas between"
        }
        ranges.append(range)
      }
      configuration.answers.trustedProxies = ranges
      return nil
    },
    ServerSetting(name: "FIELDGUIDE_RATE_LIMIT", value: "N", help: "requests a second of one client (no limit)") {
      configuration, value in
      guard let rate = Int(value.text), 1...1_000_000 ~= rate else { return "takes a number from 1 to 1000000" }
      var limits = configuration.answers.requestLimits ?? RequestLimits()
      limits.requestsPerSecond = rate
      limits.burst = rate * 2
      configuration.answers.requestLimits = limits
      return nil
    },
  ]
}

// MARK: - Kinds of values

extension ServerSetting {
  private static func time(
    _ name: String, _ path: any WritableKeyPath<ServerConfiguration, Duration> & Sendable, _ help: String
  ) -> ServerSetting {
    ServerSetting(name: "FIELDGUIDE_\(name)", value: "SECONDS", help: help) { configuration, value in
      guard let seconds = Double(value.text), 0...86_400 ~= seconds else { return "takes seconds from 0 to 86400" }
      configuration[keyPath: path] = .milliseconds(Int64(seconds * 1000))
      return nil
    }
  }

  private static func number(
    _ name: String, _ path: any WritableKeyPath<ServerConfiguration, Int> & Sendable, in range: ClosedRange<Int>,
    _ help: String
  ) -> ServerSetting {
    ServerSetting(name: "FIELDGUIDE_\(name)", value: "N", help: help) { configuration, value in
      guard let number = Int(value.text), range.contains(number) else {
        return "takes a number from \(range.lowerBound) to \(range.upperBound)"
      }
      configuration[keyPath: path] = number
      return nil
    }
  }

  private static func flag(
    _ name: String, _ path: any WritableKeyPath<AnswerOptions, Bool> & Sendable, _ help: String
  ) -> ServerSetting {
    ServerSetting(name: "FIELDGUIDE_\(name)", value: "on", help: help) { configuration, value in
      guard let isOn = isOn(value) else { return notAFlag }
      configuration.answers[keyPath: path] = isOn
      return nil
    }
  }

  private static func isOrigin(_ text: String) -> Bool {
    guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else { return false }
    let host = text.utf8.dropFirst(scheme.utf8.count)
    return !host.isEmpty
      && host.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"): true
        case UInt8(ascii: "["), UInt8(ascii: "]"): true
        default: false
        }
      }
  }

  private static let notAFlag = "takes on or off"

  private static func isOn(_ value: SettingsSource.Value) -> Bool? {
    switch value.text {
    case "on", "true", "yes", "1": true
    case "off", "false", "no", "0": false
    default: nil
    }
  }

  /// The parts between commas, without the blanks around them.
  static func list(_ text: String) -> [String] {
    text.split(separator: ",").map { part in
      String(part.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
  }
}
