internal import CassandraBytes
package import CassandraTelemetry

/// Whose a certificate is, and from and until when it is valid.
public struct CertificateDates: Sendable, Hashable {
  /// Whose it is, as in `CN = node1, O = Example`.
  public var subject: String
  /// From when it is valid, in seconds since 1970.
  public var notBefore: Int
  /// Until when it is valid, in seconds since 1970.
  public var notAfter: Int
  /// The file that it stands in; nil when that is not known.
  public var file: String?

  /// The dates of a certificate.
  public init(subject: String, notBefore: Int, notAfter: Int, file: String? = nil) {
    self.subject = subject
    self.notBefore = notBefore
    self.notAfter = notAfter
    self.file = file
  }

  /// Those of a certificate that was read.
  public init(_ certificate: Certificate, file: String? = nil) {
    self.init(
      subject: certificate.subject, notBefore: certificate.notBefore, notAfter: certificate.notAfter, file: file)
  }

  /// What a certificate is at a time.
  public enum State: Sendable, Hashable {
    /// It can be used.
    case valid
    /// Its first day is still to come.
    case notYetValid
    /// Its last day is over.
    case expired
  }

  /// What it is at a time, in seconds since 1970.
  public func state(at now: Int) -> State { now < notBefore ? .notYetValid : now > notAfter ? .expired : .valid }
}

extension TLSIdentity {
  /// The dates of the certificates of the chain; none when they cannot be read.
  var dates: [CertificateDates] {
    ((try? Certificate.all(inPEM: certificateChain, of: "the certificate")) ?? []).map {
      CertificateDates($0, file: file)
    }
  }
}

/// Certificates that were found out of their time, so that each is warned of once.
package final class CertificateWarnings: Sendable {
  /// How many are remembered: 64.
  private static let remembered = 64

  private struct Warning: Hashable {
    var dates: CertificateDates
    var state: CertificateDates.State
  }

  private let warnings = Locked<Set<Warning>>([])

  package init() {}

  /// Warns of those that cannot be used, unless it has done so.
  ///
  /// - Parameter whose: Whose they are, as in "the certificate of the API".
  package func note(
    _ certificates: [CertificateDates], of whose: String, to logger: CassandraLogger,
    now: Int = Int(nanosecondsSince1970() / 1_000_000_000)
  ) {
    for certificate in certificates {
      let state = certificate.state(at: now)
      guard state != .valid else { continue }
      let isNew = warnings.withLock { warnings in
        if warnings.count >= Self.remembered { warnings = [] }
        return warnings.insert(Warning(dates: certificate, state: state)).inserted
      }
      guard isNew else { continue }
      logger.warning(
        state == .expired ? "\(whose) has expired" : "\(whose) is not valid yet",
        [
          "file": .text(certificate.file ?? ""), "subject": .text(certificate.subject),
          "not_before": .text(Self.text(certificate.notBefore)), "not_after": .text(Self.text(certificate.notAfter)),
        ])
    }
  }

  /// A time as RFC 3339 has it.
  private static func text(_ seconds: Int) -> String {
    let day = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
    let (date, second) = (CivilDate(daysSinceEpoch: day), seconds - day * 86_400)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return
      "\(date.year)-\(two(date.month))-\(two(date.day))T\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
  }
}
