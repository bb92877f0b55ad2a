import CassandraBytes
import CQLLanguage
package import CassandraWire
import Synchronization

/// The database behind one node: its schema, its data, and what is prepared on it.
///
/// Requests run in an ``EngineExecutor``, of which each loop has its own.
package final class Engine: Sendable {
  /// What the node was started with.
  let configuration: EngineConfiguration
  /// The data.
  let store: Store
  /// The node's id in `system.local`.
  let hostID: CQLUUID
  /// The key of the codes in page states; kept with the data, so that paging goes on after a restart.
  let pageStateKey: SipKey
  /// When the node was started, in seconds since 1970.
  let startTime: Int64
  /// Makes UUIDs with a time.
  let uuids = TimeUUIDSource()
  /// Makes the timestamps of writes that have none.
  let timestamps = TimestampSource()
  /// What requests that were traced have done.
  let traces = TraceLog()
  /// What was prepared on any loop.
  let prepared: PreparedStatements
  /// Who may do what.
  let access: AccessControl
  private let address: Mutex<NodeAddress>
  /// Knows the clients.
  private let observer = Mutex<@Sendable () -> NodeStatus>({ NodeStatus() })
  private let handlers = Mutex<[@Sendable (SchemaChange) -> Void]>([])
  private let current: Mutex<Schema>
  /// The generation of the schema, so that executors see without a lock whether theirs is the newest.
  private let newestGeneration: Atomic<Int>
  /// The numbers of tables and indexes that are being dropped, from before their records go until no schema has them.
  private let dropping = Mutex<Set<TableNumber>>([])
  /// Changes of the schema and of the roles come one after the other.
  let changes = AsyncLock()

  /// Opens the data, or makes it.
  package init(_ configuration: EngineConfiguration) async throws(EngineStartError) {
    self.configuration = configuration
    address = Mutex(configuration.address)
    prepared = PreparedStatements(
      limit: configuration.maximumPreparedStatements, bytes: configuration.maximumPreparedBytes)
    startTime = WallClock.seconds()
    let location: StoreConfiguration.Location =
      switch configuration.location {
      case .directory(let path): .directory(path)
      case .temporary: .temporary
      case .temporaryCopy(let path): .temporaryCopy(of: path)
      }
    do throws(StorageError) {
      var storage = StoreConfiguration(location)
      storage.acceptsLoss = configuration.acceptsLoss
      storage.report = { [report = configuration.report] in report("\($0): \($0.logDetail)") }
      store = try Store(storage)
      let opened = try await Self.open(store)
      hostID = opened.hostID
      pageStateKey = opened.pageStateKey
      access = AccessControl(opened.roles, isEnforced: configuration.enforcesRoles)
      current = Mutex(opened.schema)
      newestGeneration = Atomic(opened.schema.generation)
      store.setTables(opened.schema.storedTables.map(\.handle))
      for table in opened.schema.storedTables {
        for index in table.handle.indexes { try await store.buildIndex(index, of: table.handle) }
        for view in table.handle.views { try await store.buildView(view, of: table.handle) }
      }
    } catch {
      throw EngineStartError(error.logDetail.isEmpty ? "\(error)" : "\(error): \(error.logDetail)")
    }
  }

  private static let hostMetaName = "host_id"
  private static let pageStateKeyMetaName = "page_state_key"

  /// What an engine begins with.
  private struct Opened {
    var hostID: CQLUUID
    var schema: Schema
    var pageStateKey: SipKey
    var roles: NameMap<Role>
  }

  private static func open(
    _ store: Store
  ) async throws(StorageError) -> Opened {
    let reader = try store.makeReader()
    guard let roles = RoleDocument.roles(try reader.meta(beginningWith: RoleDocument.prefix)) else {
      throw StorageError(.corrupt, logDetail: "the roles cannot be read")
    }
    let pageStateKey: SipKey
    if let kept = try reader.meta(pageStateKeyMetaName).flatMap({ SipKey($0) }) {
      pageStateKey = kept
    } else {
      pageStateKey = .random()
      try await store.commit(meta: [(pageStateKeyMetaName, pageStateKey.bytes)])
    }
    let system = SystemKeyspaces.all
    if let host = try reader.meta(hostMetaName), host.count == 16,
      let document = try reader.meta(SchemaDocument.metaName)
    {
      let entries = try reader.meta(beginningWith: SchemaDocument.prefix)
      guard let schema = SchemaDocument.schema(document, entries, adding: system) else {
        throw StorageError(.corrupt, logDetail: "the schema cannot be read")
      }
      if SchemaDocument.isOld(document) {
        try await store.commit(meta: SchemaDocument.changes(from: nil, to: schema))
      }
      let hostID = CQLUUID(high: host.span.uint64(at: 0), low: host.span.uint64(at: 8))
      return Opened(hostID: hostID, schema: schema, pageStateKey: pageStateKey, roles: roles)
    }
    var generator = SystemRandomNumberGenerator()
    let hostID = CQLUUID.random(using: &generator)
    var keyspaces: NameMap<Keyspace> = [:]
    for keyspace in system { keyspaces[keyspace.name] = keyspace }
    let schema = Schema(version: CQLUUID.random(using: &generator), generation: 1, keyspaces: keyspaces)
    var host: [UInt8] = []
    host.append(uuid: hostID)
    try await store.commit(meta: [(hostMetaName, host)] + SchemaDocument.changes(from: nil, to: schema))
    return Opened(hostID: hostID, schema: schema, pageStateKey: pageStateKey, roles: roles)
  }

  /// Makes the part that runs the requests of one loop.
  ///
  /// A long read awaits `yielding` between its slices, so that the loop can do other work. With `turns` the writes of a
  /// turn of the loop are handed over together, and so are their answers; without, one by one.
  package func makeExecutor(
    turns: LoopTurns? = nil, yielding: @escaping () async -> Void
  ) throws(EngineStartError) -> EngineExecutor {
    do throws(StorageError) {
      return EngineExecutor(
        self, reader: try store.makeReader(), writes: StoreWrites(store, turns: turns), yielding: yielding)
    } catch {
      throw EngineStartError("\(error)")
    }
  }

  /// Says at which address the node listens, for `system.local`; to be called when the port is known.
  package func advertise(_ address: NodeAddress) { self.address.withLock { $0 = address } }

  /// The address at which the node listens.
  var advertised: NodeAddress { address.withLock { $0 } }

  /// Says who knows the clients, for `system_views`. It may be called on any thread and must not block.
  package func observe(_ status: @escaping @Sendable () -> NodeStatus) { observer.withLock { $0 = status } }

  /// What is known of the clients.
  var status: NodeStatus { observer.withLock { $0 }() }

  /// Calls `handler` for every change of the schema, after it is visible and before it is acknowledged.
  ///
  /// It may be called on any thread and must not block.
  package func onSchemaChange(_ handler: @escaping @Sendable (SchemaChange) -> Void) {
    handlers.withLock { $0.append(handler) }
  }

  /// Writes all that was acknowledged to a file that another engine can begin with: see
  /// ``EngineConfiguration/Location/temporaryCopy(of:)``. Nothing may be at `path` yet. It blocks until all is written.
  package func copy(to path: String) throws(EngineStartError) {
    do throws(StorageError) { try store.makeReader().copy(to: path) } catch {
      throw EngineStartError(error.logDetail.isEmpty ? "\(error)" : "\(error): \(error.logDetail)")
    }
  }

  /// Evaluates expressions with the values of a request, at its time.
  func evaluator(_ bindings: Bindings) -> Evaluator {
    Evaluator(bindings, FunctionContext(now: WallClock.microseconds(), uuids: uuids))
  }

  /// Finishes what was accepted and closes the data. Requests that come later fail.
  package func close() async { await store.close() }
}

extension Engine {
  /// The generation of the newest schema.
  var generation: Int { newestGeneration.load(ordering: .acquiring) }

  /// The newest schema.
  var schema: Schema { current.withLock { $0 } }

  /// Runs a statement that changes the schema; the change is durable and visible when it returns, nil when there was none.
  /// `role` is who makes it.
  func change(
    _ statement: CQLStatement, used: String?, by role: String? = nil
  ) async throws(EngineFailure) -> (change: SchemaChange?, warnings: [String]) {
    await changes.lock()
    defer { changes.unlock() }
    let old = schema
    var draft = SchemaDraft(
      old, used: used, dataCentre: configuration.dataCentre, now: WallClock.microseconds(),
      makeNumber: { self.store.makeTableNumber() }, makeID: { self.uuids.next() })
    guard let change = try SchemaEditor.apply(statement, to: &draft) else { return (nil, draft.warnings) }
    var generator = SystemRandomNumberGenerator()
    let new = Schema(
      version: CQLUUID.random(using: &generator), generation: old.generation + 1, keyspaces: draft.keyspaces)
    let roles = roles(after: change, from: old, to: new, by: role)
    try await publish(new, roles, instead: old, dropping: draft.droppedNumbers)
    if let build = draft.indexToBuild {
      try await self.build(build.index, of: new.keyspaces[build.keyspace]?.tables[build.table])
    }
    if let build = draft.viewToBuild {
      try await self.build(view: build.view, of: new.keyspaces[build.keyspace]?.tables[build.table])
    }
    for handler in handlers.withLock({ $0 }) { handler(change) }
    return (change, draft.warnings)
  }

  /// Gives a table and its indexes new numbers: its rows are gone at once, and removed in the background.
  func truncate(_ name: QualifiedName, used: String?) async throws(EngineFailure) {
    await changes.lock()
    defer { changes.unlock() }
    let old = schema
    let table = try old.table(name, in: used)
    guard !table.isVirtual else {
      throw EngineFailure.invalid("Cannot truncate a table of the node: \(table.qualifiedName)")
    }
    guard !table.isView else {
      throw EngineFailure.invalid(
        "Cannot TRUNCATE materialized view directly; must truncate base table instead")
    }
    var definition = table.definition
    let dropped = [definition.number] + definition.indexes.map(\.number) + definition.views.map(\.number)
    definition.number = store.makeTableNumber()
    for index in definition.indexes.indices {
      definition.indexes[index].number = store.makeTableNumber()
      definition.indexes[index].isBuilding = true
    }
    // There is nothing that a view lacks.
    for view in definition.views.indices { definition.views[view].number = store.makeTableNumber() }
    var keyspaces = old.keyspaces
    keyspaces[table.keyspace]?.put(Table(definition))
    let new = Schema(version: old.version, generation: old.generation + 1, keyspaces: keyspaces)
    try await publish(new, nil, instead: old, dropping: dropped)
    for index in definition.indexes {
      try await build(index.name, of: new.keyspaces[table.keyspace]?.tables[table.name])
    }
    for view in definition.views {
      try await build(view: view.name, of: new.keyspaces[table.keyspace]?.tables[table.name])
    }
  }

  /// Keeps a schema, and the roles that come with it, all or nothing, and puts both into force.
  private func publish(
    _ new: Schema, _ roles: NameMap<Role>?, instead old: Schema, dropping numbers: [TableNumber]
  ) async throws(EngineFailure) {
    if !numbers.isEmpty { dropping.withLock { $0.formUnion(numbers) } }
    defer { if !numbers.isEmpty { dropping.withLock { $0.subtract(numbers) } } }
    var entries = SchemaDocument.changes(from: old, to: new)
    if let roles { entries += RoleDocument.changes(from: access.roles.all, to: roles) }
    do throws(StorageError) {
      try await store.commit(meta: entries, tablesToDrop: numbers)
    } catch {
      throw EngineFailure(error)
    }
    if let roles { access.publish(roles) }
    current.withLock { $0 = new }
    newestGeneration.store(new.generation, ordering: .releasing)
    store.setTables(new.storedTables.map(\.handle))
  }

  /// Whether an index has kept all its entries until now; one that is dropped loses them little by little.
  func isWhole(_ index: TableNumber, of table: Table) -> Bool {
    if dropping.withLock({ $0.contains(index) }) { return false }
    return schema.keyspaces[table.keyspace]?.tables[table.name]?.indexes.contains { $0.number == index } ?? false
  }

  private func build(_ name: String, of table: Table?) async throws(EngineFailure) {
    guard let table, let index = table.indexes.first(where: { $0.name == name }) else { return }
    guard let definition = table.handle.indexes.first(where: { $0.number == index.number }) else {
      // One without entries has them all.
      finish(index.number, of: table)
      return
    }
    do throws(StorageError) {
      try await store.buildIndex(definition, of: table.handle)
    } catch {
      throw EngineFailure(error)
    }
    finish(index.number, of: table)
  }

  private func build(view name: String, of table: Table?) async throws(EngineFailure) {
    guard let table, let view = table.definition.views.first(where: { $0.name == name }),
      let definition = table.handle.views.first(where: { $0.number == view.number })
    else { return }
    do throws(StorageError) {
      try await store.buildView(definition, of: table.handle)
    } catch {
      throw EngineFailure(error)
    }
    if view.isBuilding { finish(view.number, of: table) }
  }

  /// Lets statements look into an index or a view that has all its records now.
  private func finish(_ number: TableNumber, of table: Table) {
    let old = schema
    guard var definition = old.keyspaces[table.keyspace]?.tables[table.name]?.definition else { return }
    for index in definition.indexes.indices where definition.indexes[index].number == number {
      definition.indexes[index].isBuilding = false
    }
    for view in definition.views.indices where definition.views[view].number == number {
      definition.views[view].isBuilding = false
    }
    var keyspaces = old.keyspaces
    keyspaces[table.keyspace]?.put(Table(definition))
    let new = Schema(version: old.version, generation: old.generation + 1, keyspaces: keyspaces)
    current.withLock { $0 = new }
    newestGeneration.store(new.generation, ordering: .releasing)
  }
}
