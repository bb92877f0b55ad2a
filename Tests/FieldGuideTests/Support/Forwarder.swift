import Cassandra
import CassandraReactor
import Foundation
import Synchronization

/// A TCP proxy in front of a database that can be cut and restored; it belongs to one loop.
final class Forwarder {
  private let loop: EventLoop
  private let target: SocketAddress
  private var listener: Listener?
  private var pairs: [ObjectIdentifier: Pair] = [:]
  /// Bytes that have come from the database.
  private(set) var bytesForwarded = 0
  /// Where it listens, also while it does not.
  private(set) var address: SocketAddress

  private static let addressesTaken = Mutex(0)

  /// An address that this process alone uses, where there are more than one: a port that is free while the proxy is cut
  /// may be given to somebody else.
  private static func addressOfItsOwn() throws -> SocketAddress {
    #if os(Linux)
      let number = addressesTaken.withLock { taken in
        taken += 1
        return taken
      }
      return try SocketAddress("127.8.\(1 + Int(getpid()) % 250).\(1 + number % 250)", port: 0)
    #else
      return .loopback(port: 0)
    #endif
  }

  /// A proxy on the present loop that does not listen yet, with a port that was free a moment ago.
  init(to target: SocketAddress) throws {
    guard let loop = EventLoop.current else { preconditionFailure("a proxy is made on a loop") }
    self.loop = loop
    self.target = target
    let probe = try Listener(at: Self.addressOfItsOwn(), on: loop) { $0.close() }
    address = probe.address
    probe.close()
  }

  /// Takes connections from now on.
  func restore() throws {
    listener = try Listener(at: address, on: loop) { [unowned self] transport in
      let pair = Pair(transport, self)
      pairs[ObjectIdentifier(pair)] = pair
    }
  }

  /// Takes no connection any more, and cuts those that there are.
  func cut() {
    listener?.close()
    listener = nil
    for pair in pairs.values { pair.abort() }
    pairs = [:]
  }

  private final class Pair {
    private let client: Transport
    private unowned let forwarder: Forwarder
    private var server: Transport?
    private let bound: LoopBound<Forwarder>

    init(_ client: Transport, _ forwarder: Forwarder) {
      self.client = client
      self.forwarder = forwarder
      bound = LoopBound(forwarder, on: forwarder.loop)
      connect()
    }

    private func connect() {
      let (loop, target) = (forwarder.loop, forwarder.target)
      let pair = LoopBound(self, on: loop)
      Task(executorPreference: loop) {
        let server = try? await Transport.connect(to: target, on: loop)
        pair.withValue { $0.connected(server) }
      }
    }

    private func connected(_ server: Transport?) {
      guard let server else { return client.abort() }
      self.server = server
      client.delegate = Side(to: server) { _ in }
      server.delegate = Side(to: client) { [bound] count in bound.withValue { $0.bytesForwarded += count } }
      client.startReading()
      server.startReading()
    }

    func abort() {
      client.abort()
      server?.abort()
    }
  }

  /// Hands on what one side says, and stops reading while the other one does not take it.
  private final class Side: TransportDelegate {
    private let other: Transport
    private let count: (Int) -> Void

    init(to other: Transport, _ count: @escaping (Int) -> Void) {
      self.other = other
      self.count = count
    }

    func transport(_ transport: Transport, received bytes: Span<UInt8>) {
      count(bytes.count)
      other.write { output in for index in bytes.indices { output.append(bytes[index]) } }
    }

    func transportInputEnded(_ transport: Transport) { other.finishOutput() }
    func transportClosed(_ transport: Transport, error: ReactorError?) { other.close() }
  }
}
