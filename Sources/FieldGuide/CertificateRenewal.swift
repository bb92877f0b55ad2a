internal import CassandraReactor
internal import CassandraTelemetry

/// Reads the API's certificate and key again on SIGHUP, and when the files have changed, for the connections that come
/// afterwards.
struct CertificateRenewal: Sendable {
  /// How often the files are looked at: every 30 s.
  static let interval: Duration = .seconds(30)

  let tls: TLSServer
  /// How often the files are looked at.
  var interval = Self.interval
  /// Reads the files.
  let read: @Sendable () throws -> TLSIdentity?
  /// Makes of them what connections are made with.
  let context: @Sendable (TLSIdentity) throws -> TLSServerContext

  /// What the files were.
  private enum Sight: Equatable {
    case files(certificateChain: [UInt8], privateKey: [UInt8], place: String?)
    case unreadable(String)
  }

  private enum Reason {
    case signal
    case time
  }

  /// Looks again and again. What cannot be used is logged once, and what there was stays: between the replacement of the
  /// first file and of the second they do not belong together. A certificate whose time is over or is still to come is used,
  /// for there is no other, and warned of once.
  ///
  /// - Throws: `CancellationError`.
  func run(on loop: EventLoop, logger: CassandraLogger) async throws {
    let warnings = CertificateWarnings()
    var last = look()
    while true {
      // Each time: it may have expired meanwhile.
      warnings.note(tls.context.identityDates, of: "the certificate of the API", to: logger)
      let reason = try await nextReason(on: loop)
      let sight = look()
      guard reason == .signal || sight != last else { continue }
      last = sight
      do {
        tls.renew(try context(try read(sight)))
        logger.info("the certificate of the API has been read again")
      } catch {
        logger.error(
          "the certificate of the API cannot be read again; the one before is kept", ["error": .text("\(error)")])
      }
    }
  }

  private func look() -> Sight? {
    do {
      return try read().map {
        .files(certificateChain: $0.certificateChain, privateKey: $0.privateKey, place: $0.file)
      }
    } catch { return .unreadable("\(error)") }
  }

  private func read(_ sight: Sight?) throws -> TLSIdentity {
    switch sight {
    case .files(let chain, let key, let place):
      return TLSIdentity(certificateChain: chain, privateKey: key, file: place)
    case .unreadable(let words): throw SettingsError(words)
    case nil: throw SettingsError("The certificate of the API is not set any more.")
    }
  }

  private func nextReason(on loop: EventLoop) async throws -> Reason {
    try await withThrowingTaskGroup(of: Reason.self) { group in
      group.addTask {
        _ = try await loop.signal(.hangUp)
        return .signal
      }
      group.addTask { [interval] in
        try await loop.run { try await loop.sleep(for: interval) }
        return .time
      }
      defer { group.cancelAll() }
      guard let reason = try await group.next() else { throw CancellationError() }
      return reason
    }
  }
}
