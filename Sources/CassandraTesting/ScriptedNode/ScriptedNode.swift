public import CassandraWire
public import CassandraReactor
internal import CassandraTelemetry

/// A node that does what a test tells it to, over a real socket.
///
/// It speaks v4 and v5 of the native protocol, plain or in TLS, and knows the statements that it was given. Rules change
/// what it does with single requests: leave them unanswered, hold them until a ``Gate`` opens, answer an error or
/// something that is not the protocol, close. Nothing in it depends on time, so a test waits for what has happened and
/// never sleeps.
///
/// ```swift
/// let node = try await ScriptedNode(on: loop)
/// node.define(.init("SELECT a FROM t", columns: [("a", .int)], pages: [[[.int(1)]]]))
/// node.when(.init(.execute, times: 1), .error(.overloaded))
/// let client = try CassandraClient(.init(.nodes([node.contactPoint], localDatacenter: "scripted")))
/// ```
public final class ScriptedNode: Sendable {
  /// How the node is, without rules.
  public struct Options: Sendable {
    /// The versions of the protocol that it speaks.
    public var versions: [ProtocolVersion] = [.v4, .v5]
    /// The user and password that it asks for; nobody is asked by default.
    public var credentials: (username: String, password: String)?
    /// The keyspaces that `USE` finds.
    public var keyspaces: Set<String> = ["scripted"]
    /// Whether it offers LZ4.
    public var compression = false
    /// TLS; nil for plain TCP.
    public var tls: TLSServer?

    /// A node of v4 and v5 that lets everybody in.
    public init() {}
  }

  /// What the node has seen so far.
  public struct Observed: Sendable {
    /// All requests, in their order.
    public internal(set) var requests: [Request] = []
    /// How many connections there were.
    public internal(set) var connections = 0
    /// How many of them have ended.
    public internal(set) var endedConnections = 0

    /// The requests of a kind, and with a text when one is given.
    public func requests(_ opcode: Opcode, text: String? = nil) -> [Request] {
      requests.filter { $0.opcode == opcode && (text == nil || $0.text == text) }
    }

    /// How many requests of a kind there were, and with a text when one is given.
    public func count(_ opcode: Opcode, text: String? = nil) -> Int { requests(opcode, text: text).count }
  }

  /// Where it listens.
  public let address: SocketAddress
  /// Keeps the address while nobody listens at it.
  private let reserved: ReservedAddress
  private let script: Locked<Script>
  private let watched = Watched(Observed())
  private let core: LoopBound<Core>

  /// What belongs to the loop.
  private final class Core {
    /// Until the node is closed.
    var node: ScriptedNode?
    var listener: Listener?
    var connections: [Int: ScriptedConnection] = [:]
  }

  /// Begins to listen; at a port of its own unless another address is given.
  ///
  /// - Throws: `ReactorError` when it cannot.
  public init(
    on loop: EventLoop, at address: SocketAddress = .loopback(port: 0), options: Options = Options()
  ) async throws(ReactorError) {
    script = Locked(Script(options))
    let core = LoopBound(giving: Core(), to: loop)
    self.core = core
    reserved = try ReservedAddress(address)
    self.address = try await Self.listen(core, at: reserved.address, tls: options.tls)
    await loop.run { [self] in core.onLoop.node = self }
  }

  private static func listen(
    _ core: LoopBound<Core>, at address: SocketAddress, tls: TLSServer?
  ) async throws(ReactorError) -> SocketAddress {
    try await core.loop.run { () throws(ReactorError) in
      var options = ListenOptions()
      options.tls = tls
      let listener = try Listener(at: address, on: core.loop, options: options) { core.onLoop.node?.accept($0) }
      core.onLoop.listener = listener
      return listener.address
    }
  }

  /// `host:port`, as settings name it.
  public var contactPoint: String { address.description }

  /// Begins to listen again after ``refuse()``.
  public func listen() async throws(ReactorError) {
    guard await core.loop.run({ core.onLoop.listener == nil }) else { return }
    _ = try await Self.listen(core, at: address, tls: script.withLock { $0.options.tls })
  }

  /// Takes no further connection; those that are there stay.
  public func refuse() async {
    await core.loop.run {
      core.onLoop.listener?.close()
      core.onLoop.listener = nil
    }
  }

  /// Cuts every connection.
  public func cutConnections() async {
    await core.loop.run { for connection in core.onLoop.connections.values { connection.transport.abort() } }
  }

  /// Tells of an event on every connection that has asked for its kind.
  public func tell(_ event: Event) async {
    await core.loop.run { for connection in core.onLoop.connections.values { connection.tell(event) } }
  }

  /// Sends bytes on every connection as they are.
  public func sendEverywhere(_ bytes: [UInt8]) async {
    await core.loop.run { for connection in core.onLoop.connections.values { connection.send(bytes) } }
  }

  /// Stops listening and ends every connection.
  public func close() async {
    await refuse()
    await cutConnections()
    await core.loop.run { core.onLoop.node = nil }
  }
}

// MARK: - The script

extension ScriptedNode {
  /// Adds a rule. The last one that was added and is for a request decides.
  public func when(_ match: Match, _ reaction: Reaction) { script.withLock { $0.add(match, reaction) } }

  /// Forgets all rules.
  public func removeRules() { script.withLock { $0.removeRules() } }

  /// Adds a statement, in place of one with the same text; clients that have prepared that one may go on with it.
  public func define(_ statement: Statement) { script.withLock { $0.define(statement) } }

  /// Says which cluster the node is in, and how its keyspaces are replicated.
  public func setCluster(
    local: Member, peers: [Member],
    replication: [String: [String: String]] = ["scripted": ["class": "SimpleStrategy", "replication_factor": "1"]]
  ) {
    script.withLock { $0.cluster = ScriptedCluster(local: local, peers: peers, replication: replication) }
  }

  /// Forgets what was prepared, as a node does that was restarted.
  public func forgetPrepared() { script.withLock { $0.forgetPrepared() } }
}

// MARK: - What has happened

extension ScriptedNode {
  /// What the node has seen so far.
  public var observed: Observed { watched.value }

  /// Waits until `condition` holds, or until the task is cancelled.
  public func wait(until condition: @escaping @Sendable (Observed) -> Bool) async {
    await watched.wait(until: condition)
  }

  /// Waits until that many requests of a kind have come.
  public func wait(for count: Int, _ opcode: Opcode, text: String? = nil) async {
    await wait { $0.count(opcode, text: text) >= count }
  }

  private func observe(_ change: (inout Observed) -> Void) {
    watched.change(change)
  }

  private func accept(_ transport: Transport) {
    let number = observed.connections + 1
    core.onLoop.connections[number] = ScriptedConnection(transport, number: number, of: self)
    observe { $0.connections = number }
  }

  func closed(_ connection: Int) {
    core.onLoop.connections[connection] = nil
    observe { $0.endedConnections += 1 }
  }

  func receive(_ request: Request) -> Reaction {
    var request = request
    request.text = script.withLock { [message = request.message] in $0.text(of: message) }
    let reaction = script.withLock { [request] in $0.reaction(to: request) }
    observe { [request] in $0.requests.append(request) }
    return reaction
  }

  func ordinary(_ request: Request) -> Reaction { script.withLock { $0.ordinary(request) } }
}
