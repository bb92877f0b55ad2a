package import CQLWire
import Synchronization

/// The database behind one node: its schema, its data, and what is prepared on it.
///
/// Requests run in an ``EngineExecutor``, of which each loop has its own.
package final class Engine: Sendable {
  /// What the node was started with.
  let configuration: EngineConfiguration
  private let address: Mutex<NodeAddress>
  private let handlers = Mutex<[@Sendable (SchemaChange) -> Void]>([])

  /// Opens the data, or makes it.
  package init(_ configuration: EngineConfiguration) async throws(EngineStartError) {
    self.configuration = configuration
    address = Mutex(configuration.address)
  }

  /// Makes the part that runs the requests of one loop.
  ///
  /// A long read awaits `yielding` between its slices, so that the loop can do other work.
  package func makeExecutor(
    yielding: @escaping () async -> Void
  ) throws(EngineStartError) -> EngineExecutor {
    EngineExecutor(self, yielding: yielding)
  }

  /// Says at which address the node listens, for `system.local`; to be called when the port is known.
  package func advertise(_ address: NodeAddress) { self.address.withLock { $0 = address } }

  /// Calls `handler` for every change of the schema, after it is visible and before it is acknowledged.
  ///
  /// It may be called on any thread and must not block.
  package func onSchemaChange(_ handler: @escaping @Sendable (SchemaChange) -> Void) {
    handlers.withLock { $0.append(handler) }
  }

  /// Finishes what was accepted and closes the data. Requests that come later fail.
  package func close() async {}
}
