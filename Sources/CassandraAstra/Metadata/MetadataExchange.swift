internal import CassandraHTTP
internal import CassandraReactor

/// One request to the metadata service on a connection of its own; it lives on one loop.
final class MetadataExchange: TransportDelegate, DeadlineHandler {
  typealias Answer = (status: Status, body: [UInt8])

  enum Failure: Error {
    case transport(ReactorError)
    case response(MetadataResponse.Failure)
    case timedOut
    case cancelled
  }

  private let transport: Transport
  private var response: MetadataResponse
  private var result: Result<Answer, Failure>?
  private var waiter: UnsafeContinuation<Result<Answer, Failure>, Never>?

  init(_ transport: Transport, limit: Int) {
    self.transport = transport
    response = MetadataResponse(limit: limit)
  }

  /// Sends `request` and waits for the answer, until `due` at most.
  func run(_ request: [UInt8], due: UInt64) async throws(Failure) -> Answer {
    let loop = transport.loop
    let deadline = loop.setDeadline(at: due, handler: self, token: 0)
    defer {
      loop.cancelDeadline(deadline)
      transport.delegate = nil
      transport.close()
    }
    transport.delegate = self
    transport.startReading()
    transport.write { $0 += request }
    let bound = LoopBound(self, on: loop)
    let outcome: Result<Answer, Failure> = await withTaskCancellationHandler {
      await withUnsafeContinuation { waiter in
        if let result = self.result { waiter.resume(returning: result) } else { self.waiter = waiter }
      }
    } onCancel: {
      loop.post { bound.withValue { $0.finish(.failure(.cancelled)) } }
    }
    return try outcome.get()
  }

  func deadlinePassed(token: UInt64) { finish(.failure(.timedOut)) }

  func transport(_ transport: Transport, received bytes: Span<UInt8>) {
    do throws(MetadataResponse.Failure) { take(try response.receive(bytes)) } catch {
      finish(.failure(.response(error)))
    }
  }

  func transportInputEnded(_ transport: Transport) {
    do throws(MetadataResponse.Failure) { take(try response.end()) } catch { finish(.failure(.response(error))) }
  }

  func transportClosed(_ transport: Transport, error: ReactorError?) {
    finish(.failure(.transport(error ?? transport.closedError)))
  }

  private func take(_ progress: MetadataResponse.Progress) {
    switch progress {
    case .needsMore: return
    case .complete(let status, let body): finish(.success((status, body)))
    }
  }

  private func finish(_ result: Result<Answer, Failure>) {
    guard self.result == nil else { return }
    self.result = result
    let waiter = waiter.take()
    waiter?.resume(returning: result)
  }
}
