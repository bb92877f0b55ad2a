internal import CassandraReactor
internal import CassandraTelemetry

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

extension Server {
  /// What the end may take besides the times that are set for it: 5 s. Afterwards the process ends with status 1.
  private static let endAllowance: Duration = .seconds(5)

  /// Serves as what the program is for.
  func runAsProgram(_ onListening: @escaping @Sendable (SocketAddress) -> Void) async throws {
    // First of all: a signal that comes while the server starts is kept.
    Signal.take(.terminate, .interrupt)
    do {
      try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
          try await self.serve { address in
            self.logger.info("serving", ["address": .text(self.configuration.place(of: address))])
            onListening(address)
          }
          return true
        }
        group.addTask {
          try await self.endOnSignal()
          return false
        }
        while let isServer = try await group.next() { if isServer { group.cancelAll() } }
      }
      logger.flush()
    } catch let error as ReactorError {
      logger.flush()
      Self.fail("\(configuration.addresses.map { configuration.place(of: $0) }.joined(separator: ", ")): \(error).")
    }
  }

  private func endOnSignal() async throws {
    let signal: Signal
    do { signal = try await loops[0].signal(.terminate, .interrupt) } catch is CancellationError { return }
    logger.info("stopping; a second signal ends at once", ["signal": .text("\(signal)")])
    let hasEnded = OneShot<Void>()
    shutDown()
    let limit = configuration.shutdownDelay + configuration.lastAnswersTimeout + configuration.shutdownTimeout
    Signal.exitProcess(after: limit + Self.endAllowance) { hasEnded.isFulfilled }
    // Until the server has ended, whose task then cancels this one.
    await OneShot<Void>().wait()
    hasEnded.fulfill()
  }

  /// Ends the process with a sentence on standard error and status 1.
  private static func fail(_ sentence: String) -> Never {
    var text = Array(sentence.utf8)
    text.append(UInt8(ascii: "\n"))
    var rest = text[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      rest = rest.dropFirst(count)
    }
    exit(1)
  }
}

extension ServerConfiguration {
  /// Where an address that is listened at is found, as a person writes it.
  package func place(of address: SocketAddress) -> String {
    address.path != nil ? "\(address)" : "\(tls == nil ? "http" : "https")://\(address)"
  }
}
