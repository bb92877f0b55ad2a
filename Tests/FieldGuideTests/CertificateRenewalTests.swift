import CassandraHTTPServer
import CassandraReactor
import CassandraTelemetry
import CassandraTesting
import CassandraWebTesting
import Testing

@testable import FieldGuide

/// Certificates that are replaced while the API runs.
@Suite(.timeLimit(.minutes(5))) struct CertificateRenewalTests {
  private struct Unreadable: Error {}

  @Test func filesThatHaveChangedAreReadAgain() async throws {
    let authority = CertificateAuthority()
    let (first, second) = (authority.issue(.init("first")), authority.issue(.init("second")))
    let files = Locked<Result<TLSIdentity, Unreadable>>(.success(first))
    let reads = Locked(0)
    let made = Locked<[[UInt8]]>([])
    let log = Log()
    let loops = try EventLoops(count: 1)
    let tls = TLSServer(try TLSServerContext(identity: first))
    var renewal = CertificateRenewal(tls: tls) {
      defer { reads.withLock { $0 += 1 } }
      return try files.withLock { try $0.get() }
    } context: { identity in
      made.withLock { $0.append(identity.certificateChain) }
      return try TLSServerContext(identity: identity)
    }
    renewal.interval = .milliseconds(1)
    let logger = CassandraLogger(label: "test", level: .trace, sink: log)
    let running = Task { [renewal] in try await renewal.run(on: loops[0], logger: logger) }
    func untilLogged(_ count: Int) async throws {
      while log.records.count < count { try await Task.sleep(for: .milliseconds(1)) }
    }
    while reads.withLock({ $0 }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
    // What has been replaced in part does not fit together, which is said once.
    files.withLock {
      $0 = .success(TLSIdentity(certificateChain: second.certificateChain, privateKey: first.privateKey))
    }
    try await untilLogged(1)
    files.withLock { $0 = .success(second) }
    try await untilLogged(2)
    files.withLock { $0 = .failure(Unreadable()) }
    try await untilLogged(3)
    files.withLock { $0 = .success(first) }
    try await untilLogged(4)
    running.cancel()
    _ = await running.result
    #expect(log.records.map { $0.level >= .warning } == [true, false, true, false])
    #expect(made.withLock { $0 } == [second, second, first].map(\.certificateChain))
    await loops.shutDown()
  }

  /// A certificate that cannot be used is used, for there is no other, and warned of once.
  @Test func certificatesOutOfTheirTimeAreWarnedOf() async throws {
    let authority = CertificateAuthority()
    func issue(_ from: Int, _ until: Int) -> TLSIdentity {
      var request = CertificateAuthority.Request("api")
      (request.validFrom, request.validUntil) = (from, until)
      var identity = authority.issue(request)
      identity.file = "/etc/api.pem"
      return identity
    }
    let (early, late, fine) = (issue(86_400, 2 * 86_400), issue(-2 * 86_400, -86_400), issue(-3_600, 86_400))
    let files = Locked(late)
    let log = Log()
    let loops = try EventLoops(count: 1)
    let tls = TLSServer(try TLSServerContext(identity: early))
    var renewal = CertificateRenewal(tls: tls) {
      files.withLock { $0 }
    } context: {
      try TLSServerContext(identity: $0)
    }
    renewal.interval = .milliseconds(1)
    let logger = CassandraLogger(label: "test", level: .trace, sink: log)
    func untilLogged(_ count: Int) async throws {
      while log.records.count < count { try await Task.sleep(for: .milliseconds(1)) }
    }
    let running = Task { [renewal] in try await renewal.run(on: loops[0], logger: logger) }
    try await untilLogged(1)
    files.withLock { $0 = fine }
    try await untilLogged(2)
    files.withLock { $0 = late }
    try await untilLogged(4)
    files.withLock { $0 = fine }
    try await untilLogged(5)
    running.cancel()
    _ = await running.result
    #expect(
      log.records.map(\.message) == [
        "the certificate of the API is not valid yet", "the certificate of the API has been read again",
        "the certificate of the API has been read again", "the certificate of the API has expired",
        "the certificate of the API has been read again",
      ])
    for place in [0, 3] {
      let fields = log.records[place].fields.map { ("\($0.0)", "\($0.1)") }
      #expect(fields.contains { $0.0 == "file" && $0.1.contains("/etc/api.pem") })
      #expect(fields.contains { $0.0 == "not_after" && $0.1.contains("T") })
    }
    await loops.shutDown()
  }
}
