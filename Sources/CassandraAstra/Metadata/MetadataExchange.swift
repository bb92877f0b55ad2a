internal import CassandraHTTP
internal import CassandraReactor

/// One request to the metadata service on a connection of its own; it lives on one loop.
final class MetadataExchange: TransportDelegate {
  typealias Answer = (status: Status, body: [UInt8])

  enum Failure: Error {
    case transport(ReactorError)
    case response(MetadataResponse.Failure)
    case timedOut
    case cancelled
  }

  private let transport: Transport
  private var response: MetadataResponse
  private let result = OneShot<Result<Answer, Failure>>()

  init(_ transport: Transport, limit: Int) {
    self.transport = transport
    response = MetadataResponse(limit: limit)
  }

  /// Sends `request` and waits for the answer, until `due` at most.
  func run(_ request: [UInt8], due: UInt64) async throws(Failure) -> Answer {
    defer {
      transport.delegate = nil
      transport.close()
    }
    transport.delegate = self
    transport.startReading()
    transport.write { $0 += request }
    return try await result.value(on: transport.loop, due: due, cancelled: .failure(.cancelled)) { .failure(.timedOut) }
      .get()
  }

  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    do throws(MetadataResponse.Failure) { take(try response.receive(bytes)) } catch {
      result.fulfill(.failure(.response(error)))
    }
  }

  func transportInputEnded(_ transport: Transport) {
    do throws(MetadataResponse.Failure) { take(try response.end()) } catch {
      result.fulfill(.failure(.response(error)))
    }
  }

  func transportClosed(_ transport: Transport, error: ReactorError?) {
    result.fulfill(.failure(.transport(error ?? transport.closedError)))
  }

  private func take(_ progress: MetadataResponse.Progress) {
    switch progress {
    case .needsMore: return
    case .complete(let status, let body): result.fulfill(.success((status, body)))
    }
  }
}
