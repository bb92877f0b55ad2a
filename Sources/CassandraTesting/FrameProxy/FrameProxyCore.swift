internal import CassandraWire
internal import CassandraReactor

/// Where a proxy finds a node, and how it gets in.
struct FrameTarget: Sendable {
  var address: SocketAddress
  var options = ConnectOptions()

  init(_ address: SocketAddress, tls: TLSClient? = nil) {
    self.address = address
    options.tls = tls
  }
}

/// The connections of a proxy, on its loop.
final class FrameProxyCore {
  let loop: EventLoop
  let observation: Watched<FrameObservation>
  private let arrivals: LoopQueue<(FrameRelay, FrameTarget)>
  private var relays: [Int: FrameRelay] = [:]

  init(on loop: EventLoop, _ observation: Watched<FrameObservation>) {
    self.loop = loop
    self.observation = observation
    arrivals = LoopQueue(on: loop)
  }

  /// Takes a connection of a driver that is ready, for a node.
  func accept(
    _ transport: Transport, to target: FrameTarget, label: String = "", inspector: (any FrameInspector)? = nil
  ) {
    let number = observation.change { observation in
      observation.connections += 1
      return observation.connections
    }
    let relay = FrameRelay(transport, number: number, label: label, inspector: inspector, of: self)
    relays[number] = relay
    arrivals.push((relay, target))
  }

  /// Connects to the nodes until ``stop()``.
  func run() async {
    let loop = loop
    await withDiscardingTaskGroup { group in
      while let arrived = await arrivals.takeAll() {
        for (relay, target) in arrived {
          let relay = LoopBound(relay, on: loop)
          group.addTask(executorPreference: loop) { await relay.onLoop.connect(to: target) }
        }
      }
      group.cancelAll()
    }
    cutAll()
  }

  /// Cuts the connections that `included` says.
  func cut(_ included: (FrameRelay) -> Bool) {
    for relay in relays.values where included(relay) { relay.end(abruptly: true) }
  }

  /// Tells every driver that wants to know what has happened.
  func announce(_ event: Event) { for relay in relays.values { relay.announce(event) } }

  func cutAll() { cut { _ in true } }

  func stop() {
    arrivals.finish()
    cutAll()
  }

  func ended(_ relay: FrameRelay) {
    relays[relay.number] = nil
    observation.change { $0.endedConnections += 1 }
  }
}
