import CassandraBytes
import CQLEngine
import CQLNode
import CassandraWire
import CassandraTesting
import CassandraReactor
import Synchronization
import CassandraTelemetry

/// A backend that does what the text of a statement says, for tests of everything around it.
///
/// - `wait N` is answered when ``release(_:)`` lets go of N
/// - `work N` keeps the loop busy for N microseconds
/// - `size N` is answered with N bytes
/// - `slices N` waits for N turns of the loop
/// - `warn` has a warning, `fail` an error, `use K` sets the keyspace, `where` returns it
/// - `break` fails as a storage on a full disk
/// - `change` announces a change of the schema
final class StandIn: RequestBackend {
  private struct State {
    var released: Set<String> = []
    var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]
    var begun: [String: Int] = [:]
    var handlers: [@Sendable (SchemaChange) -> Void] = []
    var cancelled = 0
  }

  private let state = Mutex(State())

  func executor(turns: LoopTurns, yielding: @escaping () async -> Void) -> any RequestExecutor {
    Executor(standIn: self, yielding: yielding)
  }

  func onSchemaChange(_ handler: @escaping @Sendable (SchemaChange) -> Void) {
    state.withLock { $0.handlers.append(handler) }
  }

  func advertise(_ address: NodeAddress) {}
  func observe(_ status: @escaping @Sendable () -> NodeStatus) {}

  /// Lets everybody go on who waits, or will wait, for `name`.
  func release(_ name: String) {
    let waiters = state.withLock { state in
      state.released.insert(name)
      return state.waiting.removeValue(forKey: name) ?? []
    }
    for waiter in waiters { waiter.resume() }
  }

  fileprivate func wait(for name: String) async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        let isReleased = state.withLock { state in
          state.begun[name, default: 0] += 1
          if state.released.contains(name) { return true }
          state.waiting[name, default: []].append(waiter)
          return false
        }
        if isReleased { waiter.resume() }
      }
    } onCancel: {
      state.withLock { $0.cancelled += 1 }
      release(name)
    }
  }

  /// How many statements have begun to wait for `name`.
  func begun(_ name: String) -> Int { state.withLock { $0.begun[name] ?? 0 } }
  /// How many waiting statements have been cancelled.
  var cancelled: Int { state.withLock { $0.cancelled } }

  fileprivate func announce() {
    for handler in state.withLock({ $0.handlers }) { handler(SchemaChange(.created, keyspace: "k", .table("t"))) }
  }

  private final class Executor: RequestExecutor {
    func trace(for client: NodeAddress?) -> RequestTrace? { nil }

    let standIn: StandIn
    let yielding: () async -> Void

    init(standIn: StandIn, yielding: @escaping () async -> Void) {
      self.standIn = standIn
      self.yielding = yielding
    }

    func query(
      _ text: String, _ parameters: QueryParameters, session: inout EngineSession, into body: inout [UInt8]
    ) async throws(EngineFailure) -> EngineOutcome {
      let words = text.split(separator: " ")
      let number = words.count > 1 ? Int(words[1]) ?? 0 : 0
      switch words.first {
      case "wait": await standIn.wait(for: String(words[1]))
      case "work":
        standIn.state.withLock { $0.begun["work", default: 0] += 1 }
        let end = ContinuousClock.now + .microseconds(number)
        while ContinuousClock.now < end {}
      case "slices": for _ in 0..<number { await yielding() }
      case "change": standIn.announce()
      case "size":
        body.append(bigEndian: Int32(1))
        body += [UInt8](repeating: UInt8(ascii: "x"), count: number)
        return EngineOutcome()
      case "warn":
        body.append(bigEndian: Int32(1))
        return EngineOutcome(warnings: ["be careful"])
      case "use":
        session.keyspace = String(words[1])
        fallthrough
      case "where":
        body.append(bigEndian: Int32(3))
        let name = session.keyspace ?? "-"
        body.append(bigEndian: UInt16(name.utf8.count))
        body += Array(name.utf8)
        return EngineOutcome()
      case "who":
        body.append(bigEndian: Int32(3))
        body.append(bigEndian: UInt16(session.user.utf8.count))
        body += Array(session.user.utf8)
        return EngineOutcome()
      case "break":
        var failure = EngineFailure(.serverError, "the disk is full")
        failure.storageDetail = "SQLite 13: of /a/path"
        throw failure
      default: throw EngineFailure(.syntaxError, "line 1:0 what is \(text)")
      }
      body.append(bigEndian: Int32(1))
      return EngineOutcome()
    }

    func prepare(
      _ text: String, keyspace: String?, session: EngineSession, into body: inout [UInt8]
    ) throws(EngineFailure) -> EngineOutcome {
      throw EngineFailure(.invalid, "nothing can be prepared")
    }

    func execute(
      id: ArraySlice<UInt8>, resultMetadataID: ArraySlice<UInt8>?, _ parameters: QueryParameters,
      session: inout EngineSession, into body: inout [UInt8]
    ) async throws(EngineFailure) -> EngineOutcome {
      throw EngineFailure(.unprepared, "not prepared", detail: .unprepared(id: Array(id)))
    }

    func batch(
      _ batch: Batch, session: inout EngineSession, into body: inout [UInt8]
    ) async throws(EngineFailure) -> EngineOutcome {
      body.append(bigEndian: Int32(1))
      return EngineOutcome()
    }
  }
}

/// Runs `body` on a loop, beside a server with a stand-in behind it.
func withStandIn(
  _ change: (inout NodeConfiguration) -> Void = { _ in }, loops count: Int = 1, logger: CassandraLogger = .silent,
  _ body: @escaping @Sendable (SocketAddress, StandIn, CQLServer) async throws -> Void
) async throws {
  var configuration = EmbeddedNode.defaultConfiguration
  change(&configuration)
  let loops = try EventLoops(count: count)
  let standIn = StandIn()
  let server = try CQLServer(configuration, loops: loops, logger: logger)
  let (addresses, report) = AsyncStream.makeStream(of: SocketAddress.self)
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      defer { report.finish() }
      try await server.serve(standIn) { report.yield($0) }
    }
    for await address in addresses {
      do {
        try await EventLoops.shared[0].run { try await body(address, standIn, server) }
      } catch {
        group.cancelAll()
        throw error
      }
      break
    }
    server.shutDown()
    try await group.waitForAll()
  }
  await loops.shutDown()
}

/// Waits until `condition` holds, by looking again each time the present loop has turned.
func until(_ condition: @Sendable () -> Bool) async throws {
  guard let loop = EventLoop.current else { return }
  while !condition() { try await loop.sleep(for: .milliseconds(1)) }
}
