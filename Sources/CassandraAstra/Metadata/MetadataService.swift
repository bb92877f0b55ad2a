internal import CassandraBytes
internal import CassandraHTTP
internal import CassandraReactor

/// The service that knows the nodes of a database and the proxy in front of them: `GET /metadata` over mutual TLS.
struct MetadataService: Sendable {
  let bundle: SecureConnectBundle
  let limits: AstraLimits

  private var host: String {
    bundle.host.contains(ascii: ":") ? "[\(bundle.host)]:\(bundle.port)" : "\(bundle.host):\(bundle.port)"
  }

  /// The URL, for logs and operators.
  var url: String { "https://\(host)/metadata" }

  /// Asks once.
  ///
  /// - Throws: ``AstraError``.
  nonisolated(nonsending) func ask(on loop: EventLoop) async throws(AstraError) -> MetadataAnswer {
    let due = loop.now + limits.metadataTimeout.wholeMilliseconds
    let transport = try await connect(on: loop, due: due)
    let answer: MetadataExchange.Answer
    do throws(MetadataExchange.Failure) {
      answer = try await MetadataExchange(transport, limit: limits.metadataBytes).run(try request(), due: due)
    } catch {
      throw failure(error)
    }
    guard answer.status == .ok else { throw status(answer.status) }
    do throws(AstraError) { return try MetadataAnswer(parsing: answer.body) } catch {
      throw error.adding("\(url)")
    }
  }

  private func request() throws(MetadataExchange.Failure) -> [UInt8] {
    var request: [UInt8] = []
    do throws(HTTPError) {
      try request.append(request: .get, target: "/metadata", host: host)
      try request.append(field: .accept, "application/json")
    } catch { throw .response(.notHTTP(error)) }
    request.append(field: .connection, literal: "close")
    request.appendEndOfHead()
    return request
  }

  private nonisolated(nonsending) func connect(on loop: EventLoop, due: UInt64) async throws(AstraError) -> Transport {
    do throws(ReactorError) {
      let addresses = try await loop.resolve(bundle.host, port: bundle.port, timeout: limits.metadataTimeout)
      var options = ConnectOptions()
      options.tls = bundle.tls.client(verifying: bundle.host)
      var last = ReactorError(.timedOut, "looking up the name took too long")
      for address in addresses {
        guard due > loop.now else { break }
        options.timeout = .milliseconds(due - loop.now)
        do throws(ReactorError) { return try await Transport.connect(to: address, on: loop, options: options) } catch {
          last = error
        }
      }
      throw last
    } catch {
      throw AstraError.reaching(.metadataService, failed: error, logDetail: url)
    }
  }

  private func failure(_ failure: MetadataExchange.Failure) -> AstraError {
    switch failure {
    case .transport(let error): .reaching(.metadataService, failed: error, logDetail: url)
    case .timedOut:
      .reaching(.metadataService, failed: ReactorError(.timedOut, "it does not answer"), logDetail: url)
    case .cancelled:
      .reaching(.metadataService, failed: ReactorError(.connectionClosed, "it was cancelled"), logDetail: url)
    case .response(.cutShort):
      AstraError(
        .metadataInvalid,
        "Astra's metadata service closed the connection in the middle of its answer; it will be asked again.",
        logDetail: url)
    case .response(.tooLarge):
      AstraError.metadata("has more than \(limits.metadataBytes) bytes", logDetail: url)
    case .response(.notHTTP(let error)):
      AstraError.metadata("is not HTTP", logDetail: url, cause: error)
    }
  }

  private func status(_ status: Status) -> AstraError {
    let logDetail = "\(url) answered \(status)"
    if status == .unauthorized || status == .serviceUnavailable {
      return AstraError(
        .databaseAsleep,
        "Astra says \(status.code): the database is hibernated, parked or terminated, or the secure connect bundle is another database's; resume it in the Astra portal, or download its bundle.",
        logDetail: logDetail)
    }
    return AstraError(
      .metadataStatus,
      "Astra's metadata service answers with status \(status.code); the secure connect bundle may be out of date: download it again from the Astra portal.",
      logDetail: logDetail)
  }
}
