internal import CassandraReactor
internal import CassandraTelemetry

/// Reads the API's certificate and key again on SIGHUP, for the connections that come afterwards.
struct CertificateRenewal: Sendable {
  let tls: TLSServer
  /// Reads the files.
  let read: @Sendable () throws -> TLSServerContext?

  /// Waits for the signal and reads. What cannot be used is logged, and what there was stays.
  ///
  /// - Throws: `CancellationError`.
  func once(on loop: EventLoop, logger: CassandraLogger) async throws {
    _ = try await loop.signal(.hangUp)
    do {
      guard let context = try read() else { return }
      tls.renew(context)
      logger.info("the certificate of the API has been read again")
    } catch {
      logger.error(
        "the certificate of the API cannot be read again; the one before is kept", ["error": .text("\(error)")])
    }
  }
}
